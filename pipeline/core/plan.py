"""The priced list that a person approves: every wanted job, what is new, what is there already.

Law: a plan is a value. Drawing it costs nothing and changes nothing; its fingerprint is over what
would be bought and for how much, so an approval holds exactly as long as that does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.core.cells import Cell, Expansion, Skipped
from pipeline.core.job import State
from pipeline.core.manifest import Budget
from pipeline.core.money import NOTHING, Money

HANGING = frozenset({"source_failed", "source_missing"})
"""Causes of a job that was given up because of what it starts from."""


class Status(StrEnum):
    """What a run would do about a row."""

    NEW = "new"
    KEEP = "keep"
    RETRY = "retry"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger says of a job that an earlier run admitted."""

    state: State
    cause: str | None = None
    run: str = ""
    held: Money = NOTHING
    files_missing: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One job of the plan. `status` says what a run would do, `why` for what reason."""

    cell: Cell
    status: Status
    why: str = ""

    @property
    def expected(self) -> Money:
        """What the row should take: nothing where nothing is bought."""
        return self.cell.quote.expected if self.buys else NOTHING

    @property
    def worst(self) -> Money:
        """The most the row can take, paid second tries included."""
        return self.cell.quote.worst * self.cell.max_paid_attempts if self.buys else NOTHING

    @property
    def buys(self) -> bool:
        """Whether a run would buy it."""
        return self.status in (Status.NEW, Status.RETRY)


@dataclass(frozen=True, slots=True)
class Plan:
    """All rows in the author's order, and what was left out of the matrix."""

    manifest: str
    file: str
    account: str
    rows: Sequence[Row]
    budget: Budget = field(default_factory=Budget)
    excluded: int = 0
    skipped: Sequence[Skipped] = ()
    catalogs: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""

    @property
    def expected(self) -> Money:
        """What the run should take."""
        return sum((row.expected for row in self.rows), NOTHING)

    @property
    def worst(self) -> Money:
        """The most the run can take."""
        return sum((row.worst for row in self.rows), NOTHING)

    def count(self, status: Status) -> int:
        """How many rows have this status."""
        return sum(row.status is status for row in self.rows)


def draw_plan(manifest: str, file: str, account: str, expansion: Expansion, *,
              known: Mapping[str, Known], catalogs: Mapping[str, str], budget: Budget) -> Plan:
    """Compare what is wanted with what is known. `catalogs` are digests by account."""
    rows = [_row(cell, known.get(cell.key)) for cell in expansion.cells]
    mark = fingerprint(manifest, expansion.cells, catalogs, budget)
    return Plan(manifest, file, account, rows, budget, expansion.excluded, expansion.skipped,
                catalogs, mark)


def _row(cell: Cell, known: Known | None) -> Row:
    if known is None:
        return Row(cell, Status.NEW)
    match known.state:
        case State.DONE:
            missing = "; its file is missing: `pipeline fetch`" if known.files_missing else ""
            return Row(cell, Status.KEEP, f"delivered by run {known.run}{missing}")
        case State.PENDING:
            return Row(cell, Status.RETRY if known.cause else Status.NEW, known.cause or "")
        case State.CANCELLED if known.cause in HANGING:
            return Row(cell, Status.HELD, f"cancelled: {known.cause}; `pipeline retry --failed` "
                                          "buys it again")
        case State.CANCELLED:
            return Row(cell, Status.RETRY, f"cancelled in run {known.run}")
        case State.FAILED:
            return Row(cell, Status.HELD, f"failed: {known.cause}; `pipeline retry --failed` "
                                          "buys it again")
        case State.SUBMITTING | State.IN_DOUBT:
            return Row(cell, Status.HELD, f"in doubt since run {known.run}; `pipeline resume` "
                                          "looks for evidence")
        case State.RUNNING | State.PRODUCED:
            return Row(cell, Status.KEEP, f"bought by run {known.run}, on its way")


def fingerprint(manifest: str, cells: Sequence[Cell], catalogs: Mapping[str, str],
                budget: Budget) -> str:
    """A digest of what would be bought, at which prices, from which catalogs, under which caps."""
    digest = hashlib.sha256(
        f"{manifest}\n{sorted(catalogs.items())}\n{_caps(budget)}\n".encode())
    for cell in cells:
        line = (f"{cell.campaign}\t{cell.account}\t{cell.key}\t{cell.quote.expected}"
                f"\t{cell.quote.worst}\t{cell.max_paid_attempts}\n")
        digest.update(line.encode())
    return "sha256:" + digest.hexdigest()


def _caps(budget: Budget) -> str:
    """The caps in words that later versions find as well; campaigns' own where there are some."""
    own = f", campaigns={sorted(budget.campaigns.items())}" if budget.campaigns else ""
    return (f"Budget(credits={budget.credits!r}, per_day={budget.per_day!r}, "
            f"per_month={budget.per_month!r}{own})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job as an earlier run or plan wanted it."""

    key: str
    campaign: str
    model: str
    expected: Money
    bought: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """What moved since an earlier run of one manifest: rows that came, went, changed price."""

    added: Sequence[Row]
    removed: Sequence[Wanted]
    repriced: Sequence[tuple[Wanted, Row]]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.repriced)


def compare(before: Sequence[Wanted], after: Plan) -> Difference:
    """Hold a plan against what was wanted before. What is bought already has its price."""
    old = {wanted.key: wanted for wanted in before}
    new = {row.cell.key for row in after.rows}
    repriced = [(old[row.cell.key], row) for row in after.rows
                if row.cell.key in old and not old[row.cell.key].bought
                and old[row.cell.key].expected != row.cell.quote.expected]
    return Difference([row for row in after.rows if row.cell.key not in old],
                      [wanted for wanted in before if wanted.key not in new], repriced)
