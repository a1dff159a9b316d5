"""What a service owes for attempts that failed: booked when it is due, and when it came back.

Goal: gross charges stay, refunds stand beside them, and caps have room again. Method: a real
database, and the fold of the job's own events.
"""

from pathlib import Path

import pytest
from ledger_samples import (
    Clock,
    begun,
    cr,
    folded,
    go,
    happen,
    intended,
    make_cell,
    only_job,
    running,
)

from pipeline.core.caps import Caps
from pipeline.core.evidence import Reading
from pipeline.core.job import (
    Deferred,
    Failed,
    IllegalTransition,
    Produced,
    Refunded,
    Reopened,
    State,
)
from pipeline.core.money import Money
from pipeline.core.refunds import came_back
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.refunds import dues
from pipeline.ledger.spending import spending

BROKE = Failed("generation_failed", "broke", cr("10"), assumed=True, due=True)
BACK = Refunded("tag-1", cr("10"))


def spent(ledger: Ledger) -> tuple[str, str, str]:
    total = spending(ledger.connection, ("campaign",)).total
    return str(total.charged), str(total.refunded), str(total.held)


def owed(ledger: Ledger) -> list[tuple[str, str]]:
    return [(due.tag, str(due.amount)) for due in dues(ledger.connection, "acme")]


def test_what_is_due_counts_as_spent_until_it_is_back(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        job = happen(ledger, running(ledger), BROKE)
        assert (spent(ledger), owed(ledger), job.paid_tries) == (("10", "0", "0"),
                                                                 [("tag-1", "10")], 1)
        after = happen(ledger, job, BACK)
        assert (spent(ledger), owed(ledger)) == (("10", "10", "0"), [])
        assert (after.state, after.paid_tries, str(after.charged)) == (State.FAILED, 1, "10")
        assert str(ledger.ask.charged("acme")) == "0"


def test_the_story_of_a_refund_folds_to_the_job(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        born = only_job(ledger)
        happen(ledger, running(ledger), BROKE, BACK)
        story = [name for _, name, _ in ledger.ask.events(born.key)]
        assert story == ["Intended", "Accepted", "Failed", "Refunded"]
        assert ledger.ask.events(born.key)[-1][2] == '{"tag":"tag-1","amount":10000000}'


def test_a_failure_that_nobody_gives_back_is_not_due(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        happen(ledger, running(ledger), Failed("generation_failed", "", cr("10"), assumed=True))
        assert owed(ledger) == []


def test_a_refund_makes_room_under_a_cap_and_for_the_next_purchase(tmp_path: Path) -> None:
    with begun(tmp_path, caps=Caps(credits=cr("10"))) as ledger:
        job = happen(ledger, running(ledger), BROKE, BACK, Reopened("me"))
        again = happen(ledger, job, intended("tag-2"))
        assert (again.state, str(again.held)) == (State.SUBMITTING, "10")
        assert spent(ledger) == ("10", "10", "10")


def test_a_try_that_goes_on_by_itself_is_given_back_while_it_waits(tmp_path: Path) -> None:
    broke = Deferred("generation_failed", 0.0, cr("10"), assumed=True, due=True)
    with begun(tmp_path, make_cell(tries=2)) as ledger:
        job = happen(ledger, running(ledger), broke)
        assert owed(ledger) == [("tag-1", "10")]
        assert happen(ledger, job, BACK).state is State.PENDING


def test_after_a_later_try_was_paid_for_the_next_is_still_one_of_its_own(tmp_path: Path) -> None:
    broke = Deferred("generation_failed", 0.0, cr("10"), assumed=True, due=True)
    with begun(tmp_path, make_cell(tries=2)) as ledger:
        job = happen(ledger, running(ledger), broke)
        job = happen(ledger, running(ledger, job, "tag-2", "r2"), Produced(()),
                     Failed("links_gone"), BACK, Reopened("me"), intended("tag-3"))
        assert (job.state, job.attempts) == (State.SUBMITTING, 3)
        assert spent(ledger) == ("20", "10", "10")


def test_nothing_comes_back_in_the_middle_of_a_try(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger, pytest.raises(IllegalTransition):
        happen(ledger, running(ledger), BACK)


def test_what_is_due_since_the_balance_was_read_can_be_proved_by_it(tmp_path: Path) -> None:
    clock = Clock()
    with begun(tmp_path, clock=clock) as ledger:
        happen(ledger, running(ledger), BROKE)
        clock.now_s += 1
        go(ledger.remember_balance, "acme", Reading(cr("90"), cr("10")))
        assert owed(ledger) == []


@pytest.mark.parametrize(("balance", "charged", "due", "back"), [
    ("100", "20", "20", True),     # all of it came back
    ("80", "20", "20", False),     # none of it did
    ("90", "20", "20", False),     # a part of it
    ("70", "50", "20", True),      # beside thirty for what was made
    ("71", "50", "20", False),     # somebody filled it up
    ("100", "4", "4", True),
])
def test_a_balance_proves_a_refund_to_the_last_credit(balance: str, charged: str, due: str,
                                                      back: bool) -> None:
    before = Reading(cr("100"), Money(0))
    assert came_back(before, Reading(cr(balance), cr(charged)), cr(due)) is back


def test_the_fold_is_the_job_that_is_stored(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        born = only_job(ledger)
        after = happen(ledger, running(ledger), BROKE, BACK)
        assert folded(ledger, born) == after
