"""The one connection of a process to the database, opened to be safe and shown to be so.

Law: WAL with `synchronous=FULL`, because a commit that a power cut can take back is a job that can
be bought twice; and no other descriptor of the database in this process, because closing one drops
SQLite's locks.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from pipeline.core.errors import Exit, Halt

DATABASE = "pipeline.db"
RECEIPTS = "receipts.log"
BUSY_TIMEOUT_MS = 5_000
DESCRIPTORS = Path("/dev/fd")
"""Where a process finds its own open files, on Linux and on macOS."""
WAL_VERSIONS = b"\2\2"
"""Bytes 18 and 19 of a database that is read and written through a write-ahead log."""
UNWRITABLE = frozenset({
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DELETE})

UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What a damaged database raises; the second where SQLite's complaint quotes the damage itself."""


def damaged(path: Path, error: object) -> Halt:
    """The halt for a database that cannot be believed."""
    return Halt(Exit.DAMAGED, f"{path} cannot be used: {error}",
                hint="put back the state folder as it was when the last run ended; "
                     "starting afresh could buy again what was paid for", code="state_damaged")


def unusable(path: Path, error: Exception) -> Halt:
    """The halt for what SQLite says of a database: it has no room, or it cannot be believed."""
    if getattr(error, "sqlite_errorcode", None) not in UNWRITABLE:
        return damaged(path, error)
    return unwritable(path, error)


def unwritable(path: Path, error: object) -> Halt:
    """The halt for a file of the state that takes no more."""
    return Halt(Exit.DAMAGED, f"{path} cannot be written: {error}", code="state_broken",
                hint="make room or mend the disk, then `pipeline resume`: what was bought will be "
                     "found again")


def open_for_writing(folder: Path, kind: type[sqlite3.Connection] = sqlite3.Connection, *,
                     sealed: bool = False) -> sqlite3.Connection:
    """Open or make the database; raises `Halt` (13) for one that is damaged or too new.

    The pages of one that is `sealed` were looked at, and nothing touched the file since.
    """
    from pipeline.ledger.schema import NewerSchema, migrate  # 0.3 s of imports, for writers only

    path = folder / DATABASE
    if not path.exists() and (folder / RECEIPTS).exists():
        raise damaged(path, "it is gone, and its receipts are not")
    if path.exists() and path.stat().st_size == 0 and has_receipts(folder):
        raise damaged(path, "it is empty")
    connection = None
    try:
        connection = _connect(path, "rwc", kind)
        _make_safe(connection, path)
        if not sealed:
            _check_pages(connection, path)
        migrate(connection)
    except (*UNREADABLE, NewerSchema) as error:
        if connection is not None:
            connection.close()
        if isinstance(error, NewerSchema):
            raise damaged(path, f"it was written by a later version of this program: {error}",
                          ) from None
        raise unusable(path, error) from None
    path.chmod(0o600)
    return connection


def has_receipts(folder: Path) -> bool:
    """Whether anything was ever about to be bought from this folder."""
    receipts = folder / RECEIPTS
    return receipts.exists() and receipts.stat().st_size > 0


def open_for_reading(folder: Path) -> sqlite3.Connection | None:
    """Open the database for questions only; None where there is none yet."""
    path = folder / DATABASE
    if not path.exists():
        return None
    try:
        mode = "rw" if os.access(path, os.W_OK) and os.access(folder, os.W_OK) else "ro"
        connection = _connect(path, mode)
        connection.execute("pragma query_only = on")
        begun = {row["name"] for row in connection.execute(
            "select name from sqlite_master where name in ('runs', 'tallies')")}
    except UNREADABLE as error:
        raise damaged(path, error) from None
    if "tallies" in begun:
        return connection
    has_run = bool(begun) and connection.execute("select 1 from runs").fetchone() is not None
    connection.close()
    if has_run:
        raise Halt(Exit.USAGE, f"{path} was written by an early version of this program",
                   hint="`pipeline resume` brings it to today's shape", code="state_older")
    if has_receipts(folder):
        raise damaged(path, "it is empty")
    return None  # a process died while it made it


def _connect(path: Path, mode: str,
             kind: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True,
                                 isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000,
                                 factory=kind)
    connection.row_factory = sqlite3.Row
    return connection


def check_wal(connection: sqlite3.Connection, path: Path) -> None:
    """After the first commit: the write-ahead log is in force, in the file as well; raises `Halt`.

    A switch that failed has been seen to be told as done (SAFETY 2.6).
    """
    mode = connection.execute("pragma journal_mode").fetchone()[0]
    if mode != "wal" or _versions(path) not in (None, WAL_VERSIONS):
        raise Halt(Exit.USAGE, f"{path} has no write-ahead log on this file system",
                   hint="name a folder on a disk of this machine with --state", code="state_place")


def _versions(path: Path) -> bytes | None:
    """Bytes 18 and 19 of the header, read through SQLite's own descriptor: to close one of ours
    would drop its locks. None where this process cannot see its descriptors."""
    there = path.stat()
    for entry in DESCRIPTORS.iterdir() if DESCRIPTORS.is_dir() else ():
        with suppress(OSError):
            mine = os.fstat(int(entry.name))
            if (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino):
                return os.pread(int(entry.name), 2, 18)
    return None


def _make_safe(connection: sqlite3.Connection, path: Path) -> None:
    """Set WAL and FULL, and read both back: setting the pragma has been seen not to be enough."""
    mode = connection.execute("pragma journal_mode = wal").fetchone()[0]
    connection.execute("pragma synchronous = full")
    connection.execute("pragma fullfsync = on")  # means something on macOS only (SAFETY 2.12)
    connection.execute("pragma checkpoint_fullfsync = on")
    connection.execute("pragma foreign_keys = on")
    synchronous = connection.execute("pragma synchronous").fetchone()[0]
    if mode != "wal" or synchronous != 2:
        raise damaged(path, f"journal mode {mode}, synchronous {synchronous}")


def _check_pages(connection: sqlite3.Connection, path: Path) -> None:
    """All of them, once: what is bought is decided by what stands in them."""
    if connection.execute("pragma quick_check(1)").fetchone()[0] != "ok":
        raise damaged(path, "its pages do not agree")
