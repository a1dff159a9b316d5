"""The jobs in doubt of one account, and the search for evidence.

Law: a doubt is settled by evidence or by a person, never by the clock alone. While one is open, or
may yet come of a call without an answer, no more jobs are started than the service's list can show
beside it; after two within ten minutes none is, until they are settled.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from pipeline.core.errors import Barred, Refused, Throttled, Unreachable, Vanished
from pipeline.core.evidence import (
    Doubt,
    absent,
    adopt,
    judge_balance,
    settles_s,
    too_many,
)
from pipeline.core.job import Event, Job, State
from pipeline.core.money import Money
from pipeline.core.provider import Provider, Scan
from pipeline.core.verdict import backoff_s
from pipeline.executor.control import Control
from pipeline.executor.gate import READS, Gate

SCANS_S = (1.0, 5.0, 15.0, 30.0, 60.0)
"""Pauses between scans while a row may still appear, in seconds of the service."""
LAST_SCANS = 3
"""After the quiet time so many scans may still bring the proof; then a person is asked."""
ROOM = 5
"""Rows of the list that are kept free while a doubt is open."""
MOST, MOST_UNLISTED = 2, 1
"""So many doubts within ten minutes stop the buying; one, where no list can be had."""


@dataclass(slots=True)
class Open:
    """One doubt that is being looked into."""

    doubt: Doubt
    event: Event | None = None
    late_scans: int = 0
    ready: anyio.Event = field(default_factory=anyio.Event)


class Doubts:
    """The open doubts of an account. Moments are stored ones (`now`), not the loop's."""

    def __init__(self, provider: Provider, gate: Gate, control: Control, *,
                 now: Callable[[], float], owned: Callable[[Sequence[str]], Mapping[str, float]],
                 unsettled: Callable[[], Sequence[Job]],
                 missing: Callable[[], Awaitable[Money | None]],
                 intended: Callable[[], int] = lambda: 0) -> None:
        """`intended` tells how many paid calls have leave to be made and are not made yet."""
        self.provider = provider
        self.gate = gate
        self.control = control
        self.now = now
        self.owned = owned
        self.unsettled = unsettled
        self.missing = missing
        self.intended = intended
        self.open: dict[str, Open] = {}
        self.left: dict[str, float] = {}
        self.sending: dict[str, float] = {}
        self.starts: list[float] = []
        self._most = MOST
        self._scans = 0
        self._missed = 0

    def started(self, at_s: float) -> None:
        """A paid call was intended."""
        limit = self.gate.terms.list_rows
        self.starts = [*self.starts, at_s][-limit:]

    def sent(self, job: Job) -> None:
        """A paid call leaves; until it is answered its row must not be pushed out of the list."""
        at_s = job.sent_s or self.now()
        self.started(at_s)
        if job.spec.kind in self.gate.terms.listed:
            self.sending[job.key] = at_s

    def answered(self, job: Job) -> None:
        """It was answered, or its row is looked for from now on."""
        if self.sending.pop(job.key, None) is not None:
            self.control.notify()

    def has_room(self) -> bool:
        """Whether one more start is safe: every doubt stays in the list's view, and no two of them
        came up together."""
        moments = [found.doubt.last_byte_s for found in self.open.values()]
        if too_many([*moments, *self.left.values()], self._most):
            return False
        unsure = [found.doubt.job.sent_s or 0.0 for found in self.open.values()]
        oldest_s = min([*unsure, *self.sending.values()], default=float("inf"))
        since = sum(1 for at_s in self.starts if at_s >= oldest_s)
        return since + self.intended() < self.gate.terms.list_rows - ROOM

    def needs_person(self) -> bool:
        """Whether doubts that no evidence will settle hold all purchases back."""
        return too_many(self.left.values(), self._most)

    async def wait_evidence(self, job: Job) -> Event | None:
        """The event that settles the doubt; None when only a person can, or the run is left."""
        found = Open(Doubt(job, last_byte_s=job.changed_s))
        self.open[job.key] = found
        self.left.pop(job.key, None)
        self.answered(job)
        self._scans = 0
        self.control.notify()
        try:
            await found.ready.wait()
        finally:
            self.open.pop(job.key, None)
            self.control.notify()
        if found.event is None:
            self.left[job.key] = job.changed_s
        return found.event

    def leave(self) -> None:
        """The run is left: the doubts stay for the next."""
        for found in self.open.values():
            found.ready.set()

    async def run(self) -> None:
        """Scan while doubts are open, until cancelled."""
        while True:
            if not self.open:
                await self.control.wait_change()
                continue
            await self._pause(self._next_scan_s())
            if self.open:
                await self._scan()

    async def _pause(self, seconds: float) -> None:
        until_s = anyio.current_time() + seconds
        while self.open and (left_s := until_s - anyio.current_time()) > 0:
            await self.control.wait_change(left_s)

    def _next_scan_s(self) -> float:
        """Early and often at first; then at the moment when absence can be believed."""
        terms = self.gate.terms
        pause_s = SCANS_S[min(self._scans, len(SCANS_S) - 1)] * terms.scale
        settled_s = min(settles_s(found.doubt, terms) for found in self.open.values())
        left_s = settled_s - self.now()
        return min(pause_s, left_s) if left_s > 0 else pause_s

    async def _scan(self) -> None:
        self._scans += 1
        began_s = self.now()
        try:
            async with self.gate.turn(READS):
                scan = await self.provider.scan({})
        except Throttled as refusal:
            self.gate.throttle(READS, refusal.retry_after_s)
            return
        except Unreachable:
            self._missed += 1
            await self._pause(backoff_s(self._missed - 1))
            return
        except (Barred, Refused, Vanished):
            self._most = MOST_UNLISTED
            self.leave()  # there is no list to be had: only a person can tell
            return
        self._missed = 0
        await self._judge(scan, began_s)

    async def _judge(self, scan: Scan, began_s: float) -> None:
        unsettled = self.unsettled()
        owned = self.owned([row.remote_id for row in scan.sightings])
        # Doubts left to a person are counted too: a row that may be theirs is not another's.
        doubts = [Doubt(job, job.changed_s) for job in unsettled
                  if job.state is State.IN_DOUBT and not job.remote_ids]
        sending = [job for job in unsettled if job.state is State.SUBMITTING]
        events = adopt(doubts, scan, owned, self.gate.terms, sending)
        rest = [doubt for doubt in doubts if doubt.job.key not in events]
        events |= absent(rest, scan, began_s, owned, self.gate.terms)
        rest = [doubt for doubt in rest if doubt.job.key not in events]
        if rest and all(self._quiet(doubt, began_s) for doubt in rest):
            missing = await self.missing()
            events |= {} if missing is None else judge_balance(rest, missing, self.gate.terms)
        for key, found in list(self.open.items()):
            if key in events:
                found.event = events[key]
                found.ready.set()
            elif self._quiet(found.doubt, began_s):
                found.late_scans += 1
                if found.late_scans >= LAST_SCANS:
                    found.ready.set()

    def _quiet(self, doubt: Doubt, began_s: float) -> bool:
        return began_s >= settles_s(doubt, self.gate.terms)
