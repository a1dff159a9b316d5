"""What a service wishes of those who poll it: when a job will be made, and when to come back.

Goal: a told time is waited for, and nobody looks before the pause that was asked for is over
(Artificial Studio: `eta_seconds`, `poll_after_seconds`). Method: one running job in a real ledger,
a service that is asked on the jumping clock.
"""

from itertools import pairwise
from pathlib import Path

import anyio
from executor_bench import Bench, at_bench

from pipeline.core.job import Produced
from pipeline.core.provider import Finished, News, Output, Working

READY_S = 200.0


class Wishing:
    """A service that makes a job in a while and says when to look again."""

    def __init__(self, again_s: float) -> None:
        self.again_s = again_s
        self.began_s = anyio.current_time()
        self.looks: list[float] = []

    async def look(self, remote_id: str, kind: str) -> News:
        """One look."""
        await anyio.lowlevel.checkpoint()
        at_s = anyio.current_time() - self.began_s
        self.looks.append(at_s)
        if at_s < READY_S:
            return Working("processing", self.again_s)
        return Finished((Output("http://127.0.0.1:9/a.png"),))


def looks(folder: Path, again_s: float, eta_s: float | None = None) -> list[float]:
    """When a job was looked at."""
    async def act(bench: Bench) -> list[float]:
        [job] = await bench.running(1)
        service = Wishing(again_s)
        bench.lane.watch.provider = service  # type: ignore[assignment]
        if eta_s is not None:
            bench.lane.watch.told[job.key] = eta_s
        async with anyio.create_task_group() as readers:
            readers.start_soon(bench.lane.watch.run)
            assert isinstance(await bench.lane.watch.wait_news(job), Produced)
            readers.cancel_scope.cancel()
        return service.looks

    return at_bench(folder, act)


def gaps(moments: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(moments)]


def test_nobody_looks_before_the_pause_is_over(tmp_path: Path) -> None:
    assert min(gaps(looks(tmp_path / "a", 45.0))) >= 45.0
    assert min(gaps(looks(tmp_path / "b", 0.0))) < 45.0


def test_the_first_look_waits_for_the_time_that_was_told(tmp_path: Path) -> None:
    untold, told = looks(tmp_path / "a", 3.0), looks(tmp_path / "b", 3.0, eta_s=READY_S)
    assert untold[0] < 30.0 < 0.85 * READY_S < told[0] <= READY_S
    assert len(told) < len(untold)
