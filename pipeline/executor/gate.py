"""Leave to call and leave to have one more job in flight, for one account.

Law: no call of ours meets a limit. A turn is taken before the call and comes back one window after
its reply; a slot is taken because a job's state says so, so that a restart finds the slots as they
are. A `Retry-After` closes its bucket until then. Where the account wishes it, one call a bucket
goes beyond its limit (`core/probing.py`).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count

import anyio

from pipeline.core.pace import Window
from pipeline.core.probing import ProbingWindow
from pipeline.core.terms import Terms
from pipeline.executor.control import Control

READS = "reads"
UPLOADS = "upload"
UNASKED_PAUSE_S = 5.0
"""How long a bucket stays closed after a refusal that named no time."""


Rank = tuple[float, ...]
"""Where a paid call stands in the queue: the smallest goes first."""


@dataclass(order=True, slots=True)
class Place:
    """One who waits for a turn for a paid call; woken when it is the first in the queue."""

    rank: Rank
    number: int
    first: anyio.Event = field(default_factory=anyio.Event, compare=False)


class Gate:
    """The windows and slots of one account."""

    def __init__(self, terms: Terms, control: Control) -> None:
        self.terms = terms
        self.control = control
        window_of = ProbingWindow if terms.probe else Window
        self.windows = {name: window_of(limit) for name, limit in terms.starts.items()}
        self.windows[READS] = Window(terms.reads)
        self.windows[UPLOADS] = Window(terms.uploads)
        self.in_flight: dict[str, int] = {}
        self._free: list[tuple[str, float]] = []
        self._queues: dict[str, list[Place]] = {name: [] for name in terms.starts}
        self._places = count()

    def remember(self, turns: Mapping[str, Sequence[float]], behind_s: float) -> None:
        """Calls of an earlier process; `behind_s` turns stored times into the loop's."""
        for bucket, times in turns.items():
            if bucket in self.windows:
                self.windows[bucket].remember([at_s - behind_s for at_s in times])

    def keep_safe(self) -> None:
        """An earlier process may have called beyond a limit on purpose: this one does not."""
        for window in self.windows.values():
            if isinstance(window, ProbingWindow):
                window.keep_safe()

    def take_slot(self, bucket: str) -> None:
        """One more job of this bucket is in flight."""
        self.in_flight[bucket] = self.in_flight.get(bucket, 0) + 1

    def give_slot(self, bucket: str) -> None:
        """One less."""
        self.in_flight[bucket] -= 1
        self.control.notify()

    def has_slot(self, bucket: str) -> bool:
        """Whether one more job of this bucket may be in flight."""
        limit = self.terms.in_flight.get(bucket)
        return limit is None or self.in_flight.get(bucket, 0) < limit

    def free_slots(self, bucket: str, most: int) -> int:
        """How many more jobs of this bucket may be in flight, up to `most`."""
        limit = self.terms.in_flight.get(bucket)
        return most if limit is None else min(most, limit - self.in_flight.get(bucket, 0))

    def lacks_slots(self) -> bool:
        """Whether a job that ends would let another begin, which nothing else holds back."""
        return any(not queue and not self.has_slot(bucket)
                   for bucket, queue in self._queues.items())

    async def wait_turn(self, bucket: str, rank: Rank = ()) -> Window | None:
        """A turn for a paid call, already taken; None when the run stops buying meanwhile.

        Of those who wait only the first in the queue is woken by what moves.
        """
        window, queue = self.windows[bucket], self._queues[bucket]
        place = Place(rank, next(self._places))
        heappush(queue, place)
        try:
            while self.control.buying:
                if queue[0] is not place:
                    await place.first.wait()
                    place.first = anyio.Event()
                elif await self._took_turn(window):
                    return window
            return None
        finally:
            self._leave_queue(queue, place)

    def _leave_queue(self, queue: list[Place], place: Place) -> None:
        if queue[0] is place:
            heappop(queue)
        else:
            queue.remove(place)
            heapify(queue)
        if queue:
            queue[0].first.set()

    async def _took_turn(self, window: Window) -> bool:
        wait_s = window.wait_s(anyio.current_time())
        if wait_s is not None and wait_s <= 0:
            window.begin()
            return True
        await self.control.wait_change(wait_s)
        return False

    def end_turn(self, window: Window) -> None:
        """The call was answered, or given up."""
        window.end(anyio.current_time())
        self.control.notify()

    def unused_turn(self, window: Window) -> None:
        """The call was not made after all."""
        window.give_back()
        self.control.notify()

    @asynccontextmanager
    async def turn(self, bucket: str) -> AsyncIterator[None]:
        """A turn for one free call."""
        window = self.windows[bucket]
        while not await self._took_turn(window):
            pass
        try:
            yield
        finally:
            self.end_turn(window)
            self._free.append((bucket, anyio.current_time()))

    def free_turns(self, behind_s: float) -> list[tuple[str, float]]:
        """The free calls since this was last asked, in stored time: (bucket, when answered)."""
        turns, self._free = self._free, []
        return [(bucket, at_s + behind_s) for bucket, at_s in turns]

    def throttle(self, bucket: str, retry_after_s: float | None) -> None:
        """The service refused a call for its pace: the bucket closes until it says."""
        pause_s = UNASKED_PAUSE_S * self.terms.scale if retry_after_s is None else retry_after_s
        window, now_s = self.windows[bucket], anyio.current_time()
        if isinstance(window, ProbingWindow):
            window.refused(now_s, retry_after_s)
        window.close_until(now_s + pause_s)
        self.control.notify()

    def closed_s(self, bucket: str) -> float:
        """How long the service still wants no call of this bucket."""
        return max(0.0, self.windows[bucket].closed_until_s - anyio.current_time())

    def bottleneck(self) -> str:
        """The limit that holds new starts back just now, "" for none."""
        now_s = anyio.current_time()
        for bucket in self.terms.starts:
            if not self.in_flight.get(bucket):
                continue
            if self.windows[bucket].closed_until_s > now_s:
                return f"{bucket}: the service asked to come back later"
            if self.windows[bucket].wait_s(now_s) != 0:
                return f"{bucket}_per_minute"
            if not self.has_slot(bucket):
                return f"{bucket}_in_flight"
        return ""
