"""A ground that thousands of worlds stand on, one after the other: wiped, not made anew.

Goal: a world costs what its own processes do. Method: one folder, one database, one connection
that each process takes up from the one before it, one more for those who only look on, and the
service's books, kept open; what is kept is emptied before a world begins. A process that dies
loses its transaction, as ever, and the next one reads what was committed.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from pipeline.core.money import Money
from pipeline.ledger.connection import RECEIPTS, open_for_reading, open_for_writing
from pipeline.providers.http import Http
from pipeline.sandbox.books import Books
from pipeline.simulation.ground import ADDRESS, KEY, Ground
from pipeline.simulation.life import Life
from pipeline.simulation.memory import Check, MortalConnection
from pipeline.simulation.short_line import ShortLine
from pipeline.simulation.wire import Caller

TABLES = "select name from sqlite_master where type = 'table' and name not glob '[_s]*qlite_*'"


IN_MEMORY = Path("/dev/shm")
Rows = Mapping[str, Sequence[tuple[object, ...]]]
"""The rows of tables, by their names."""


@contextmanager
def empty_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class KeptConnection(MortalConnection):
    """A connection that is opened once, and taken up by one process after another."""

    kept: ClassVar["KeptConnection | None"] = None

    def __new__(cls, *args: Any, **options: Any) -> "KeptConnection":
        return cls.kept or super().__new__(cls)

    def __init__(self, *args: Any, **options: Any) -> None:
        if self.kept is None:
            super().__init__(*args, **options)
            type(self).kept = self
        else:
            self.life.at_death(self.abandon)

    def abandon(self) -> None:
        self.rollback()

    def close(self) -> None:
        """The process lets go of it; the next one takes it up."""


class KeptGround(Ground):
    """One ground for many worlds."""

    anywhere = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.state.mkdir(parents=True)
        self._kind = type("ConnectionOfAll", (KeptConnection,), {})
        self._writer = open_for_writing(self.state, self.memory(Life(), None))
        reader = open_for_reading(self.state)
        assert reader is not None
        self._reader = reader
        self._seen: tuple[int, Rows] = (0, {})
        self._books = Books.open(None)
        self._tables = [row["name"] for row in self._writer.execute(TABLES)]
        self._books_tables = [row["name"] for row in self._books.query(TABLES)]

    def wipe(self) -> None:
        """Nothing has happened yet."""
        self.put({}, {}, {})

    def put(self, ledger: Rows, files: Mapping[str, bytes], books: Rows) -> None:
        """This is what has happened."""
        self.memory(Life(), None)
        self._writer.execute("begin immediate")
        _fill(self._writer, self._tables, ledger)
        self._writer.execute("commit")
        shutil.rmtree(self.outputs, ignore_errors=True)
        (self.state / RECEIPTS).unlink(missing_ok=True)
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        with self._books.writing():
            _fill(self._books._db, self._books_tables, books)

    def ledger_rows(self) -> Rows:
        """What is committed; read anew only when it is something else than before."""
        version = self._reader.execute("pragma data_version").fetchone()[0]
        if version != self._seen[0]:
            self._seen = version, _rows(self._reader, self._tables)
        return self._seen[1]

    def books_rows(self) -> Rows:
        """What the service knows."""
        return _rows(self._books._db, self._books_tables)

    def files(self) -> Mapping[str, bytes]:
        """The receipt log and the outputs, by their paths."""
        log = self.state / RECEIPTS
        paths = [log] if log.exists() else []
        if self.outputs.exists():
            paths += [path for path in self.outputs.rglob("*") if path.is_file()]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}

    def open_books(self, granted: Money) -> Books:
        with self._books.writing():
            _fill(self._books._db, self._books_tables, {"account": [(1, granted.micros, 0)]})
        return self._books

    def close_books(self, books: Books) -> None:
        """They are kept."""

    def close(self) -> None:
        """No world stands here any more."""
        sqlite3.Connection.close(self._writer)
        self._reader.close()
        self._books.close()

    def memory(self, life: Life, check: Check | None) -> type[sqlite3.Connection]:
        self._kind.life = life
        self._kind.check = staticmethod(check) if check else None
        return self._kind

    def http(self, caller: Caller, now: Callable[[], float]) -> Http:
        return ShortLine(ADDRESS, KEY, now=now, caller=caller)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        yield self._reader


@contextmanager
def kept_ground() -> Iterator[KeptGround]:
    """A ground that is gone afterwards."""
    with empty_folder() as folder:
        ground = KeptGround(folder)
        try:
            yield ground
        finally:
            ground.close()


def _rows(connection: sqlite3.Connection, tables: Sequence[str]) -> Rows:
    found = {}
    for table in tables:
        cursor = connection.cursor()
        cursor.row_factory = None
        if rows := cursor.execute(f"select * from {table}").fetchall():
            found[table] = rows
    return found


def _fill(connection: sqlite3.Connection, tables: Sequence[str], rows: Rows) -> None:
    """Each table has these rows and no others."""
    for table in tables:
        connection.execute(f"delete from {table}")
        if found := rows.get(table):
            marks = ", ".join("?" * len(found[0]))
            connection.executemany(f"insert into {table} values ({marks})", found)
