"""Goal E: files brought home, MB a second with their digests, beside an httpx stream.

200 files of 5 MB from a process beside it, eight at a time. The stream, the threads, aiohttp and
curl hash, and sync nothing; ours is the executor's own path: hashed on the way, looked
into, synced, given its name, the folder synced. TMPDIR names the disk that they come to.
"""

import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import anyio
from beside import Stopwatch, service, tell
from download_peers import Ticker, by_curl, by_httpx, by_threads
from file_service import FILE_BYTES
from pairing import Contender, race, say
from peers import contender

SIZES = (200,)
ROUNDS = 3


def main(sizes: Sequence[int], rounds: int) -> None:
    """The stream is the measure: a ratio below 1 is faster."""
    words = [Contender(name, _child(way)) for name, way in (
        ("httpx stream", "httpx"), ("ours, synced", "ours"), ("http.client threads", "threads"))]
    if shutil.which("curl") and shutil.which("sha256sum"):
        words.append(Contender("curl, then sha256sum", _child("curl")))
    else:
        say("left out: curl, or sha256sum, is not here")
    race("downloads", [*words, *contender("aiohttp", "peer_aiohttp_files.py", "aiohttp")],
         sizes, rounds)


def _child(way: str) -> Callable[[int], Sequence[str]]:
    return lambda size: (sys.executable, __file__, way, str(size))


def _waiting(way: str) -> Callable[[str, int, Path], Awaitable[None]]:
    """A way that waits on a loop; what it needs is imported before the watch starts."""
    if way == "ours":
        from own_downloads import by_executor
        return by_executor
    return by_httpx


def run(way: str, size: int) -> None:
    """One way, its figures on the last line."""
    ticker, plain = Ticker(), {"threads": by_threads, "curl": by_curl}.get(way)
    waiting = _waiting(way)

    async def ticking(url: str, folder: Path) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ticker.run)
            await waiting(url, size, folder)
            tasks.cancel_scope.cancel()

    with tempfile.TemporaryDirectory() as home, service("file_service.py") as (url, pid):
        with Stopwatch(pid) as watch:
            if plain:
                plain(url, size, Path(home))
            else:
                anyio.run(ticking, url, Path(home))
        brought = len(list(Path(home).iterdir()))
    if brought != size:
        raise RuntimeError(f"{way} brought {brought} of {size} files")
    tell(wall_s=watch.wall_s, cpu_s=watch.cpu_s,
         mb_per_s=size * FILE_BYTES / watch.wall_s / 1e6,
         **({} if plain else {"held_ms": 1000 * ticker.worst_s}))


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]))
