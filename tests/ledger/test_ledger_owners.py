"""Who owns what: purchases, attempts and ids at the service, and what the tables refuse.

Goal: no purchase is made twice and no remote id has two owners, whatever the program believes.
Method: a real database; its own constraints are tried directly as well (SAFETY 2.2, F28, F103).
"""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_samples import (
    RUN,
    begun,
    cr,
    happen,
    intended,
    jobs_of,
    make_cell,
    make_plan,
    make_run,
    only_job,
    running,
    states,
    sums,
)

from pipeline.core.caps import Caps
from pipeline.core.job import (
    Accepted,
    Deferred,
    Doubted,
    Produced,
    Saved,
    State,
)
from pipeline.core.provider import Output
from pipeline.ledger.commits import Fenced
from pipeline.ledger.payments import OwnedAlready

OUTPUT = Output("https://media.example/a.png")


def test_a_second_live_attempt_for_one_purchase_is_refused_by_the_database(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        job = happen(ledger, only_job(ledger), intended("t1"))
        ledger.connection.execute("update jobs set state = 'pending'")
        with pytest.raises(Fenced, match="UNIQUE"):
            happen(ledger, replace(job, state=State.PENDING), intended("t2"))
        assert sums(ledger) == ("10", "0")


def test_a_free_attempt_gives_its_purchase_back_and_a_paid_one_takes_the_next(
        tmp_path: Path) -> None:
    with begun(tmp_path, make_cell(tries=2)) as ledger:
        job = happen(ledger, only_job(ledger), intended("t1"), Deferred("throttled"))
        job = happen(ledger, job, intended("t2"), Accepted(("r1",)),
                     Deferred("generation_failed", 0.0, cr("10")))
        happen(ledger, job, intended("t3"))
        rows = ledger.connection.execute(
            "select tag, purchase, state, reserved, settled from attempts order by tag").fetchall()
    assert [tuple(row) for row in rows] == [("t1", 1, "free", 0, 0), ("t2", 1, "paid", 0, 10**7),
                                            ("t3", 2, "open", 10**7, 0)]


@pytest.mark.parametrize("ids", [("r1",), ("new", "r1"), ("r1", "new")])
def test_an_id_that_another_attempt_owns_is_refused_whole(ids: tuple[str, ...],
                                                          tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("a"), make_cell("b")) as ledger:
        running(ledger, jobs_of(ledger)[0], "t1", "r1")
        job = happen(ledger, jobs_of(ledger)[1], intended("t2"))
        with pytest.raises(OwnedAlready):
            happen(ledger, job, Accepted(ids))
        assert jobs_of(ledger)[1] == job
        assert set(ledger.ask.owned("acme", ["r1", "new"])) == {"r1"}


def test_the_same_id_at_another_account_is_another_job(tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("a"), make_cell("b", account="other")) as ledger:
        running(ledger, jobs_of(ledger)[0], "t1", "r1")
        running(ledger, jobs_of(ledger)[1], "t2", "r1")
        assert states(ledger) == [State.RUNNING, State.RUNNING]


def test_an_attempt_is_in_doubt_as_long_as_its_job_is(tmp_path: Path) -> None:
    def told() -> str:
        return str(ledger.connection.execute("select state from attempts").fetchone()["state"])

    with begun(tmp_path) as ledger:
        job = happen(ledger, only_job(ledger), intended(), Doubted("reply_lost"))
        assert told() == "doubt"
        job = happen(ledger, job, Accepted(("r1",)))
        assert told() == "open"
        happen(ledger, job, Produced((OUTPUT,)))
        assert told() == "paid"


def test_an_id_told_twice_in_one_answer_is_one(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        happen(ledger, only_job(ledger), intended(), Accepted(("r1", "r1")))
        assert len(ledger.ask.owned("acme", ["r1"])) == 1


@pytest.mark.parametrize("sql", [
    "update totals set held = -1", "update totals set charged = -1",
    "update totals set held = 'much'", "update totals set held = 0.5",
    "update jobs set held = -1", "update attempts set reserved = -1",
    "update attempts set settled = 'x'", "update attempts set state = 'lost'",
    "insert into remotes select account, remote_id, 'x', at_s from remotes"])
def test_the_tables_themselves_refuse_what_cannot_be(sql: str, tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        running(ledger)
        with pytest.raises(sqlite3.IntegrityError):
            ledger.connection.execute(sql)


def test_a_sum_that_fits_no_column_is_refused_and_nothing_is_bought(tmp_path: Path) -> None:
    with begun(tmp_path, make_cell(price="9007199254")) as ledger:
        ledger.connection.execute("insert into totals (scope, held) values ('run:' || ?, ?)",
                                  (RUN, 2**63 - 1))
        with pytest.raises(Fenced):
            happen(ledger, only_job(ledger), intended(hold="9007199254"))
        assert states(ledger) == [State.PENDING]


def test_the_same_spec_in_two_manifests_is_paid_for_once(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        happen(ledger, running(ledger), Produced((OUTPUT,)), Saved(()))
        other = make_run("20270115-090000-bbbb", manifest="autumn")
        ledger.begin(other, make_plan(make_cell()), Caps(), "outputs/autumn")
        assert [job.state for job in jobs_of(ledger, other.id)] == [State.DONE]
        assert ledger.ask.bought(other.id) == 0
        assert ledger.ask.bought(RUN) == 1
