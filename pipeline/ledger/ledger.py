"""The memory of all runs: one SQLite database, its lock, and its receipts.

Law: the events are the truth and the jobs their fold, kept in one transaction; an update applies
only while the row is in the state that its writer believed; the intent is durable before `record`
returns, and its receipt with it.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path

from pipeline.core.caps import Caps, Scope, scopes
from pipeline.core.errors import Exit, Halt
from pipeline.core.evidence import Reading
from pipeline.core.job import Accepted, Cancelled, Event, Intended, Job, Produced, apply
from pipeline.core.plan import Plan, Rows
from pipeline.core.report import RunInfo
from pipeline.core.sharing import accounts_of
from pipeline.ledger import admission, learned
from pipeline.ledger.ballast import Ballast
from pipeline.ledger.beginning import begin_epoch, open_receipts, put_mark
from pipeline.ledger.chosen import mark_chosen
from pipeline.ledger.codec import dump
from pipeline.ledger.commits import Commits, Fenced
from pipeline.ledger.connection import (
    DATABASE,
    RECEIPTS,
    check_wal,
    damaged,
    open_for_writing,
    unwritable,
)
from pipeline.ledger.durable import sync_path
from pipeline.ledger.folder import Files, take_folder
from pipeline.ledger.lock import Lock
from pipeline.ledger.payments import book
from pipeline.ledger.questions import Questions
from pipeline.ledger.receipts import Line, Receipts, acceptance, intent
from pipeline.ledger.seal import break_seal, put_seal

BALLAST = "ballast"


class Ledger:
    """The ledger opened for writing; at most one in the world for a state folder."""

    def __init__(self, folder: Path, now: Callable[[], float], *,
                 connection: type[sqlite3.Connection] = sqlite3.Connection,
                 receipts: Callable[[Path], Receipts] = Receipts,
                 ballast: Callable[[Path], Ballast] = Ballast, anywhere: bool = False) -> None:
        """Take the folder and its lock, open the database, read the receipts, begin an epoch.

        `connection`, `receipts` and `ballast` are the kinds of memory that are opened; `anywhere`
        takes a folder on a network. Raises `Halt`: 2 for a folder that is no place for the state,
        11 when another process holds it, 13 when it cannot be believed.
        """
        self.folder = folder
        self.now = now
        self.caps = Caps()
        self.run: RunInfo | None = None
        self.moved: Callable[[Job, Job], None] = lambda before, after: None
        take_folder(folder, anywhere=anywhere)
        self.lock = Lock(folder)
        try:
            self.lock.take(_iso(now()))
            looked_s = break_seal(folder / DATABASE, now())
            self.connection = open_for_writing(folder, connection, sealed=looked_s is not None)
            self._looked_s = now() if looked_s is None else looked_s
            self.ask = Questions(self.connection)
            self.receipts = receipts(folder / RECEIPTS)
            self.found = open_receipts(self.connection, self.receipts, folder / DATABASE)
            epoch, self._high_water_s = begin_epoch(self.connection)
            check_wal(self.connection, folder / DATABASE)
            self._files = Files(folder / DATABASE, folder / RECEIPTS)
            self.ballast = ballast(folder / BALLAST)
            self.ballast.make()
            sync_path(folder)
            self.commits = Commits(self.connection, epoch, self.ballast, self.receipts)
        except BaseException:
            self.lock.release()
            raise

    def close(self) -> None:
        """Close everything; the state can be owned by the next process."""
        self.receipts.trim()
        self.receipts.close()
        self.connection.close()
        put_seal(self.folder / DATABASE, self._looked_s)
        self.lock.release()

    def begin(self, run: RunInfo, plan: Plan, caps: Caps, folder: str) -> None:
        """Admit a plan under a run, new or unfinished."""
        accounts = sorted(accounts_of(Rows.of(plan.rows).cells))
        known = self.ask.find_run(run.id)

        def work(connection: sqlite3.Connection) -> None:
            if known is None or known.id != run.id:
                admission.insert_run(connection, run, accounts)
            else:
                admission.widen_run(connection, run, {*self.ask.accounts(run.id), *accounts})
            admission.admit(connection, run.id, plan, folder, self.now())

        self.commits.write_now(work, wish=True)
        self.go_on(run, caps)

    def go_on(self, run: RunInfo, caps: Caps) -> None:
        """Work on a run that is in the ledger already."""
        self.run, self.caps = run, caps

    def start(self) -> None:
        """A process begins to work on the run: how it ended before holds no more."""
        run = self.run

        def work(connection: sqlite3.Connection) -> None:
            if run is not None:
                connection.execute("update runs set exit_code = null, ended_s = null, caps = ? "
                                   "where id = ?", (dump(run.caps), run.id))

        self.commits.write_now(work)

    def redirect(self, run: RunInfo) -> None:
        """What the run has not delivered yet goes to the folder that the run names now."""
        self.commits.write_now(lambda c: admission.redirect(c, run))

    def choose(self, keys: Iterable[str]) -> None:
        """Mark the pending rows of the run that the caps reach for."""
        run, wanted = self._run_id(), frozenset(keys)
        self.commits.write_now(lambda c: mark_chosen(c, run, wanted), wish=True)

    def reopen(self, jobs: Iterable[Job], by: str) -> None:
        """A person wants these jobs after all."""
        run = self._run_id()

        def work(connection: sqlite3.Connection) -> None:
            for job in jobs:
                admission.reopen(connection, job, run, by, self.now())

        self.commits.write_now(work, wish=True)

    def cancel(self, jobs: Iterable[Job]) -> None:
        """Nobody wants these pending jobs any more."""
        event = Cancelled("cancelled")

        def work(connection: sqlite3.Connection) -> None:
            for job in jobs:
                at_s = self.tick()
                admission.write_job(connection, apply(job, event, at_s), job)
                admission.insert_event(connection, job.key, job.run, event, at_s)

        self.commits.write_now(work)

    def finish(self, run: RunInfo, exit_code: int | None, worked_s: float, *,
               ended: bool) -> None:
        """Note how a process left a run; `ended` when all its jobs are at rest."""
        ended_s = self.now() if ended else None
        self._need_files()

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "update runs set ended_s = ?, exit_code = ?, worked_s = worked_s + ? where id = ?",
                (ended_s, exit_code, worked_s, run.id))
            put_mark(connection, self.receipts.mark())

        self.commits.write_now(work)

    async def record(self, job: Job, event: Event) -> Job:
        """The job after the event, durably. Raises `CapReached` for a hold over a cap, `NoRoom` for
        an intent on a disk that is full, and `Fenced` when the row is not what `job` says."""
        at_s = self.tick()
        after = apply(job, event, at_s)
        wish = isinstance(event, Intended)
        receipt, intended = _lines(job, event, at_s)
        if wish:
            self._need_room()
        counted = self._scopes(job, at_s) if wish else []

        def work(connection: sqlite3.Connection) -> None:
            if not admission.write_job(connection, after, job):
                raise Fenced(f"job {job.key} is no longer {job.state}")
            admission.insert_event(connection, job.key, after.run, event, at_s)
            book(connection, job, after, event, scopes=counted, epoch=self.commits.epoch,
                 at_s=at_s)

        await self.commits.write(work, wish=wish, receipt=receipt, intent=intended)
        self.moved(job, after)
        return after

    async def remember_upload(self, account: str, digest: str, url: str) -> None:
        """A file's content has this address at the service from now on."""
        await self.commits.write(
            lambda c: learned.keep_upload(c, account, digest, url, self.now()))

    async def remember_balance(self, account: str, reading: Reading) -> None:
        """The account's balance while no paid call is open: what a later doubt is held against."""
        await self.commits.write(lambda c: learned.keep_balance(c, account, reading, self.now()))

    async def remember(self, account: str, turns: Collection[tuple[str, float]],
                       lengths: Collection[tuple[str, float]]) -> None:
        """What a restart must know: free calls (bucket, when), lengths of jobs (model, seconds)."""
        await self.commits.write(
            lambda c: learned.keep_pace(c, account, turns, lengths, now_s=self.now()))

    def _need_room(self) -> None:
        """Before an intent: room for it and for all that comes of it."""
        self._need_files()
        self.ballast.check()
        try:
            self.receipts.reserve()
        except OSError as error:
            raise unwritable(self.receipts.path, error.strerror) from None

    def _need_files(self) -> None:
        """What is written reaches the next process; raises `Halt` (13)."""
        if path := self._files.gone():
            raise damaged(path, "it was moved or deleted while it was in use")

    def _scopes(self, job: Job, at_s: float) -> list[Scope]:
        if self.run is None:
            raise Halt(Exit.BUG, "an intent outside a run")
        return scopes(self.caps, run=self.run.id, manifest=self.run.manifest,
                      account=job.account, at_s=at_s,
                      campaign=admission.campaign_of(self.connection, self.run.id, job.key))

    def _run_id(self) -> str:
        if self.run is None:
            raise Halt(Exit.BUG, "no run was begun")
        return self.run.id

    def tick(self) -> float:
        """Now, never earlier than the latest moment that was ever recorded."""
        self._high_water_s = max(self._high_water_s, self.now())
        return self._high_water_s


def _lines(job: Job, event: Event, at_s: float) -> tuple[Line | None, Line | None]:
    """What the receipt log says of an event: before its commit, and after it."""
    if isinstance(event, Intended):
        return None, intent(event.tag, job.key, _iso(at_s))
    if isinstance(event, Accepted) or (isinstance(event, Produced) and event.remote_ids):
        return acceptance(job.tag, event.remote_ids, _iso(at_s)), None
    return None, None


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
