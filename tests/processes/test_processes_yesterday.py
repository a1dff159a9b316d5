"""A state folder that is not the one it was: put back from a backup, half, or from the future.

Goal: what could pay twice is refused with 13 before a call is made; where both memories are old,
what they know of is found in the service's list and adopted (SAFETY 2.6, F82, F83, F96). What was
begun after the copy no memory knows of: two copies are two buyers (SAFETY 2.12). Method: the
program, its real state folder copied and put back, and a sandbox whose books remember.
"""

import shutil
import sqlite3
from pathlib import Path

import pytest
from processes_books import books_of, check_books
from processes_kit import Place, Sandbox, sandbox, wait_for
from processes_shapes import ERROR, check

MIGRATION = ("insert into _sqlite_migrations (migration_set, name, applied_at) "
             "select migration_set, 'm999_later', applied_at from _sqlite_migrations limit 1")

SLOW = "slow_reply: {calls: [start], seconds: 6000}"


def keep(place: Place, name: str = "yesterday") -> Path:
    """A copy of the state, as a backup would have it."""
    return Path(shutil.copytree(place.folder / "state", place.folder / name))


def put_back(place: Place, kept: Path, *names: str) -> None:
    """The whole state as it was, or some of its files."""
    state = place.folder / "state"
    if not names:
        shutil.rmtree(state)
        shutil.copytree(kept, state)
    for name in names:
        (state / name).unlink(missing_ok=True)
        if (kept / name).exists():
            shutil.copy(kept / name, state / name)


def bought_one(place: Place, words: str) -> Path:
    """The copy of a state that has bought one; then two more are bought."""
    place.small(f"{words} 0")
    assert place.run("run", "small.yaml", "--yes").code == 0
    kept = keep(place)
    place.small(*(f"{words} {number}" for number in range(3)))
    assert place.run("run", "small.yaml", "--yes").code == 0
    return kept


def refused(place: Place) -> str:
    """What a run says that ends with 13 and does nothing."""
    for words in (("resume", "--json"), ("run", "small.yaml", "--yes", "--json")):
        said = place.run(*words)
        assert (said.code, said.out) == (13, ""), said
        check(said.complaint, ERROR)
    return str(said.complaint["message"])


def test_a_database_of_yesterday_beside_receipts_of_today_is_refused(place: Place,
                                                                    tmp_path: Path) -> None:
    with sandbox(tmp_path / "books") as served:
        place.settle_on(served)
        kept = bought_one(place, "old")
        put_back(place, kept, "pipeline.db", "pipeline.db-wal", "pipeline.db-shm")
        assert "older than its receipts" in refused(place)
        assert len(books_of(served.folder)) == 3


@pytest.mark.parametrize("how", ["gone", "of yesterday"])
def test_receipts_that_are_older_than_the_database_are_refused(place: Place, tmp_path: Path,
                                                               how: str) -> None:
    with sandbox(tmp_path / "books") as served:
        place.settle_on(served)
        kept = bought_one(place, "short")
        (place.folder / "state/receipts.log").unlink()
        if how == "of yesterday":
            put_back(place, kept, "receipts.log")
        assert "receipt" in refused(place)
        assert len(books_of(served.folder)) == 3


def test_a_state_of_a_later_version_is_refused_and_not_touched(place: Place,
                                                               shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small("from the future")
    assert place.run("run", "small.yaml", "--yes").code == 0
    with sqlite3.connect(place.folder / "state/pipeline.db") as database:
        database.execute(MIGRATION)
    database.close()
    before = (place.folder / "state/pipeline.db").read_bytes()
    assert "later version" in refused(place)
    assert (place.folder / "state/pipeline.db").read_bytes() == before


def test_where_all_of_the_state_is_old_what_was_under_way_is_found_by_the_list(
        place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults=SLOW) as served:
        place.settle_on(served)
        place.small("lamp", "chair")
        run = place.start("run", "small.yaml", "--yes")
        wait_for(lambda: served.books()["jobs"] == 2, "both calls are charged and unanswered")
        run.kill()
        run.wait()
        kept = keep(place)
    with sandbox(tmp_path / "books") as served:
        place.settle_on(served)
        for _ in range(2):
            again = place.run("resume", "--json")
            assert (again.code, again.document["jobs"]["done"]) == (0, 2)
            assert check_books(place, served) == 2
            put_back(place, kept)
        assert place.run("run", "small.yaml", "--yes").code == 0
        assert check_books(place, served) == 2
