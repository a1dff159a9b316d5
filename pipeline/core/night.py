"""Which jobs fit into the time that a run has, by the forecast, in the author's order.

Law: the order decides and nothing else. The first job that does not fit shuts out those after it
that are as long and share its limits; a shorter one, or one on another limit, may still fit.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.core.forecast import finish_s
from pipeline.core.loads import Loads
from pipeline.core.schedule import Load
from pipeline.core.terms import Terms


def fitting_into(longest_s: float, loads: Loads, terms: Mapping[str, Terms]) -> list[bool]:
    """For each start of the loads, in their order, whether it is done within so many seconds.

    What `loads` counts beside its starts is under way already, and takes its time before them.
    """
    return _Night(longest_s, loads, terms).choose()


class _Night:
    """A choice under way."""

    def __init__(self, longest_s: float, loads: Loads, terms: Mapping[str, Terms]) -> None:
        self.longest_s, self.loads, self.terms = longest_s, loads, terms
        self.each = loads.told()
        under_way = Counter({at: load.number for at, load in enumerate(self.each)})
        under_way.subtract(Counter(loads.which))
        self.taken = under_way
        self.fits = [False] * len(loads.which)
        self.shut: set[int] = set()

    def choose(self) -> list[bool]:
        begin = 0
        while line := self._line(begin):
            reached = self._reached(line)
            for place in line[:reached]:
                self.fits[place] = True
            if reached == len(line):
                break
            begin = line[reached] + 1
            self._shut(self.each[self.loads.which[line[reached]]])
        return self.fits

    def _line(self, begin: int) -> Sequence[int]:
        """Who may still be taken from there on, with all that they start from."""
        which, needs, fits = self.loads.which, self.loads.needs, self.fits
        line, there = array("l"), set()
        for place in range(begin, len(which)):
            if which[place] in self.shut:
                continue
            if needs:
                if not all(fits[need] or need in there or need > place
                           for need in needs.get(place, ())):
                    continue
                there.add(place)
            line.append(place)
        return line

    def _reached(self, line: Sequence[int]) -> int:
        """How many of the line fit after what is taken; these are taken with it."""
        low, high = 0, len(line)
        taken, middle = self.taken, high
        while low < high:
            more = taken.copy()
            more.update(self.loads.which[place] for place in line[low:middle])
            if self._is_in_time(more):
                low, taken = middle, more
            else:
                high = middle - 1
            middle = (low + high + 1) // 2
        self.taken = taken
        return low

    def _is_in_time(self, counts: Mapping[int, int]) -> bool:
        """Whether so many of each load would be done in time."""
        loads = self.loads.told([counts.get(at, 0) for at in range(len(self.each))])
        return finish_s(loads, self.terms) <= self.longest_s

    def _shut(self, late: Load) -> None:
        """Nothing more that is as long as this and shares its limits."""
        self.shut.update(at for at, load in enumerate(self.each)
                         if (load.account, load.bucket) == (late.account, late.bucket)
                         and load.length_s >= late.length_s)
