"""The real executor with jobs that are accepted and never made, as `bench_waiting` watches it."""

import time
import uuid
from dataclasses import replace
from pathlib import Path

import anyio
from beside import Stopwatch

from pipeline.core.caps import Caps
from pipeline.core.errors import Exit
from pipeline.core.job import Job, State
from pipeline.core.report import RunInfo, Totals
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

RUN = "waiting"
AT_ONCE = Limit(10**6)
"""The service takes all starts at once, so that the watch begins soon; its reads are as ever."""


class Onlooker(Quiet):
    """Sees when all jobs are running."""

    def __init__(self, jobs: int) -> None:
        super().__init__(lambda text: None)
        self.jobs = jobs
        self.accepted = anyio.Event()

    def changed(self, job: Job, totals: Totals) -> None:
        """One job moved."""
        if totals.states[State.RUNNING] == self.jobs:
            self.accepted.set()


class WaitingRun:
    """A run of so many pictures at a service that makes none."""

    def __init__(self, url: str, folder: Path, jobs: int) -> None:
        self.ledger = Ledger(folder / "state", time.time)
        plan = plan_of(Demand(subjects=jobs), self.ledger.ask.known)
        out = (folder / "out").as_posix()
        self.ledger.begin(RunInfo(RUN, plan.manifest, plan.file, ACCOUNT, time.time(),
                                  outputs=out), plan, Caps(), out)
        self.ledger.start()
        self.ledger.choose(self.ledger.ask.pending(RUN))
        self.terms = replace(SANDBOX_TERMS, starts=dict.fromkeys(SANDBOX_TERMS.starts, AT_ONCE),
                             in_flight=dict.fromkeys(SANDBOX_TERMS.in_flight, jobs), streams=())
        self.http = Http(url, Secret("key"), now=time.time)
        self.jobs = jobs

    async def watch(self, seconds: float, watch: Stopwatch) -> None:
        """Run until all are accepted, hold the watch for so long, and leave."""
        control, onlooker = Control(), Onlooker(self.jobs)
        provider = PROVIDERS["sandbox"].build(self.http, self.terms, True, PLAIN)
        world = World(self.ledger, AssetStore(in_thread), control, onlooker, time.time,
                      lambda: uuid.uuid4().hex, time.monotonic)

        async def work() -> None:
            await run_all(self.ledger, RUN, [Lane(ACCOUNT, provider, world)], control, onlooker,
                          bounds=Bounds(), signals=False)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            await onlooker.accepted.wait()
            with watch:
                await anyio.sleep(seconds)
            control.leave(Exit.TIME)
        states = self.ledger.ask.totals(RUN).states
        await provider.close()
        self.ledger.close()
        if states[State.RUNNING] != self.jobs:
            raise RuntimeError(str(states))
