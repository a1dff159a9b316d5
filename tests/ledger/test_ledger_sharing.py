"""A job that waits goes over to another account, in one transaction and by an event of its own.

Goal: what money is out for, was out for, or may be, stays where it is; no account is given more
than its own caps reach for, and nothing dearer than was planned. Method: a plan of one cut on two
accounts, and every way in which a job can have been sent before.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ledger_samples import (
    NOON,
    RUN,
    cr,
    folded,
    go,
    happen,
    intended,
    jobs_of,
    make_cell,
    make_run,
    opened,
    running,
    sums,
)

from pipeline.core.caps import Caps
from pipeline.core.cells import Cells
from pipeline.core.job import Accepted, Deferred, Doubted, Event, Failed, Job, Produced, Reopened
from pipeline.core.manifest import Budget
from pipeline.core.money import NOTHING
from pipeline.core.plan import Plan, Rows, Status
from pipeline.core.pricing import Quote
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.payments import CapReached
from pipeline.ledger.sharing import offered, reassign, shares

FIRST = (float("inf"), -1)


def shared_plan(count: int = 3, *, price: str = "10", other: str = "10") -> Plan:
    """So many rows on `acme`, which `second` may buy as well, at its own price."""
    made = [make_cell(f"kite {n}", price=price) for n in range(count)]
    cells = Cells.of([*made, make_cell("kite", account="second", price=other)])
    spec = replace(made[0].spec, prompt="", variant=0)
    cells.patterns = [replace(pattern, spec=spec, pool=1) for pattern in cells.patterns]
    rows = Rows(cells.only(range(count)))
    rows.stand([(Status.NEW, "")] * count)
    return Plan("spring", "m.yaml", "acme", rows)


@contextmanager
def sharing(folder: Path, plan: Plan | None = None, caps: Caps | None = None,
            ) -> Iterator[Ledger]:
    with opened(folder) as ledger:
        ledger.begin(make_run(), plan or shared_plan(), caps or Caps(), "outputs/spring")
        yield ledger


def offers(ledger: Ledger, account: str = "second") -> list[Job]:
    return [job for _, job, _ in offered(ledger.connection, RUN, account, FIRST, ["image"])]


def move(ledger: Ledger, jobs: list[Job], account: str = "second", price: str = "10") -> list[Job]:
    quote = Quote(cr(price), cr(price), "its own")
    moved: list[Job] = go(reassign, ledger, account, [(job, quote) for job in jobs])
    return moved


def test_what_waits_goes_over_with_its_price_and_says_so(tmp_path: Path) -> None:
    with sharing(tmp_path, shared_plan(other="8")) as ledger:
        assert ledger.ask.accounts(RUN) == ["acme", "second"]
        assert shares(ledger.connection, RUN, "second")
        assert ledger.ask.kinds(RUN, "second") == ["image"]
        born = jobs_of(ledger)
        [(_, job, quote), *_] = offered(ledger.connection, RUN, "second", FIRST, ["image"])
        assert str(quote.worst) == "8"
        [moved] = go(reassign, ledger, "second", [(job, quote)])
        assert moved == jobs_of(ledger)[0] == folded(ledger, born[0])
        assert (moved.account, moved.quote) == ("second", quote)
        assert [name for _, name, _ in ledger.ask.events(job.key)] == ["Reassigned"]
        assert sums(ledger) == ("0", "0")
        happen(ledger, moved, intended(hold="8"))
        assert sums(ledger, "account:second") == ("8", "0")
        assert sums(ledger, "account:acme") == ("0", "0")


def test_nothing_dearer_than_was_planned_is_offered(tmp_path: Path) -> None:
    with sharing(tmp_path, shared_plan(other="11")) as ledger:
        assert not offers(ledger)
        assert ledger.ask.accounts(RUN) == ["acme"]


def test_what_went_over_may_come_back_at_the_price_that_was_planned(tmp_path: Path) -> None:
    with sharing(tmp_path, shared_plan(1, other="8")) as ledger:
        [moved] = move(ledger, jobs_of(ledger), price="8")
        [back] = move(ledger, offers(ledger, "acme"), "acme")
        assert (back.account, str(back.quote.worst)) == ("acme", "10")
        assert (moved.account, offers(ledger, "acme")) == ("second", [])


SENT: list[tuple[str, list[Event]]] = [
    ("under way", [intended()]), ("in doubt", [intended(), Doubted("reply_lost", "cut")]),
    ("running", [intended(), Accepted(("r1",))]),
    ("made", [intended(), Produced((), cr("10"), ("r1",))]),
    ("charged", [intended(), Deferred("generation_failed", charged=cr("10"))]),
    ("it broke for nothing", [intended(), Accepted(("r1",)), Deferred("generation_failed")]),
    ("failed, and wanted again", [intended(), Failed("links_gone", charged=cr("10")),
                                  Reopened("me")]),
]


@pytest.mark.parametrize("events", [way for _, way in SENT], ids=[name for name, _ in SENT])
def test_what_money_was_out_for_stays(events: list[Event], tmp_path: Path) -> None:
    with sharing(tmp_path, shared_plan(1)) as ledger:
        [job] = jobs_of(ledger)
        job = happen(ledger, job, *events)
        assert not offers(ledger)
        if job.state == "pending":
            assert not move(ledger, [job])
        assert jobs_of(ledger) == [job]


@pytest.mark.parametrize("event", [Deferred("unreachable", NOON + 60), Deferred("throttled"),
                                   Deferred("bad_key")], ids=lambda event: event.cause)
def test_what_surely_never_arrived_goes_over(event: Deferred, tmp_path: Path) -> None:
    with sharing(tmp_path, shared_plan(1)) as ledger:
        [job] = jobs_of(ledger)
        job = happen(ledger, job, intended(), event)
        [moved] = move(ledger, offers(ledger))
        assert (moved.account, moved.attempts, moved.not_before_s) == ("second", 1, 0.0)
        happen(ledger, moved, intended("tag-2"))
        tried = ledger.connection.execute(
            "select account, state from attempts order by tag").fetchall()
        assert [tuple(row) for row in tried] == [("acme", "free"), ("second", "open")]


def test_a_job_that_moved_on_meanwhile_is_left_alone(tmp_path: Path) -> None:
    with sharing(tmp_path) as ledger:
        seen = offers(ledger)
        sent = running(ledger, seen[0])
        assert [job.key for job in move(ledger, seen)] == [job.key for job in seen[1:]]
        assert jobs_of(ledger)[0] == sent


def test_an_account_takes_what_its_own_caps_reach_for(tmp_path: Path) -> None:
    caps = Caps(accounts={"second": Budget(per_day=cr("25"))})
    with sharing(tmp_path, shared_plan(4), caps) as ledger:
        moved = move(ledger, offers(ledger))
        assert [job.account for job in jobs_of(ledger)] == ["second", "second", "acme", "acme"]
        for number, job in enumerate(moved):
            happen(ledger, job, intended(f"tag-{number}"))
        assert not move(ledger, offers(ledger))
        with pytest.raises(CapReached, match="budget of second") as told:
            happen(ledger, replace(jobs_of(ledger)[2], account="second"), intended("tag-9"))
        assert told.value.of_account


def test_planning_anew_leaves_a_job_where_it_is(tmp_path: Path) -> None:
    with sharing(tmp_path) as ledger:
        [moved] = move(ledger, offers(ledger)[:1])
        assert ledger.ask.known([moved.key])[moved.key].account == "second"


def test_a_plan_without_shared_rows_stores_none(tmp_path: Path) -> None:
    plan = shared_plan()
    alone: Callable[..., Any] = Rows.of
    rows = alone([replace(row) for row in plan.rows])
    with sharing(tmp_path, replace(plan, rows=rows)) as ledger:
        told = ledger.connection.execute("select sum(pool), (select count(*) from pools) "
                                         "from run_rows").fetchone()
        assert tuple(told) == (0, 0)
        assert jobs_of(ledger)[0].charged == NOTHING
        assert not shares(ledger.connection, RUN, "acme")
