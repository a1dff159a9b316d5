"""The book of payments: caps, holds, charges, and who owns what at the service.

Goal: charged + held never passes a cap, no purchase is made twice, no remote id has two owners.
Method: a real database; its own constraints are tried directly as well (SAFETY F97-F104).
"""

from pathlib import Path

import anyio
import pytest
from ledger_samples import (
    NOON,
    RUN,
    Clock,
    begun,
    cr,
    go,
    happen,
    intended,
    jobs_of,
    make_cell,
    make_plan,
    make_run,
    only_job,
    opened,
    states,
    sums,
)

from pipeline.core.caps import Caps
from pipeline.core.job import (
    Deferred,
    Doubted,
    Event,
    Failed,
    Job,
    Produced,
    State,
)
from pipeline.core.manifest import Budget
from pipeline.core.provider import Output
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.payments import CapReached

OUTPUT = Output("https://media.example/a.png")
DAY_S = 86_400.0

CAPS = {
    "the budget of the run": Caps(credits=cr("20")),
    "the manifest's budget of 2027-01-15": Caps(per_day=cr("20")),
    "the manifest's budget of 2027-01": Caps(per_month=cr("20")),
    "the budget of acme for 2027-01-15": Caps(accounts={"acme": Budget(per_day=cr("20"))}),
    "the budget of acme for 2027-01": Caps(accounts={"acme": Budget(per_month=cr("20"))}),
    "the budget of the campaign hero": Caps(campaigns={"hero": cr("20")}),
}


@pytest.mark.parametrize("says", list(CAPS))
def test_a_cap_may_be_reached_exactly_and_not_passed_by_a_micro(says: str, tmp_path: Path) -> None:
    cells = [make_cell("a"), make_cell("b"), make_cell("c", price="0.000001")]
    with begun(tmp_path, *cells, caps=CAPS[says]) as ledger:
        first, second, third = jobs_of(ledger)
        happen(ledger, first, intended("t1"))
        happen(ledger, second, intended("t2"))
        assert sums(ledger) == ("20", "0")
        with pytest.raises(CapReached) as reached:
            happen(ledger, third, intended("t3", "0.000001"))
        assert reached.value.says == says
        assert sums(ledger) == ("20", "0")
        assert only_events(ledger, third) == 0


def only_events(ledger: Ledger, job: Job) -> int:
    return len(ledger.ask.events(job.key))


def test_a_campaigns_cap_holds_for_it_alone_and_for_its_run_alone(tmp_path: Path) -> None:
    cells = [make_cell("a"), make_cell("b"), make_cell("c", campaign="teaser")]
    caps = Caps(campaigns={"hero": cr("15")})
    with begun(tmp_path, *cells, caps=caps) as ledger:
        first, second, other = jobs_of(ledger)
        happen(ledger, first, intended("t1"))
        happen(ledger, other, intended("t2"))
        with pytest.raises(CapReached, match="the campaign hero"):
            happen(ledger, second, intended("t3"))
        assert sums(ledger, f"campaign:{RUN}:hero") == sums(ledger, f"campaign:{RUN}:teaser") \
            == ("10", "0")
        later = make_run("20270116-080000-bbbb")
        ledger.begin(later, make_plan(make_cell("b")), caps, "outputs/spring")
        happen(ledger, jobs_of(ledger, later.id)[0], intended("t4"))
        assert sums(ledger, f"campaign:{later.id}:hero") == ("10", "0")


def test_a_cap_of_nothing_lets_nothing_through(tmp_path: Path) -> None:
    with begun(tmp_path, caps=Caps(credits=cr("0"))) as ledger:
        with pytest.raises(CapReached):
            happen(ledger, only_job(ledger), intended())
        assert states(ledger) == [State.PENDING]


def test_no_cap_is_no_cap(tmp_path: Path) -> None:
    with begun(tmp_path, make_cell(price="9000000")) as ledger:
        happen(ledger, only_job(ledger), intended(hold="9000000"))
        assert sums(ledger) == ("9000000", "0")


def test_a_refused_hold_leaves_no_trace_in_the_receipts(tmp_path: Path) -> None:
    with begun(tmp_path, caps=Caps(credits=cr("5"))) as ledger:
        length, _ = ledger.receipts.mark()
        with pytest.raises(CapReached):
            happen(ledger, only_job(ledger), intended())
        assert ledger.receipts.mark()[0] == length


def test_many_at_once_never_pass_a_cap_together(tmp_path: Path) -> None:
    cells = [make_cell(f"kite {n}") for n in range(30)]
    with begun(tmp_path, *cells, caps=Caps(credits=cr("125"))) as ledger:
        refused = []

        async def buy(job: Job, tag: str) -> None:
            try:
                await ledger.record(job, intended(tag))
            except CapReached:
                refused.append(tag)

        async def buy_all() -> None:
            async with anyio.create_task_group() as group:
                for n, job in enumerate(jobs_of(ledger)):
                    group.start_soon(buy, job, f"tag-{n}")

        go(buy_all)
        assert (sums(ledger), len(refused)) == (("120", "0"), 18)
        assert states(ledger).count(State.SUBMITTING) == 12


def test_a_doubt_keeps_its_hold_across_restarts_and_days(tmp_path: Path) -> None:
    caps = Caps(credits=cr("15"))
    with begun(tmp_path, make_cell("a"), make_cell("b"), caps=caps) as ledger:
        happen(ledger, jobs_of(ledger)[0], intended(), Doubted("reply_lost"))
    with opened(tmp_path, Clock(NOON + 3 * DAY_S)) as ledger:
        ledger.go_on(make_run(), caps)
        with pytest.raises(CapReached):
            happen(ledger, jobs_of(ledger)[1], intended("t2"))
        totals = ledger.ask.totals(RUN)
        assert (str(totals.held), str(totals.in_doubt)) == ("10", "10")


@pytest.mark.parametrize(("event", "left"), [
    (Deferred("throttled"), ("0", "0")), (Failed("content_refused"), ("0", "0")),
    (Failed("generation_failed", "", cr("10")), ("0", "10")),
    (Produced((OUTPUT,)), ("0", "10")), (Produced((OUTPUT,), cr("7.5")), ("0", "7.5")),
    (Produced((OUTPUT,), cr("25")), ("0", "25"))])
def test_a_hold_leaves_the_book_with_the_event_that_ends_the_try(
        event: Event, left: tuple[str, str], tmp_path: Path) -> None:
    with begun(tmp_path, caps=Caps(credits=cr("10"))) as ledger:
        happen(ledger, only_job(ledger), intended(), event)
        assert sums(ledger) == left
        assert sums(ledger, "account:acme") == left
        assert sums(ledger, "manifest:spring:2027-01-15") == left


def test_a_try_that_held_nothing_is_settled_like_any(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        job = happen(ledger, only_job(ledger), intended(hold="0"), Produced((OUTPUT,), cr("3")))
        assert (sums(ledger), str(job.charged)) == (("0", "3"), "3")
        row = ledger.connection.execute("select state, settled from attempts").fetchone()
        assert tuple(row) == ("paid", 3_000_000)


def test_what_came_free_can_be_held_again(tmp_path: Path) -> None:
    with begun(tmp_path, caps=Caps(credits=cr("10"))) as ledger:
        job = happen(ledger, only_job(ledger), intended("t1"), Deferred("throttled"))
        happen(ledger, job, intended("t2"), Produced((OUTPUT,)))
        assert sums(ledger) == ("0", "10")


def test_a_charge_above_the_hold_is_booked_and_stops_the_next(tmp_path: Path) -> None:
    with begun(tmp_path, make_cell("a"), make_cell("b"), caps=Caps(credits=cr("20"))) as ledger:
        first, second = jobs_of(ledger)
        happen(ledger, first, intended("t1"), Produced((OUTPUT,), cr("10.5")))
        with pytest.raises(CapReached):
            happen(ledger, second, intended("t2"))


def test_a_try_counts_for_the_day_it_was_intended_on(tmp_path: Path) -> None:
    clock = Clock()
    with begun(tmp_path, clock=clock) as ledger:
        job = happen(ledger, only_job(ledger), intended())
        clock.now_s += DAY_S
        happen(ledger, job, Produced((OUTPUT,)))
        assert sums(ledger, "manifest:spring:2027-01-15") == ("0", "10")
        assert sums(ledger, "manifest:spring:2027-01-16") == ("0", "0")


def test_a_new_day_has_a_new_budget_and_a_clock_set_back_reopens_none(tmp_path: Path) -> None:
    clock, caps = Clock(), Caps(per_day=cr("10"))
    cells = [make_cell(name) for name in ("a", "b", "c", "d")]
    with begun(tmp_path, *cells, caps=caps, clock=clock) as ledger:
        one, two, three, _ = jobs_of(ledger)
        happen(ledger, one, intended("t1"))
        clock.now_s += DAY_S
        happen(ledger, two, intended("t2"))
        clock.now_s -= 2 * DAY_S
        with pytest.raises(CapReached, match="2027-01-16"):
            happen(ledger, three, intended("t3"))
    with opened(tmp_path, clock) as ledger:
        ledger.go_on(make_run(), caps)
        with pytest.raises(CapReached, match="2027-01-16"):
            happen(ledger, jobs_of(ledger)[3], intended("t4"))
