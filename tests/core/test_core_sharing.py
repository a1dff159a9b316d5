"""Several accounts: what each is given, who may buy instead of whom, and where a job stays.

Goal: an account gets as much as it can do, the same at every planning; nobody buys another's job at
a higher price, with another request, or where its sources are not. Method: small campaigns on two
or three accounts, and rounds of any weights.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from core_samples import (
    TERMS,
    cr,
    make_campaign,
    make_catalog,
    make_manifest,
    make_model,
)
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.catalog import KINDS
from pipeline.core.cells import Cells, Offer
from pipeline.core.expansion import expand
from pipeline.core.job import State
from pipeline.core.manifest import Budget, Campaign, Source
from pipeline.core.plan import Known, Plan, Rows, draw_plan
from pipeline.core.price_rule import Flat
from pipeline.core.sharing import accounts_of, round_of, siblings, starts_per_s
from pipeline.core.terms import Limit

CLIP = make_model("clip", kind="video", durations=("5s",), max_images=1)
VEO = make_model("veo3-1", kind="video", durations=("8s",))
MORE = make_model("veo-extend", kind="extend", extends="veo3-1")
MODELS = (make_model(), make_model("owl", typical_s=90.0), CLIP, VEO, MORE)


def an_offer(per_minute: int = 30, in_flight: int = 10, price: str = "", **more: Any) -> Offer:
    terms = replace(TERMS, starts={"media": Limit(per_minute)}, in_flight={"media": in_flight})
    prices = {"fox": Flat(cr(price))} if price else {}
    return Offer("acme", make_catalog(*more.pop("models", MODELS)), prices, KINDS, terms=terms)


def grown(offers: Mapping[str, Offer], *campaigns: Campaign) -> Cells:
    wanted = [replace(campaign, accounts=tuple(offers)) for campaign in campaigns]
    found = expand(replace(make_manifest(*wanted), account=next(iter(offers))), offers)
    assert not found.problems, found.problems
    return Cells.of(found.cells)


def pictures(products: int = 110, **more: Any) -> Campaign:
    return make_campaign(axes={"product": [f"p{n}" for n in range(products)]}, **more)


def may_buy(cells: Cells) -> dict[str, set[str]]:
    """By the account that a job was given to: who may buy it."""
    shared = siblings(cells.patterns)
    return {cells.patterns[n].account: set(shared[n]) for n in sorted(set(cells.pattern))}


def drawn(cells: Cells, known: Mapping[str, Known]) -> Plan:
    found = expand(make_manifest(), {})
    found.cells = cells
    return draw_plan("spring", "m.yaml", "one", found, known=lambda keys: known, catalogs={},
                     budget=Budget())


@given(st.lists(st.floats(0.001, 1000.0), min_size=1, max_size=6))
def test_a_round_gives_each_its_part_and_everybody_something(weights: list[float]) -> None:
    turns = round_of(weights)
    for index, weight in enumerate(weights):
        part = turns.count(index) / len(turns)
        assert turns.count(index) >= 1
        assert part == pytest.approx(weight / sum(weights), abs=0.02)


@given(st.lists(st.integers(1, 60), min_size=2, max_size=4))
def test_every_part_of_a_round_is_as_even_as_the_whole(weights: list[int]) -> None:
    turns = round_of(weights)
    for end in range(1, len(turns) + 1):
        for index in range(len(weights)):
            due = end * turns.count(index) / len(turns)
            assert abs(turns[:end].count(index) - due) < len(weights)


@pytest.mark.parametrize(("terms", "kind", "typical_s", "per_minute"), [
    (TERMS, "image", 10.0, 30.0), (TERMS, "image", 60.0, 10.0), (TERMS, "video", None, 10.0),
    (TERMS.at_speed(60), "image", 60.0, 600.0), (None, "image", 10.0, 60.0)])
def test_an_account_can_do_what_its_windows_and_its_slots_let_it(
        terms: Any, kind: str, typical_s: float | None, per_minute: float) -> None:
    assert starts_per_s(terms, kind, typical_s) * 60 == pytest.approx(per_minute)


def test_accounts_are_given_as_much_as_they_can_do() -> None:
    offers = {"one": an_offer(30, 100), "two": an_offer(3, 100)}
    cells = grown(offers, pictures(110))
    assert Counter(cell.account for cell in cells) == {"one": 100, "two": 10}
    again = grown(offers, pictures(110))
    assert [cell.account for cell in again] == [cell.account for cell in cells]


def test_every_model_is_spread_by_itself() -> None:
    """Or every second model would stay at one account, however long its jobs take."""
    cells = grown({"one": an_offer(), "two": an_offer()}, pictures(4, models=("fox", "owl")))
    assert Counter((c.account, c.spec.model) for c in cells) == dict.fromkeys(
        [(account, model) for account in ("one", "two") for model in ("fox", "owl")], 2)


def test_alike_accounts_may_buy_each_others_jobs() -> None:
    cells = grown({"one": an_offer(), "two": an_offer()}, pictures(2))
    assert may_buy(cells) == {"one": {"one", "two"}, "two": {"one", "two"}}


def test_an_account_that_is_given_nothing_may_take_over_all_the_same() -> None:
    cells = grown({"one": an_offer(), "two": an_offer()}, pictures(1))
    assert [cell.account for cell in cells] == ["one"]
    assert accounts_of(cells) == {"one", "two"}


def test_nobody_takes_over_at_a_higher_price() -> None:
    cells = grown({"dear": an_offer(price="9"), "cheap": an_offer(price="4")}, pictures(2))
    assert may_buy(cells) == {"dear": {"dear", "cheap"}, "cheap": {"cheap"}}


STAY = {
    "the model is gone there": ({"one": an_offer(), "two": an_offer(models=MODELS[1:])},
                                [pictures(1)]),
    "the model can do less there": (
        {"one": an_offer(), "two": an_offer(models=(make_model(prompt_max_chars=40),))},
        [pictures(1)]),
    "a file of the library": ({"one": an_offer(), "two": an_offer()}, [
        pictures(1, models=("clip",), sources=(Source("asset:logo", media="image"),))]),
    "a clip that is gone on from": ({"one": an_offer(), "two": an_offer()}, [
        make_campaign("opener", "a", models=("veo3-1",)),
        make_campaign("more", "b", models=("veo-extend",), kind="extend",
                      source_campaign="opener")]),
}


@pytest.mark.parametrize("why", STAY)
def test_what_another_account_cannot_do_alike_stays(why: str) -> None:
    offers, campaigns = STAY[why]
    cells = grown(offers, *campaigns)
    assert may_buy(cells).get("one", set()) <= {"one"}


def test_a_chain_of_files_may_be_bought_anywhere() -> None:
    cells = grown({"one": an_offer(), "two": an_offer()}, pictures(2),
                  make_campaign("teaser", "zoom", models=("clip",), source_campaign="hero"))
    assert all(len(who) == 2 for who in may_buy(cells).values())


def test_a_job_that_the_ledger_knows_elsewhere_stays_there() -> None:
    cells = grown({"one": an_offer(), "two": an_offer()}, pictures(4))
    keys = [cell.key for cell in cells]
    before = drawn(cells, {})
    moved = drawn(cells, {keys[0]: Known(State.PENDING, account="two"),
                          keys[1]: Known(State.DONE, account="one"),
                          keys[2]: Known(State.PENDING, account="elsewhere")})
    assert [row.cell.account for row in moved.rows] == ["two", "one", "one", "two"]
    assert moved.fingerprint == before.fingerprint
    assert [cell.account for cell in cells] == ["one", "two", "one", "two"]
    assert isinstance(moved.rows, Rows)


def test_a_job_does_not_stay_where_it_would_cost_more_than_is_approved() -> None:
    cells = grown({"cheap": an_offer(price="4"), "dear": an_offer(price="9")}, pictures(2))
    plan = drawn(cells, {cells[0].key: Known(State.PENDING, account="dear")})
    assert plan.rows[0].cell.account == "cheap"
    assert plan.worst == cr("13")
