"""What the peers' programs share: the quick service beside them, and what their work took.

Law: a peer's program runs in the peer's own environment, so it imports the standard library, its
peer, and this. What counts is the work alone: neither the start of the peer nor the service.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

LINES = 64
"""Connections of every client."""
HERE = Path(__file__).parent
PROCESSES = Path("/proc")
_open = build_opener(ProxyHandler({})).open


class Stopwatch:
    """Seconds and processor seconds of what happens inside it, with all processes below this one.

    `without` are the processes that do not count.
    """

    def __init__(self, *without: int) -> None:
        self._without = without
        self.wall_s = self.cpu_s = 0.0

    def __enter__(self) -> "Stopwatch":
        self._cpu_s, self._began_s = self._spent_s(), time.perf_counter()
        return self

    def __exit__(self, *failure: object) -> None:
        self.wall_s = time.perf_counter() - self._began_s
        self.cpu_s = self._spent_s() - self._cpu_s

    def _spent_s(self) -> float:
        ended = os.times()
        living = sum(_spent_s(pid) for pid in _below(os.getpid(), self._without))
        return time.process_time() + ended.children_user + ended.children_system + living


def _below(parent: int, without: tuple[int, ...]) -> Iterator[int]:
    """The living children of a process, and theirs; none where the system does not list them."""
    for listed in PROCESSES.glob(f"{parent}/task/*/children"):
        for child in map(int, listed.read_text().split()):
            if child not in without:
                yield child
                yield from _below(child, without)


def _spent_s(pid: int) -> float:
    """What a process and its ended children took; 0 for one that has just gone."""
    try:
        fields = (PROCESSES / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def service(program: str = "quick_service.py", *words: str) -> Iterator[tuple[str, int]]:
    """A service in a process of its own: its address, and the number of its process."""
    with subprocess.Popen([sys.executable, str(HERE / program), *words], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        try:
            yield process.stdout.readline().strip(), process.pid
        finally:
            process.stdin.close()


def contend(work: Callable[[str, int, Stopwatch], None]) -> None:
    """Let a peer make as many jobs as the command line says, and tell what that took.

    `work` gets the service's address, the number, and the watch, which it holds around what
    counts. Raises `RuntimeError` where the service has not made so many, or was not asked of each.
    """
    size = int(sys.argv[1])
    with service() as (url, pid):
        watch = Stopwatch(pid)
        work(url, size, watch)
        with _open(f"{url}/counts") as answer:
            counts = json.load(answer)
    if counts.get("start") != size or counts.get("/v1/generate/media", 0) < size:
        raise RuntimeError(f"the service counts {counts} for {size} jobs")
    tell(wall_s=watch.wall_s, cpu_s=watch.cpu_s, jobs_per_s=size / watch.wall_s)


def tell(**figures: float) -> None:
    """The line that `pairing` reads."""
    sys.stdout.write(json.dumps(figures) + "\n")
