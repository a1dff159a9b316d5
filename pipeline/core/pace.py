"""When the next call may be made, and when a job is worth a look: arithmetic on times.

Law: a turn is free again one window after the reply to the call that used it, so that no window of
the service, however it is aligned, can hold one call too many.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import exp, log
from statistics import NormalDist, median

from pipeline.core.terms import Limit

EARLY = 0.9
"""The first look comes at this share of the median (facts/speed_measured, section 3: 0.94×)."""
STEP = 0.25
"""Later looks come after steps of this share of the median (the same source)."""
SHORTEST_LOOK_S = 5.0
"""A single job not faster than every five seconds: Kubeez llms.txt, tip 3."""
LIST_PAUSE_S = 2.0
"""Looks that one reading of the list serves may come so close: 30 of the 120 reads a minute."""
LONGEST_LOOK_S = 900.0
MOST_SEEN = 50
"""So many lengths of a model are kept: what it took lately."""
UNSEEN_SPREAD, SPREAD = 0.5, 0.35
"""How far lengths are believed to differ (the standard deviation of their logarithm) before any was
seen, and until enough were: in the measurements it was 0.35 (the same source)."""
FEW, ENOUGH = 5, 20
NARROWEST, WIDEST = 0.1, 1.0
QUARTILE = 0.6745
"""So many deviations from the median lies a quartile."""
NORMAL = NormalDist()


@dataclass(slots=True)
class Window:
    """The calls of the last window of one bucket: those under way, and when others were answered.

    >>> window = Window(Limit(2, 60.0))
    >>> window.begin(); window.begin(); window.wait_s(0.0) is None
    True
    >>> window.end(1.0); window.end(2.0); window.wait_s(11.0)
    50.0
    """

    limit: Limit
    under_way: int = 0
    answered: deque[float] = field(default_factory=deque)
    closed_until_s: float = 0.0

    def begin(self) -> None:
        """A call starts and takes a turn."""
        self.under_way += 1

    def end(self, now_s: float) -> None:
        """Its reply came, or was given up: from now on its turn is on the way back."""
        self.under_way -= 1
        self.answered.append(now_s)

    def give_back(self) -> None:
        """It was not made after all, and its turn is free."""
        self.under_way -= 1

    def close_until(self, when_s: float) -> None:
        """The service said when to come back; earlier words stand if they are later."""
        self.closed_until_s = max(self.closed_until_s, when_s)

    def remember(self, times_s: Iterable[float]) -> None:
        """Calls that an earlier process made."""
        self.answered = deque(sorted([*self.answered, *times_s]))

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until a turn is free: 0 is now, None means when a call under way is answered."""
        # The sum that is waited for below: rounded otherwise, a turn could be due and not free.
        while self.answered and self.answered[0] + self.limit.window_s <= now_s:
            self.answered.popleft()
        closed_s = max(0.0, self.closed_until_s - now_s)
        free = self.limit.calls - self.under_way - len(self.answered)
        if free > 0:
            return closed_s
        if not self.answered:
            return None
        turn_s = self.answered[min(-free, len(self.answered) - 1)]
        return max(closed_s, turn_s + self.limit.window_s - now_s)


@dataclass(frozen=True, slots=True)
class Belief:
    """How long a job is believed to take: log-normal around `expected_s`, with so much spread."""

    expected_s: float
    spread: float = UNSEEN_SPREAD

    def differs(self, other: "Belief", share: float) -> bool:
        """Whether the lengths that it lets expect are others, by more than this share."""
        return abs(self.expected_s - other.expected_s) > share * other.expected_s \
            or abs(self.spread - other.spread) > share


@dataclass(slots=True)
class Lengths:
    """How long jobs of each model took, as seen; what the watch believes about the next."""

    seen: dict[str, deque[float]] = field(default_factory=dict)

    def learn(self, model: str, seconds: float) -> None:
        """One more finished job."""
        self.seen.setdefault(model, deque(maxlen=MOST_SEEN)).append(seconds)

    def expected_s(self, model: str, typical_s: float) -> float:
        """The median of what was seen; the service's own figure before anything was."""
        seen = self.seen.get(model)
        return median(seen) if seen else typical_s

    def is_new(self, model: str) -> bool:
        """Whether less is known of it than can be kept: then those under way count as well."""
        return len(self.seen.get(model, ())) < MOST_SEEN

    def belief(self, model: str, typical_s: float, older: int = 0) -> Belief:
        """What is believed of a job, where `older` ones are under way that have already taken
        longer than the median of what was seen: then that median is the median of the quick ones.

        >>> Lengths({"fox": deque([8.0])}).belief("fox", 12.0, older=9).expected_s > 12.0
        True
        """
        seen = sorted(self.seen.get(model, ()))
        if not seen:
            return Belief(typical_s)
        spread = UNSEEN_SPREAD if len(seen) < FEW else _spread(seen)
        share = len(seen) / 2 / (len(seen) + older)
        return Belief(median(seen) * exp(-NORMAL.inv_cdf(share) * spread), spread)


def _spread(seen: list[float]) -> float:
    """The spread of sorted lengths, by their quartiles, so that no straggler decides it."""
    if len(seen) < ENOUGH:
        return SPREAD
    low, high = seen[len(seen) // 4], seen[-1 - len(seen) // 4]
    if low <= 0:
        return WIDEST
    return min(WIDEST, max(NARROWEST, log(high / low) / (2 * QUARTILE)))


def next_look_s(expected_s: float, looks: int, scale: float = 1.0, *,
                alone: bool = True) -> float:
    """Seconds from the last look (or the start) of a job to its next look.

    The first look comes shortly before the expected end, later ones in steps of a quarter of the
    expected time, and ever slower for a job that is long overdue.
    """
    shortest_s = (SHORTEST_LOOK_S if alone else LIST_PAUSE_S) * scale
    if looks == 0:
        return max(EARLY * expected_s, min(shortest_s, expected_s))
    step_s = max(STEP * expected_s, shortest_s)
    return min(step_s * 1.5 ** max(0, looks - 6), LONGEST_LOOK_S * scale)
