"""What the refusal of one call too many tells of a service's window, and when turns are free then.

Law: one call goes beyond the limit on purpose, and never a second. Any other refusal returns to the
rule of `pace.Window`, whose log goes on all the while; what is learned dies with the process.
"""

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum
from math import ceil, floor
from typing import NamedTuple

from pipeline.core.pace import Window
from pipeline.core.terms import Limit

ROUNDED_S = 1.0
"""A `Retry-After` is told in whole seconds (RFC 9110, 10.2.3): it may be off by less than this."""


class Span(NamedTuple):
    """Between these two moments, in seconds of the loop, the service counted a call."""

    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class Fixed:
    """All turns come back at `opens_s` and one window after the other from then on; the service's
    own window opens up to `unsure_s` earlier than we believe, and never later."""

    opens_s: float
    unsure_s: float

    def wait_s(self, window: Window, now_s: float) -> float | None:
        """Seconds until a turn is free. The first call of each window goes alone, so that a phase
        which has drifted away costs one refusal, and not a window full of them."""
        opened_s, next_s = self._around(now_s, window.limit.window_s)
        since = [at_s for at_s in window.answered if at_s >= opened_s - self.unsure_s]
        if window.under_way + len(since) >= window.limit.calls:
            return next_s - now_s
        if window.under_way and not (since and since[-1] >= opened_s):
            return None
        return 0.0

    def taken(self, now_s: float) -> "Fixed":
        """A call was answered: the window's log has it."""
        return self

    def _around(self, now_s: float, window_s: float) -> tuple[float, float]:
        """When the window of this moment opened, and when the next one will."""
        number = floor((now_s - self.opens_s) / window_s)
        # The sum that is waited for: rounded otherwise, a window could be due and not open.
        if self.opens_s + (number + 1) * window_s <= now_s:
            number += 1
        return self.opens_s + number * window_s, self.opens_s + (number + 1) * window_s


@dataclass(frozen=True, slots=True)
class Bucket:
    """Turns come back one by one, one each `each_s`, and at most `calls` gather; with no call under
    way the next is free at `next_s`."""

    next_s: float
    each_s: float
    calls: int

    def wait_s(self, window: Window, now_s: float) -> float | None:
        """Seconds until a turn is free; calls under way may be counted as late as now."""
        due_s = max(self.next_s + window.under_way * self.each_s,
                    now_s + (window.under_way + 1 - self.calls) * self.each_s)
        return max(0.0, due_s - now_s)

    def taken(self, now_s: float) -> "Bucket":
        """A call was answered; until then it may have been counted at any moment."""
        full_s = now_s - (self.calls - 1) * self.each_s
        return replace(self, next_s=max(self.next_s, full_s) + self.each_s)


def read_refusal(limit: Limit, oldest: Span, probe: Span,
                 retry_after_s: float | None) -> Fixed | Bucket | None:
    """What the service says of its window by refusing the call of `probe`; None for nothing that
    the safe rule does not know.

    Where it names the moment at which the `oldest` call is a window old, the window slides. The
    next turn of a bucket is never further away than one turn takes to come back; a fixed window
    that happens to end so soon passes for one. Then turns come evenly, and a call that was long on
    its way may meet the limit: that is a surprise like any other.

    >>> limit, oldest, probe = Limit(30, 60.0), Span(0.0, 0.5), Span(0.5, 1.0)
    >>> read_refusal(limit, oldest, probe, 60.0)
    >>> read_refusal(limit, oldest, probe, 2.0)
    Bucket(next_s=3.0, each_s=2.0, calls=30)
    >>> read_refusal(limit, oldest, probe, 41.0)
    Fixed(opens_s=42.0, unsure_s=1.5)
    """
    if not retry_after_s or retry_after_s > limit.window_s:
        return None
    named = Span(probe.first_s + retry_after_s - ROUNDED_S, probe.last_s + retry_after_s)
    if named.first_s <= oldest.last_s + limit.window_s \
            and named.last_s + ROUNDED_S >= oldest.first_s + limit.window_s:
        return None
    each_s = limit.window_s / limit.calls
    if retry_after_s <= ceil(each_s):
        return Bucket(named.last_s, each_s, limit.calls)
    return Fixed(named.last_s, named.last_s - named.first_s)


class Stage(Enum):
    """How far the probing of a bucket has come."""

    READY = "the call too many is still to be made"
    OUT = "it was made, and nothing has been called since"
    OVER = "it was answered, or will not be made"


class ProbingWindow(Window):
    """A window that is once called beyond its limit, when all its turns are used and answered."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.stage = Stage.READY
        self.learned: Fixed | Bucket | None = None
        self._asked_s = 0.0
        self._sent: deque[float] = deque(maxlen=limit.calls + 1)

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until a turn is free, by what was learned or by the safe rule, if that is sooner;
        0 as well when the call too many is due."""
        self._asked_s = now_s  # a turn is taken in the moment in which it is asked for
        safe_s = super().wait_s(now_s)
        closed_s = max(0.0, self.closed_until_s - now_s)
        if self.stage is Stage.READY and self._is_full() and not closed_s:
            return 0.0
        soonest_s = self.learned.wait_s(self, now_s) if self.learned else None
        waits = [wait_s for wait_s in (safe_s, soonest_s) if wait_s is not None]
        return max(closed_s, min(waits)) if waits else None

    def begin(self) -> None:
        """A call starts: the one too many, where all turns of a window are used."""
        if self.stage is Stage.OUT:
            self.stage = Stage.OVER  # it was not refused: there is nothing to learn
        elif self.stage is Stage.READY and self._is_full():
            self.stage = Stage.OUT
        self._sent.append(self._asked_s)
        super().begin()

    def give_back(self) -> None:
        """A call was not made after all; if it was the one too many, that is still to come."""
        super().give_back()
        self._sent.pop()
        if self.stage is Stage.OUT:
            self.stage = Stage.READY

    def end(self, now_s: float) -> None:
        """A call was answered, or given up."""
        super().end(now_s)
        if self.learned:
            self.learned = self.learned.taken(now_s)

    def refused(self, now_s: float, retry_after_s: float | None) -> None:
        """The service refused a call that has ended: the one too many, or one that was not to be
        refused, and then nothing is believed any more."""
        self.learned = None
        if self.stage is Stage.OUT:
            # Of two calls the second: where refusals count, the oldest has made way for this one.
            oldest = Span(self._sent[0], self.answered[min(1, len(self.answered) - 1)])
            self.learned = read_refusal(self.limit, oldest, Span(self._sent[-1], now_s),
                                        retry_after_s)
        self.stage = Stage.OVER

    def keep_safe(self) -> None:
        """No call goes beyond the limit: an earlier process may have made the one that does."""
        self.stage = Stage.OVER

    def _is_full(self) -> bool:
        """Whether all turns were used, by calls of this process, and answered."""
        calls = self.limit.calls
        return not self.under_way and len(self.answered) == calls and len(self._sent) >= calls
