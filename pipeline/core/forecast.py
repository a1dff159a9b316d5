"""When a plan will finish under an account's limits, and which limit holds it back.

Arithmetic, no simulation: jobs start longest first, each as soon as a turn is free (a turn comes
back one window after it was used), a slot is free, and the file it starts from is there.
"""

import heapq
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import lcm

from pipeline.core.cells import Cell, Pattern
from pipeline.core.plan import Row, Rows
from pipeline.core.terms import Terms

NOTICE_S = 2.0
"""From done at the service to a file here, in seconds of the service (SPEED goal: 1 to 2.5 s)."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Seconds from the start of a run to its last file, and what holds it back.

    `bottleneck` is the name of a limit (`media_per_minute`, `media_in_flight`), or `latency`.
    """

    seconds: float
    bottleneck: str


@dataclass(frozen=True, slots=True)
class _Wish:
    """So many jobs alike; several have no key, as nothing waits for one of them."""

    key: str
    bucket: str
    length_s: float
    waits_for: tuple[str, ...]
    number: int = 1


def forecast(rows: Sequence[Row], terms: Mapping[str, Terms]) -> Forecast:
    """The finish of all rows that would be bought; `terms` are by account."""
    worst = Forecast(0.0, "latency")
    by_account: dict[str, list[_Wish]] = {}
    for account, wish in _wishes(Rows.of(rows), terms):
        by_account.setdefault(account, []).append(wish)
    done: dict[str, float] = {}
    for account, wishes in by_account.items():
        lane = _Lane(terms[account])
        for wave in _waves(wishes):
            for wish in sorted(wave, key=lambda w: -w.length_s):
                ready_s = max((done.get(key, 0.0) for key in wish.waits_for), default=0.0)
                done[wish.key] = lane.take_all(wish, ready_s)
        worst = max(worst, lane.forecast(), key=lambda found: found.seconds)
    return worst


def _wishes(rows: Rows, terms: Mapping[str, Terms]) -> Iterator[tuple[str, _Wish]]:
    """What would be bought, alike jobs in one where no job waits for another."""
    chained = any(lot.buys and lot.pattern.chained for lot in rows.lots)
    for row in rows if chained else ():
        if row.buys:
            yield row.cell.account, _wish(row.cell, terms, row.cell.key, row.cell.spec.waits_for)
    for lot in () if chained else rows.lots:
        if lot.buys:
            yield lot.pattern.account, _wish(lot.pattern, terms, number=lot.number)


def _wish(of: Cell | Pattern, terms: Mapping[str, Terms], key: str = "",
          waits_for: tuple[str, ...] = (), number: int = 1) -> _Wish:
    sheet, kind = terms[of.account], of.spec.kind
    return _Wish(key, sheet.bucket(kind), sheet.typical_s(kind, of.typical_s), waits_for, number)


class _Lane:
    """One account's turns and slots as its jobs use them up."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.turns: dict[str, deque[float]] = {}
        self.slots: dict[str, list[float]] = {}
        self.waited = {"per_minute": 0.0, "in_flight": 0.0}
        self.end_s, self.last_bucket = 0.0, "media"

    def take_all(self, wish: _Wish, ready_s: float) -> float:
        """Start so many jobs alike; when the last is done. What happens again and again once turns
        and slots have come round is counted and not gone through."""
        limit = self.terms.starts.get(wish.bucket)
        round_ = lcm(limit.calls if limit else 1, self.terms.in_flight.get(wish.bucket, 1))
        left, done_s = wish.number, 0.0
        while left:
            if left == wish.number - round_:
                before_s, waited = done_s, dict(self.waited)
            if left == wish.number - 2 * round_ and (rounds := left // round_):
                self._skip(wish.bucket, (done_s - before_s) * rounds)
                for name, seconds in waited.items():
                    self.waited[name] += (self.waited[name] - seconds) * rounds
                left -= rounds * round_
                done_s += (done_s - before_s) * rounds
                continue
            done_s = self._take(wish, ready_s)
            left -= 1
        self._end(done_s, wish.bucket)
        return done_s

    def _take(self, wish: _Wish, ready_s: float) -> float:
        turns = self.turns.setdefault(wish.bucket, deque())
        turn_s = _take_turn(turns, self.terms, wish.bucket)
        heap = self.slots.setdefault(wish.bucket, [])
        slot_s = heapq.heappop(heap) \
            if len(heap) >= self.terms.in_flight.get(wish.bucket, 10**9) else 0.0
        start_s = max(ready_s, turn_s, slot_s)
        turns.append(start_s)
        self.waited["per_minute"] += max(0.0, turn_s - max(ready_s, slot_s))
        self.waited["in_flight"] += max(0.0, slot_s - max(ready_s, turn_s))
        done_s = start_s + wish.length_s + NOTICE_S * self.terms.scale
        heapq.heappush(heap, done_s)
        self._end(done_s, wish.bucket)
        return done_s

    def _end(self, done_s: float, bucket: str) -> None:
        if done_s > self.end_s:
            self.end_s, self.last_bucket = done_s, bucket

    def _skip(self, bucket: str, seconds: float) -> None:
        """All is as it was, so much later."""
        self.turns[bucket] = deque(at_s + seconds for at_s in self.turns[bucket])
        self.slots[bucket] = [at_s + seconds for at_s in self.slots[bucket]]

    def forecast(self) -> Forecast:
        """When all of it is done, and what held it back longest."""
        name = max(self.waited, key=lambda limit: self.waited[limit])
        return Forecast(self.end_s, f"{self.last_bucket}_{name}" if self.waited[name]
                        else "latency")


def _take_turn(used: deque[float], terms: Terms, bucket: str) -> float:
    limit = terms.starts.get(bucket)
    if limit is None or len(used) < limit.calls:
        return 0.0
    while len(used) > limit.calls:
        used.popleft()
    return used[0] + limit.window_s


def _waves(wishes: list[_Wish]) -> list[list[_Wish]]:
    """Jobs that start from nothing, then those that start from them, and so on."""
    here = {wish.key for wish in wishes}
    depth: dict[str, int] = {}
    for _ in range(len(here)):
        before = len(depth)
        for wish in wishes:
            needs = [key for key in wish.waits_for if key in here]
            if wish.key not in depth and all(key in depth for key in needs):
                depth[wish.key] = 1 + max((depth[key] for key in needs), default=-1)
        if len(depth) == before:
            break
    waves: list[list[_Wish]] = [[] for _ in range(1 + max(depth.values(), default=0))]
    for wish in wishes:
        waves[depth.get(wish.key, 0)].append(wish)
    return waves
