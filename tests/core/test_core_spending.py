"""What was spent: which groups can be asked for, and how they add up.

Goal: a name that means nothing is refused, rows come in a reader's order, and the total is their
sum. Method: rows by hand.
"""

import pytest
from core_samples import cr

from pipeline.core.params import Unfit
from pipeline.core.spending import GROUPS, Spent, add_up, read_groups


def spent(*group: str | None, charged: str = "0", held: str = "0", jobs: int = 1) -> Spent:
    return Spent(group, jobs, cr(charged), cr(held))


@pytest.mark.parametrize("name", [*GROUPS, "tag:client", "tag:a b"])
def test_every_group_can_be_asked_for(name: str) -> None:
    assert read_groups(name) == (name,)


def test_several_groups_nest_and_each_counts_once() -> None:
    assert read_groups("model, day,model") == ("model", "day")


@pytest.mark.parametrize(("text", "hint"), [
    ("modle", "did you mean model"), ("", "none of campaign"), ("model,", "none of"),
    ("tag:", "tag:NAME"), ("week", "none of")])
def test_a_group_that_there_is_not_is_refused(text: str, hint: str) -> None:
    with pytest.raises(Unfit, match=hint):
        read_groups(text)


def order(by: str, *rows: Spent) -> list[tuple[str | None, ...]]:
    return [row.group for row in add_up(read_groups(by), rows, 0).rows]


def test_the_dearest_comes_first_and_what_is_held_counts() -> None:
    rows = (spent("a", charged="1"), spent("b", held="3"), spent("c", charged="2"))
    assert order("model", *rows) == [("b",), ("c",), ("a",)]


def test_equal_sums_go_by_name_and_what_has_none_is_last() -> None:
    assert order("tag:client", spent(None), spent("b"), spent("a")) == [("a",), ("b",), (None,)]


def test_days_go_by_the_calendar() -> None:
    rows = (spent("2027-01-02", charged="9"), spent("2027-01-01", charged="1"))
    assert order("day", *rows) == [("2027-01-01",), ("2027-01-02",)]


def test_nested_groups_stand_together() -> None:
    rows = (spent("hero", "owl", charged="1"), spent("teaser", "fox", charged="9"),
            spent("hero", "fox", charged="5"))
    assert order("campaign,model", *rows) == [("hero", "fox"), ("hero", "owl"), ("teaser", "fox")]


def test_the_total_is_the_sum_over_the_jobs_there_are() -> None:
    total = add_up(("day",), [spent("a", charged="1.5", held="2"), spent("b", charged="0.5")],
                   1).total
    assert (total.jobs, total.charged, total.held) == (1, cr("2"), cr("2"))


def test_nothing_adds_up_to_nothing() -> None:
    assert add_up(("model",), [], 0).total == Spent(())
