"""Commits: shared by whoever writes at the same time, durable before anybody goes on.

Goal: many writes cost one sync; one write that fails undoes itself alone; a commit that failed is
the last thing this process writes. Method: SQLite's own trace counts transactions, and a kind of
connection fails when told to.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from ledger_samples import (
    RUN,
    begun,
    go,
    happen,
    intended,
    jobs_of,
    make_cell,
    only_job,
    opened,
    running,
    states,
)

from pipeline.core.errors import Exit, Halt
from pipeline.core.job import Failed, Job, Produced, State
from pipeline.core.provider import Output
from pipeline.ledger.commits import LARGEST_GROUP, Commits, Fenced
from pipeline.ledger.connection import open_for_reading
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.questions import Questions


@contextmanager
def traced(ledger: Ledger) -> Iterator[list[str]]:
    said: list[str] = []
    ledger.connection.set_trace_callback(said.append)
    try:
        yield said
    finally:
        ledger.connection.set_trace_callback(None)


def commits_in(said: list[str]) -> int:
    return sum(statement.lower().startswith("commit") for statement in said)


def record_all(ledger: Ledger, jobs: list[Job]) -> list[BaseException | None]:
    """Record an intent of every job at once; what each was told."""
    told: list[BaseException | None] = [None] * len(jobs)

    async def one(n: int, job: Job) -> None:
        try:
            await ledger.record(job, intended(f"tag-{n}"))
        except (Fenced, Halt, ValueError) as error:
            told[n] = error

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for n, job in enumerate(jobs):
                group.start_soon(one, n, job)

    go(all_of_them)
    return told


def test_whoever_writes_at_the_same_time_shares_a_commit(tmp_path: Path) -> None:
    with begun(tmp_path, *(make_cell(f"kite {n}") for n in range(50))) as ledger:
        jobs = jobs_of(ledger)
        with traced(ledger) as said:
            assert record_all(ledger, jobs) == [None] * 50
        assert commits_in(said) <= 2
        assert states(ledger) == [State.SUBMITTING] * 50


def test_a_group_has_a_bound(tmp_path: Path) -> None:
    number = LARGEST_GROUP + 1
    with begun(tmp_path, *(make_cell(f"kite {n}") for n in range(number))) as ledger:
        with traced(ledger) as said:
            record_all(ledger, jobs_of(ledger))
        assert commits_in(said) >= 2
        assert states(ledger) == [State.SUBMITTING] * number


def test_one_write_alone_is_one_commit(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger, traced(ledger) as said:
        happen(ledger, only_job(ledger), intended())
        assert commits_in(said) == 1


def test_a_write_that_fails_undoes_itself_and_nobody_else(tmp_path: Path) -> None:
    with begun(tmp_path, *(make_cell(f"kite {n}") for n in range(4))) as ledger:
        first, *others = jobs_of(ledger)
        running(ledger, first, "old")
        told = record_all(ledger, [first, *others])
        assert [type(error) for error in told] == [Fenced, type(None), type(None), type(None)]
        assert states(ledger) == [State.RUNNING] + [State.SUBMITTING] * 3


def test_what_a_write_raises_is_told_to_its_caller_and_undone(tmp_path: Path) -> None:
    def wrong(connection: sqlite3.Connection) -> None:
        connection.execute("update jobs set state = 'done'")
        raise ValueError("a bug")

    with begun(tmp_path) as ledger:
        with pytest.raises(ValueError, match="a bug"):
            ledger.commits.write_now(wrong)
        assert states(ledger) == [State.PENDING]
        happen(ledger, only_job(ledger), intended())


class Failing(sqlite3.Connection):
    """A connection whose next commit fails, in the way it is told."""

    error: BaseException | None = None
    after: bool = False

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "commit" and self.error is not None:
            error, self.error = self.error, None
            if self.after:
                super().execute(sql)
            raise error
        return super().execute(sql, *values)


@pytest.mark.parametrize("after", [False, True])
def test_a_commit_that_failed_is_the_last_thing_written(after: bool, tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("a"), make_cell("b"), connection=Failing) as ledger:
        assert isinstance(ledger.connection, Failing)
        first, second = jobs_of(ledger)
        ledger.connection.error, ledger.connection.after = sqlite3.OperationalError("EIO"), after
        for job in (first, second):
            with pytest.raises(Halt, match="could not be written: EIO") as told:
                happen(ledger, job, intended(f"tag-{job.key}"))
            assert (told.value.exit_code, told.value.code) == (Exit.DAMAGED, "state_broken")
    with opened(tmp_path) as ledger:
        assert states(ledger) == [State.SUBMITTING if after else State.PENDING, State.PENDING]


def test_nobody_goes_on_whose_commit_failed(tmp_path: Path) -> None:
    with begun(tmp_path, *(make_cell(f"kite {n}") for n in range(5)), connection=Failing) as ledger:
        assert isinstance(ledger.connection, Failing)
        ledger.connection.error = sqlite3.OperationalError("disk I/O error")
        told = record_all(ledger, jobs_of(ledger))
        assert all(isinstance(error, Halt) for error in told)
        assert ledger.receipts.mark()[0] == 0


def test_nobody_goes_on_whose_commit_was_cut_short_by_anything_else(tmp_path: Path) -> None:
    with begun(tmp_path, *(make_cell(f"kite {n}") for n in range(3)), connection=Failing) as ledger:
        assert isinstance(ledger.connection, Failing)
        ledger.connection.error = MemoryError("none left")
        gone_on: list[int] = []

        async def one(n: int, job: Job) -> None:
            await ledger.record(job, intended(f"tag-{n}"))
            gone_on.append(n)

        async def all_of_them() -> None:
            async with anyio.create_task_group() as group:
                for n, job in enumerate(jobs_of(ledger)):
                    group.start_soon(one, n, job)

        with pytest.raises(BaseExceptionGroup) as told:
            go(all_of_them)
        assert told.value.subgroup(MemoryError) is not None
        assert gone_on == []
        assert ledger.receipts.mark()[0] == 0


def test_a_process_whose_epoch_is_over_writes_nothing_more(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        later = Commits(ledger.connection, ledger.commits.epoch + 1, ledger.ballast,
                        ledger.receipts)
        ledger.connection.execute("update meta set value = value + 1 where name = 'epoch'")
        with pytest.raises(Halt, match="another process has taken the ledger over"):
            happen(ledger, only_job(ledger), intended())
        assert states(ledger) == [State.PENDING]
        assert later.write_now(lambda c: "still writes") == "still writes"


def test_every_opening_is_a_new_epoch(tmp_path: Path) -> None:
    epochs = []
    for _ in range(3):
        with opened(tmp_path) as ledger:
            epochs.append(ledger.commits.epoch)
    assert epochs == [1, 2, 3]


def test_a_commit_is_synced_before_anybody_hears_of_it(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        assert ledger.connection.execute("pragma synchronous").fetchone()[0] == 2
        assert ledger.connection.execute("pragma journal_mode").fetchone()[0] == "wal"


def test_reading_writes_nothing(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        happen(ledger, running(ledger), Produced((Output("https://a/b"),)))
    before = (tmp_path / "pipeline.db").read_bytes()
    connection = open_for_reading(tmp_path)
    assert connection is not None
    ask = Questions(connection)
    for refused in ("update jobs set state = 'done'", "delete from events", "drop table jobs",
                    "insert into meta values ('a', 'b')"):
        with pytest.raises(sqlite3.OperationalError, match="readonly database"):
            connection.execute(refused)
    assert ask.totals(RUN).states[State.PRODUCED] == 1
    ask.close()
    assert (tmp_path / "pipeline.db").read_bytes() == before


def test_a_reader_sees_a_run_under_way_as_it_was_committed(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        job = running(ledger)
        connection = open_for_reading(tmp_path)
        assert connection is not None
        ask = Questions(connection)
        assert [entry.job for entry in ask.entries(RUN)] == [job]
        happen(ledger, job, Failed("generation_failed"))
        assert ask.totals(RUN).states[State.FAILED] == 1
        ask.close()
