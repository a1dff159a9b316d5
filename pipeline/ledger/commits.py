"""Group commit: whoever writes while another write is being synced shares the next sync.

Law: a caller goes on only when its write is durable. An acceptance is in the receipt log before the
database hears of it, an intent after its commit and before its caller goes on. A commit that raised
may still be on disk (SAFETY 0.6), so after one nothing more is written by this process: it stops,
and recovery reads. Only a disk without room is another matter: SQLite says so before it commits.
Then the ballast makes room for what has happened already, and what is only wanted is told that
there is none.
"""

import errno
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel

from pipeline.core.errors import Exit, Halt
from pipeline.ledger.ballast import Ballast, NoRoom
from pipeline.ledger.connection import unwritable
from pipeline.ledger.receipts import Line, Receipts

LARGEST_GROUP = 500
GATHER_S = 0.003
"""How long the next group is gathered while the last one was of several writers: about the median
of one sync under load (SAFETY 0.5), so that 64 connections share one instead of paying for many
(facts/speed_measured, section 2)."""


class Fenced(Exception):
    """The row, or the whole ledger, is no longer what this process believed."""


@dataclass(slots=True)
class _Write:
    work: Callable[[sqlite3.Connection], object]
    wish: bool = False
    receipt: Line | None = None
    intent: Line | None = None
    outcome: object = None
    error: BaseException | None = None
    done: anyio.Event = field(default_factory=anyio.Event)


class Commits:
    """The single writer of a connection."""

    def __init__(self, connection: sqlite3.Connection, epoch: int, ballast: Ballast,
                 receipts: Receipts) -> None:
        self.connection = connection
        self.epoch = epoch
        self.ballast = ballast
        self.receipts = receipts
        self._queue: list[_Write] = []
        self._leading = self._crowded = False
        self._broken: Halt | None = None

    async def write(self, work: Callable[[sqlite3.Connection], object], *, wish: bool = False,
                    receipt: Line | None = None, intent: Line | None = None) -> object:
        """Run `work` inside a transaction; its outcome, once that is durable.

        `receipt` is a line of the receipt log that is synced before the commit, `intent` one that
        is synced after it. What `work` raises undoes this write alone and is raised here; where a
        neighbour fails, or the disk is full, `work` may run twice. A `wish` is no fact yet: where
        there is no room for it, `NoRoom` is raised.
        """
        mine = _Write(work, wish, receipt, intent)
        self._queue.append(mine)
        if self._leading:
            await mine.done.wait()
        else:
            await self._lead()
        return _outcome(mine)

    def write_now(self, work: Callable[[sqlite3.Connection], object], *,
                  wish: bool = False) -> object:
        """The same without waiting for company: for the start and the end of a run."""
        mine = _Write(work, wish)
        self._flush([mine])
        return _outcome(mine)

    async def _lead(self) -> None:
        self._leading = True
        try:
            while self._queue:
                await self._gather()
                group, self._queue = self._queue[:LARGEST_GROUP], self._queue[LARGEST_GROUP:]
                self._flush(group)
        finally:
            self._leading = False

    async def _gather(self) -> None:
        """Let others join: all that is ready now; among many writers a moment more, which costs
        each of them less than a sync of its own."""
        with anyio.CancelScope(shield=True):
            await anyio.sleep(GATHER_S if self._crowded else 0)

    def _flush(self, group: list[_Write]) -> None:
        self._crowded = len(group) > 1
        try:
            self._carry_out(group)
        finally:
            for write in group:
                write.done.set()

    def _carry_out(self, group: list[_Write]) -> None:
        if self._broken is not None:
            _tell(group, self._broken)
            return
        try:
            self._receive(group)
            self._transact(group)
            self._write_lines([write.intent for write in group
                               if write.intent and write.error is None])
        except Halt as halt:
            self._broken = halt
            _tell(group, halt)
        except BaseException as error:
            facts = [write for write in group if not write.wish]
            if _is_full(error) and (not facts or self.ballast.give_up()):
                _tell(group, NoRoom(self.ballast.path.parent, "is full"))
                self._carry_out_anew(facts)
                return
            self._broken = Halt(Exit.DAMAGED, f"the ledger could not be written: {error}",
                                hint="make room or mend the disk, then `pipeline resume`: "
                                     "what was bought will be found again", code="state_broken")
            _tell(group, self._broken)
            if not isinstance(error, sqlite3.DatabaseError):
                raise

    def _carry_out_anew(self, facts: list[_Write]) -> None:
        _tell(facts, None)
        if facts:
            self._carry_out(facts)

    def _receive(self, group: list[_Write]) -> None:
        """The receipts of a group, each of them once."""
        lines = [write.receipt for write in group if write.receipt]
        for write in group:
            write.receipt = None
        self._write_lines(lines)

    def _write_lines(self, lines: list[Line]) -> None:
        """Lines of the receipt log; raises `Halt` (13) where the disk does not take them."""
        if not lines:
            return
        try:
            self._reserve()
            self.receipts.write(lines)
        except OSError as error:
            raise unwritable(self.receipts.path, error.strerror) from None

    def _reserve(self) -> None:
        try:
            self.receipts.reserve()
        except OSError as error:
            if error.errno != errno.ENOSPC or not self.ballast.give_up():
                raise
            self.receipts.reserve()

    def _transact(self, group: list[_Write]) -> None:
        """A group in one transaction. A write that fails undoes itself alone: then all of them are
        done anew with a savepoint each, which every write would otherwise pay for."""
        if not self._in_one(group, self._do):
            self._in_one(group, self._attempt)

    def _in_one(self, group: list[_Write], do: Callable[[_Write], None]) -> bool:
        """Begin, do and commit; False, and nothing was done, where a write among others failed."""
        connection = self.connection
        connection.execute("begin immediate")
        try:
            self._check_epoch()
            for write in group:
                do(write)
                if write.error is not None and do == self._do:
                    connection.execute("rollback")
                    return len(group) == 1
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise
        return True

    def _do(self, write: _Write) -> None:
        try:
            write.outcome = write.work(self.connection)
        except sqlite3.IntegrityError as error:
            write.error = Fenced(str(error))
        except sqlite3.DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised to the caller
            write.error = error

    def _attempt(self, write: _Write) -> None:
        write.error = None
        self.connection.execute("savepoint one")
        self._do(write)
        if write.error is not None:
            self.connection.execute("rollback to one")
        self.connection.execute("release one")

    def _check_epoch(self) -> None:
        row = self.connection.execute("select value from meta where name = 'epoch'").fetchone()
        if row is None or int(row["value"]) != self.epoch:
            raise sqlite3.DatabaseError("another process has taken the ledger over")


def _is_full(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) \
        and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _tell(group: list[_Write], error: BaseException | None) -> None:
    for write in group:
        write.error = error


def _outcome(write: _Write) -> object:
    if write.error is not None:
        raise write.error
    return write.outcome
