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
from pipeline.executor.exchange import FIRST_PLACE, LOOK_AGAIN_S, Exchange
from pipeline.executor.lane import Lane
from pipeline.executor.sources import Readiness, readiness
from pipeline.executor.steps import RECOVERED, STEPS
from pipeline.executor.sweep import sweep
from pipeline.ledger.ballast import NoRoom
from pipeline.ledger.payments import CapReached, OwnedAlready

PAGE = 64
CLAIMED = Doubted("ambiguous", "the service answered with an id that belongs to another job")


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
            if lane.shared or (lane.terms.probe and lane.ledger.ask.begun(run, lane.account)):
                lane.gate.keep_safe()
            await lane.purse.note()
            await driver.recover()
            buckets = _buckets(lane, run)
            driver.exchange.begin(buckets)
            for bucket, kinds in buckets.items():
                jobs.start_soon(driver.feed, bucket, kinds)
        driver.exchange.tell_left()
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
        self.exchange = Exchange(lane, run)
        self.started = 0
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
        try:
            await self._feed(bucket, kinds)
        finally:
            self.exchange.feeding.discard(bucket)

    async def _feed(self, bucket: str, kinds: Sequence[str]) -> None:
        lane = self.lane
        place, waiting, fruitful = FIRST_PLACE, False, True
        while lane.buying:
            if (free := self.exchange.free(bucket, PAGE)) <= 0:
                if self.exchange.is_done(kinds):
                    return
                await self.exchange.wait_free(bucket)
                continue
            size = free if fruitful else PAGE
            page = lane.ledger.ask.page(self.run, lane.account, place, size, kinds=kinds)
            if not page:
                if await self._take_over(bucket, kinds, free):
                    continue
                if not (waiting or self.exchange.open) or not await self.exchange.wait_more():
                    return
                if waiting or bucket in self.exchange.came_back:
                    self.exchange.came_back.discard(bucket)
                    place, waiting = FIRST_PLACE, False
                continue
            started, taken = self.started, lane.control.taken
            for entry in page:
                if self.exchange.free(bucket, PAGE) <= 0 or not lane.buying \
                        or taken != lane.control.taken:
                    break
                waiting = await self._consider(entry, bucket) or waiting
                place = lane.ledger.ask.place(self.run, entry.seq)
            fruitful = self.started > started

    async def _consider(self, entry: Entry, bucket: str) -> bool:
        """Start a pending job if it can be; True if it may be startable later."""
        lane, job = self.lane, entry.job
        if job.key in lane.control.passed_over or self.exchange.is_over(job):
            return False
        if job.key in lane.control.driven or self.exchange.holds_back(job):
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

    async def _take_over(self, bucket: str, kinds: Sequence[str], most: int) -> bool:
        """Start jobs that other accounts have; whether there were any."""
        try:
            taken = await self.exchange.take(kinds, most)
        except NoRoom as disk:
            self.lane.stop_here(disk.message)
            return False
        for job in taken:
            self.lane.gate.take_slot(bucket)
            self._start(job)
        return bool(taken)

    def _start(self, job: Job) -> None:
        self.lane.control.driven.add(job.key)
        self.started += 1
        if job.state is State.PENDING:
            self.exchange.waiting[job.key] = self.lane.terms.bucket(job.spec.kind)
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
                self.exchange.waiting.pop(job.key, None)
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
                if self.exchange.open and job.state is State.PENDING:
                    break  # whoever can start it first has it
        except CapReached as cap:
            self._pass_over(job, cap)
        except NoRoom as disk:
            self._take_back_leave(job)
            lane.stop_here(disk.message)
        finally:
            self.exchange.ended(job)
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
        if self.exchange.passes_over(job, cap):
            return
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
