"""News of jobs under way, with as few reads as can be, and evidence for jobs in doubt.

Law: jobs wait, the watch reads. One reading of the service's list brings news of many jobs; a
single look is for what the list does not show. What a read brings is news, never an order.
"""

from collections.abc import Callable

import anyio

from pipeline.core.errors import Barred, Refused, Throttled, Unreachable, Vanished
from pipeline.core.job import Doubted, Event, Job
from pipeline.core.pace import LIST_PAUSE_S, Lengths, next_look_s
from pipeline.core.provider import Finished, News, Provider, Scan, Working
from pipeline.core.verdict import backoff_s, judge_news
from pipeline.executor.control import Control
from pipeline.executor.gate import READS, Gate
from pipeline.executor.streams import PATIENCE_S, Streams
from pipeline.executor.waiting import Waiting, says_all

PATIENCE_BY_BELL = 3.0
"""So many times longer is waited for the next look while the service rings when a job has ended:
polling goes on, because a ring may be lost."""
LOST_AFTER_S = 900.0
"""An accepted job that the service has not known for so long is looked into by a person."""

Owned = Callable[[float], dict[str, float]]


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
        self.running: dict[str, Waiting] = {}
        self.streams = Streams(provider, gate)
        self.told: dict[str, float] = {}
        self.rung: set[str] = set()
        self.bell_works = False
        self._failures = 0
        self._list_works = True

    async def wait_news(self, job: Job) -> Event | None:
        """The event that ends a job's wait; None when the run is left first."""
        terms = self.gate.terms
        told_s = self.told.pop(job.key, None)
        typical_s = told_s or terms.typical_s(job.spec.kind, job.typical_s)
        expected_s = self.lengths.expected_s(job.spec.model, typical_s)
        age_s = max(0.0, self.now() - (job.sent_s or self.now()))
        first_s = self._first_look_s(job, expected_s, is_told=told_s is not None)
        if self.bell_works:
            first_s = max(first_s, expected_s) * PATIENCE_BY_BELL
        if job.tag in self.rung:
            first_s = 0.0
        due_s = anyio.current_time() + max(0.0, first_s - age_s)
        waiting = Waiting(job, due_s, expected_s, self.now())
        self.running[job.key] = waiting
        self.control.notify()
        try:
            await waiting.ready.wait()
        finally:
            self.running.pop(job.key, None)
            self.rung.discard(job.tag)
        return waiting.event

    def ring(self, tag: str) -> None:
        """The service says that there is news of an attempt: it is looked at now, or as soon as it
        is known to run. Whether that is true the look will show."""
        self.rung.add(tag)
        for waiting in self.running.values():
            if waiting.job.tag == tag:
                waiting.due_s = anyio.current_time()
        self.control.notify()

    def _first_look_s(self, job: Job, expected_s: float, *, is_told: bool) -> float:
        """Near the expected end; a model never seen before is asked about a little earlier, unless
        the service itself told the time."""
        terms = self.gate.terms
        first_s = next_look_s(expected_s, 0, terms.scale)
        if is_told or job.spec.model in self.lengths.seen:
            return first_s
        return min(first_s, terms.first_look_s.get(job.spec.kind, 30.0) * terms.scale)

    def leave(self) -> None:
        """The run is left: everybody who waits goes home without news."""
        for waiting in self.running.values():
            waiting.ready.set()

    async def run(self) -> None:
        """Read when a job is due, until cancelled."""
        async with anyio.create_task_group() as followers:
            while True:
                due_s = min((w.due_s for w in self.running.values()), default=None)
                wait_s = None if due_s is None else due_s - anyio.current_time()
                if wait_s is None or wait_s > 0:
                    await self.control.wait_change(wait_s)
                    continue
                now_s = anyio.current_time()
                due = [waiting for waiting in self.running.values() if waiting.due_s <= now_s]
                for waiting in due:
                    if self.streams.take(waiting.job, len(self.running), len(due)):
                        waiting.due_s = now_s + PATIENCE_S * self.gate.terms.scale
                        followers.start_soon(self._follow, waiting)
                if due := [waiting for waiting in due if waiting.due_s <= now_s]:
                    await self._read(due)

    async def _follow(self, waiting: Waiting) -> None:
        def tell(news: News | None) -> None:
            waiting.due_s = anyio.current_time()
            if news is not None and waiting.job.key in self.running:
                waiting.saw({waiting.job.remote_ids[0]: news})
                self._tell(waiting, news)
            self.control.notify()

        await self.streams.follow(waiting.job, tell)

    async def _read(self, due: list[Waiting]) -> None:
        """One round of reads for what is due. The list is read where it can show any of it."""
        listed = any(waiting.job.spec.kind in self.gate.terms.listed for waiting in due)
        single = not self._list_works or not listed or (
            len(self.running) == 1 and due[0].unknown_since_s is None)
        try:
            seen = {} if single else await self._scan()
            for waiting in list(self.running.values()):
                if waiting.job.key in seen:
                    self._tell(waiting, seen[waiting.job.key])
                elif waiting in due:
                    await self._look(waiting)
            self._failures = 0
        except Throttled as refusal:
            self.gate.throttle(READS, refusal.retry_after_s)
        except (Unreachable, Refused):
            self._failures += 1
            self._put_off(backoff_s(self._failures))
        except Barred as failure:
            self.bar(failure)
            self.leave()

    async def _scan(self) -> dict[str, News]:
        async with self.gate.turn(READS):
            scan = await self._list()
        by_id = {row.remote_id: row.news for row in scan.sightings if says_all(row.news)}
        shown = {key: waiting for key, waiting in self.running.items()
                 if waiting.job.spec.kind in self.gate.terms.listed}  # rows of others say less
        for waiting in shown.values():
            waiting.saw({name: by_id[name] for name in waiting.job.remote_ids if name in by_id})
        return {key: news for key, waiting in shown.items()
                if by_id.keys() >= set(waiting.job.remote_ids) and (news := waiting.news())}

    async def _list(self) -> Scan:
        """The list; where the service has none, or hides it, jobs are looked at one by one."""
        try:
            return await self.provider.scan({})
        except (Barred, Refused, Vanished) as failure:
            if isinstance(failure, Barred) and failure.cause != "missing_scope":
                raise
            self._list_works = False
            return Scan([], complete=False)

    async def _look(self, waiting: Waiting) -> None:
        job = waiting.job
        try:
            for remote_id in waiting.unended():
                async with self.gate.turn(READS):
                    waiting.saw({remote_id: await self.provider.look(remote_id, job.spec.kind)})
        except (Vanished, Refused):
            self._not_known(waiting)
            return
        if news := waiting.news():
            self._tell(waiting, news)

    def _tell(self, waiting: Waiting, news: News) -> None:
        """Hand news to the job that waits for it, or set its next look."""
        waiting.unknown_since_s = None
        event = judge_news(waiting.job, news, self.gate.terms, self.now())
        if isinstance(event, Doubted) and self.now() - waiting.since_s < LOST_AFTER_S:
            event = None  # after a holiday every job is old: its first news may be behind
        if event is not None:
            self._learn(waiting, news)
            self._finish(waiting, event)
            return
        now_s = anyio.current_time()
        if isinstance(news, Finished):
            waiting.due_s = now_s + max(LIST_PAUSE_S, backoff_s(waiting.unlinked)) \
                * self.gate.terms.scale
            waiting.unlinked += 1
        elif waiting.due_s <= now_s:
            self._set_next_look(waiting)
        if isinstance(news, Working):
            waiting.due_s = max(waiting.due_s, now_s + news.again_s)

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
        expected_s = self.lengths.expected_s(model, seconds)
        for other in self.running.values():
            if other.job.spec.model == model:
                other.expected_s = expected_s

    def _not_known(self, waiting: Waiting) -> None:
        """A job too new to be seen, or one that the service has lost."""
        now_s = anyio.current_time()
        if waiting.unknown_since_s is None:
            waiting.unknown_since_s = now_s
        if now_s - waiting.unknown_since_s > LOST_AFTER_S:
            self._finish(waiting, Doubted("overdue", "the service does not know the job"))
            return
        self._set_next_look(waiting)

    def _set_next_look(self, waiting: Waiting) -> None:
        """Later and later, and slower for a job whose look costs a read of its own."""
        waiting.looks += 1
        pause_s = next_look_s(waiting.expected_s, waiting.looks, self.gate.terms.scale,
                              alone=len(self.running) == 1 or not self._list_works)
        patience = PATIENCE_BY_BELL if self.bell_works else 1.0
        waiting.due_s = anyio.current_time() + pause_s * patience

    def _finish(self, waiting: Waiting, event: Event) -> None:
        self.streams.drop(waiting.job)
        self.bell_works = waiting.job.tag in self.rung
        waiting.event = event
        waiting.ready.set()
        self.running.pop(waiting.job.key, None)

    def _put_off(self, pause_s: float) -> None:
        """The service does not answer: nobody is asked about for a while."""
        again_s = anyio.current_time() + pause_s
        for waiting in self.running.values():
            waiting.due_s = max(waiting.due_s, again_s)
