"""A run: its lanes side by side, until all is at rest, or somebody stops it.

Law: the first signal stops the buying and settles the paid calls under way, the second leaves at
once; what the service is still making is brought home by the next run.
"""

import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import anyio

from pipeline.core.errors import Exit
from pipeline.core.job import AT_REST, Job, State
from pipeline.core.naming import KEY_SHOWN
from pipeline.core.report import Totals
from pipeline.executor.control import Control
from pipeline.executor.drive import run_lane
from pipeline.executor.lane import Lane
from pipeline.ledger.ledger import Ledger

TICK_S = 0.125
SIGNALS = {signal.SIGINT: Exit.INTERRUPTED, signal.SIGTERM: Exit.TERMINATED,
           signal.SIGHUP: Exit.TERMINATED}


class Progress(Protocol):
    """Who shows a person how the run goes."""

    def started(self, totals: Totals) -> None:
        """The run goes to work."""
        ...

    def changed(self, job: Job, totals: Totals) -> None:
        """A job moved, and the run with it."""
        ...

    def said(self, message: str) -> None:
        """One line for the person."""
        ...

    def waiting(self, what: str) -> None:
        """What holds the run back just now."""
        ...

    def tick(self, now_s: float) -> None:
        """Time passes; a good moment to draw."""
        ...

    def finished(self) -> None:
        """The run is over, or stops."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """What ends a run early: a time, and a file that another process lays down to say stop."""

    longest_s: float | None = None
    stop_file: Path | None = None


async def run_all(ledger: Ledger, run: str, lanes: Sequence[Lane], control: Control,
                  progress: Progress, *, bounds: Bounds, signals: bool = True,
                  tick_s: float = TICK_S) -> None:
    """Work on a run until nothing is left to do or wait for.

    `tick_s` is how often the person's view is drawn; the bounds are looked at every fourth time.
    """
    ledger.moved = _teller(control, progress, ledger.ask.totals(run), run)
    control.on_leave(lambda: _leave(lanes))
    async with anyio.create_task_group() as watchers:
        if signals:
            watchers.start_soon(_obey_signals, control, progress, lanes)
        watchers.start_soon(_keep_bounds, control, progress, bounds, tick_s)
        watchers.start_soon(_tick, progress, lanes, tick_s)
        await _work(lanes, run)
        watchers.cancel_scope.cancel()


async def _work(lanes: Iterable[Lane], run: str) -> None:
    async with anyio.create_task_group() as group:
        for lane in lanes:
            group.start_soon(run_lane, lane, run)


def _teller(control: Control, progress: Progress, totals: Totals,
            run: str) -> Callable[[Job, Job], None]:
    def moved(before: Job, after: Job) -> None:
        nonlocal totals
        if after.state is before.state:
            return  # what it took came back: nothing has moved
        if after.run == run:
            totals = totals.after(before, after)
            progress.changed(after, totals)
        if after.state in AT_REST:
            control.saw(after)
            control.notify()

    return moved


def _leave(lanes: Iterable[Lane]) -> None:
    for lane in lanes:
        lane.leave()


async def _obey_signals(control: Control, progress: Progress, lanes: Sequence[Lane]) -> None:
    told = False
    with anyio.open_signal_receiver(*SIGNALS) as received:
        async for number in received:
            if told:
                if cut := _under_way(lanes):
                    progress.said(f"cut while they were being paid for, and in doubt until "
                                  f"`pipeline resume`: {', '.join(cut)}")
                progress.finished()
                control.exit_now(SIGNALS[signal.Signals(number)])
            told = True
            progress.said("stopping: no new purchases, waiting for the calls under way "
                          "(again to leave at once); `pipeline resume` goes on")
            control.leave(SIGNALS[signal.Signals(number)])


def _under_way(lanes: Iterable[Lane]) -> list[str]:
    """The jobs whose paid call has not been answered yet."""
    return [job.key[:KEY_SHOWN] for lane in lanes
            for job in lane.ledger.ask.open_jobs(lane.account) if job.state is State.SUBMITTING]


async def _keep_bounds(control: Control, progress: Progress, bounds: Bounds,
                       tick_s: float) -> None:
    began_s = anyio.current_time()
    while True:
        await anyio.sleep(tick_s * 4)
        if bounds.longest_s is not None and anyio.current_time() - began_s >= bounds.longest_s:
            progress.said("the time limit is reached; `pipeline resume` goes on")
            control.leave(Exit.TIME)
            return
        if bounds.stop_file is not None and _asked_to_stop(bounds.stop_file):
            progress.said("cancelled: nothing more is bought; what is bought is brought home")
            control.stop_buying()
            return


def _asked_to_stop(path: Path) -> bool:
    return path.exists()


async def _tick(progress: Progress, lanes: Sequence[Lane], tick_s: float) -> None:
    while True:
        for lane in lanes:
            progress.waiting(lane.gate.bottleneck())
            progress.tick(lane.now())
        await anyio.sleep(tick_s)
