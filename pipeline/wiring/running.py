"""An approved plan, or an unfinished run, set to work.

Law: a run is bound by the caps it began with; what the caps do not reach for is left pending in the
manifest's order, and named.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import anyio

from pipeline.core.caps import Caps
from pipeline.core.errors import Exit, Halt
from pipeline.core.job import AT_REST, State
from pipeline.core.outcome import judge_run
from pipeline.core.plan import Plan
from pipeline.core.report import RunInfo, Totals
from pipeline.executor.assets import AssetStore, in_thread
from pipeline.executor.control import Control
from pipeline.executor.lane import Bell, Lane, World
from pipeline.executor.run import TICK_S, Bounds, Progress, run_all
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.lock import refuse_if_held
from pipeline.ledger.orphans import unruled
from pipeline.wiring.accounts import Account
from pipeline.wiring.choosing import within_caps, within_time
from pipeline.wiring.rooms import rooms
from pipeline.wiring.run_caps import caps_as_text

STOP_FILE = "stop"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person said about ending early."""

    longest_s: float | None = None
    fail_fast: bool = False
    max_failures: int | None = None
    max_failure_share: float | None = None


@dataclass(slots=True)
class Ending:
    """How a run was left."""

    run: RunInfo
    totals: Totals
    exit_code: Exit
    seconds: float
    left_out: int = 0
    priced_out: bool = False
    orphans: int = 0
    too_late: int = 0

    def advice(self) -> list[str]:
        """What a person may want to do next."""
        states = self.totals.states
        lines = []
        if states[State.IN_DOUBT]:
            lines.append(f"{states[State.IN_DOUBT]} in doubt: `pipeline resume` looks again, "
                         "`pipeline doubt` tells what you can say")
        if self.left_out:
            lines.append(f"{self.left_out} left out by the cap, in the manifest's order: "
                         "`pipeline jobs --in pending`")
        elif self.too_late:
            lines.append(f"{self.too_late} did not fit into the time, in the manifest's order: "
                         "`pipeline resume` goes on with them")
        elif self.priced_out:
            lines.append(f"{states[State.PENDING]} left: their model took more than was quoted; "
                         "name its price under [accounts.….prices], then run the manifest again")
        elif states[State.PENDING] or states[State.RUNNING] or states[State.PRODUCED]:
            lines.append("`pipeline resume` goes on")
        if self.orphans:
            lines.append(f"{self.orphans} listed by the service, like ours and unknown here: "
                         "`pipeline doubt` tells what you can say")
        if states[State.FAILED]:
            lines.append("`pipeline jobs --in failed` says why; `pipeline retry --failed` buys "
                         "them again")
        return lines


def boot_s() -> float:
    """Seconds since this machine was started, those of its sleep among them; Linux has a clock of
    its own for that, and macOS counts them in its monotonic one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def new_run(plan: Plan, caps: Caps, outputs: str, now_s: float) -> RunInfo:
    """A run that begins now; its id sorts by time."""
    moment = datetime.fromtimestamp(now_s, UTC)
    run_id = f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    return RunInfo(run_id, plan.manifest, str(Path(plan.file).absolute()), plan.account, now_s,
                   outputs=outputs, caps=caps_as_text(caps))


def ask_to_stop(state: Path) -> bool:
    """Ask the process that holds the state folder to stop buying; False when none does."""
    try:
        refuse_if_held(state)
    except Halt:
        (state / STOP_FILE).touch()
        return True
    return False


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run is worked on: in the real world, or in a simulated one, where nobody signals, no
    thread takes part, and there is little to draw."""

    store: AssetStore = field(default_factory=lambda: AssetStore(in_thread))
    signals: bool = True
    tick_s: float = TICK_S


class Ears(Protocol):
    """What listens while a run works (`executor.doorbell`)."""

    def open(self) -> AbstractContextManager[Bell]:
        """Listen until this is left; raises `Halt` where that is not possible."""
        ...


class Runner:
    """One process's work on one run."""

    def __init__(self, ledger: Ledger, run: RunInfo, accounts: Mapping[str, Account],
                 caps: Caps, manner: Manner | None = None) -> None:
        self.ledger = ledger
        self.run = run
        self.accounts = accounts
        self.caps = caps
        self.manner = manner or Manner()
        self.store = self.manner.store
        self.left_out: Sequence[str] = ()
        self.too_late = 0

    async def work(self, limits: Limits, progress: Progress, *, buying: bool = True,
                   ears: Ears | None = None) -> Ending:
        """Drive the run until nothing is left to do; the ledger notes how it was left. With `ears`
        services that can are asked to ring."""
        progress.started(self.ledger.ask.totals(self.run.id))
        try:
            with ears.open() if ears is not None else nullcontext() as bell:
                return await self._work(limits, progress, bell, buying=buying)
        finally:
            progress.finished()

    async def _work(self, limits: Limits, progress: Progress, bell: Bell | None, *,
                    buying: bool) -> Ending:
        began_s = self.ledger.now()
        control = Control(fail_fast=limits.fail_fast, max_failures=limits.max_failures,
                          max_failure_share=limits.max_failure_share)
        if limits.longest_s is not None:
            control.ends_s = anyio.current_time() + limits.longest_s
        if not buying:
            control.stop_buying()
        stop = self.ledger.folder / STOP_FILE
        stop.unlink(missing_ok=True)
        self.ledger.go_on(self.run, self.caps)
        self.ledger.start()
        first = True
        while control.staying and (self._choose(control.left_s()) or (first and self._open())):
            self._tell_late(limits, progress, first=first)
            first = False
            before = self.ledger.ask.totals(self.run.id)
            lanes = [self._lane(name, control, progress, bell) for name in self.accounts]
            await run_all(self.ledger, self.run.id, lanes, control, progress,
                          bounds=Bounds(control.left_s(), stop), signals=self.manner.signals,
                          tick_s=self.manner.tick_s)
            if self.ledger.ask.totals(self.run.id) == before or control.reasons:
                break
        return self._end(control, began_s, stop)

    def _lane(self, name: str, control: Control, progress: Progress,
              bell: Bell | None) -> Lane:
        world = World(self.ledger, self.store, control, progress, self.ledger.now,
                      lambda: secrets.token_hex(16), boot_s, bell)
        return Lane(name, self.accounts[name].provider, world)

    def _choose(self, left_s: float | None = None) -> bool:
        """Mark what the caps reach for, and what fits into the time; True if anything is."""
        ask = self.ledger.ask
        pending = ask.totals(self.run.id).states[State.PENDING]
        left = rooms(ask, self.caps, run=self.run.id, manifest=self.run.manifest,
                     account=self._only_account(), at_s=self.ledger.now())
        choice = within_caps(ask, self.run, self.caps, left)
        if left_s is not None and pending:
            choice = within_time(ask, self.run, self.accounts, choice, left_s)
        self.left_out, self.too_late = choice.left_out, choice.too_late
        if choice.keys is not None:
            self.ledger.choose(choice.keys)
            return bool(choice.keys)
        if ask.chosen(self.run.id) != pending:
            self.ledger.choose(ask.pending(self.run.id))
        return pending > 0

    def _tell_late(self, limits: Limits, progress: Progress, *, first: bool) -> None:
        if first and self.too_late and limits.longest_s is not None:
            progress.said(f"{self.too_late} do not fit into {limits.longest_s:.0f} s by the "
                          "forecast; they stay pending")

    def _only_account(self) -> str:
        """The account whose own caps all rows are under; of several each has its own."""
        return self.run.account if len(self.accounts) == 1 else ""

    def _open(self) -> bool:
        """Whether money is out for any job of these accounts, in this run or an earlier one."""
        return any(self.ledger.ask.open_jobs(name) for name in self.accounts)

    def _end(self, control: Control, began_s: float, stop: Path) -> Ending:
        totals = self.ledger.ask.totals(self.run.id)
        reasons = set(control.reasons)
        pending = totals.states[State.PENDING]
        if pending and not reasons:
            reasons |= {code for code, left in ((Exit.BUDGET, self.left_out),
                                                (Exit.TIME, self.too_late)) if left}
        if stop.exists():
            stop.unlink()
            self.cancel_pending()
            totals = self.ledger.ask.totals(self.run.id)
        code = judge_run(totals, reasons, priced_out=control.priced_out)
        worked_s = self.ledger.now() - began_s
        ended = not any(totals.states[state] for state in State if state not in AT_REST)
        self.ledger.finish(self.run, int(code), worked_s, ended=ended)
        return Ending(self.run, totals, code, self.ledger.ask.worked_s(self.run.id),
                      len(self.left_out) if pending else 0, control.priced_out,
                      len(unruled(self.ledger.connection)), self.too_late if pending else 0)

    def as_it_stands(self) -> Ending:
        """The run as the ledger has it, when there is nothing to do for it."""
        totals = self.ledger.ask.totals(self.run.id)
        return Ending(self.run, totals, judge_run(totals, ()),
                      self.ledger.ask.worked_s(self.run.id))

    def cancel_pending(self) -> None:
        """Nobody wants what is not bought yet."""
        jobs = [entry.job for entry in self.ledger.ask.entries(self.run.id, State.PENDING)]
        self.ledger.cancel(jobs)
