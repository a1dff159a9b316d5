"""Charges that belong to no job, in the book: seen, and ruled on by a person.

Goal: nothing is booked for a row without a person; when it is, every sum has it and no later
purchase is in its way. Method: a real database (SAFETY 2.2, 2.10).
"""

import sqlite3
from pathlib import Path

import pytest
from ledger_samples import (
    NOON,
    RUN,
    begun,
    cr,
    go,
    happen,
    intended,
    jobs_of,
    make_cell,
    make_run,
    only_job,
    opened,
    running,
    sums,
)

from pipeline.core.caps import Caps
from pipeline.core.job import Accepted, Doubted, Failed, Produced
from pipeline.core.orphans import Orphan
from pipeline.core.provider import Output
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.orphans import book, dismiss, keep, recent_tries, take_back, unruled
from pipeline.ledger.payments import CapReached
from pipeline.ledger.spending import spending

MADE = Produced((Output("https://media.example/a.png"),))


def orphan(ledger: Ledger, name: str = "x9", charged: str | None = "10") -> Orphan:
    return Orphan("acme", name, jobs_of(ledger)[0].key, NOON + 3, charged and cr(charged))


def test_what_is_seen_is_kept_once_and_books_nothing(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        happen(ledger, running(ledger), MADE)
        found = orphan(ledger, charged=None)
        assert go(keep, ledger, [found]) == [found]
        assert go(keep, ledger, [found]) == []
        assert sums(ledger) == sums(ledger, "account:acme") == ("0", "10")
    with opened(tmp_path) as ledger:
        assert unruled(ledger.connection) == [found]
        told = orphan(ledger, charged="12")
        assert go(keep, ledger, [told]) == []
        assert unruled(ledger.connection) == [told]


def test_an_id_that_a_job_has_by_now_is_no_orphan(tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("a"), make_cell("b")) as ledger:
        go(keep, ledger, [orphan(ledger, "r7")])
        running(ledger, jobs_of(ledger)[1], "t2", "r7")
        assert unruled(ledger.connection) == []


def test_a_person_who_calls_it_lost_has_it_booked_in_every_sum(tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("a", tries=3)) as ledger:
        happen(ledger, running(ledger), MADE)
        for number, name in enumerate(("x8", "x9")):
            go(keep, ledger, [orphan(ledger, name)])
            book(ledger, orphan(ledger, name), cr("10"), "ana", "twice in the list")
            assert unruled(ledger.connection) == []
            total = str(10 * (number + 2))
            for scope in (f"run:{RUN}", "manifest:spring:2027-01-15", "manifest:spring:2027-01",
                          "account:acme", "account:acme:2027-01-15", f"campaign:{RUN}:hero"):
                assert sums(ledger, scope) == ("0", total)
            assert str(spending(ledger.connection, ["model"]).total.charged) == total
        rows = ledger.connection.execute("select purchase, state from attempts order by purchase")
        assert [tuple(row) for row in rows] == [(-1, "paid"), (0, "paid"), (1, "paid")]
        told = ledger.connection.execute("select ruling, by, note, ruled_s from orphans").fetchone()
        assert tuple(told) == ("ours", "ana", "twice in the list", NOON)
        assert ledger.ask.owner("acme", "x9") == only_job(ledger).key
    with opened(tmp_path):
        pass


def test_what_is_booked_counts_under_the_caps_and_is_in_no_purchases_way(tmp_path: Path) -> None:
    caps = Caps(credits=cr("25"))
    with begun(tmp_path, make_cell("a", tries=3), caps=caps) as ledger:
        job = happen(ledger, running(ledger), Failed("generation_failed", "", cr("10")))
        go(keep, ledger, [orphan(ledger)])
        book(ledger, orphan(ledger), cr("10"), "ana", "")
        ledger.reopen([job], "ana")
        with pytest.raises(CapReached):
            happen(ledger, only_job(ledger), intended("t2"))
        ledger.go_on(make_run(), Caps())
        happen(ledger, only_job(ledger), intended("t2"), Accepted(("r2",)), MADE)
        assert sums(ledger) == ("0", "30")


def test_a_person_who_calls_it_anothers_is_believed_for_good(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        happen(ledger, running(ledger), MADE)
        go(keep, ledger, [orphan(ledger)])
        dismiss(ledger, orphan(ledger), "ana", "a colleague's")
        assert go(keep, ledger, [orphan(ledger)]) == []
        assert unruled(ledger.connection) == []
        assert sums(ledger) == ("0", "10")


def test_paid_calls_are_remembered_with_what_has_no_id(tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("a"), make_cell("b"), make_cell("c")) as ledger:
        named, lost, free = jobs_of(ledger)
        happen(ledger, running(ledger, named), MADE)
        happen(ledger, lost, intended("t2"), Doubted("reply_lost"),
               Failed("written_off", "", cr("10"), "ana"))
        happen(ledger, free, intended("t3"), Failed("content_refused"))
        go(keep, ledger, [orphan(ledger)])
        book(ledger, orphan(ledger), cr("10"), "ana", "")
        tries = {each.key: each.nameless for each in recent_tries(ledger.connection, "acme", NOON)}
        assert tries == {named.key: False, lost.key: True, free.key: False}
        assert recent_tries(ledger.connection, "acme", NOON + 1) == []
        assert recent_tries(ledger.connection, "other", NOON) == []


def test_what_was_written_off_and_is_found_after_all_comes_back(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        job = happen(ledger, only_job(ledger), intended("t1"), Doubted("reply_lost"),
                     Failed("written_off", "", cr("10"), "ana"))
        ledger.reopen([job], "ana")
        happen(ledger, only_job(ledger), intended("t2"), Accepted(("r1",), "ana"), MADE)
        take_back(ledger, "t1")
        totals = ledger.ask.totals(RUN)
        assert (str(totals.charged), str(totals.refunded)) == ("20", "10")
        assert ledger.ask.sums("account:acme") == (0, 20_000_000, 10_000_000)


def test_a_ledger_of_an_older_shape_knows_of_none(tmp_path: Path) -> None:
    with begun(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / "pipeline.db")
    with connection:
        connection.execute("drop table orphans")
        assert unruled(connection) == []
    connection.close()
