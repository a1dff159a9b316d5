"""One account of a run: its limits, its readers, and whether it may still be bought from.

Law: what closes an account closes it for every job behind it, at once, and leaves them pending.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import anyio

from pipeline.core.causes import CAUSES
from pipeline.core.errors import Barred, Exit
from pipeline.core.job import Doubted, Event, Job
from pipeline.core.money import Money
from pipeline.core.pace import Lengths, Window
from pipeline.core.pricing import Quote
from pipeline.core.provider import Mark, News, Provider
from pipeline.core.verdict import backoff_s, join_news, judge_news
from pipeline.executor.assets import AssetStore
from pipeline.executor.control import Control
from pipeline.executor.doubts import Doubts
from pipeline.executor.footing import lack
from pipeline.executor.gate import READS, Gate, Rank
from pipeline.executor.purse import Purse
from pipeline.executor.sources import Sources
from pipeline.executor.watch import Watch
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.surprises import surprises

CLOCKS_APART_S = 0.01
"""A refused job's time and its bucket's are told from two clocks, one a moment after the other."""
GIVE_UP_S = 600.0
"""A service that cannot be reached for so long ends the buying of its lane."""


class Teller(Protocol):
    """Who is told what a person may want to know while it happens."""

    def said(self, message: str) -> None:
        """One line for the person."""
        ...


class Bell(Protocol):
    """Where services may ring when there is news (`doorbell.Doorbell`)."""

    def address(self, account: str, tag: str) -> str:
        """The address that belongs to this attempt alone."""
        ...

    def answer_for(self, account: str, ring: Callable[[str], None]) -> None:
        """Who is told, with the attempt's tag, when it rings."""
        ...

    def forget(self, tag: str) -> None:
        """The attempt has come to its end."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """What all lanes of a run share. `now` is the clock on the wall, in unix seconds; `boot_s` one
    that nobody can set, and that goes on while the machine sleeps. Without a `bell` services are
    only polled."""

    ledger: Ledger
    store: AssetStore
    control: Control
    progress: Teller
    now: Callable[[], float]
    new_tag: Callable[[], str]
    boot_s: Callable[[], float]
    bell: Bell | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave to make one paid call: the turn, the sources' addresses, and since when it holds."""

    window: Window
    urls: list[str]
    since_s: float


class Lane:
    """The account's part of a run."""

    def __init__(self, account: str, provider: Provider, world: World) -> None:
        self.account = account
        self.provider = provider
        self.terms = provider.terms
        self.ledger, self.store, self.control = world.ledger, world.store, world.control
        self.progress, self.now, self.new_tag = world.progress, world.now, world.new_tag
        self.boot_s, self.bell = world.boot_s, world.bell
        self.gate = Gate(provider.terms, world.control)
        lengths = Lengths()
        self.watch = Watch(provider, self.gate, world.control, lengths, now=world.now,
                           bar=self.bar)
        self.purse = Purse(account, provider, self.gate, world.ledger, say=world.progress.said)
        self.doubts = Doubts(provider, self.gate, world.control, now=world.now,
                             owned=lambda ids: world.ledger.ask.owned(account, ids),
                             unsettled=lambda: world.ledger.ask.open_jobs(account),
                             missing=self._missing, intended=lambda: len(self.leaves))
        self.sources = Sources(account, provider, self.gate, world.ledger)
        self.leaves: dict[str, Leave] = {}
        self.surprises: dict[str, Money] = {}
        self.barred: Barred | None = None
        self.shared = False
        self._lost_since_s: float | None = None
        self._lost = 0
        self._next_try_s = 0.0

        if self.bell is not None:
            self.bell.answer_for(account, self.watch.ring)

    @property
    def buying(self) -> bool:
        """Whether a job of this lane may still be intended."""
        return self.control.buying and self.barred is None

    def remember(self) -> None:
        """Take up what earlier processes learned: calls of the last window, lengths of jobs."""
        behind_s = self.now() - anyio.current_time()
        calls: dict[str, list[float]] = {}
        for name, times in self.ledger.ask.recent_turns(self.account, self.now()).items():
            bucket = name if name in self.gate.windows else self.terms.bucket(name)
            calls.setdefault(bucket, []).extend(times)
        self.gate.remember(calls, behind_s)
        for sent_s in self.ledger.ask.recent_starts(self.account, self.terms.list_rows):
            self.doubts.started(sent_s)
        self.surprises = surprises(self.ledger.connection, self.account)
        for model, seconds in self.ledger.ask.lengths(self.account).items():
            for length_s in seconds:
                self.watch.lengths.learn(model, length_s)

    def mark(self, job: Job) -> Mark:
        """What the job's paid call carries: its attempt's tag, and where the service may ring."""
        bell = self.bell.address(self.account, job.tag) if self.bell else ""
        return Mark(job.tag, bell)

    def rank(self, job: Job) -> Rank:
        """Where the job stands among those that wait for a turn: what was refused before goes back
        to the front, and of the others the longest begins first."""
        typical_s = self.terms.typical_s(job.spec.kind, job.typical_s)
        return (not job.attempts, -self.watch.schedule.belief(job.spec.model, typical_s).expected_s)

    async def wait_leave_to_buy(self, job: Job) -> bool:
        """Wait for the job's own time and for room in the service's list; False to leave it."""
        while self.buying:
            if self.may_buy(job):
                return True
            if self.shared or not self.buying:
                return False
            wait_s = job.not_before_s - self.now()
            await self.control.wait_change(wait_s if wait_s > 0 else None)
        return False

    def may_buy(self, job: Job) -> bool:
        """Whether the job's own time has come, and no doubt holds it back. Where its bucket is
        closed as long, it waits in the queue there, and in its place."""
        closed_s = self.gate.closed_s(self.terms.bucket(job.spec.kind))
        return self.may_start() and job.not_before_s <= self.now() + closed_s + CLOCKS_APART_S

    def may_start(self) -> bool:
        """Whether one more job may be intended; doubts that a person must settle bar the lane."""
        if self.doubts.needs_person():
            self.bar(Barred("`pipeline doubt` names them", cause="doubts_open"))
        return self.buying and self.doubts.has_room()

    def note_price(self, before: Job, after: Job) -> None:
        """A job that took more than its worst price stops the buying of its model."""
        taken, model = after.charged.less(before.charged), after.spec.model
        if not before.held or taken <= before.held:
            return
        self.surprises[model] = max(taken, self.surprises.get(model, taken))
        self.progress.said(f"{model} took {taken} credits, and {before.held} was the most that was "
                           "quoted: no more of it is bought at that price")

    def is_too_dear(self, job: Job, quote: Quote | None = None) -> bool:
        """Whether its model once took more than the worst price, of the job or of a quote."""
        taken = self.surprises.get(job.spec.model)
        return taken is not None and taken > (quote or job.quote).worst

    def bar(self, failure: Barred) -> None:
        """The account is closed: out of credits, or its key is not accepted."""
        if self.barred is None:
            self.barred = failure
            code = CAUSES[failure.cause].exit_code
            self.control.reasons.add(code or Exit.REFUSED)
            self.progress.said(f"{self.account}: {CAUSES[failure.cause].says} "
                               f"({failure.message}); its jobs stay pending"
                               + ", or go to another account" * self.shared)
            self.control.notify()

    def lack(self, job: Job) -> str:
        """What of this machine forbids to buy the job just now, in words; "" for nothing."""
        return lack(self.provider.skew_s, job.spec.kind, self.control.moving,
                    self.store.free_bytes(job.folder))

    def stop_here(self, why: str) -> None:
        """Something about this machine must be mended first: the run brings home what it has."""
        if Exit.USAGE not in self.control.reasons:
            self.progress.said(f"{why}: nothing more is bought until that is mended")
        self.control.stop_buying(Exit.USAGE)

    def reached(self) -> None:
        """The service answered."""
        self._lost_since_s = None
        self._lost = 0

    def not_reached(self) -> float:
        """A paid call found no service: how long to wait before the next.

        Calls that fail side by side are one failure, or a full lane would wait for minutes.
        """
        now_s = anyio.current_time()
        if self._lost_since_s is None:
            self._lost_since_s = now_s
            self.progress.said(f"{self.account} cannot be reached; trying again")
        if now_s - self._lost_since_s > GIVE_UP_S:
            self.bar(Barred("no answer for ten minutes", cause="unreachable"))
        if now_s >= self._next_try_s:
            self._next_try_s = now_s + backoff_s(self._lost)
            self._lost += 1
        return self._next_try_s - now_s

    async def look(self, job: Job) -> News:
        """One read for each generation of one job."""
        news: list[News] = []
        for remote_id in job.remote_ids:
            async with self.gate.turn(READS):
                news.append(await self.provider.look(remote_id, job.spec.kind))
        return join_news(news)

    def judge_overdue(self, job: Job, news: News) -> Event | None:
        """News of a job that was called overdue; while it is still working a person decides."""
        event = judge_news(job, news, self.terms, self.now())
        return None if isinstance(event, Doubted) else event

    def leave(self) -> None:
        """The run is left: everybody who waits for news goes home without."""
        self.watch.leave()
        self.doubts.leave()

    async def _missing(self) -> Money | None:
        return await self.purse.missing(lambda: self.doubts.starts)
