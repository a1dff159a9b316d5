"""What a run may take, what it reaches for, and how it ended.

Goal: a cap is never passed and never leaves room unused that a job fits in; the exit code told is
the first that applies (CONTRACT section 7).
"""

from itertools import combinations

import pytest
from core_samples import NOW_S, cr
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.caps import Candidate, Caps, campaign_scope, choose, scopes, smallest
from pipeline.core.errors import Exit
from pipeline.core.job import State
from pipeline.core.manifest import Budget
from pipeline.core.money import NOTHING, Money
from pipeline.core.outcome import ORDER, judge_run
from pipeline.core.report import Totals, count_states


def wishes(*prices: str) -> list[Candidate]:
    return [Candidate(f"k{n}", cr(price)) for n, price in enumerate(prices)]


@pytest.mark.parametrize(("left", "places", "chosen"), [
    (None, None, "k0 k1 k2 k3"), ("30", None, "k0 k1 k2 k3"), ("29.999999", None, "k0 k1 k2"),
    ("20", None, "k0 k1 k3"), ("14", None, "k0 k3"), ("9", None, "k1 k3"), ("0", None, ""),
    (None, 2, "k0 k1"), (None, 0, ""), ("30", 3, "k0 k1 k2"), ("14", 1, "k0")])
def test_the_jobs_that_fit_are_chosen_in_the_authors_order(left: str | None, places: int | None,
                                                           chosen: str) -> None:
    found = choose(wishes("10", "6", "11", "3"), None if left is None else cr(left), places)
    assert " ".join(sorted(found)) == chosen


def test_what_starts_from_a_job_that_does_not_fit_is_not_reached_for() -> None:
    chain = [Candidate("hero", cr("20")), Candidate("teaser", cr("1"), ("hero",)),
             Candidate("last", cr("1"), ("teaser",)), Candidate("other", cr("1"), ("elsewhere",))]
    assert choose(chain, cr("10"), None) == {"other"}


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(0, 120), st.integers(0, 12))
def test_no_choice_passes_a_cap_and_none_leaves_room_for_what_it_passed_over(
        prices: list[int], left: int, places: int) -> None:
    asked = [Candidate(f"k{n}", Money(price)) for n, price in enumerate(prices)]
    found = choose(asked, Money(left), places)
    used = sum((job.worst for job in asked if job.key in found), NOTHING)
    assert used <= Money(left)
    assert len(found) <= places
    if len(found) < places:
        assert all(used + job.worst > Money(left) for job in asked if job.key not in found)


@pytest.mark.parametrize(("left", "own", "chosen"), [
    (None, {}, "a1 a2 a3 b1"), (None, {"a": "12"}, "a1 a3 b1"), (None, {"a": "6"}, "a2 b1"),
    (None, {"a": "0", "b": "0"}, ""), ("14", {"a": "12"}, "a1 a3"), ("22", {"a": "12"}, "a1 a3 b1"),
    (None, {"c": "1"}, "a1 a2 a3 b1")])
def test_a_campaign_takes_no_more_than_its_own_and_leaves_the_rest_to_others(
        left: str | None, own: dict[str, str], chosen: str) -> None:
    asked = [Candidate("a1", cr("10"), (), "a"), Candidate("a2", cr("5"), (), "a"),
             Candidate("a3", cr("2"), (), "a"), Candidate("b1", cr("10"), (), "b")]
    found = choose(asked, None if left is None else cr(left), None,
                   {name: cr(most) for name, most in own.items()})
    assert " ".join(sorted(found)) == chosen


def test_what_starts_from_a_campaign_that_is_spent_is_not_reached_for() -> None:
    asked = [Candidate("hero", cr("10"), (), "hero"), Candidate("teaser", cr("1"), ("hero",), "t")]
    assert choose(asked, None, None, {"hero": cr("9")}) == set()
    assert choose(asked, None, None, {"t": cr("0.5")}) == {"hero"}


def test_a_try_counts_in_every_scope_it_falls_under() -> None:
    caps = Caps(cr("1"), cr("2"), cr("3"), {"acme": Budget(None, cr("4"), cr("5"))})
    found = scopes(caps, run="r1", manifest="spring", account="acme", at_s=NOW_S)
    assert [(scope.name, None if scope.cap is None else str(scope.cap)) for scope in found] == [
        ("run:r1", "1"), ("manifest:spring:2027-01-15", "2"), ("manifest:spring:2027-01", "3"),
        ("account:acme", None), ("account:acme:2027-01-15", "4"), ("account:acme:2027-01", "5")]
    assert all(scope.says for scope in found)


def test_a_try_for_a_campaign_counts_there_as_well_and_first_in_its_run() -> None:
    caps = Caps(cr("9"), campaigns={"hero": cr("1")})
    shared = scopes(caps, run="r1", manifest="spring", account="acme", at_s=NOW_S)
    for campaign, cap in (("hero", cr("1")), ("teaser", None)):
        found = scopes(caps, run="r1", manifest="spring", account="acme", at_s=NOW_S,
                       campaign=campaign)
        assert found[:-1] == shared and found[0].name == "run:r1"
        assert found[-1] == campaign_scope(caps, "r1", campaign)
        assert (found[-1].name, found[-1].cap) == (f"campaign:r1:{campaign}", cap)
        assert campaign in found[-1].says


def test_an_account_without_a_budget_has_no_cap_of_its_own() -> None:
    found = scopes(Caps(), run="r1", manifest="spring", account="other", at_s=NOW_S)
    assert all(scope.cap is None for scope in found)


@pytest.mark.parametrize(("at_s", "day"), [
    (1_800_057_599.9, "2027-01-15"), (1_800_057_600.0, "2027-01-16"), (0.0, "1970-01-01")])
def test_days_are_those_of_utc(at_s: float, day: str) -> None:
    found = scopes(Caps(), run="r", manifest="m", account="a", at_s=at_s)
    assert f"manifest:m:{day}" in {scope.name for scope in found}


def test_the_tightest_cap_holds() -> None:
    assert smallest(None, cr("5"), cr("2")) == cr("2")
    assert smallest(cr("0"), None) == NOTHING
    assert smallest(None, None) is None


def totals(kept: int = 0, **states: int) -> Totals:
    return Totals({**count_states([]), **{State(name): n for name, n in states.items()}}, kept)


@pytest.mark.parametrize(("figures", "reasons", "code"), [
    (totals(done=3), (), Exit.DONE),
    (totals(), (), Exit.DONE),
    (totals(done=3, failed=1), (), Exit.SOME_FAILED),
    (totals(done=3, cancelled=1), (), Exit.SOME_FAILED),
    (totals(done=3, failed=1, in_doubt=1), (), Exit.DOUBT),
    (totals(submitting=1), (), Exit.DOUBT),
    (totals(pending=3), (Exit.REFUSED,), Exit.REFUSED),
    (totals(pending=3, done=1), (Exit.REFUSED,), Exit.SOME_FAILED),
    (totals(kept=1, pending=3, done=1), (Exit.REFUSED,), Exit.REFUSED),
    (totals(pending=1), (Exit.BUDGET,), Exit.BUDGET),
    (totals(running=1), (Exit.TIME,), Exit.TIME),
    (totals(running=1, pending=2), (Exit.TIME, Exit.BUDGET), Exit.BUDGET),
    (totals(pending=1, in_doubt=1), (Exit.KEY, Exit.INTERRUPTED), Exit.INTERRUPTED),
])
def test_a_run_is_told_by_the_first_code_that_applies(figures: Totals, reasons: tuple[Exit, ...],
                                                      code: Exit) -> None:
    assert judge_run(figures, reasons) is code


def test_of_any_two_reasons_the_one_the_contract_names_first_is_told() -> None:
    assert [int(code) for code in ORDER] == [1, 13, 11, 130, 143, 12, 5, 7, 2, 8, 10, 4, 3]
    for first, second in combinations(ORDER, 2):
        assert judge_run(totals(pending=1), (second, first)) is first
