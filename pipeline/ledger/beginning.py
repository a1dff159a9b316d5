"""How a process takes up the ledger: an epoch of its own, and two memories that agree.

Law: what the one memory knows and the other should is looked for at every start; where they differ
one of them was put back from an earlier day, and buying on could pay twice.
"""

import sqlite3
from pathlib import Path

from pipeline.ledger.connection import damaged
from pipeline.ledger.receipts import START, Found, Receipts


def read_meta(connection: sqlite3.Connection, name: str, default: str) -> str:
    """What the ledger remembers of itself under a name."""
    row = connection.execute("select value from meta where name = ?", (name,)).fetchone()
    return row["value"] if row else default


def put_meta(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Remember something of the ledger itself."""
    connection.execute("insert or replace into meta values (?, ?)", (name, value))


def begin_epoch(connection: sqlite3.Connection) -> tuple[int, float]:
    """The epoch of this process, committed, and the latest moment that was ever recorded."""
    epoch = int(read_meta(connection, "epoch", "0")) + 1
    connection.execute("begin immediate")
    put_meta(connection, "epoch", str(epoch))
    last = connection.execute("select max(at_s) as at_s from events").fetchone()["at_s"]
    put_meta(connection, "high_water_s", repr(float(last or 0.0)))
    connection.execute("commit")
    return epoch, float(last or 0.0)


def open_receipts(connection: sqlite3.Connection, receipts: Receipts, database: Path) -> Found:
    """What the log says since a run last ended in order.

    Raises `Halt` (13) where the log was edited or cut, where it names an intent that the database
    does not have, and where the database has an id whose receipt is not there.
    """
    found = receipts.open(int(read_meta(connection, "receipts_offset", "0")),
                          read_meta(connection, "receipts_digest", START))
    for tag in found.intended:
        row = connection.execute("select 1 from attempts where tag = ?", (tag,)).fetchone()
        if row is None:
            raise damaged(database, "it is older than its receipts")
    for row in connection.execute(
            "select attempts.tag from attempts join jobs on key = job and jobs.tag = attempts.tag "
            "where attempts.rowid > ? and remote_ids <> '[]'", (_marked_attempts(connection),)):
        if row["tag"] not in found.accepted:
            raise damaged(receipts.path, "it is older than the database")
    return found


def put_mark(connection: sqlite3.Connection, mark: tuple[int, str]) -> None:
    """A run ends in order: both memories have come so far."""
    put_meta(connection, "receipts_offset", str(mark[0]))
    put_meta(connection, "receipts_digest", mark[1])
    put_meta(connection, "receipts_attempts", str(_attempts(connection)))


def _marked_attempts(connection: sqlite3.Connection) -> int:
    """How many attempts there were at the mark; an older version's mark tells of none but all."""
    old = read_meta(connection, "receipts_offset", "") != ""
    told = read_meta(connection, "receipts_attempts", "")
    return int(told) if told else _attempts(connection) * old


def _attempts(connection: sqlite3.Connection) -> int:
    """The number of the latest attempt; none is ever taken out."""
    return int(connection.execute("select max(rowid) as n from attempts").fetchone()["n"] or 0)
