"""What is to be started, alike jobs counted together: what a schedule is made of.

Law: jobs that differ in nothing that a schedule looks at are one load, however many they are.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pipeline.core.cells import Pattern
from pipeline.core.plan import BUYING, Rows
from pipeline.core.schedule import Load
from pipeline.core.terms import Terms

Lengths = Mapping[str, Mapping[str, float]]
"""How long jobs took lately, in our seconds, by account and model."""
ENOUGH = 5
"""So many jobs of a model must have been seen before their lengths are believed."""
NOT_YET = -1


class Sort(NamedTuple):
    """All that a schedule looks at in a job that starts from nothing. `model_s` is how long the
    catalog says that its model takes, in seconds of the service."""

    campaign: str
    account: str
    kind: str
    model: str
    model_s: float | None


class Start(NamedTuple):
    """A job that is to be started, with the keys of those it starts from."""

    sort: Sort
    key: str = ""
    waits_for: tuple[str, ...] = ()


class Loads:
    """Loads as they grow. `which` has the load of each start, in the author's order, `ranks` its
    place among those of that load, and `needs` the places of those that a start waits for."""

    def __init__(self, terms: Mapping[str, Terms], lengths: Lengths) -> None:
        self.terms = terms
        self.lengths = lengths
        self.which = array("l")
        self.ranks = array("l")
        self.needs: dict[int, tuple[int, ...]] = {}
        self._loads: list[Load] = []
        self._numbers: dict[tuple[Sort, tuple[int, ...]], int] = {}
        self._counts: list[int] = []
        self._bases: list[set[str]] = []
        self._spans: list[dict[int, int]] = []

    def add(self, sort: Sort, number: int = 1, after: tuple[int, ...] = ()) -> int:
        """So many more of a sort; the number of their load."""
        found = self._numbers.get((sort, after))
        if found is None:
            found = self._numbers[sort, after] = len(self._loads)
            self._loads.append(self._load(sort, after))
            self._counts.append(0)
            self._bases.append(set())
            self._spans.append({})
        self._counts[found] += number
        return found

    def take(self, starts: Iterable[Start]) -> None:
        """These, in the author's order; each may start from any other of them."""
        waiting: list[tuple[int, Start]] = []
        places: dict[str, int] = {}
        for place, start in enumerate(starts, len(self.which)):
            if start.key:
                places[start.key] = place
            if start.waits_for:
                waiting.append((place, start))
            self.which.append(NOT_YET if start.waits_for else self.add(start.sort))
            self.ranks.append(0 if start.waits_for else self._counts[self.which[place]] - 1)
        while waiting:
            later = [one for one in waiting if not self._link(*one, places)]
            if len(later) == len(waiting):
                return
            waiting = later

    def _link(self, place: int, start: Start, places: Mapping[str, int]) -> bool:
        """Count a start after those it waits for; False while one of these is not counted yet."""
        needs = tuple(places[key] for key in start.waits_for if key in places)
        after = tuple(sorted({self.which[need] for need in needs}))
        if NOT_YET in after:
            return False
        number = self.which[place] = self.add(start.sort, 1, after)
        self.ranks[place] = self._counts[number] - 1
        self._bases[number].update(start.waits_for)
        if needs:
            self.needs[place] = needs
            span = self._spans[number]
            for need in needs:
                source = self.which[need]
                span[source] = max(span.get(source, 0), self.ranks[need] + 1)
        return True

    def told(self, counts: Sequence[int] | None = None) -> list[Load]:
        """The loads, or so many of each."""
        return [replace(load, number=number, uploads=self._uploads(at), paces=tuple(
                    self._spans[at][source] / self._counts[at] for source in load.after))
                for at, (load, number) in enumerate(zip(self._loads, counts or self._counts,
                                                        strict=True))]

    def _uploads(self, number: int) -> float:
        """The share that brings a file of its own; others start from the same, or from a clip that
        the service has."""
        return min(1.0, len(self._bases[number]) / max(1, self._counts[number]))

    def _load(self, sort: Sort, after: tuple[int, ...]) -> Load:
        terms = self.terms[sort.account]
        typical_s = terms.typical_s(sort.kind, sort.model_s)
        learned_s = self.lengths.get(sort.account, {}).get(sort.model)
        at_once = sort.kind in terms.at_once_s
        return Load(sort.campaign, sort.account, terms.bucket(sort.kind), learned_s or typical_s,
                    after=after, at_once=at_once, order_s=sort.model_s or 0.0,
                    is_listed=sort.kind in terms.listed and not at_once)


def loads_of(rows: Rows, terms: Mapping[str, Terms], lengths: Lengths) -> list[Load]:
    """What of these rows would be bought, in as few loads as can be."""
    loads = Loads(terms, lengths)
    if any(lot.buys and lot.pattern.chained for lot in rows.lots):
        loads.take(starts_of(rows))
    else:
        for lot in rows.lots:
            if lot.buys:
                loads.add(_sort_of(lot.pattern), lot.buys)
    return loads.told()


def starts_of(rows: Rows) -> Iterator[Start]:
    """The rows that would be bought, in the author's order."""
    cells = rows.cells
    buys = [status in BUYING for status, _ in rows.standings]
    sorts = [_sort_of(pattern) for pattern in cells.patterns]
    chained = any(pattern.chained for pattern in cells.patterns)
    for number, (pattern, standing) in enumerate(zip(cells.pattern, rows.standing, strict=True)):
        if buys[standing]:
            key = cells.keys(number, number + 1)[0] if chained else ""
            waits_for = cells.at(number).spec.waits_for if cells.patterns[pattern].chained else ()
            yield Start(sorts[pattern], key, waits_for)


def _sort_of(pattern: Pattern) -> Sort:
    return Sort(pattern.campaign, pattern.account, pattern.spec.kind, pattern.spec.model,
                pattern.typical_s)
