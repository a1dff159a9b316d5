"""Ways to bring files home that need nothing but the standard library and httpx, and what counts.

Each takes files 0, 1, 2… of the file service into a folder, eight at a time, and leaves them there
under their names with their digests known. None of them syncs.
"""

import hashlib
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from threading import local
from urllib.parse import urlsplit

import anyio
import httpx

AT_ONCE = 8
PIECE = 1 << 20
TICK_S = 0.005


class Ticker:
    """How long the loop was held at most: a tick every 5 ms, and the worst of their delays."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def run(self) -> None:
        """Tick until cancelled."""
        due_s = time.perf_counter() + TICK_S
        while True:
            await anyio.sleep(max(0.0, due_s - time.perf_counter()))
            now_s = time.perf_counter()
            self.worst_s = max(self.worst_s, now_s - due_s)
            due_s = now_s + TICK_S


async def by_httpx(url: str, size: int, folder: Path) -> None:
    """What people write: a stream, a hash on the way, a rename at the end."""
    left = iter(range(size))

    async def work() -> None:
        for number in left:
            part, digest = folder / f"{number}.part", hashlib.sha256()
            async with client.stream("GET", f"{url}/{number}") as answer:
                with part.open("wb") as file:
                    async for piece in answer.aiter_raw():
                        file.write(piece)
                        digest.update(piece)
            part.rename(folder / f"{number}-{digest.hexdigest()[:8]}")

    async with httpx.AsyncClient(trust_env=False) as client, anyio.create_task_group() as workers:
        for _ in range(AT_ONCE):
            workers.start_soon(work)


def by_threads(url: str, size: int, folder: Path) -> None:
    """The standard library's client in eight threads, read into one buffer each."""
    mine = local()

    def bring(number: int) -> None:
        if not hasattr(mine, "line"):
            mine.line = HTTPConnection(urlsplit(url).netloc)
            mine.piece = memoryview(bytearray(PIECE))
        part, digest = folder / f"{number}.part", hashlib.sha256()
        mine.line.request("GET", f"/{number}")
        with mine.line.getresponse() as answer, part.open("wb", buffering=0) as file:
            while length := answer.readinto(mine.piece):
                file.write(mine.piece[:length])
                digest.update(mine.piece[:length])
        part.rename(folder / f"{number}-{digest.hexdigest()[:8]}")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(bring, range(size)))


def by_curl(url: str, size: int, folder: Path) -> None:
    """Eight of curl, each with its share of the files on one line; then eight of sha256sum."""
    share = str(-(-size // AT_ONCE))

    def side_by_side(words: Iterator[str], *command: str) -> None:
        subprocess.run(["xargs", "-P", str(AT_ONCE), "-n", share, *command], cwd=folder,
                       input="\n".join(words), text=True, check=True, stdout=subprocess.DEVNULL)

    side_by_side((f"{url}/{number}" for number in range(size)),
                 "curl", "-sS", "--fail", "--noproxy", "*", "--remote-name-all")
    side_by_side(map(str, range(size)), "sha256sum")
