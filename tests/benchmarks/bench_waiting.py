"""Goal A: what waiting takes, in processor seconds an hour, while 60 jobs are being made elsewhere.

`size` is for how many seconds each is watched, once its jobs are accepted; an hour is reckoned from
that. The timers wait and never ask, nor does the loop that sleeps a millisecond; the executor asks
the service as it always does, and httpx asks after each job every 5 s.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from beside import Stopwatch, service, tell
from pairing import Contender, race
from peers import contender

SIZES = (30,)
ROUNDS = 1
JOBS = 60
LOOK_S = 5.0


def main(sizes: Sequence[int], rounds: int) -> None:
    """The timers are the measure; its time says nothing, its processor time everything."""
    race("waiting", [Contender("sixty 5 s timers", _child("timers")),
                     Contender("executor", _child("executor")),
                     Contender("httpx, a look every 5 s", _child("httpx")),
                     *contender("1 ms loop", "peer_cookbook.py", "aiohttp",
                                says=lambda size: (str(JOBS), "--wait", str(size)))],
         sizes, rounds)


def _child(way: str) -> Callable[[int], Sequence[str]]:
    return lambda size: (sys.executable, __file__, way, str(size))


async def timers(url: str, seconds: float, watch: Stopwatch) -> None:
    """Sixty who wake up every five seconds, and do nothing."""
    async def sleeper() -> None:
        for _ in count():
            await asyncio.sleep(LOOK_S)

    await _watched([asyncio.create_task(sleeper()) for _ in range(JOBS)], seconds, watch)


async def looks(url: str, seconds: float, watch: Stopwatch) -> None:
    """Sixty who wake up every five seconds and look at their job, through one pool."""
    import httpx

    async def sleeper(number: int) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            told = await client.get(f"{url}/v1/generate/media/g{number}")
            if told.json()["status"] != "pending":
                raise RuntimeError(told.text)

    async with httpx.AsyncClient(trust_env=False) as client:
        await _watched([asyncio.create_task(sleeper(n)) for n in range(JOBS)], seconds, watch)


async def _watched(sleepers: Sequence[asyncio.Task[None]], seconds: float,
                   watch: Stopwatch) -> None:
    await asyncio.sleep(1.0)
    with watch:
        ended, _ = await asyncio.wait(sleepers, timeout=seconds)
    for sleeper in sleepers:
        sleeper.cancel()
    for early in ended:
        early.result()


async def executor(url: str, seconds: float, watch: Stopwatch) -> None:
    """The executor as it is, once the service has accepted all of its jobs."""
    from waiting_run import WaitingRun

    with tempfile.TemporaryDirectory() as folder:
        await WaitingRun(url, Path(folder), JOBS).watch(seconds, watch)


def run(way: str, seconds: float) -> None:
    """One way, its figures on the last line."""
    ways = {"timers": timers, "httpx": looks, "executor": executor}
    with service("quick_service.py", "pending") as (url, pid):
        watch = Stopwatch(pid)
        asyncio.run(ways[way](url, seconds, watch))
    tell(wall_s=watch.wall_s, cpu_s=watch.cpu_s,
         cpu_s_an_hour=3600.0 * watch.cpu_s / watch.wall_s)


if __name__ == "__main__":
    run(sys.argv[1], float(sys.argv[2]))
