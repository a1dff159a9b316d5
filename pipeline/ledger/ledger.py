"""The memory of all runs: one SQLite database, its lock, and its receipts.

Law: the events are the truth and the jobs their fold, kept in one transaction; an update applies
only while the row is in the state that its writer believed; the intent is durable before `record`
returns, and its receipt with it.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pipeline.core.caps import Caps, Scope, scopes
from pipeline.core.errors import Exit, Halt
from pipeline.core.evidence import Reading
from pipeline.core.job import Accepted, Cancelled, Event, Intended, Job, Produced, apply
from pipeline.core.plan import Plan
from pipeline.core.report import RunInfo
from pipeline.ledger import admission
from pipeline.ledger.codec import dump
from pipeline.ledger.commits import Commits, Fenced
from pipeline.ledger.connection import (
    DATABASE,
    RECEIPTS,
    damaged,
    open_for_writing,
    unwritable,
)
from pipeline.ledger.lock import Lock
from pipeline.ledger.payments import book
from pipeline.ledger.questions import Questions
from pipeline.ledger.receipts import START, Found, Receipts

FORGET_TURNS_S = 600.0
W = TypeVar("W")


class Ledger:
    """The ledger opened for writing; at most one in the world for a state folder."""

    def __init__(self, folder: Path, now: Callable[[], float], *,
                 connection: type[sqlite3.Connection] = sqlite3.Connection,
                 receipts: Callable[[Path], Receipts] = Receipts) -> None:
        """Take the lock, open the database, begin an epoch, read the receipts.

        `connection` and `receipts` are the kinds of memory that are opened. Raises `Halt`: 11 when
        another process holds the folder, 13 when it cannot be believed.
        """
        self.folder = folder
        self.now = now
        self.caps = Caps()
        self.run: RunInfo | None = None
        self.moved: Callable[[Job, Job], None] = lambda before, after: None
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.lock = Lock(folder)
        try:
            self.lock.take(_iso(now()))
            self.connection = open_for_writing(folder, connection)
            self.ask = Questions(self.connection)
            self.receipts = receipts(folder / RECEIPTS)
            self.found = self._open_receipts()
            self.commits = Commits(self.connection, self._next_epoch())
        except BaseException:
            self.lock.release()
            raise
        self._high_water_s = float(self._meta("high_water_s", "0"))

    def close(self) -> None:
        """Close everything; the state can be owned by the next process."""
        self.receipts.close()
        self.connection.close()
        self.lock.release()

    def begin(self, run: RunInfo, plan: Plan, caps: Caps, folder: str) -> None:
        """Admit a plan under a run, new or unfinished."""
        accounts = sorted({row.cell.account for row in plan.rows})
        known = self.ask.find_run(run.id)

        def work(connection: sqlite3.Connection) -> None:
            if known is None or known.id != run.id:
                admission.insert_run(connection, run, accounts)
            admission.admit(connection, run.id, plan, folder, self.now())

        self.commits.write_now(work)
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
        run = self._run_id()
        self.commits.write_now(lambda c: admission.mark_chosen(c, run, keys))

    def reopen(self, jobs: Iterable[Job], by: str) -> None:
        """A person wants these jobs after all."""
        run = self._run_id()

        def work(connection: sqlite3.Connection) -> None:
            for job in jobs:
                admission.reopen(connection, job, run, by, self.now())

        self.commits.write_now(work)

    def cancel(self, jobs: Iterable[Job]) -> None:
        """Nobody wants these pending jobs any more."""
        event = Cancelled("cancelled")

        def work(connection: sqlite3.Connection) -> None:
            for job in jobs:
                at_s = self._tick()
                admission.write_job(connection, apply(job, event, at_s), job)
                admission.insert_event(connection, job.key, job.run, event, at_s)

        self.commits.write_now(work)

    def finish(self, run: RunInfo, exit_code: int | None, worked_s: float, *,
               ended: bool) -> None:
        """Note how a process left a run; `ended` when all its jobs are at rest."""
        ended_s = self.now() if ended else None
        offset, digest = self.receipts.mark()

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "update runs set ended_s = ?, exit_code = ?, worked_s = worked_s + ? where id = ?",
                (ended_s, exit_code, worked_s, run.id))
            _put_meta(connection, "receipts_offset", str(offset))
            _put_meta(connection, "receipts_digest", digest)

        self.commits.write_now(work)

    async def record(self, job: Job, event: Event) -> Job:
        """The job after the event, durably. Raises `CapReached` for a hold over a cap, and
        `Fenced` when the row is not what `job` says."""
        at_s = self._tick()
        after = apply(job, event, at_s)
        if isinstance(event, Accepted) or (isinstance(event, Produced) and event.remote_ids):
            self._receive(self.receipts.accept, job.tag, event.remote_ids, _iso(at_s))
        counted = self._scopes(job, at_s) if isinstance(event, Intended) else []

        def work(connection: sqlite3.Connection) -> None:
            if not admission.write_job(connection, after, job):
                raise Fenced(f"job {job.key} is no longer {job.state}")
            admission.insert_event(connection, job.key, after.run, event, at_s)
            book(connection, job, after, event, scopes=counted, epoch=self.commits.epoch,
                 at_s=at_s)

        await self.commits.write(work)
        if isinstance(event, Intended):
            self._receive(self.receipts.intend, event.tag, job.key, _iso(at_s))
        self.moved(job, after)
        return after

    async def remember_upload(self, account: str, digest: str, url: str) -> None:
        """A file's content has this address at the service from now on."""
        await self.commits.write(lambda c: c.execute(
            "insert or replace into uploads values (?, ?, ?, ?)",
            (account, digest, url, self.now())))

    async def remember_balance(self, account: str, reading: Reading) -> None:
        """The account's balance while no paid call is open: what a later doubt is held against."""
        await self.commits.write(lambda c: c.execute(
            "insert or replace into balances values (?, ?, ?, ?)",
            (account, reading.balance.micros, reading.charged.micros, self.now())))

    async def remember(self, account: str, turns: Collection[tuple[str, float]],
                       lengths: Collection[tuple[str, float]]) -> None:
        """What a restart must know: free calls (bucket, when), lengths of jobs (model, seconds)."""
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("delete from turns where account = ? and at_s < ?",
                               (account, self.now() - FORGET_TURNS_S))
            connection.executemany("insert into turns values (?, ?, ?)",
                                   [(account, bucket, at_s) for bucket, at_s in turns])
            connection.executemany("insert into lengths values (?, ?, ?, ?)",
                                   [(account, model, s, self.now()) for model, s in lengths])

        await self.commits.write(work)

    def _receive(self, write: Callable[[str, W, str], None], tag: str, what: W, at: str) -> None:
        """Write a receipt; raises `Halt` (13) where the disk does not take it."""
        try:
            write(tag, what, at)
        except OSError as error:
            raise unwritable(self.receipts.path, error.strerror) from None

    def _scopes(self, job: Job, at_s: float) -> list[Scope]:
        if self.run is None:
            raise Halt(Exit.BUG, "an intent outside a run")
        return scopes(self.caps, run=self.run.id, manifest=self.run.manifest,
                      account=job.account, at_s=at_s)

    def _run_id(self) -> str:
        if self.run is None:
            raise Halt(Exit.BUG, "no run was begun")
        return self.run.id

    def _tick(self) -> float:
        """Now, never earlier than the latest moment that was ever recorded."""
        self._high_water_s = max(self._high_water_s, self.now())
        return self._high_water_s

    def _open_receipts(self) -> Found:
        found = self.receipts.open(int(self._meta("receipts_offset", "0")),
                                   self._meta("receipts_digest", START))
        for tag in found.intended:
            row = self.connection.execute("select 1 from attempts where tag = ?",
                                          (tag,)).fetchone()
            if row is None:
                raise damaged(self.folder / DATABASE, "it is older than its receipts")
        return found

    def _next_epoch(self) -> int:
        epoch = int(self._meta("epoch", "0")) + 1
        self.connection.execute("begin immediate")
        _put_meta(self.connection, "epoch", str(epoch))
        last = self.connection.execute("select max(at_s) as at_s from events").fetchone()["at_s"]
        _put_meta(self.connection, "high_water_s", repr(float(last or 0.0)))
        self.connection.execute("commit")
        return epoch

    def _meta(self, name: str, default: str) -> str:
        row = self.connection.execute("select value from meta where name = ?", (name,)).fetchone()
        return row["value"] if row else default


def _put_meta(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute("insert or replace into meta values (?, ?)", (name, value))


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
