"""What moved between two plans of one manifest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.core.money import Money
from pipeline.core.plan import Plan, Row, Rows


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


def compare(before: Iterable[Wanted], after: Plan) -> Difference:
    """Hold a plan against what was wanted before. What is bought already has its price."""
    rows = Rows.of(after.rows)
    place = rows.cells.places()
    added = bytearray(b"\1") * len(rows)
    removed, repriced = [], []
    for wanted in before:
        number = place.get(wanted.key)
        if number is None:
            removed.append(wanted)
            continue
        added[number] = 0
        quote = rows.cells.patterns[rows.cells.pattern[number]].quote
        if not wanted.bought and wanted.expected != quote.expected:
            repriced.append((number, wanted))
    return Difference(rows.only([number for number, new in enumerate(added) if new]), removed,
                      [(wanted, rows[number]) for number, wanted in sorted(
                          repriced, key=lambda pair: pair[0])])
