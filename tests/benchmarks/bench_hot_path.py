"""Goal A: jobs a second when the service is not the limit, beside a plain httpx loop.

The loop shares one pool of connections, sends a start and one look a job, and remembers nothing;
the same loop that brings the file home as well syncs nothing. The executor keeps every step of a
job in its ledger, syncs each intent before its call, brings the file home and syncs it with its
sidecar, over as many connections.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
from pairing import Contender, race, say
from peers import contender, node_contender

from pipeline.core.caps import Caps
from pipeline.core.job import State
from pipeline.core.report import RunInfo
from pipeline.core.terms import Limit
from pipeline.executor.assets import AssetStore, in_thread
from pipeline.executor.control import Control
from pipeline.executor.lane import Lane, World
from pipeline.executor.run import Bounds, run_all
from pipeline.ledger.ledger import Ledger
from pipeline.providers.entry import PLAIN
from pipeline.providers.http import Http
from pipeline.providers.registry import PROVIDERS, SANDBOX_TERMS
from pipeline.providers.secret import Secret
from pipeline.simulation.demand import ACCOUNT, Demand, plan_of
from pipeline.simulation.process import Quiet

SIZES = (500, 3000)
ROUNDS = 3
SLOW = 500
"""Peers that take longer than a few seconds for more take part up to here."""
LINES = 64
UNDER_WAY = 4 * LINES
"""Jobs of ours that have begun: whoever waits for a commit holds no connection meanwhile."""
NO_LIMIT = Limit(10**7)
SERVICE = Path(__file__).parent / "quick_service.py"
RUN = "bench"


def main(sizes: Sequence[int], rounds: int) -> None:
    """The loop is the measure: a ratio below 1 is faster."""
    ours = [Contender(name, lambda size, name=name: (
        sys.executable, __file__, name, str(size)))
        for name in ("loop", "loop with files", "executor")]
    say("left out: arq and celery, which need a redis server")
    race("hot_path", [
        *ours,
        *contender("bare aiohttp", "peer_aiohttp.py", "aiohttp"),
        *contender("cookbook loop, nothing kept", "peer_cookbook.py", "aiohttp"),
        *contender("huey, SQLite, synced", "peer_huey.py", "huey"),
        *node_contender("promptfoo, own provider", "peer_promptfoo.py", "promptfoo",
                        largest=SLOW),
        *contender("Prefect, a task a job", "peer_prefect.py", "prefect", largest=SLOW),
    ], sizes, rounds)


async def loop(url: str, size: int, folder: Path | None = None) -> None:
    """What people write: a shared pool, a start and a look a job, and the file where a folder is
    named for it."""
    left = iter(range(size))

    async def work() -> None:
        for _ in left:
            said = await client.post(f"{url}/v1/generate/media",
                                     json={"prompt": "a picture", "model": "nano-banana"})
            name = said.json()["generation_id"]
            told = await client.get(f"{url}/v1/generate/media/{name}")
            if told.json()["status"] != "completed":
                raise RuntimeError(told.text)
            if folder is not None:
                made = await client.get(told.json()["outputs"][0]["url"])
                (folder / f"{name}.png").write_bytes(made.content)

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=LINES),
                                 trust_env=False) as client, anyio.create_task_group() as workers:
        for _ in range(LINES):
            workers.start_soon(work)


async def execute(url: str, size: int, folder: Path) -> Callable[[], Awaitable[None]]:
    """The real executor over a real ledger; what is left to do once all is admitted."""
    ledger = Ledger(folder / "state", time.time)
    plan = plan_of(Demand(subjects=size), ledger.ask.known)
    out = (folder / "out").as_posix()
    run = RunInfo(RUN, plan.manifest, plan.file, ACCOUNT, time.time(), outputs=out)
    ledger.begin(run, plan, Caps(), out)
    ledger.start()
    ledger.choose(ledger.ask.pending(RUN))
    terms = replace(SANDBOX_TERMS, starts=dict.fromkeys(SANDBOX_TERMS.starts, NO_LIMIT),
                    reads=NO_LIMIT, list_rows=4 * UNDER_WAY, scale=1 / 6000,
                    in_flight=dict.fromkeys(SANDBOX_TERMS.in_flight, UNDER_WAY))
    control, quiet = Control(), Quiet(say)

    async def work() -> None:
        http = Http(url, Secret("key"), now=time.time)
        provider = PROVIDERS["sandbox"].build(http, terms, True, PLAIN)
        world = World(ledger, AssetStore(in_thread), control, quiet, time.time,
                      lambda: uuid.uuid4().hex, time.monotonic)
        await run_all(ledger, RUN, [Lane(ACCOUNT, provider, world)], control, quiet,
                      bounds=Bounds(), signals=False)
        await provider.close()
        states = ledger.ask.totals(RUN).states
        ledger.close()
        if states[State.DONE] != size:
            raise RuntimeError(str(states))

    return work


async def measured(name: str, url: str, size: int) -> None:
    """One run, its figures on the last line."""
    with tempfile.TemporaryDirectory() as folder:
        work = await execute(url, size, Path(folder)) if name == "executor" \
            else lambda: loop(url, size, Path(folder) if "files" in name else None)
        began_s, cpu_s = time.perf_counter(), time.process_time()
        await work()
        took_s = time.perf_counter() - began_s
        say(json.dumps({"wall_s": took_s, "cpu_s": time.process_time() - cpu_s,
                        "jobs_per_s": size / took_s}))


if __name__ == "__main__":
    with subprocess.Popen([sys.executable, str(SERVICE)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as service:
        address = service.stdout.readline().strip() if service.stdout else ""
        anyio.run(measured, sys.argv[1], address, int(sys.argv[2]))
        if service.stdin:
            service.stdin.close()
