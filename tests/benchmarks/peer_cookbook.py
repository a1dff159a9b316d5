"""A loop of the shape that cookbooks print for calling an API in parallel, written from scratch.

One loop looks at the capacities, which fill up with time, dispatches a request where they suffice,
and sleeps a millisecond, whatever there is to do; a line of JSON tells of each job at its end.
Nothing is known of a job before its end, so a run that falls has bought what it cannot find.

    peer_cookbook.py 1000              so many jobs as fast as it can
    peer_cookbook.py 60 --wait 30      so many whose answer does not come, for 30 s
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
from beside import LINES, Stopwatch, contend, service, tell

PAUSE_S = 0.001
STARTS_PER_MIN = WORDS_PER_MIN = 10**8
WORDS = 10
"""The capacities, which are no limit here, and how much of the second one a job takes."""


class Capacity:
    """So much a minute, filling up as time goes by."""

    def __init__(self, per_min: float) -> None:
        self.per_min = self.left = per_min
        self.filled_s = time.time()

    def fill(self) -> None:
        """Add what the time since the last look has brought."""
        now_s = time.time()
        self.left = min(self.per_min, self.left + self.per_min * (now_s - self.filled_s) / 60.0)
        self.filled_s = now_s


class Loop:
    """The jobs, the capacities, and what is under way; `jobs_done` is where the lines go."""

    def __init__(self, url: str, jobs_done: Path, answer_s: float = 0.0) -> None:
        self.url = f"{url}/v1/generate/media"
        self.jobs_done = jobs_done
        self.answer_s = answer_s
        self.under_way = 0
        self.starts, self.words = Capacity(STARTS_PER_MIN), Capacity(WORDS_PER_MIN)

    async def run(self, size: int) -> None:
        """Dispatch and sleep until nothing is under way any more."""
        left, calls = list(range(size, 0, -1)), set()
        connector = aiohttp.TCPConnector(limit=LINES)
        async with aiohttp.ClientSession(connector=connector) as session:
            while left or self.under_way:
                self.starts.fill()
                self.words.fill()
                if left and self.starts.left >= 1 and self.words.left >= WORDS:
                    self.starts.left -= 1
                    self.words.left -= WORDS
                    self.under_way += 1
                    call = asyncio.create_task(self.make(session, left.pop()))
                    calls.add(call)
                    call.add_done_callback(calls.discard)
                await asyncio.sleep(PAUSE_S)

    async def make(self, session: aiohttp.ClientSession, number: int) -> None:
        """One job from its start to its line."""
        try:
            body = {"prompt": "a picture", "model": "nano-banana"}
            async with session.post(self.url, json=body) as answer:
                name = (await answer.json())["generation_id"]
            await asyncio.sleep(self.answer_s)
            async with session.get(f"{self.url}/{name}") as answer:
                told = await answer.json()
            with self.jobs_done.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps([number, body, told]) + "\n")
        finally:
            self.under_way -= 1


def race(url: str, size: int, watch: Stopwatch) -> None:
    """The part of it that counts."""
    with tempfile.TemporaryDirectory() as folder, watch:
        asyncio.run(Loop(url, Path(folder, "done.jsonl")).run(size))


async def wait(url: str, pid: int, jobs: int, seconds: float) -> None:
    """What waiting takes once every job is under way; the answers come after the watch."""
    with tempfile.TemporaryDirectory() as folder:
        loop = Loop(url, Path(folder, "done.jsonl"), answer_s=seconds + 10.0)
        running = asyncio.create_task(loop.run(jobs))
        await asyncio.sleep(2 * jobs * PAUSE_S + 1.0)
        if loop.under_way != jobs:
            raise RuntimeError(f"{loop.under_way} of {jobs} jobs are under way")
        with Stopwatch(pid) as watch:
            await asyncio.sleep(seconds)
        running.cancel()
    tell(wall_s=watch.wall_s, cpu_s=watch.cpu_s,
         cpu_s_an_hour=3600.0 * watch.cpu_s / watch.wall_s)


if __name__ == "__main__":
    if "--wait" in sys.argv:
        with service() as (address, pid):
            asyncio.run(wait(address, pid, int(sys.argv[1]), float(sys.argv[3])))
    else:
        contend(race)
