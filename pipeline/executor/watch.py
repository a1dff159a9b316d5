"""News of jobs under way, with as few reads as can be.

Law: jobs wait, the watch reads. One reading of the service's list brings news of many jobs; a
single look is for what the list does not show. What a read brings is news, never an order, and
what no read has shown has not happened.
"""

from collections.abc import Callable, Sequence
from functools import partial

import anyio
from anyio.abc import TaskGroup

from pipeline.core.errors import Barred, Refused, Throttled, Unreachable, Vanished
from pipeline.core.job import Doubted, Event, Job
from pipeline.core.pace import LIST_PAUSE_S, Lengths, next_look_s
from pipeline.core.provider import Finished, News, Provider, Working
from pipeline.core.verdict import backoff_s, judge_news
from pipeline.executor.control import Control
from pipeline.executor.gate import READS, Gate
from pipeline.executor.listing import Listing
from pipeline.executor.schedule import PATIENCE_BY_BELL, Schedule
from pipeline.executor.streams import PATIENCE_S, Streams
from pipeline.executor.waiting import Waiting, says_all

LOST_AFTER_S = 900.0
"""An accepted job that the service has not known for so long is looked into by a person."""


class Watch:
    """The one reader of an account. Times are the loop's; stored moments come through `now`.

    `told` is how long a job will take as the service said when it took it, by job key.
    """

    def __init__(self, provider: Provider, gate: Gate, control: Control, lengths: Lengths, *,
                 now: Callable[[], float], bar: Callable[[Barred], None]) -> None:
        self.provider = provider
        self.gate = gate
        self.control = control
        self.lengths = lengths
        self.now = now
        self.bar = bar
        self.learned: list[tuple[str, float]] = []
        self.streams = Streams(provider, gate)
        self.listing = Listing(provider)
        self.schedule = Schedule(gate, lengths, self.listing)
        self.running = self.schedule.running
        self.told: dict[str, float] = {}
        self.rung: set[str] = set()
        self._failures = 0

    @property
    def bell_works(self) -> bool:
        """Whether the service rings when a job has ended."""
        return self.schedule.bell_works

    async def wait_news(self, job: Job) -> Event | None:
        """The event that ends a job's wait; None when the run is left first."""
        told_s = self.told.pop(job.key, None)
        typical_s = told_s or self.gate.terms.typical_s(job.spec.kind, job.typical_s)
        age_s = max(0.0, self.now() - (job.sent_s or self.now()))
        first_s = self._first_look_s(job, typical_s, is_told=told_s is not None)
        waiting = self.schedule.begin(job, typical_s, age_s, first_s)
        waiting.since_s = self.now()
        self.control.notify()
        try:
            await waiting.ready.wait()
        finally:
            self.schedule.end(waiting)
            self.rung.discard(job.tag)
        return waiting.event

    def _first_look_s(self, job: Job, typical_s: float, *, is_told: bool) -> float:
        """Near the expected end; a model never seen before is asked about a little earlier, unless
        the service itself told the time."""
        terms = self.gate.terms
        if job.tag in self.rung:
            return 0.0
        expected_s = self.schedule.belief(job.spec.model, typical_s).expected_s
        first_s = next_look_s(expected_s, 0, terms.scale)
        if not is_told and job.spec.model not in self.lengths.seen:
            first_s = min(first_s, terms.first_look_s.get(job.spec.kind, 30.0) * terms.scale)
        return max(first_s, expected_s) * PATIENCE_BY_BELL if self.bell_works else first_s

    def ring(self, tag: str) -> None:
        """The service says that there is news of an attempt: it is looked at now, or as soon as it
        is known to run. Whether that is true the look will show."""
        self.rung.add(tag)
        for waiting in self.running.values():
            if waiting.job.tag == tag:
                self.schedule.look_at(waiting, anyio.current_time())
        self.control.notify()

    def leave(self) -> None:
        """The run is left: everybody who waits goes home without news."""
        for waiting in self.running.values():
            waiting.ready.set()

    async def run(self) -> None:
        """Read when a job is due, or when the list is worth a reading, until cancelled."""
        async with anyio.create_task_group() as followers:
            follows = partial(self._follows, followers)
            while True:
                now_s = anyio.current_time()
                self.schedule.look_ahead(now_s)
                due = self.schedule.take_due(now_s, follows, self._is_urgent)
                if due or self.schedule.next_reading_s() <= now_s:
                    await self._read(due)
                    continue
                wait_s = self.schedule.next_s(now_s) - now_s
                await self.control.wait_change(wait_s if wait_s < float("inf") else None)

    def _is_urgent(self, waiting: Waiting) -> bool:
        """Whether more is known of the job than when it might end."""
        return bool(waiting.unlinked) or waiting.job.tag in self.rung \
            or waiting.unknown_since_s is not None

    def _follows(self, followers: TaskGroup, waiting: Waiting, due: int) -> bool:
        """Whether a stream tells of this job's end from now on."""
        if not self.streams.take(waiting.job, len(self.running), due):
            return False
        until_s = anyio.current_time() + PATIENCE_S * self.gate.terms.scale
        self.schedule.leave_alone(waiting, until_s)
        followers.start_soon(self._follow, waiting)
        return True

    async def _follow(self, waiting: Waiting) -> None:
        def tell(news: News | None) -> None:
            if self.running.get(waiting.job.key) is waiting:
                waiting.prospect.quiet_s = 0.0
                self.schedule.look_at(waiting, anyio.current_time())
                if news is not None:
                    waiting.saw({waiting.job.remote_ids[0]: news})
                    self._tell(waiting, news)
            self.control.notify()

        await self.streams.follow(waiting.job, tell)

    async def _read(self, due: Sequence[Waiting]) -> None:
        """One round of reads for what is due. The list is read where it can show any of it."""
        listed = not due or any(self.listing.may_show(waiting) for waiting in due)
        single = not listed or (
            self.schedule.alone and bool(due) and due[0].unknown_since_s is None)
        try:
            left = due if single else await self._scan(due)
            for waiting in left:
                await self._look(waiting, scanned=not single)
            self._failures = 0
        except Throttled as refusal:
            self.gate.throttle(READS, refusal.retry_after_s)
        except (Unreachable, Refused):
            self._failures += 1
            self.schedule.quiet_until_s = anyio.current_time() + backoff_s(self._failures)
        except Barred as failure:
            self.bar(failure)
            self.leave()
        now_s = anyio.current_time()
        for waiting in due:
            if waiting.due_s <= now_s and self.running.get(waiting.job.key) is waiting:
                self.schedule.look_at(waiting, waiting.due_s)  # its turn did not come

    async def _scan(self, due: Sequence[Waiting]) -> list[Waiting]:
        """Read the list and tell what it shows; who is to be looked at all the same."""
        async with self.gate.turn(READS):
            reading = await self.listing.read(crowded=self.schedule.reads_list())
        self.schedule.was_read(reading)
        rows = reading.news
        shown = [waiting for name in rows if (waiting := self.schedule.named.get(name))
                 and waiting.job.spec.kind in self.gate.terms.listed]  # rows of others say less
        looks = dict.fromkeys(due)
        for waiting in dict.fromkeys(shown):
            known = {name: rows[name] for name in waiting.job.remote_ids if name in rows}
            whole = {name: news for name, news in known.items() if says_all(news)}
            waiting.saw(whole)
            news = waiting.news()
            if news is not None and whole.keys() >= set(waiting.unended()):
                looks.pop(waiting, None)
                self._tell(waiting, news)
            elif known != whole and not waiting.unlinked:
                looks[waiting] = None
        return [waiting for waiting in looks if self.running.get(waiting.job.key) is waiting]

    async def _look(self, waiting: Waiting, *, scanned: bool) -> None:
        job = waiting.job
        waiting.looked_s = anyio.current_time()
        try:
            for remote_id in waiting.unended():
                async with self.gate.turn(READS):
                    waiting.saw({remote_id: await self.provider.look(remote_id, job.spec.kind)})
        except (Vanished, Refused):
            self._not_known(waiting)
            return
        if news := waiting.news():
            if scanned and isinstance(news, Finished):
                self.listing.missed(waiting)
            self._tell(waiting, news)

    def _tell(self, waiting: Waiting, news: News) -> None:
        """Hand news to the job that waits for it, or set its next look."""
        waiting.unknown_since_s = None
        event = judge_news(waiting.job, news, self.gate.terms, self.now())
        if isinstance(event, Doubted) and self.now() - waiting.since_s < LOST_AFTER_S:
            event = None  # after a holiday every job is old: its first news may be behind
        if event is not None:
            self._finish(waiting, event)
            self._learn(waiting, news)
            return
        now_s = anyio.current_time()
        if isinstance(news, Finished):
            pause_s = max(LIST_PAUSE_S, backoff_s(waiting.unlinked)) * self.gate.terms.scale
            self.schedule.look_at(waiting, now_s + pause_s)
            waiting.unlinked += 1
        elif waiting.due_s <= now_s:
            self.schedule.look_again(waiting)
        if isinstance(news, Working) and news.again_s:
            self.schedule.leave_alone(waiting, now_s + news.again_s)

    def _learn(self, waiting: Waiting, news: News) -> None:
        """How long the job took: as the service says, else as it was watched. What was made while
        no process ran tells nothing, or after a holiday nothing would be looked at for days."""
        model, now_s = waiting.job.spec.model, self.now()
        seconds = max(0.0, now_s - (waiting.job.sent_s or now_s))
        watched = now_s - waiting.since_s >= seconds / 2
        if not isinstance(news, Finished) or (news.made_in_s is None and not watched):
            return
        seconds = news.made_in_s or seconds
        self.lengths.learn(model, seconds)
        self.learned.append((model, seconds))
        self.schedule.learned(model)

    def _not_known(self, waiting: Waiting) -> None:
        """A job too new to be seen, or one that the service has lost."""
        now_s = anyio.current_time()
        if waiting.unknown_since_s is None:
            waiting.unknown_since_s = now_s
        if now_s - waiting.unknown_since_s > LOST_AFTER_S:
            self._finish(waiting, Doubted("overdue", "the service does not know the job"))
            return
        self.schedule.look_again(waiting)

    def _finish(self, waiting: Waiting, event: Event) -> None:
        self.streams.drop(waiting.job)
        self.schedule.bell_works = waiting.job.tag in self.rung
        waiting.event = event
        waiting.ready.set()
        self.schedule.end(waiting)
