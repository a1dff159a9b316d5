"""What accounts that share a run's jobs do for each other: one with room takes what others have.

Law: whoever can start a job now has it, the longest first: its own account before any other, and
what is being driven anywhere is left alone. So an account that shares starts a job only when its
turn is due, gives it back when it may not be bought there just now, and goes on looking while
anything of the run still moves.
"""

from collections.abc import Iterable, Sequence

import anyio
import anyio.lowlevel

from pipeline.core.errors import Exit
from pipeline.core.job import Job, State
from pipeline.core.pricing import Quote
from pipeline.executor.lane import Lane
from pipeline.executor.sources import Readiness, readiness
from pipeline.ledger.payments import CapReached
from pipeline.ledger.sharing import offered, own_room, reassign, shares

FIRST_PLACE = (float("inf"), -1)
AHEAD_S = 3.0
"""A turn that comes back within so many seconds of the service is as good as free: meanwhile the
job's sources are brought."""
LOOK_AGAIN_S = 5.0
"""How often pending jobs are looked through when nothing that moved could concern them."""

REST = 10
"""A look through what others have that found nothing is not repeated before so many times as long:
of a million rows that wait for their sources it takes seconds."""


class Exchange:
    """One lane's part in it; for a lane that shares nothing (`open` is False) nothing changes."""

    def __init__(self, lane: Lane, run: str) -> None:
        self.lane = lane
        self.run = run
        self.open = lane.shared = shares(lane.ledger.connection, run, lane.account)
        self.waiting: dict[str, str] = {}
        self.came_back: set[str] = set()
        self.feeding: set[str] = set()
        self._due_s = 0.0
        self._rests_until_s = 0.0
        self._over: set[str] = set()
        self._born_s = anyio.current_time()
        if self.open:
            lane.control.starters[lane.account] = self._would_start
            lane.control.opening.add(lane.account)

    def begin(self, buckets: Iterable[str]) -> None:
        """From now on the lane feeds these; each says when it has ended."""
        self.feeding.update(buckets)
        self.lane.control.opening.discard(self.lane.account)

    def free(self, bucket: str, most: int) -> int:
        """How many jobs may be started now: slots, and turns nobody waits for. No more than `most`
        are begun and wait for a turn, or a bucket without slots would take a whole run to memory.
        """
        waiting = sum(name == bucket for name in self.waiting.values())
        slots = self.lane.gate.free_slots(bucket, most - waiting)
        if not self.open or slots <= 0:
            return slots
        window, now_s = self.lane.gate.windows[bucket], anyio.current_time()
        soon_s = now_s + AHEAD_S * self.lane.terms.scale
        if window.closed_until_s > soon_s:
            return 0
        used = sum(at_s + window.limit.window_s > soon_s for at_s in window.answered)
        used += window.under_way + waiting
        return min(slots, window.limit.calls - used)

    def is_done(self, kinds: Sequence[str]) -> bool:
        """Whether nothing is left that a free turn would be for."""
        lane = self.lane
        return not (lane.control.moving
                    or lane.control.opening
                    or lane.ledger.ask.page(self.run, lane.account, FIRST_PLACE, 1, kinds=kinds)
                    or offered(lane.ledger.connection, self.run, lane.account, FIRST_PLACE, kinds))

    async def wait_free(self, bucket: str) -> None:
        """Until that may have changed."""
        ahead_s, wait_s = AHEAD_S * self.lane.terms.scale, None
        if self.open:
            wait_s = self.lane.gate.windows[bucket].wait_s(anyio.current_time())
        await self.lane.control.wait_change(max(wait_s - ahead_s, ahead_s / 4) if wait_s else None)

    def ended(self, job: Job) -> None:
        """The job is driven no more; one that is pending again can be had by anybody."""
        self.waiting.pop(job.key, None)
        self.lane.control.driven.discard(job.key)
        if job.state is State.PENDING:
            self.came_back.add(self.lane.terms.bucket(job.spec.kind))

    def holds_back(self, job: Job) -> bool:
        """Whether the job may not be bought here just now, but later; others may be quicker."""
        if not self.open or self.lane.may_buy(job):
            return False
        self._due_s = job.not_before_s if self._due_s <= self.lane.now() \
            else min(self._due_s, job.not_before_s)
        return True

    async def wait_more(self) -> bool:
        """Wait for what may bring this lane a job; False when nothing can any more."""
        control, due_in_s = self.lane.control, self._due_s - self.lane.now()
        if due_in_s > 0:
            await control.wait_change(min(due_in_s, LOOK_AGAIN_S))
            return True
        if not control.moving and not self._pending():
            return False
        return await control.wait_motion(LOOK_AGAIN_S) or bool(control.opening)

    def _pending(self) -> int:
        """How many jobs of the run nobody has begun yet."""
        return self.lane.ledger.ask.totals(self.run).states[State.PENDING]

    def passes_over(self, job: Job, cap: CapReached) -> bool:
        """Whether a cap stands in the way of this account alone, which is told when nobody else has
        bought the job in the end."""
        if self.open and cap.of_account:
            self._over.add(job.key)
            return True
        return False

    def is_over(self, job: Job) -> bool:
        """Whether the job is too much for this account's own caps."""
        return job.key in self._over

    def tell_left(self) -> None:
        """Name the caps of this account where they have kept jobs from being bought at all."""
        lane = self.lane
        left = [job for key in self._over if (job := lane.ledger.ask.job(key))
                and job.state is State.PENDING and job.account == lane.account]
        if left:
            lane.control.reasons.add(Exit.BUDGET)
            lane.progress.said(f"the budget of {lane.account} does not reach for {len(left)} jobs, "
                               "and no other account takes them; they stay pending")

    async def take(self, kinds: Sequence[str], most: int) -> list[Job]:
        """Take over so many jobs that other accounts have and this one can start now."""
        control, began_s = self.lane.control, self.lane.boot_s()
        resting = control.moving and began_s < self._rests_until_s
        if not self.open or most <= 0 or resting or not self.lane.may_start():
            return []
        wanted = await self._wanted(kinds, most)
        if not wanted:
            self._rests_until_s = began_s + (self.lane.boot_s() - began_s) * REST
            return []
        keys = {job.key for job, _ in wanted}
        control.driven |= keys
        try:
            taken = await reassign(self.lane.ledger, self.lane.account, wanted)
        except BaseException:
            control.driven -= keys
            raise
        control.driven -= keys - {job.key for job in taken}
        control.taken += len(taken)
        return taken

    async def _wanted(self, kinds: Sequence[str], most: int) -> list[tuple[Job, Quote]]:
        lane, place = self.lane, FIRST_PLACE
        left = own_room(lane.ledger, lane.account)
        wanted: list[tuple[Job, Quote]] = []
        while page := offered(lane.ledger.connection, self.run, lane.account, place, kinds):
            for place, job, quote in page:  # noqa: B007 - the place goes on from the last
                if (left is None or quote.worst <= left) and self._can_have(job, quote):
                    wanted.append((job, quote))
                    if len(wanted) == most:
                        return wanted
            await anyio.lowlevel.checkpoint()
        return [(job, quote) for job, quote in wanted if job.key not in lane.control.driven]

    def _can_have(self, job: Job, quote: Quote) -> bool:
        control = self.lane.control
        would_start = control.starters.get(job.account)
        return not (job.key in control.driven or job.key in control.passed_over
                    or self.is_over(job) or self.lane.is_too_dear(job, quote)
                    or (would_start and would_start(job))) \
            and readiness(job, self.lane.ledger)[0] is Readiness.READY

    def _would_start(self, job: Job) -> bool:
        bucket = self.lane.terms.bucket(job.spec.kind)
        if self.lane.account in self.lane.control.opening:
            return anyio.current_time() < self._born_s + LOOK_AGAIN_S
        return bucket in self.feeding and self.free(bucket, 1) > 0 \
            and self.lane.may_buy(job) and not self.is_over(job)
