"""When a plan will finish under an account's limits, and which limit holds it back.

Arithmetic, no simulation: jobs start longest first, each as soon as a turn is free (a turn comes
back one window after it was used), a slot is free, and the file it starts from is there.
"""

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.core.plan import Row
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
    key: str
    bucket: str
    length_s: float
    waits_for: tuple[str, ...]


def forecast(rows: Sequence[Row], terms: Mapping[str, Terms]) -> Forecast:
    """The finish of all rows that would be bought; `terms` are by account."""
    worst = Forecast(0.0, "latency")
    by_account: dict[str, list[_Wish]] = {}
    for row in rows:
        if row.buys:
            sheet = terms[row.cell.account]
            spec = row.cell.spec
            wish = _Wish(row.cell.key, sheet.bucket(spec.kind),
                         sheet.typical_s(spec.kind, row.cell.typical_s), spec.waits_for)
            by_account.setdefault(row.cell.account, []).append(wish)
    done: dict[str, float] = {}
    for account, wishes in by_account.items():
        lane = _finish(wishes, terms[account], done)
        worst = max(worst, lane, key=lambda found: found.seconds)
    return worst


def _finish(wishes: list[_Wish], terms: Terms, done: dict[str, float]) -> Forecast:
    turns: dict[str, deque[float]] = {}
    slots: dict[str, list[float]] = {}
    waited = {"per_minute": 0.0, "in_flight": 0.0}
    end_s, last_bucket = 0.0, "media"
    for wave in _waves(wishes):
        for wish in sorted(wave, key=lambda w: -w.length_s):
            ready_s = max((done.get(key, 0.0) for key in wish.waits_for), default=0.0)
            turn_s = _take_turn(turns.setdefault(wish.bucket, deque()), terms, wish.bucket)
            heap = slots.setdefault(wish.bucket, [])
            slot_s = heapq.heappop(heap) if len(heap) >= terms.in_flight.get(wish.bucket, 10**9) \
                else 0.0
            start_s = max(ready_s, turn_s, slot_s)
            turns[wish.bucket].append(start_s)
            waited["per_minute"] += max(0.0, turn_s - max(ready_s, slot_s))
            waited["in_flight"] += max(0.0, slot_s - max(ready_s, turn_s))
            done[wish.key] = start_s + wish.length_s + NOTICE_S * terms.scale
            heapq.heappush(heap, done[wish.key])
            if done[wish.key] > end_s:
                end_s, last_bucket = done[wish.key], wish.bucket
    name = max(waited, key=lambda limit: waited[limit])
    return Forecast(end_s, f"{last_bucket}_{name}" if waited[name] else "latency")


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
