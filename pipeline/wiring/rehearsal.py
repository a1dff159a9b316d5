"""A rehearsal: the real executor and ledger on a plan, against simulated services, in no time.

Law: nothing is bought, nothing is asked, and nothing of the state folder is touched. What is there
already stays there: a file that a job starts from is stood in for, and costs nothing.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import anyio
from anyio.abc import TaskGroup

from pipeline.core.caps import Caps
from pipeline.core.cells import Cell
from pipeline.core.job import Accepted, File, Intended, Job, Produced, Saved, State
from pipeline.core.kinds import outputs_of, sheet
from pipeline.core.money import NOTHING
from pipeline.core.plan import Plan, Rows, Status
from pipeline.core.provider import Output
from pipeline.core.rehearsed import Rehearsed
from pipeline.core.report import Totals
from pipeline.executor.assets import AssetStore, in_place, sha256_of
from pipeline.ledger.ledger import Ledger
from pipeline.simulation.clock import run_jumping
from pipeline.simulation.disk import EndlessBallast, endless
from pipeline.simulation.rehearsal import Stage, Wish, models_of
from pipeline.wiring.planning import Drawing
from pipeline.wiring.running import Limits, Manner, Runner, new_run

LONGEST_S = 90 * 86_400.0
SEEDS = 1_000_003
"""The seeds of two accounts are so far apart, or all would have the same luck."""
TICKS = 400
"""About so often in a run it is noted what holds it back."""
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it, for the owner alone
"""Where the machine keeps files in memory: a rehearsal syncs as often as a run does."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a plan is rehearsed."""

    faults: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    limits: Limits = field(default_factory=Limits)


def rehearse(drawing: Drawing, state: Path, how: Terms, now_s: float) -> Rehearsed:
    """Let a plan happen. Raises `FaultsError` for faults that are none."""
    began_s = perf_counter()

    async def main(wall: Callable[[], float]) -> Rehearsed:
        told: list[Rehearsed] = []
        async with anyio.create_task_group() as tasks:
            told.append(await _Theatre(drawing, Path(folder), how, wall, tasks).play())
        return told[0]

    home = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=home) as folder:
        found = run_jumping(main, now_s, longest_s=LONGEST_S)
    return replace(found, took_s=perf_counter() - began_s)


class _Theatre:
    """A rehearsal under way."""

    def __init__(self, drawing: Drawing, folder: Path, how: Terms, wall: Callable[[], float],
                 tasks: TaskGroup) -> None:
        self.drawing = drawing
        self.folder = folder
        self.how = how
        self.wall = wall
        self.tasks = tasks

    async def play(self) -> Rehearsed:
        """The run from its first intent to its rest."""
        stages = {name: self._stage(name, self.how.seed + number * SEEDS) for number, name
                  in enumerate(self.drawing.accounts.by_name)}
        accounts = {name: replace(account, provider=stages[name].provider)
                    for name, account in self.drawing.accounts.by_name.items()}
        plan, caps = _bought(self.drawing.plan), self.drawing.caps
        ledger = Ledger(self.folder / "state", self.wall, ballast=EndlessBallast)
        run = new_run(plan, caps, str(self.folder / "outputs"), self.wall())
        ledger.begin(run, plan, Caps(), run.outputs)
        await self._stand_in(ledger, plan)
        ledger.go_on(run, caps)
        tick_s = max(0.05, self.drawing.forecast.seconds / TICKS)
        manner = Manner(AssetStore(in_place, endless), signals=False, tick_s=tick_s)
        audience, began_s = _Audience(), self.wall()
        ending = await Runner(ledger, run, accounts, caps, manner).work(self.how.limits, audience)
        seconds = self.wall() - began_s
        charged = ledger.ask.totals(run.id).charged
        ledger.close()
        calls: Counter[str] = Counter()
        for stage in stages.values():
            calls += stage.calls()
            await stage.http.close()
            stage.books.close()
        return Rehearsed(seconds, ending.totals, charged, ending.exit_code,
                         {name: ticks * tick_s for name, ticks in audience.waits.items()},
                         dict(calls), 0.0)

    def _stage(self, name: str, seed: int) -> Stage:
        cells = _samples(Rows.of(self.drawing.plan.rows), name)
        catalog = self.drawing.offers[name].catalog
        terms = self.drawing.accounts.by_name[name].provider.terms
        return Stage(Wish(cells, models_of(cells, catalog.models), terms, self.how.faults,
                          self.drawing.lengths.get(name, {}), seed=seed),
                     self.wall, self.tasks)

    async def _stand_in(self, ledger: Ledger, plan: Plan) -> None:
        """What earlier runs delivered is there: each file a few bytes that tell whose it is."""
        for number, row in enumerate(row for row in plan.rows if not row.buys):
            job = ledger.ask.job(row.cell.key)
            if job is not None:
                await _deliver(ledger, job, self.folder, f"stand-in-{number}")


async def _deliver(ledger: Ledger, job: Job, folder: Path, name: str) -> None:
    files = []
    for index in range(outputs_of(job.spec.kind, job.spec.params)):
        path = folder / f"{name}-{index}"
        path.write_text(path.name)
        medium = sheet(job.spec.kind).makes
        files.append(File(str(path), sha256_of(path), path.stat().st_size, f"{medium}/x-stand-in"))
    for event in (Intended(name, NOTHING), Accepted((name,)),
                  Produced((Output("stand-in:"),), NOTHING), Saved(tuple(files))):
        job = await ledger.record(job, event)


def _samples(rows: Rows, account: str) -> tuple[Cell, ...]:
    """A cell of each pattern that the account may come to buy, its own and those it shares."""
    patterns = rows.cells.patterns
    shared = {(one.campaign, one.pool) for one in patterns if one.account == account and one.pool}
    firsts: dict[int, int] = {}
    for number, pattern in enumerate(rows.cells.pattern):
        firsts.setdefault(pattern, number)
    return tuple(rows.cells.at(number) for pattern, number in firsts.items()
                 if patterns[pattern].account == account
                 or (patterns[pattern].campaign, patterns[pattern].pool) in shared)


def _bought(plan: Plan) -> Plan:
    """The rows that a run would buy, and those that they start from."""
    rows = Rows.of(plan.rows)
    wanted = {key for row in rows if row.buys for key in row.cell.spec.waits_for}
    return replace(plan, rows=rows.only([number for number, row in enumerate(rows) if row.buys or (
        row.cell.key in wanted and row.status is Status.KEEP)]))


class _Audience:
    """Notes what holds the run back while there is something to hold back, and no more."""

    def __init__(self) -> None:
        self.waits: Counter[str] = Counter()
        self._pending = 0

    def started(self, totals: Totals) -> None:
        """So many jobs are to be started."""
        self._pending = totals.states[State.PENDING]

    def changed(self, job: Job, totals: Totals) -> None:
        """One more was, or will be again."""
        self._pending = totals.states[State.PENDING]

    def said(self, message: str) -> None:
        """Nobody listens."""

    def waiting(self, what: str) -> None:
        """What holds the run back at this tick."""
        if what and self._pending:
            self.waits[what] += 1

    def tick(self, now_s: float) -> None:
        """Nobody looks on."""

    def finished(self) -> None:
        """Nobody looks on."""
