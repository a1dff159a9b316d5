"""A state folder that is not what it was: damaged, older, newer, edited, torn.

Goal: memories that do not agree are not believed: exit code 13, and never a fresh start.
Method: real files and real damage (SAFETY F82, F83, F96).
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_samples import (
    RUN,
    begun,
    happen,
    intended,
    jobs_of,
    make_cell,
    make_run,
    opened,
    running,
    states,
)
from sqlite_utils import Database

from pipeline.core.errors import Exit, Halt
from pipeline.core.job import Accepted, State
from pipeline.ledger.connection import open_for_reading
from pipeline.ledger.receipts import acceptance
from pipeline.ledger.schema import MIGRATIONS


def used(folder: Path, *, finished: bool = True) -> Path:
    """A state folder that a run has left."""
    with begun(folder, make_cell("a"), make_cell("b")) as ledger:
        running(ledger, jobs_of(ledger)[0])
        if finished:
            ledger.finish(make_run(), 0, 1.0, ended=False)
    return folder


def not_believed(folder: Path) -> str:
    """The message with which the folder is refused; nothing in it has changed."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(Halt) as told, opened(folder):
        pytest.fail("a fresh start")
    assert told.value.exit_code is Exit.DAMAGED
    assert "put back the state folder" in told.value.hint
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in ("pipeline.db", "receipts.log"):
        assert after.get(name) == before.get(name), f"{name} was touched"
    return told.value.message


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _noise(path: Path) -> None:
    path.write_bytes(b"not a database at all " * 400)


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _flip_header(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0:16] = b"\xff" * 16
    path.write_bytes(content)


def _flip_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:4096 + 64] = b"\xff" * 64
    path.write_bytes(content)


def _later_version(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        [(name, applied)] = connection.execute(
            "select migration_set, applied_at from _sqlite_migrations limit 1").fetchall()
        connection.execute("insert into _sqlite_migrations (migration_set, name, applied_at) "
                           "values (?, 'm999_later', ?)", (name, applied))
    connection.close()


@pytest.mark.parametrize("harm", [Path.unlink, _empty, _noise, _truncate, _flip_header, _flip_page])
@pytest.mark.parametrize("finished", [True, False])
def test_a_database_that_is_damaged_is_never_a_fresh_start(
        harm: Callable[[Path], None], finished: bool, tmp_path: Path) -> None:
    harm(used(tmp_path, finished=finished) / "pipeline.db")
    not_believed(tmp_path)


@pytest.mark.parametrize("harm", [_empty, _noise, _flip_header])
def test_a_question_to_a_damaged_database_is_told_so(harm: Callable[[Path], None],
                                                     tmp_path: Path) -> None:
    harm(used(tmp_path) / "pipeline.db")
    with pytest.raises(Halt) as told:
        open_for_reading(tmp_path)
    assert told.value.exit_code is Exit.DAMAGED


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    _later_version(used(tmp_path) / "pipeline.db")
    assert "later version of this program: m999_later" in not_believed(tmp_path)


def test_a_question_to_an_early_version_names_the_way_to_todays_shape(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "pipeline.db")
    earlier = Database(connection, execute_plugins=False)
    MIGRATIONS.apply(earlier, stop_before="m004_tallies")
    assert open_for_reading(tmp_path) is None  # a process died while it made it: nothing is there
    columns = [row["name"] for row in earlier.query("pragma table_info(runs)") if row["notnull"]]
    connection.execute(f"insert into runs ({', '.join(columns)}) "
                       f"values ({', '.join('0' for _ in columns)})")
    connection.commit()
    connection.close()
    with pytest.raises(Halt, match="early version") as told:
        open_for_reading(tmp_path)
    assert (told.value.exit_code, told.value.code) == (Exit.USAGE, "state_older")
    with opened(tmp_path):
        pass
    reader = open_for_reading(tmp_path)
    assert reader is not None
    reader.close()


def test_a_folder_that_died_while_it_was_made_is_begun_again(tmp_path: Path) -> None:
    _empty(tmp_path / "pipeline.db")
    assert open_for_reading(tmp_path) is None
    with opened(tmp_path) as ledger:
        assert ledger.ask.runs() == []


def test_a_database_that_is_older_than_its_receipts_is_refused(tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("a")):
        pass
    shutil.copy(tmp_path / "pipeline.db", tmp_path / "old")
    with opened(tmp_path) as ledger:
        ledger.go_on(make_run(), ledger.caps)
        running(ledger)
    shutil.move(tmp_path / "old", tmp_path / "pipeline.db")
    assert "older than its receipts" in not_believed(tmp_path)


def test_a_line_torn_by_a_crash_is_cut_and_the_log_goes_on(tmp_path: Path) -> None:
    log = used(tmp_path, finished=False) / "receipts.log"
    whole = log.read_bytes()
    for torn in (b"0123", b"0123456789abcdef {\"what\":\"inte", b"\0" * 40):
        log.write_bytes(whole + torn)
        with opened(tmp_path) as ledger:
            assert ledger.found.accepted == {"tag-1": ("r1",)}
            assert log.read_bytes() == whole
    with opened(tmp_path) as ledger:
        ledger.go_on(make_run(), ledger.caps)
        happen(ledger, jobs_of(ledger)[1], intended("tag-2"))
    with opened(tmp_path) as ledger:
        assert set(ledger.found.intended) == {"tag-1", "tag-2"}


def _edited(text: bytes) -> bytes:
    return text.replace(b'"r1"', b'"r2"')


def _line_gone(text: bytes) -> bytes:
    return b"".join(text.splitlines(keepends=True)[1:])


def _line_twice(text: bytes) -> bytes:
    return text + text.splitlines(keepends=True)[-1]


def _made_up(text: bytes) -> bytes:
    return text + b'0123456789abcdef {"what":"accepted","tag":"tag-1","ids":["evil"],"at":""}\n'


@pytest.mark.parametrize("forge", [_edited, _line_gone, _line_twice, _made_up])
def test_a_log_that_was_edited_is_refused(forge: Callable[[bytes], bytes], tmp_path: Path) -> None:
    log = used(tmp_path, finished=False) / "receipts.log"
    log.write_bytes(forge(log.read_bytes()))
    assert "was edited" in not_believed(tmp_path)


def test_a_log_that_is_shorter_than_it_was_is_refused(tmp_path: Path) -> None:
    log = used(tmp_path) / "receipts.log"
    os.truncate(log, 10)
    assert "is shorter than it was" in not_believed(tmp_path)
    log.unlink()
    with pytest.raises(Halt, match="is shorter than it was"), opened(tmp_path):
        pytest.fail("a log that is gone was believed")


def test_a_log_that_lacks_what_the_database_learned_is_refused(tmp_path: Path) -> None:
    """Until a run has ended in order no mark tells how long the log was."""
    log = used(tmp_path, finished=False) / "receipts.log"
    lines = log.read_bytes().splitlines(keepends=True)
    for left in ([], lines[:1]):
        log.write_bytes(b"".join(left))
        assert "receipts.log cannot be used: it is older than the datab" in not_believed(tmp_path)
    log.write_bytes(b"".join(lines))
    with opened(tmp_path) as ledger:
        assert ledger.found.accepted == {"tag-1": ("r1",)}


def test_a_mark_of_an_older_version_tells_nothing_of_attempts(tmp_path: Path) -> None:
    used(tmp_path)
    with sqlite3.connect(tmp_path / "pipeline.db") as connection:
        connection.execute("delete from meta where name = 'receipts_attempts'")
    connection.close()
    with opened(tmp_path) as ledger:
        assert ledger.found.accepted == {}


def test_a_log_is_read_from_where_the_last_run_ended(tmp_path: Path) -> None:
    with opened(used(tmp_path)) as ledger:
        assert (ledger.found.intended, ledger.found.accepted) == ({}, {})
        ledger.go_on(make_run(), ledger.caps)
        happen(ledger, jobs_of(ledger)[1], intended("tag-2"))
    with opened(tmp_path) as ledger:
        assert set(ledger.found.intended) == {"tag-2"}


def test_a_receipt_is_on_disk_before_the_database_hears_of_it(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        job = happen(ledger, jobs_of(ledger)[0], intended())
        seen: list[str] = []
        ledger.connection.set_trace_callback(
            lambda sql: seen.append((tmp_path / "receipts.log").read_text())
            if sql.startswith(("BEGIN", "begin")) else None)
        happen(ledger, job, Accepted(("r1",)))
        ledger.connection.set_trace_callback(None)
        assert '"ids":["r1"]' in seen[0]


def test_an_id_that_the_database_never_heard_of_is_found_in_the_log(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        happen(ledger, jobs_of(ledger)[0], intended("tag-7"))
        ledger.receipts.write([acceptance("tag-7", ("r7", "r8"), "now")])
    with opened(tmp_path) as ledger:
        assert states(ledger) == [State.SUBMITTING]
        assert ledger.found.accepted["tag-7"] == ("r7", "r8")
        assert ledger.ask.find_run(RUN[:6]) is not None
