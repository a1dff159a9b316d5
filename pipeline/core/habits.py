"""What jobs take beside the limits: how their lengths scatter, and how soon their ends are noticed.

Law: every figure that a forecast adds to a service's own is here, with its source.
"""

from dataclasses import dataclass
from functools import cache
from math import exp
from statistics import NormalDist

SPREAD = 0.25
"""Lengths are log-normal around a model's typical seconds, with this standard deviation of their
logarithm: what the sandbox draws (`sandbox/fate.py`), and so what a rehearsal meets."""
CALL_S = 0.32
"""A call there and back: twice the mean pause of a calm line (`simulation/wire.py`)."""
SAVE_S = 0.35
"""From the news that a job has ended to its file on this disk, a small one."""
NOTICE_LEAST_S = 1.15
NOTICE_SHARE = 0.045
"""From the end of a job that the service's list shows to the news of it: so long, and this share
of its length for it and the others under way together, because one reading tells of all of them.
Measured in rehearsals: 1.4 s in the mean for pictures and films, ten at a time; 2.6 and 3.3 s for
the last one (SPEED, B asks for 1 and 2.5 s in the median)."""
LOOK_SHARE = 0.165
"""The share for a job that is looked at by itself: 15 to 20 s for songs and stems of two minutes.
"""
TAIL = 1.5
"""So many times its typical length a job may take; 95 of 100 take less (exp(1.645 × SPREAD))."""
DRAWS = 1021
"""So many lengths are drawn before they come again."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How things go between the limits, in seconds of the service.

    >>> Habits(spread=0.0).lengths()[:2]
    (1.0, 1.0)
    """

    spread: float = SPREAD
    call_s: float = CALL_S
    save_s: float = SAVE_S
    notice_least_s: float = NOTICE_LEAST_S
    notice_share: float = NOTICE_SHARE
    look_share: float = LOOK_SHARE

    def notice_s(self, length_s: float, crowd: int) -> float:
        """How long after its end a job of this length is known to have ended: one that the list
        shows with so many others of its account (a `crowd` of 0 is shown by no list)."""
        share = self.notice_share / crowd if crowd else self.look_share
        return self.notice_least_s + share * length_s

    def lengths(self) -> tuple[float, ...]:
        """What typical lengths are to be multiplied by, one after the other and round again."""
        return _draw(self.spread)


HABITS = Habits()


@cache
def _draw(spread: float) -> tuple[float, ...]:
    """Log-normal numbers of median 1, equally likely and well shuffled, the same at every call;
    their mean is exactly right, so that many of them take as long as they should."""
    drawn = [exp(spread * NormalDist().inv_cdf((step + 0.5) / DRAWS)) for step in range(DRAWS)]
    right = exp(spread**2 / 2) * DRAWS / sum(drawn)
    return tuple(drawn[step] * right for step in sorted(range(DRAWS), key=_shuffled))


def _shuffled(number: int) -> int:
    """A place that nobody sees an order in: three steps of a congruential generator (Numerical
    Recipes, "quick and dirty"), of which the high bits are good."""
    for _ in range(3):
        number = (1664525 * (number ^ number >> 16) + 1013904223) % 2**32
    return number
