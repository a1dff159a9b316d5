"""The priced list that a person approves: every wanted job, what is new, what is there already.

Law: a plan is a value. Drawing it costs nothing and changes nothing; its fingerprint is over what
would be bought and for how much, so an approval holds exactly as long as that does.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import repeat

from pipeline.core.cells import Cell, Cells, Expansion, Pattern, Skipped
from pipeline.core.fingerprint import fingerprint
from pipeline.core.job import State
from pipeline.core.manifest import Budget
from pipeline.core.money import NOTHING, Money
from pipeline.core.sharing import siblings
from pipeline.core.told import Told

HANGING = frozenset({"source_failed", "source_missing"})
"""Causes of a job that was given up because of what it starts from."""
PAGE = 10_000
"""Rows that are looked up together."""


class Status(StrEnum):
    """What a run would do about a row."""

    NEW = "new"
    KEEP = "keep"
    RETRY = "retry"
    HELD = "held"


BUYING = (Status.NEW, Status.RETRY)
AS_NEW = (Status.NEW, "")


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger says of a job that an earlier run admitted."""

    state: State
    cause: str | None = None
    run: str = ""
    held: Money = NOTHING
    files_missing: bool = False
    account: str = ""


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
        return self.status in BUYING


@dataclass(frozen=True, slots=True)
class Lot:
    """So many rows of one pattern that a run would do the same about."""

    pattern: Pattern
    status: Status
    why: str
    number: int

    @property
    def buys(self) -> int:
        """How many of them a run would buy: all or none."""
        return self.number if self.status in BUYING else 0

    @property
    def expected(self) -> Money:
        """What they should take."""
        return self.pattern.quote.expected * self.buys

    @property
    def worst(self) -> Money:
        """The most they can take."""
        return self.pattern.worst * self.buys


class Rows(Told[Row]):
    """Rows in columns: the cells, and for each what a run would do about it, by number."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.standings: list[tuple[Status, str]] = []
        self.standing = array("I")
        self._lots: list[Lot] | None = None

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Rows":
        """These rows in columns."""
        if isinstance(rows, Rows):
            return rows
        made = cls(Cells.of([row.cell for row in rows]))
        made.stand([(row.status, row.why) for row in rows])
        return made

    def stand(self, found: Iterable[tuple[Status, str]]) -> None:
        """What a run would do about the next rows."""
        numbers = {standing: number for number, standing in enumerate(self.standings)}
        self.standing.extend(numbers.setdefault(standing, len(numbers)) for standing in found)
        self.standings = list(numbers)

    def only(self, numbers: Sequence[int]) -> "Rows":
        """Some of these rows."""
        part = Rows(self.cells.only(numbers))
        part.standings = self.standings
        part.standing.extend(self.standing[number] for number in numbers)
        return part

    @property
    def lots(self) -> Sequence[Lot]:
        """The rows counted, in the order in which each lot first occurs."""
        if self._lots is None or len(self.standing) != sum(lot.number for lot in self._lots):
            counted = Counter(zip(self.cells.pattern, self.standing, strict=True))
            self._lots = [Lot(self.cells.patterns[pattern], *self.standings[standing], number)
                          for (pattern, standing), number in counted.items()]
        return self._lots

    def __len__(self) -> int:
        return len(self.standing)

    def at(self, number: int) -> Row:
        """The row of this number."""
        return Row(self.cells.at(number), *self.standings[self.standing[number]])


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
    def lots(self) -> Sequence[Lot]:
        """The rows, counted: what a plan of a million is weighed by."""
        return Rows.of(self.rows).lots

    @property
    def buys(self) -> int:
        """How many jobs a run would buy."""
        return sum(lot.buys for lot in self.lots)

    @property
    def expected(self) -> Money:
        """What the run should take."""
        return sum((lot.expected for lot in self.lots), NOTHING)

    @property
    def worst(self) -> Money:
        """The most the run can take."""
        return sum((lot.worst for lot in self.lots), NOTHING)

    def count(self, status: Status) -> int:
        """How many rows have this status."""
        return sum(lot.number for lot in self.lots if lot.status is status)


Recall = Callable[[Sequence[str]], Mapping[str, Known]]
"""What the ledger knows of some keys; they come in the plan's order, a page at a time."""


def draw_plan(manifest: str, file: str, account: str, expansion: Expansion, *,
              known: Recall, catalogs: Mapping[str, str], budget: Budget) -> Plan:
    """Compare what is wanted with what is known. `catalogs` are digests by account.

    A job that another account of its campaign has by now stays there; the fingerprint is over the
    plan as it was dealt out, because it may cost no more there.
    """
    dealt = Cells.of(expansion.cells)
    shared = siblings(dealt.patterns)
    rows = Rows(dealt.again() if any(shared) else dealt)
    for start in range(0, len(rows.cells), PAGE):
        keys = rows.cells.keys(start, start + PAGE)
        found = known(keys)
        told = {one: _standing(one) for one in set(found.values())}
        if found and any(shared):
            _stay(rows.cells, start, [found.get(key) for key in keys], shared)
        rows.stand([told[found[key]] if key in found else AS_NEW for key in keys]
                   if found else repeat(AS_NEW, len(keys)))
    mark = fingerprint(manifest, dealt, catalogs, budget)
    return Plan(manifest, file, account, rows, budget, expansion.excluded, expansion.skipped,
                catalogs, mark)


def _stay(cells: Cells, start: int, known: Iterable[Known | None],
          shared: Sequence[Mapping[str, int]]) -> None:
    """What the ledger has on another account of its campaign stays on it."""
    for number, one in enumerate(known, start):
        if one is not None:
            own = cells.pattern[number]
            cells.pattern[number] = shared[own].get(one.account, own)


def _standing(known: Known) -> tuple[Status, str]:
    """What a run would do about a job that the ledger knows, and for what reason."""
    match known.state:
        case State.DONE:
            missing = "; its file is missing: `pipeline fetch`" if known.files_missing else ""
            return Status.KEEP, f"delivered by run {known.run}{missing}"
        case State.PENDING:
            return Status.RETRY if known.cause else Status.NEW, known.cause or ""
        case State.CANCELLED if known.cause in HANGING:
            return Status.HELD, f"cancelled: {known.cause}; `pipeline retry --failed` buys it again"
        case State.CANCELLED:
            return Status.RETRY, f"cancelled in run {known.run}"
        case State.FAILED:
            return Status.HELD, f"failed: {known.cause}; `pipeline retry --failed` buys it again"
        case State.SUBMITTING | State.IN_DOUBT:
            return Status.HELD, f"in doubt since run {known.run}; `pipeline resume` " \
                                "looks for evidence"
        case State.RUNNING | State.PRODUCED:
            return Status.KEEP, f"bought by run {known.run}, on its way"
