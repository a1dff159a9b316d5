"""Group commit: whoever writes while another write is being synced shares the next sync.

Law: a caller goes on only when its write is durable. A commit that raised may still be on disk
(SAFETY 0.6), so after one nothing more is written by this process: it stops, and recovery reads.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel

from pipeline.core.errors import Exit, Halt

LARGEST_GROUP = 500


class Fenced(Exception):
    """The row, or the whole ledger, is no longer what this process believed."""


@dataclass(slots=True)
class _Write:
    work: Callable[[sqlite3.Connection], object]
    outcome: object = None
    error: BaseException | None = None
    done: anyio.Event = field(default_factory=anyio.Event)


class Commits:
    """The single writer of a connection."""

    def __init__(self, connection: sqlite3.Connection, epoch: int) -> None:
        self.connection = connection
        self.epoch = epoch
        self._queue: list[_Write] = []
        self._leading = False
        self._broken: Halt | None = None

    async def write(self, work: Callable[[sqlite3.Connection], object]) -> object:
        """Run `work` inside a transaction; its outcome, once that is durable.

        What `work` raises undoes this write alone and is raised here.
        """
        mine = _Write(work)
        self._queue.append(mine)
        if self._leading:
            await mine.done.wait()
        else:
            await self._lead()
        return _outcome(mine)

    def write_now(self, work: Callable[[sqlite3.Connection], object]) -> object:
        """The same without waiting for company: for the start and the end of a run."""
        mine = _Write(work)
        self._flush([mine])
        return _outcome(mine)

    async def _lead(self) -> None:
        self._leading = True
        try:
            while self._queue:
                await anyio.lowlevel.cancel_shielded_checkpoint()
                group, self._queue = self._queue[:LARGEST_GROUP], self._queue[LARGEST_GROUP:]
                self._flush(group)
        finally:
            self._leading = False

    def _flush(self, group: list[_Write]) -> None:
        if self._broken is not None:
            for write in group:
                write.error = self._broken
                write.done.set()
            return
        try:
            self._transact(group)
        except BaseException as error:
            self._broken = Halt(Exit.DAMAGED, f"the ledger could not be written: {error}",
                                hint="make room or mend the disk, then `pipeline resume`: "
                                     "what was bought will be found again", code="state_broken")
            for write in group:
                write.error = self._broken
            if not isinstance(error, sqlite3.DatabaseError):
                raise
        finally:
            for write in group:
                write.done.set()

    def _transact(self, group: list[_Write]) -> None:
        connection = self.connection
        connection.execute("begin immediate")
        try:
            self._check_epoch()
            for write in group:
                self._attempt(write)
            connection.execute("commit")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise

    def _attempt(self, write: _Write) -> None:
        self.connection.execute("savepoint one")
        try:
            write.outcome = write.work(self.connection)
        except sqlite3.IntegrityError as error:
            write.error = Fenced(str(error))
        except sqlite3.DatabaseError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised to the caller
            write.error = error
        if write.error is not None:
            self.connection.execute("rollback to one")
        self.connection.execute("release one")

    def _check_epoch(self) -> None:
        row = self.connection.execute("select value from meta where name = 'epoch'").fetchone()
        if row is None or int(row["value"]) != self.epoch:
            raise sqlite3.DatabaseError("another process has taken the ledger over")


def _outcome(write: _Write) -> object:
    if write.error is not None:
        raise write.error
    return write.outcome
