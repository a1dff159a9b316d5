"""When the pages of the database are looked at, and when its seal spares the look.

Goal: a file that anybody touched since it was put away in order is looked at as a whole before
anything else; one that nobody touched is opened in a time that does not grow with it. Method: real
files, opened with a connection that keeps what it was asked; every way in which a file may change.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ledger_samples import NOON, Clock, begun, happen, intended, jobs_of, make_cell

from pipeline.core.errors import Exit, Halt
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.seal import BOOT, LOOK_AGAIN_S, SEAL, break_seal, put_seal

pytestmark = pytest.mark.skipif(not BOOT.exists(), reason="no seal is ever put on here")
LOOK = "pragma quick_check(1)"


class Asked(sqlite3.Connection):
    """A connection that keeps what it was asked."""

    words: list[str]

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """One statement, kept."""
        self.__dict__.setdefault("words", []).append(sql)
        return super().execute(sql, *values)


def looks(folder: Path, now_s: float = NOON) -> bool:
    """Whether a process that takes the folder up looks at all pages; it leaves in order."""
    ledger = Ledger(folder, Clock(now_s), connection=Asked)
    asked = LOOK in ledger.connection.words  # type: ignore[attr-defined]
    ledger.close()
    return asked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state folder that a process has left in order."""
    with begun(tmp_path / "state", make_cell("a"), make_cell("b")) as ledger:
        happen(ledger, jobs_of(ledger)[0], intended())
    return tmp_path / "state"


def test_a_file_that_was_put_away_in_order_is_opened_without_a_look(folder: Path) -> None:
    assert [looks(folder) for _ in range(3)] == [False] * 3
    assert looks(folder.parent / "new")


def test_a_question_in_between_breaks_no_seal(folder: Path) -> None:
    reader = sqlite3.connect(f"file:{folder}/pipeline.db?mode=rw", uri=True)
    assert reader.execute("select count(*) from jobs").fetchone() == (2,)
    reader.close()
    assert not looks(folder)


def test_a_process_that_died_leaves_no_seal(folder: Path) -> None:
    database = folder / "pipeline.db"
    looked_s = break_seal(database, NOON)
    assert looked_s == NOON
    assert not (folder / SEAL).exists()
    assert looks(folder)


def test_every_page_is_looked_at_once_a_day(folder: Path) -> None:
    assert not looks(folder, NOON + LOOK_AGAIN_S - 1)
    assert looks(folder, NOON + LOOK_AGAIN_S)
    assert not looks(folder, NOON + LOOK_AGAIN_S + 1)


def test_a_clock_that_went_back_is_not_believed(folder: Path) -> None:
    assert looks(folder, NOON - 1)


def _byte(folder: Path) -> None:
    """One byte turned, and the file's time put back as it was."""
    database = folder / "pipeline.db"
    before = database.stat()
    content = bytearray(database.read_bytes())
    content[-1] ^= 1
    database.write_bytes(content)
    os.utime(database, ns=(before.st_atime_ns, before.st_mtime_ns))


def _moved_in(folder: Path) -> None:
    shutil.copy2(folder / "pipeline.db", folder / "copy")
    (folder / "copy").replace(folder / "pipeline.db")


def _written(folder: Path) -> None:
    with sqlite3.connect(folder / "pipeline.db") as connection:
        connection.execute("insert into meta values ('x', 'y')")
    connection.close()


def _log(folder: Path) -> None:
    (folder / "pipeline.db-wal").write_bytes(b"\0" * 4096)


def _restarted(folder: Path) -> None:
    says = json.loads((folder / SEAL).read_text())
    (folder / SEAL).write_text(json.dumps(says | {"boot": "another"}))


def _torn(folder: Path) -> None:
    text = (folder / SEAL).read_text()
    (folder / SEAL).write_text(text[:-1])


def _empty(folder: Path) -> None:
    (folder / SEAL).write_text("")


def _odd(folder: Path) -> None:
    (folder / SEAL).write_text('[{"looked_s": NaN}]')


def _never(folder: Path) -> None:
    says = json.loads((folder / SEAL).read_text())
    (folder / SEAL).write_text(json.dumps(says | {"looked_s": float("nan")}))


@pytest.mark.parametrize("change", [_byte, _moved_in, _written, _log, _restarted, _torn, _empty,
                                    _odd, _never])
def test_whatever_changed_since_is_a_reason_to_look(change: Callable[[Path], None],
                                                    folder: Path) -> None:
    change(folder)
    assert looks(folder)
    assert not looks(folder)


def test_a_change_in_the_same_moment_shows(folder: Path) -> None:
    """The clock of a file system ticks every few milliseconds: within one tick times are alike."""
    database = folder / "pipeline.db"
    for _ in range(50):
        put_seal(database, NOON)
        with database.open("r+b") as file:
            file.write(b"S")
        assert break_seal(database, NOON) is None


def test_damage_is_found_wherever_it_is(folder: Path) -> None:
    """No turned byte is ever believed unseen, be it one that SQLite would not have found."""
    database = folder / "pipeline.db"
    whole = database.read_bytes()
    for place in range(0, len(whole), len(whole) // 60):
        put_seal(database, NOON)
        with database.open("r+b") as file:
            file.seek(place)
            file.write(bytes([whole[place] ^ 0xFF]))
        try:
            assert looks(folder)
        except Halt as halt:
            assert halt.exit_code is Exit.DAMAGED
        except sqlite3.Error:
            pytest.fail(f"byte {place}: not told as damage")
        database.write_bytes(whole)
