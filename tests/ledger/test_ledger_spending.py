"""What was spent, from the book of payments, by any group.

Goal: every group adds up to what the accounts' scopes hold; a job that several campaigns want
counts where it was bought. Method: a small ledger with every fate in it, and random ways.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_samples import (
    NOON,
    RUN,
    Clock,
    begun,
    cr,
    happen,
    intended,
    jobs_of,
    make_cell,
    make_plan,
    make_run,
    running,
)

from pipeline.core.caps import Caps
from pipeline.core.job import Deferred, Doubted, Failed, Produced, Reopened, Saved
from pipeline.core.money import Money
from pipeline.core.provider import Output
from pipeline.core.spending import GROUPS, Spent
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.spending import spending

OUTPUT = Output("https://media.example/a.png")
DAY_S = 86_400.0
AUTUMN = "20270116-080000-bbbb"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Two runs on two days at two accounts: done, failed and bought again, in doubt, free, open."""
    clock = Clock()
    cells = [make_cell("a", campaign="hero"), make_cell("b", campaign="hero", account="other"),
             make_cell("c", campaign="teaser"), make_cell("d", campaign="teaser")]
    with begun(tmp_path, *cells, clock=clock) as ledger:
        a, b, c, d = jobs_of(ledger)
        happen(ledger, running(ledger, a, "a1", "r1"), Produced((OUTPUT,), cr("7")), Saved(()))
        b = happen(ledger, b, intended("b1"), Failed("generation_failed", "", cr("10")))
        happen(ledger, c, intended("c1"), Doubted("reply_lost"))
        happen(ledger, d, intended("d1"), Deferred("throttled"))
        clock.now_s += DAY_S
        again = [make_cell("a", campaign="encore"), make_cell("e", campaign="encore")]
        ledger.begin(make_run(AUTUMN, started_s=NOON + DAY_S, manifest="autumn"),
                     make_plan(*again), Caps(), "outputs/autumn")
        happen(ledger, happen(ledger, b, Reopened("me")), intended("b2"))
        happen(ledger, jobs_of(ledger, AUTUMN)[1], intended("e1"))
        yield ledger


def by(ledger: Ledger, *groups: str, **more: object) -> dict[tuple[str | None, ...], Spent]:
    found = spending(ledger.connection, groups, **more)  # type: ignore[arg-type]
    return {row.group: row for row in found.rows}


def figures(row: Spent) -> str:
    return f"{row.jobs}: {row.charged} {row.held} {row.in_doubt}"


def test_by_campaign_what_two_want_counts_where_it_was_bought(ledger: Ledger) -> None:
    assert {name: figures(row) for (name,), row in by(ledger, "campaign").items()} == {
        "hero": "2: 17 10 0", "teaser": "1: 0 10 10", "encore": "1: 0 10 0"}


def test_by_account_and_day_in_the_order_of_the_names(ledger: Ledger) -> None:
    assert [(row.group, figures(row)) for row in spending(
        ledger.connection, ("account", "day")).rows] == [
            (("acme", "2027-01-15"), "2: 7 10 10"), (("acme", "2027-01-16"), "1: 0 10 0"),
            (("other", "2027-01-15"), "1: 10 0 0"), (("other", "2027-01-16"), "1: 0 10 0")]


def test_by_run_manifest_and_month(ledger: Ledger) -> None:
    assert {group: row.jobs for group, row in by(ledger, "run", "manifest", "month").items()} == {
        (RUN, "spring", "2027-01"): 3, (AUTUMN, "autumn", "2027-01"): 1}


@pytest.mark.parametrize(("group", "value"), [
    ("model", "fox"), ("kind", "image"), ("tag", "client=acme"), ("tag:client", "acme"),
    ("tag:nobody", None)])
def test_what_all_have_alike_is_one_group(ledger: Ledger, group: str, value: str | None) -> None:
    found = by(ledger, group)
    assert list(found) == [(value,)]
    assert figures(found[value,]) == "4: 17 30 10"


@pytest.mark.parametrize("group", [*GROUPS, "tag:client"])
def test_every_group_adds_up_to_what_the_accounts_hold(ledger: Ledger, group: str) -> None:
    found = spending(ledger.connection, (group, "account"))
    for account in ("acme", "other"):
        rows = [row for row in found.rows if row.group[1] == account]
        held, charged, refunded = ledger.ask.sums(f"account:{account}")
        assert sum((row.held for row in rows), Money(0)) == Money(held)
        assert sum((row.charged for row in rows), Money(0)) == Money(charged)
        assert sum((row.refunded for row in rows), Money(0)) == Money(refunded)
    assert figures(found.total) == "4: 17 30 10"


def test_a_day_that_two_tries_share_out_counts_a_job_in_both_and_once_in_all(
        ledger: Ledger) -> None:
    found = spending(ledger.connection, ("day",))
    assert [row.jobs for row in found.rows] == [3, 2]
    assert found.total.jobs == 4


def test_since_a_moment_and_of_one_manifest(ledger: Ledger) -> None:
    later = spending(ledger.connection, ("campaign",), since_s=NOON + DAY_S)
    assert figures(later.total) == "2: 0 20 0"
    one = spending(ledger.connection, ("campaign",), manifest="autumn")
    assert [row.group for row in one.rows] == [("encore",)]
    assert figures(one.total) == "1: 0 10 0"
    both = spending(ledger.connection, ("day",), NOON + DAY_S, "spring")
    assert figures(both.total) == "1: 0 10 0"


def test_a_row_that_its_run_has_dropped_keeps_its_campaign(ledger: Ledger) -> None:
    ledger.begin(make_run(), make_plan(make_cell("d", campaign="teaser")), Caps(),
                 "outputs/spring")
    assert figures(by(ledger, "campaign")["hero",]) == "2: 17 10 0"


def test_where_nothing_was_bought_nothing_was_spent(tmp_path: Path) -> None:
    with begun(tmp_path) as ledger:
        found = spending(ledger.connection, ("model", "tag"))
        assert (list(found.rows), found.total) == ([], Spent(()))
