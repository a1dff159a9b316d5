"""What of a plan its caps and its time reach, in the author's order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.core.caps import Candidate, fitting
from pipeline.core.loads import Lengths, Loads, starts_of
from pipeline.core.money import NOTHING, Money
from pipeline.core.night import fitting_into
from pipeline.core.plan import BUYING, Rows
from pipeline.core.terms import Terms


@dataclass(frozen=True, slots=True)
class Beyond:
    """So many jobs that are out of reach, and the most that they would take."""

    jobs: int = 0
    worst: Money = NOTHING


@dataclass(frozen=True, slots=True)
class Reach:
    """The rows that are left when those to buy are taken away which are `beyond` the caps, or too
    `late` to be done in `longest_s` seconds (None for no such limit)."""

    rows: Rows
    beyond: Beyond = Beyond()
    late: Beyond = Beyond()
    longest_s: float | None = None


def within_caps(rows: Rows, left: Money | None, places: int | None,
                campaigns: Mapping[str, Money]) -> Reach:
    """What the caps reach: `left` is for all rows, `campaigns` what some have for themselves."""
    if left is None and places is None and not campaigns:
        return Reach(rows)
    fits = [fit for _, fit in fitting(_candidates(rows), left, places, campaigns)]
    return Reach(*_parted(rows, fits))


def within_time(reach: Reach, longest_s: float, terms: Mapping[str, Terms],
                lengths: Lengths) -> Reach:
    """What of it is done in time."""
    loads = Loads(terms, lengths)
    loads.take(starts_of(reach.rows))
    rows, late = _parted(reach.rows, fitting_into(longest_s, loads, terms))
    return replace(reach, rows=rows, late=late, longest_s=longest_s)


def _parted(rows: Rows, fits: Sequence[bool]) -> tuple[Rows, Beyond]:
    """The rows without those to buy that do not fit; these are counted."""
    if all(fits):
        return rows, Beyond()
    buying = [status in BUYING for status, _ in rows.standings]
    worst = [pattern.worst.micros for pattern in rows.cells.patterns]
    kept: list[int] = []
    fit, jobs, micros = iter(fits), 0, 0
    for number, (pattern, standing) in enumerate(
            zip(rows.cells.pattern, rows.standing, strict=True)):
        if not buying[standing] or next(fit):
            kept.append(number)
        else:
            jobs += 1
            micros += worst[pattern]
    return rows.only(kept), Beyond(jobs, Money(micros))


def _candidates(rows: Rows) -> Iterator[Candidate]:
    cells = rows.cells
    buying = [status in BUYING for status, _ in rows.standings]
    drawn = [(pattern.worst, pattern.campaign, pattern.chained) for pattern in cells.patterns]
    for number, (pattern, standing) in enumerate(zip(cells.pattern, rows.standing, strict=True)):
        if buying[standing]:
            worst, campaign, chained = drawn[pattern]
            [key] = cells.keys(number, number + 1)
            waits_for = cells.at(number).spec.waits_for if chained else ()
            yield Candidate(key, worst, waits_for, campaign)
