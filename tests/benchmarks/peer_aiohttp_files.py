"""aiohttp bringing files home, eight at a time: hashed on the way, renamed, nothing synced."""

import asyncio
import hashlib
import sys
import tempfile
from pathlib import Path

import aiohttp
from beside import Stopwatch, service, tell

AT_ONCE = 8
PIECE = 1 << 20


async def bring(url: str, size: int, folder: Path) -> int:
    """So many files into a folder; how many bytes they have."""
    left, length = iter(range(size)), 0

    async def work() -> None:
        nonlocal length
        for number in left:
            part, digest = folder / f"{number}.part", hashlib.sha256()
            async with session.get(f"{url}/{number}") as answer:
                with part.open("wb") as file:
                    async for piece in answer.content.iter_chunked(PIECE):
                        file.write(piece)
                        digest.update(piece)
                        length += len(piece)
            part.rename(folder / f"{number}-{digest.hexdigest()[:8]}")

    async with aiohttp.ClientSession(read_bufsize=PIECE) as session:
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return length


def run(size: int) -> None:
    """So many files, the figures on the last line."""
    with tempfile.TemporaryDirectory() as home, service("file_service.py") as (url, pid), \
            Stopwatch(pid) as watch:
        length = asyncio.run(bring(url, size, Path(home)))
    tell(wall_s=watch.wall_s, cpu_s=watch.cpu_s, mb_per_s=length / watch.wall_s / 1e6)


if __name__ == "__main__":
    run(int(sys.argv[1]))
