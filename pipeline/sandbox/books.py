"""The service's own SQLite books: jobs, charges, uploads and the counters of faults.

Law: one commit an accepted start, one an upload, none a read but the first of a sound or a clip,
whose digest is kept. The journal is a rollback journal, so that opening the books and reading them
changes no byte on disk.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pipeline.core.money import Money
from pipeline.sandbox.jobs import PROCESSING, QUEUED, RemoteJob

BUSY_TIMEOUT_S = 5.0
GRANT = Money.parse("10000")
"""What a new account has, in credits."""

_SCHEMA = Path(__file__).with_name("books.sql")
_COLUMNS = tuple(field.name for field in fields(RemoteJob))
_INSERT = (f"INSERT INTO jobs ({', '.join(_COLUMNS)}) "  # noqa: S608 - names of our own fields
           f"VALUES ({', '.join(':' + name for name in _COLUMNS)})")
_BALANCE = """
SELECT granted_micros - charged_micros + (SELECT coalesce(sum(refund_micros), 0) FROM jobs
  WHERE refund_micros > 0 AND finishes_at <= ?) FROM account"""
_OWED = """
SELECT coalesce(sum(charge_micros), 0) FROM jobs WHERE charged_late = 1 AND finishes_at > ?"""
_ADDED = ("late_ends", "null_links", "charged_late")
"""Columns that books of earlier versions lack."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of the ground truth: what a job took from the account, before any refund."""

    job: str
    model: str
    prompt: str
    credits: Money
    created_at: float


@dataclass(frozen=True, slots=True)
class Search:
    """Which jobs to list: empty texts ask nothing, `created_by` is the youngest moment shown.

    Jobs of the `hidden` kinds are passed over.
    """

    provider: str
    status: str = ""
    model: str = ""
    generation_type: str = ""
    created_by: float = float("inf")
    limit: int = 25
    hidden: tuple[str, ...] = ()


class Books:
    """Everything the service remembers; open them with `Books.open`."""

    def __init__(self, db: sqlite3.Connection, folder: Path | None) -> None:
        self._db = db
        self.folder = folder

    @classmethod
    def open(cls, folder: Path | None = None, *, granted: Money = GRANT) -> "Books":
        """Open `folder`/books.db, made if missing; None keeps all in memory.

        `granted` counts only when the account is made. Raises `sqlite3.DatabaseError` or `OSError`.
        """
        if folder:
            (folder / "uploads").mkdir(parents=True, exist_ok=True)
        path = folder / "books.db" if folder else ":memory:"
        db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA synchronous = FULL")
        books = cls(db, folder)
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'rings'").fetchone():
            with books.writing():
                books._found(granted)
        return books

    def _found(self, granted: Money) -> None:
        """Make what is missing: all of it in new books, the newest parts in old ones."""
        known = {row["name"] for row in self._db.execute("PRAGMA table_info(jobs)")}
        for name in _ADDED if known else ():
            if name not in known:
                self._db.execute(f"ALTER TABLE jobs ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0")
        for statement in _SCHEMA.read_text().split(";"):
            self._db.execute(statement)
        self._db.execute("INSERT OR IGNORE INTO account (id, granted_micros) VALUES (1, ?)",
                         (granted.micros,))

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction that no other process can come between; joins one already open."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:
            yield

    def next_seq(self) -> int:
        """The number of the next job; inside `writing` nobody else gets it."""
        found = self._db.execute("SELECT coalesce(max(seq), 0) + 1 FROM jobs").fetchone()
        return int(found[0])

    def add_job(self, job: RemoteJob) -> None:
        """Write down an accepted job and its charge."""
        row = {**asdict(job), "details": json.dumps(dict(job.details))}
        with self.writing():
            self._db.execute(_INSERT, row)
            self._db.executemany("INSERT INTO outputs (id, seq) VALUES (?, ?)",
                                 [(name, job.seq) for name in job.output_ids()])
            self._db.execute("UPDATE account SET charged_micros = charged_micros + ?",
                             (job.charge_micros,))

    def job(self, job_id: str) -> RemoteJob | None:
        """The job of this id."""
        return self._one("SELECT * FROM jobs WHERE id = ?", job_id)

    def job_of_output(self, output_id: str) -> RemoteJob | None:
        """The job that yields this output."""
        return self._one("SELECT jobs.* FROM outputs JOIN jobs USING (seq) WHERE outputs.id = ?",
                         output_id)

    def _one(self, query: str, name: str) -> RemoteJob | None:
        found = self._db.execute(query, (name,)).fetchone()
        return _job(found) if found else None

    def recent(self, search: Search, now: float) -> list[RemoteJob]:
        """The jobs that match, newest first."""
        where = ["provider = ?", "created_at <= ?"]
        values: list[object] = [search.provider, search.created_by]
        for column in ("model", "generation_type"):
            if wanted := getattr(search, column):
                where.append(f"{column} = ?")
                values.append(wanted)
        if search.status:
            condition, more = _phase_condition(search.status, now)
            where.append(condition)
            values += more
        if search.hidden:
            where.append(f"kind NOT IN ({', '.join('?' * len(search.hidden))})")
            values += search.hidden
        query = (f"SELECT * FROM jobs WHERE {' AND '.join(where)} "  # noqa: S608 - fixed texts
                 "ORDER BY seq DESC LIMIT ?")
        return [_job(row) for row in self._db.execute(query, [*values, search.limit])]

    def flights(self, bucket: str, now: float) -> list[float]:
        """When each unfinished job of this bucket will finish, latest first."""
        rows = self._db.execute("SELECT finishes_at FROM jobs WHERE bucket = ? AND finishes_at > ?"
                                " ORDER BY finishes_at DESC", (bucket, now))
        return [float(row[0]) for row in rows]

    def balance_micros(self, now: float) -> int:
        """What is left at this moment; what is owed for jobs under way is still there."""
        return self.free_micros(now) + int(self._db.execute(_OWED, (now,)).fetchone()[0])

    def free_micros(self, now: float) -> int:
        """What is left to buy with: the balance without what is owed."""
        return int(self._db.execute(_BALANCE, (now,)).fetchone()[0])

    def jobs(self) -> Iterator[RemoteJob]:
        """Every job, oldest first."""
        for row in self._db.execute("SELECT * FROM jobs ORDER BY seq"):
            yield _job(row)

    def charges(self) -> list[Charge]:
        """The ground truth for tests: one line for each job that was bought, oldest first."""
        return [Charge(job.id, job.model, job.prompt, Money(job.charge_micros), job.created_at)
                for job in self.jobs()]

    def remember(self, digest: str, output_id: str) -> None:
        """Keep which output has these bytes, so that it is known again when it is handed in."""
        if not self.output_of(digest):
            with self.writing():
                self._db.execute("INSERT OR IGNORE INTO served VALUES (?, ?)", (digest, output_id))

    def output_of(self, digest: str) -> str:
        """The output with these bytes, if it has been served; "" for none."""
        found = self._db.execute("SELECT output FROM served WHERE digest = ?", (digest,)).fetchone()
        return str(found[0]) if found else ""

    def bump(self, name: str, ceiling: int) -> int:
        """Count one more under `name`, and say the count; past `ceiling` nothing is written."""
        found = self._db.execute("SELECT n FROM counters WHERE name = ?", (name,)).fetchone()
        if found and found[0] >= ceiling:
            return ceiling + 1
        with self.writing():
            counted = self._db.execute(
                "INSERT INTO counters (name, n) VALUES (?, 1) "
                "ON CONFLICT (name) DO UPDATE SET n = n + 1 RETURNING n", (name,)).fetchall()
        return int(counted[0][0])

    def query(self, text: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Run one statement for a neighbour that keeps a table of its own in these books."""
        return self._db.execute(text, values).fetchall()


def _phase_condition(status: str, now: float) -> tuple[str, list[object]]:
    if status == QUEUED:
        return "starts_at > ?", [now]
    if status == PROCESSING:
        return "starts_at <= ? AND finishes_at > ?", [now, now]
    return "finishes_at <= ? AND outcome = ?", [now, status]


def _job(row: sqlite3.Row) -> RemoteJob:
    return RemoteJob(**{**dict(row), "details": json.loads(row["details"]),
                        "charged_late": bool(row["charged_late"])})
