"""A lane's work: what was left is recovered, what is pending is fed, every job is driven to rest.

Law: one task a job, one step a state, one event a step. Stopping and crashing are the same thing:
nothing is recorded on the way out, and the next process finds the world in the ledger. Doubts come
first, then downloads, then running jobs, and only then new purchases.
"""

from collections.abc import Mapping, Sequence

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from pipeline.core.errors import Exit
from pipeline.core.job import (
    AT_REST,
    IN_FLIGHT,
    Accepted,
    Cancelled,
    Doubted,
    Event,
    Intended,
    Job,
    State,
)
from pipeline.core.report import Entry
from pipeline.executor.lane import Lane
from pipeline.executor.sources import Readiness, readiness
from pipeline.executor.steps import RECOVERED, STEPS
from pipeline.executor.sweep import sweep
from pipeline.ledger.ballast import NoRoom
from pipeline.ledger.payments import CapReached, OwnedAlready

PAGE = 64
FIRST_PLACE = (float("inf"), -1)
CLAIMED = Doubted("ambiguous", "the service answered with an id that belongs to another job")
LOOK_AGAIN_S = 5.0
"""How often pending jobs are looked through when nothing that moved could concern them."""


async def run_lane(lane: Lane, run: str) -> None:
    """Everything of one account that the run can do; returns when nothing is left to wait for."""
    lane.remember()
    async with anyio.create_task_group() as readers:
        readers.start_soon(lane.watch.run)
        readers.start_soon(lane.doubts.run)
        readers.start_soon(_keep_turns, lane)
        readers.start_soon(sweep, lane)
        async with anyio.create_task_group() as jobs:
            driver = Driver(lane, run, jobs)
            await lane.purse.note()
            await driver.recover()
            for bucket, kinds in _buckets(lane, run).items():
                jobs.start_soon(driver.feed, bucket, kinds)
        if driver.bought and lane.control.staying:
            await sweep(lane)
        await lane.purse.settle()
        await _store_learned(lane)
        readers.cancel_scope.cancel()


def _buckets(lane: Lane, run: str) -> Mapping[str, Sequence[str]]:
    """The kinds of the run's jobs by the bucket that they start under."""
    found: dict[str, list[str]] = {}
    for kind in lane.ledger.ask.kinds(run, lane.account):
        found.setdefault(lane.terms.bucket(kind), []).append(kind)
    return found


class Driver:
    """The jobs of one lane that are being driven."""

    def __init__(self, lane: Lane, run: str, jobs: TaskGroup) -> None:
        self.lane = lane
        self.run = run
        self.jobs = jobs
        self.active: set[str] = set()
        self.bought = False

    async def recover(self) -> None:
        """Take up every job that money is out for, or may be."""
        lane = self.lane
        found = [await self._recovered(job) for job in lane.ledger.ask.open_jobs(lane.account)]
        urgent = (State.IN_DOUBT, State.PRODUCED, State.RUNNING)
        for job in sorted(found, key=lambda job: urgent.index(job.state)):
            if job.state in IN_FLIGHT:
                lane.gate.take_slot(lane.terms.bucket(job.spec.kind))
            self._start(job)

    async def _recovered(self, job: Job) -> Job:
        """A paid call that was cut by death: accepted if its receipt says so, else a doubt."""
        if job.state is not State.SUBMITTING:
            return job
        remote_ids = self.lane.ledger.found.accepted.get(job.tag)
        event: Event = Accepted(remote_ids) if remote_ids else RECOVERED
        return await self._record(job, event)

    async def feed(self, bucket: str, kinds: Sequence[str]) -> None:
        """Start pending jobs, the longest first, as slots come free, until none is left."""
        lane = self.lane
        place, waiting, fruitful = FIRST_PLACE, False, True
        while lane.buying:
            if not lane.gate.has_slot(bucket):
                await lane.control.wait_change()
                continue
            size = lane.gate.free_slots(bucket, PAGE) if fruitful else PAGE
            page = lane.ledger.ask.page(self.run, lane.account, place, size, kinds=kinds)
            if not page:
                if not waiting or not await lane.control.wait_motion(LOOK_AGAIN_S):
                    return
                place, waiting = FIRST_PLACE, False
                continue
            active = len(self.active)
            for entry in page:
                if not lane.gate.has_slot(bucket) or not lane.buying:
                    break
                waiting = await self._consider(entry, bucket) or waiting
                place = lane.ledger.ask.place(self.run, entry.seq)
            fruitful = len(self.active) > active

    async def _consider(self, entry: Entry, bucket: str) -> bool:
        """Start a pending job if it can be; True if it may be startable later."""
        lane, job = self.lane, entry.job
        if job.key in lane.control.passed_over:
            return False
        if job.key in self.active:
            return True
        if lane.is_too_dear(job):
            lane.control.pass_over_price(job)
            return False
        ready, why = readiness(job, lane.ledger)
        if ready is Readiness.NEVER:
            await self._record(job, Cancelled("source_failed", why))
            return False
        if ready is Readiness.READY:
            lane.gate.take_slot(bucket)
            self._start(job)
            await anyio.lowlevel.checkpoint()
        return True

    def _start(self, job: Job) -> None:
        self.active.add(job.key)
        self.lane.control.moving += 1
        self.jobs.start_soon(self._drive, job)

    async def _drive(self, job: Job) -> None:
        """One job, step by step, until it is at rest or the run is left."""
        lane = self.lane
        holds_slot = job.state in IN_FLIGHT or job.state is State.PENDING
        try:
            while step := STEPS.get(job.state):
                if not lane.control.staying and job.state is not State.SUBMITTING:
                    break  # the paid call under way is settled, and then the run is left
                event = await step(lane, job)
                if event is None:
                    break
                self.bought = self.bought or isinstance(event, Intended)
                before, job = job, await self._record(job, event)
                lane.note_price(before, job)
                if before.state is State.SUBMITTING and job.state is not State.IN_DOUBT:
                    lane.doubts.answered(before)
                if holds_slot and (job.state is State.PRODUCED or job.state in AT_REST):
                    lane.gate.give_slot(lane.terms.bucket(job.spec.kind))
                    holds_slot = False
        except CapReached as cap:
            self._pass_over(job, cap)
        except NoRoom as disk:
            self._take_back_leave(job)
            lane.stop_here(disk.message)
        finally:
            self.active.discard(job.key)
            lane.control.moving -= 1
            lane.control.notify()
            if holds_slot:
                lane.gate.give_slot(lane.terms.bucket(job.spec.kind))

    async def _record(self, job: Job, event: Event) -> Job:
        try:
            return await self.lane.ledger.record(job, event)
        except OwnedAlready:
            if job.state is State.IN_DOUBT:
                return job  # the evidence belongs to another job by now: look again
            return await self.lane.ledger.record(job, CLAIMED)

    def _pass_over(self, job: Job, cap: CapReached) -> None:
        """The job does not fit under a cap: it stays pending, and its turn goes back."""
        lane = self.lane
        self._take_back_leave(job)
        lane.control.passed_over.add(job.key)
        lane.control.reasons.add(Exit.BUDGET)
        lane.progress.said(f"{cap.says} does not reach for {job.spec.model} "
                           f"({job.quote.worst} credits); it stays pending")

    def _take_back_leave(self, job: Job) -> None:
        leave = self.lane.leaves.pop(job.key, None)
        if leave is not None:
            self.lane.gate.unused_turn(leave.window)


async def _keep_turns(lane: Lane) -> None:
    """Store, now and then, what a restart must know: the reads of the last window."""
    while True:
        await anyio.sleep(LOOK_AGAIN_S)
        await _store_learned(lane)


async def _store_learned(lane: Lane) -> None:
    behind_s = lane.now() - anyio.current_time()
    turns = lane.gate.free_turns(behind_s)
    learned, lane.watch.learned = lane.watch.learned, []
    if turns or learned:
        await lane.ledger.remember(lane.account, turns, learned)
