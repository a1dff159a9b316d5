"""When a reading of the service's list is worth its read: which ends are expected, and since when.

Law: an expectation says when to ask, and nothing else: no job ends by it. Every moment is handed
in; a decision costs a few steps of a heap, however many jobs are under way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import exp
from statistics import NormalDist

from pipeline.core.pace import Belief
from pipeline.core.terms import Terms

WIDTH = 0.2
"""The end of a job is expected step by step, each so many standard deviations wide. No two jobs
have theirs at the same moments, so that a burst of jobs is not expected in jerks."""
FIRST, STEPS = -2.4, 27
"""Where the first step begins, in deviations from the median; as many lead to the last."""
GOLDEN = (5 ** 0.5 - 1) / 2
LATE_CHANCE = 0.5
"""A step never promises more than this: who is very late is late for another reason,"""
LATE_SPREAD = 0.25
"""and after the last the steps are those of a job of this spread at least: 5 % of its age."""
NORMAL = NormalDist()
SHORTEST_S, LONGEST = 0.001, 60.0
CLOSEST_S = 0.5
"""Two readings of a list are so far apart at least, in seconds of the service: 120 a minute."""
THRIFT = 4.0
"""A reading is worth it when the jobs that it is expected to tell of have waited, all in all, so
many times as long as the read limit takes to give the turn back. With 120 reads a minute that is a
reading for every two pictures of a burst, and for three videos of thirty a minute."""
DOUBT, MEMORY = 3.0, 50.0
"""What is expected is believed as far as it came true lately, in these many ends; at first it is
given the benefit of so many."""
PRESSING_THRIFT = 1.0
"""The same where more waits for an end than its job: a slot that comes free starts the next, and
the last ends are those of the run."""


def _chances() -> Iterator[float]:
    """The chance that a job which has lived until a step ends in it; in the first, or before."""
    before = 0.0
    for step in range(STEPS + 1):
        after = NORMAL.cdf(FIRST + WIDTH * (step + 0.5))
        yield min(LATE_CHANCE, (after - before) / (1.0 - before))
        before = after


CHANCES = tuple(_chances())


def phase_of(number: int) -> float:
    """Where the steps of the job of this number lie: evenly strewn, whatever numbers there are.

    >>> [round(phase_of(number), 2) for number in range(4)]
    [0.5, 0.12, 0.74, 0.35]
    """
    return max((0.5 + number * GOLDEN) % 1.0, 1e-3)


def reading_pause_s(terms: Terms) -> float:
    """How far apart two readings of the list are at least: as the read limit gives its turns."""
    return max(terms.reads.window_s / max(1, terms.reads.calls), CLOSEST_S * terms.scale)


def price_s(terms: Terms, *, pressing: bool) -> float:
    """How much waiting a reading of the list must be expected to end."""
    return reading_pause_s(terms) * (PRESSING_THRIFT if pressing else THRIFT)


@dataclass(slots=True, eq=False)
class Prospect:
    """One job's expected end: its length is log-normal around `expected_s`, with a standard
    deviation of `spread` in the logarithm. `phase` is where in a step its moment lies, `step` how
    many have passed; before `quiet_s` the service wants to be left alone."""

    key: str
    born_s: float
    expected_s: float = SHORTEST_S
    spread: float = 0.0
    phase: float = 0.5
    step: int = 0
    quiet_s: float = 0.0
    entry: int = 0

    def believe(self, belief: Belief, patience: float = 1.0) -> None:
        """How long it takes; with patience it is asked about so many times later."""
        self.expected_s = max(belief.expected_s * patience, SHORTEST_S)
        self.spread = belief.spread

    def moment_s(self, step: int) -> float:
        """When this step is over.

        >>> round(Prospect("fox", 100.0, 10.0, 0.5).moment_s(11), 1)
        109.5
        """
        late = max(0, step - STEPS)
        deviations = (FIRST + WIDTH * (step - late + self.phase)) * self.spread \
            + WIDTH * late * max(self.spread, LATE_SPREAD)
        return self.born_s + self.expected_s * exp(min(deviations, LONGEST))

    def late_s(self, deviations: float) -> float:
        """When so many deviations have passed after the expected end."""
        return self.born_s + self.expected_s * exp(self.spread * deviations)

    def pass_until(self, now_s: float) -> float:
        """Pass the steps that are over by now; the chance that a job which had not ended before
        them ended meanwhile."""
        still = 1.0
        while self.moment_s(self.step) <= now_s:
            still *= 1.0 - CHANCES[min(self.step, STEPS)]
            self.step += 1
        return 1.0 - still


class Outlook:
    """The expected ends of all jobs under way, and what has come together since the last reading.

    >>> outlook = Outlook()
    >>> outlook.expect(Prospect("fox", 0.0, 10.0, 0.0), now_s=0.0)
    >>> outlook.next_s(), outlook.worth_s(2.0)
    (10.0, inf)
    >>> outlook.advance(10.0, shows=lambda prospect: True), round(outlook.worth_s(2.0))
    ([], 12)
    """

    def __init__(self) -> None:
        self._steps: list[tuple[float, int, Prospect]] = []
        self._entries = count(1)
        self._hope = self._hope_moments = 0.0
        self._hoped = self._came = DOUBT

    def expect(self, prospect: Prospect, now_s: float) -> None:
        """Expect a job's end, or expect it anew because more is known about its length.

        What should have happened by now counts from now.
        """
        while prospect.step and prospect.moment_s(prospect.step - 1) > now_s:
            prospect.step -= 1
        if prospect.moment_s(prospect.step) > now_s:
            self._enter(prospect, prospect.moment_s(prospect.step))
        else:
            self._enter(prospect, now_s)

    def forget(self, prospect: Prospect) -> None:
        """The job has ended, or is not waited for any more."""
        prospect.entry = 0

    def advance(self, now_s: float, shows: Callable[[Prospect], bool]) -> list[Prospect]:
        """Let time pass: ends that were to come count for the next reading, where it `shows` the
        job; the other jobs whose end may have come are given back."""
        others = []
        while self._steps and self._steps[0][0] <= now_s:
            moment_s, entry, prospect = heappop(self._steps)
            if prospect.entry != entry:
                continue
            if prospect.quiet_s > now_s:
                self._enter(prospect, prospect.quiet_s)
                continue
            chance = prospect.pass_until(now_s)
            self._enter(prospect, prospect.moment_s(prospect.step))
            if shows(prospect):
                self._hope += chance
                self._hope_moments += chance * moment_s
            else:
                others.append(prospect)
        return others

    def next_s(self) -> float:
        """When the next end is expected; infinite where none is."""
        while self._steps and self._steps[0][1] != self._steps[0][2].entry:
            heappop(self._steps)
        return self._steps[0][0] if self._steps else float("inf")

    def worth_s(self, price_s: float) -> float:
        """When a reading that costs so many seconds of waiting is worth it, if nothing more comes
        to be expected until then; infinite while nothing is."""
        if not self._hope:
            return float("inf")
        trust = self._came / self._hoped
        return (price_s / trust + self._hope_moments) / self._hope

    def asked(self) -> None:
        """The list is being read: what was expected until now will be known."""
        self._hoped += self._hope
        self._hope = self._hope_moments = 0.0
        if self._hoped > MEMORY:
            self._hoped, self._came = self._hoped / 2, max(self._came / 2, DOUBT)

    def came(self) -> None:
        """An end that a reading could tell of has come: so much are expectations worth."""
        self._came += 1.0

    def _enter(self, prospect: Prospect, moment_s: float) -> None:
        prospect.entry = next(self._entries)
        heappush(self._steps, (moment_s, prospect.entry, prospect))
