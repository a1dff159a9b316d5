"""A disk that somebody else fills: what has happened is written down, what is only wanted is not.

Goal: on a disk that is full every paid fact finds its room, nothing more is intended, and no sync
or commit that failed is tried again (SAFETY 0.6, 2.9, F79, F80, F95). Method: a database that may
grow no further, which SQLite calls a full disk; a small disk of its own where one may be mounted;
a descriptor that cannot be synced.
"""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_samples import (
    RUN,
    begun,
    happen,
    intended,
    jobs_of,
    make_cell,
    make_plan,
    make_run,
    only_job,
    opened,
    running,
    states,
    sums,
)

from pipeline.core.caps import Caps
from pipeline.core.errors import Exit, Halt
from pipeline.core.job import Accepted, Job, Produced, State
from pipeline.core.provider import Output
from pipeline.ledger.ballast import BALLAST_BYTES, LEAST_BYTES, Ballast, NoRoom
from pipeline.ledger.durable import allocate
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.receipts import ROOM_BYTES, START, Receipts, acceptance, intent

LONG = "x" * 20_000
MADE = Produced((Output("https://media.example/a.png"),), note=LONG)
"""A fact that needs new pages."""


class Cramped(sqlite3.Connection):
    """A database that may grow no further once it is told so, until the ballast is given up."""

    def fill(self) -> None:
        """No page more."""
        [pages] = self.execute("pragma page_count").fetchone()
        self.execute(f"pragma max_page_count = {pages}")


class Relieving(Ballast):
    """A ballast on the disk of a cramped database."""

    connection: sqlite3.Connection

    def give_up(self) -> bool:
        """Let the database grow again, if there was a ballast."""
        given = super().give_up()
        if given:
            self.connection.execute("pragma max_page_count = 1000000")
        return given


def cramp(ledger: Ledger) -> None:
    """From now on the disk is full."""
    assert isinstance(ledger.connection, Cramped)
    ballast = Relieving(ledger.ballast.path)
    ballast.connection = ledger.connection
    ledger.ballast = ledger.commits.ballast = ballast
    ledger.connection.fill()


def running_job(ledger: Ledger) -> Job:
    return running(ledger, jobs_of(ledger)[0])


def test_the_ballast_is_really_there_and_stays_for_the_next_process(tmp_path: Path) -> None:
    for _ in range(2):
        with opened(tmp_path):
            found = (tmp_path / "ballast").stat()
            assert (found.st_size, found.st_blocks * 512 >= BALLAST_BYTES) == (BALLAST_BYTES, True)
            assert found.st_mode & 0o777 == 0o600


def test_a_paid_fact_is_written_on_a_full_disk_and_then_nothing_more_is_intended(
        tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("a"), make_cell("b"), connection=Cramped) as ledger:
        job = running_job(ledger)
        cramp(ledger)
        done = happen(ledger, job, MADE)
        assert (done.state, sums(ledger)) == (State.PRODUCED, ("0", "10"))
        assert (tmp_path / "ballast").stat().st_size == 0
        with pytest.raises(NoRoom) as told:
            happen(ledger, jobs_of(ledger)[1], intended("tag-2"))
        assert (told.value.exit_code, told.value.code) == (Exit.USAGE, "no_room")
        assert "make room" in told.value.hint
        ledger.finish(make_run(), 2, 1.0, ended=False)
    with opened(tmp_path) as ledger:
        assert states(ledger) == [State.PRODUCED, State.PENDING]
        assert (tmp_path / "ballast").stat().st_size == BALLAST_BYTES
        ledger.go_on(make_run(), Caps())
        happen(ledger, jobs_of(ledger)[1], intended("tag-2"))


def test_what_is_only_wanted_gets_none_of_the_ballast(tmp_path: Path) -> None:
    cells = [make_cell(f"kite {n} {LONG}") for n in range(5)]
    with begun(tmp_path, connection=Cramped) as ledger:
        cramp(ledger)
        with pytest.raises(NoRoom, match="is full"):
            ledger.begin(make_run(), make_plan(*cells), Caps(), "outputs/spring")
        assert (tmp_path / "ballast").stat().st_size == BALLAST_BYTES
        assert not ledger.ballast.given_up
        assert [job.spec.prompt for job in jobs_of(ledger)] == ["a kite"]
        happen(ledger, only_job(ledger), intended())


def test_without_a_ballast_a_full_disk_is_the_last_thing_that_is_met(tmp_path: Path) -> None:
    with begun(tmp_path, connection=Cramped) as ledger:
        job = running_job(ledger)
        (tmp_path / "ballast").unlink()
        cramp(ledger)
        for _ in range(2):
            with pytest.raises(Halt, match="database or disk is full") as told:
                happen(ledger, job, MADE)
            assert (told.value.exit_code, told.value.code) == (Exit.DAMAGED, "state_broken")
    with opened(tmp_path) as ledger:
        assert states(ledger) == [State.RUNNING]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of twice the least that there must be."""
    disk = tmp_path / "disk"
    disk.mkdir()
    size = f"size={2 * LEAST_BYTES},nr_inodes=200,mode=700"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)],
                          capture_output=True, check=False)
    if done.returncode:
        pytest.skip("only root may mount a small disk, and not everywhere")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(path: Path, left: int = 0) -> None:
    """Take the room of a disk, but for so many bytes."""
    there = os.statvfs(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    allocate(descriptor, 0, there.f_bavail * there.f_frsize - left)
    os.close(descriptor)


def test_below_the_floor_nothing_is_intended_and_all_else_goes_on(small_disk: Path) -> None:
    with begun(small_disk / "state", make_cell("a"), make_cell("b")) as ledger:
        job = running_job(ledger)
        fill(small_disk / "filler", LEAST_BYTES - 4096)
        length, _ = ledger.receipts.mark()
        with pytest.raises(NoRoom, match="less than 16 MiB left"):
            happen(ledger, jobs_of(ledger)[1], intended("tag-2"))
        assert ledger.receipts.mark()[0] == length
        assert happen(ledger, job, MADE).state is State.PRODUCED
        assert not ledger.ballast.given_up


def test_a_disk_that_is_really_full_takes_the_paid_facts(small_disk: Path) -> None:
    with begun(small_disk / "state", *(make_cell(f"kite {n}") for n in range(20))) as ledger:
        jobs = [happen(ledger, job, intended(f"tag-{n}"))
                for n, job in enumerate(jobs_of(ledger))]
        fill(small_disk / "filler")
        for n, job in enumerate(jobs):
            job = happen(ledger, job, Accepted((f"r{n}",)), MADE)
        assert ledger.ballast.given_up
        assert states(ledger) == [State.PRODUCED] * 20
        ledger.finish(make_run(), 2, 1.0, ended=False)
    with opened(small_disk / "state") as ledger:
        assert (states(ledger), sums(ledger)) == ([State.PRODUCED] * 20, ("0", "200"))
        with pytest.raises(NoRoom, match="less than"):
            ledger.ballast.check()
    (small_disk / "filler").unlink()
    with opened(small_disk / "state") as ledger:
        assert ledger.ballast.path.stat().st_size == BALLAST_BYTES


def test_a_disk_without_names_for_files_is_one_without_room(small_disk: Path) -> None:
    with begun(small_disk / "state") as ledger:
        for n in range(150):
            (small_disk / f"file {n}").touch()
        with pytest.raises(NoRoom, match="more files"):
            happen(ledger, only_job(ledger), intended())


def test_a_receipt_has_its_room_before_the_paid_call_is_intended(tmp_path: Path) -> None:
    log = tmp_path / "receipts.log"
    with begun(tmp_path) as ledger:
        job = happen(ledger, only_job(ledger), intended())
        size, blocks = log.stat().st_size, log.stat().st_blocks
        assert size >= ROOM_BYTES and blocks * 512 >= ROOM_BYTES
        happen(ledger, job, Accepted(("r1",)))
        assert (log.stat().st_size, log.stat().st_blocks) == (size, blocks)
        assert log.read_bytes().rstrip(b"\0").endswith(b"\n")
    assert len(log.read_text().splitlines()) == 2
    assert "\0" not in log.read_text()


def test_the_room_of_a_process_that_was_killed_is_no_line(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        happen(ledger, only_job(ledger), intended())
        left = (tmp_path / "receipts.log").read_bytes()
    (tmp_path / "receipts.log").write_bytes(left)
    assert left.endswith(b"\0" * 1000)
    with opened(tmp_path) as ledger:
        assert set(ledger.found.intended) == {"tag-1"}
        assert (tmp_path / "receipts.log").read_bytes() == left.rstrip(b"\0")


def unsyncable() -> int:
    """A descriptor that takes every byte, and no sync."""
    return os.open(os.devnull, os.O_RDWR)


def test_after_a_line_that_was_not_synced_the_log_takes_none(tmp_path: Path) -> None:
    receipts = Receipts(tmp_path / "receipts.log")
    receipts.open(0, START)
    receipts.write([intent("t1", "job", "now")])
    whole, able = receipts.mark(), receipts._descriptor
    receipts._descriptor = unsyncable()
    with pytest.raises(OSError, match="Invalid argument"):
        receipts.write([acceptance("t1", ("r1",), "now")])
    os.close(receipts._descriptor)
    receipts._descriptor = able
    for _ in range(2):
        with pytest.raises(OSError, match="Invalid argument"):
            receipts.write([acceptance("t1", ("r1",), "now")])
    assert receipts.mark() == whole
    receipts.close()
    assert receipts.open(0, START).accepted == {}
    receipts.close()


def test_a_ledger_whose_receipts_are_not_synced_records_no_acceptance(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        job = happen(ledger, only_job(ledger), intended())
        able, ledger.receipts._descriptor = ledger.receipts._descriptor, unsyncable()
        for _ in range(2):
            with pytest.raises(Halt, match="cannot be written: Invalid argument") as told:
                happen(ledger, job, Accepted(("r1",)))
            assert told.value.code == "state_broken"
            if ledger.receipts._descriptor != able:
                os.close(ledger.receipts._descriptor)
                ledger.receipts._descriptor = able
        assert states(ledger) == [State.SUBMITTING]
        assert ledger.ask.owned("acme", ["r1"]) == {}
        assert sums(ledger, f"run:{RUN}") == ("10", "0")
