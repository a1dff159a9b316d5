"""A campaign's axes multiplied: order, counts, excludes, includes, rows of tables, bases.

Goal: the count is right before a cell is built, and a rule that does nothing is told.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from core_samples import make_campaign
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.manifest import Campaign, ModelRef, Rule
from pipeline.core.matrix import Matrix, count_combos

PEOPLE = ({"city": "Oslo", "age": "30"}, {"city": "Oslo", "age": "40"},
          {"city": "Rome", "age": "30"})


class Combo(NamedTuple):
    """One combination of all axes, the strips and cuts of a matrix laid out one by one."""

    ref: ModelRef
    aspect_ratio: str | None
    vars: Mapping[str, Any]
    params: Mapping[str, Any]
    variant: int
    base: int


class Multiplied:
    """A matrix that was walked through."""

    def __init__(self, campaign: Campaign, bases: Sequence[dict[str, Any]] = ({},)) -> None:
        matrix = Matrix(campaign, bases)
        strips = list(matrix)
        assert all(matrix.vars(strip.number) == strip.vars for strip in strips)
        assert all(matrix.base(strip.number) == strip.base for strip in strips)
        self.excluded, self.problems = matrix.excluded, matrix.problems
        self.combos = [Combo(cut.ref, cut.aspect_ratio, strip.vars, cut.params, n + 1, strip.base)
                       for strip in strips for cut in strip.cuts for n in range(campaign.variants)]


def told(campaign: Campaign, *bases: dict[str, Any]) -> list[tuple[object, ...]]:
    matrix = Multiplied(campaign, bases or ({},))
    assert not matrix.problems
    return [(c.ref.model, c.aspect_ratio, *c.vars.values(), *c.params.values(), c.variant)
            for c in matrix.combos]


def test_the_authors_order_is_kept_variables_first_then_models_and_shapes() -> None:
    campaign = make_campaign(axes={"product": ["ear", "box"]}, models=("fox", "owl"),
                             aspect_ratios=("1:1", "16:9"), variants=2)
    assert told(campaign)[:5] == [("fox", "1:1", "ear", 1), ("fox", "1:1", "ear", 2),
                                  ("fox", "16:9", "ear", 1), ("fox", "16:9", "ear", 2),
                                  ("owl", "1:1", "ear", 1)]
    assert len(told(campaign)) == count_combos(campaign) == 16


def test_without_shapes_and_axes_there_is_one_cell_a_model() -> None:
    assert told(make_campaign(models=("fox",))) == [("fox", None, 1)]


@given(st.lists(st.integers(1, 4), max_size=3), st.lists(st.integers(1, 3), max_size=2),
       st.integers(1, 3), st.integers(0, 3), st.integers(1, 3), st.integers(1, 3))
def test_the_count_is_the_product(axes: list[int], params: list[int], models: int, ratios: int,
                                  variants: int, bases: int) -> None:
    campaign = make_campaign(
        axes={f"v{n}": range(size) for n, size in enumerate(axes)},
        param_axes={f"p{n}": range(size) for n, size in enumerate(params)},
        models=tuple(f"m{n}" for n in range(models)),
        aspect_ratios=tuple(f"{n + 1}:1" for n in range(ratios)), variants=variants)
    rows: list[dict[str, Any]] = [{"base": n} for n in range(bases)]
    assert len(told(campaign, *rows)) == count_combos(campaign, bases)


def test_an_exclude_takes_out_what_matches_all_that_it_names() -> None:
    campaign = make_campaign(axes={"product": ["ear", "box"]}, models=("fox", "owl"),
                             exclude=(Rule(models=("owl",), vars={"product": ("box",)}),))
    matrix = Multiplied(campaign)
    assert (len(matrix.combos), matrix.excluded) == (3, 1)
    assert not any(c.ref.model == "owl" and c.vars["product"] == "box" for c in matrix.combos)


def test_a_cell_that_two_excludes_match_counts_once() -> None:
    campaign = make_campaign(models=("fox", "owl"),
                             exclude=(Rule(models=("owl",)), Rule(models=("owl", "fox"))))
    matrix = Multiplied(campaign)
    assert (matrix.combos, matrix.excluded, matrix.problems) == ([], 2, [])


@pytest.mark.parametrize("rule", [
    Rule(models=("elk",)), Rule(aspect_ratios=("16:9",)), Rule(vars={"product": ("bag",)}),
    Rule(vars={"colour": ("red",)}), Rule(params={"quality": ("high",)}),
    Rule(models=("fox",), vars={"product": ("bag",)})])
def test_an_exclude_that_matches_nothing_is_told_with_the_axes(rule: Rule) -> None:
    campaign = make_campaign(axes={"product": ["ear", "box"]}, exclude=(rule,))
    [problem] = Multiplied(campaign).problems
    assert problem.message == "this exclude matches no cell"
    assert problem.hint == "the axes are model: fox; product: ear, box"


def test_a_text_and_a_number_are_not_the_same_value() -> None:
    campaign = make_campaign(axes={"n": [1, "1", True]}, exclude=(Rule(vars={"n": (1,)}),))
    assert [combo.vars["n"] for combo in Multiplied(campaign).combos] == ["1", True]


def test_an_include_adds_cells_and_leaves_the_other_axes_their_lists() -> None:
    campaign = make_campaign(axes={"product": ["ear", "box"]}, models=("fox",),
                             aspect_ratios=("1:1",),
                             include=(Rule(models=("owl",), aspect_ratios=("3:2",)),))
    assert told(campaign)[2:] == [("owl", "3:2", "ear", 1), ("owl", "3:2", "box", 1)]
    assert count_combos(campaign) == 4


def test_an_include_brings_back_what_an_exclude_took_out() -> None:
    campaign = make_campaign(axes={"product": ["ear", "box"]},
                             exclude=(Rule(vars={"product": ("box",)}),),
                             include=(Rule(vars={"product": ("box",)}),))
    matrix = Multiplied(campaign)
    assert ([c.vars["product"] for c in matrix.combos], matrix.excluded) == (["ear", "box"], 1)


def test_an_include_adds_only_what_is_missing() -> None:
    campaign = make_campaign(axes={"product": ["ear"]},
                             include=(Rule(vars={"product": ("ear", "box")}),))
    assert [combo.vars["product"] for combo in Multiplied(campaign).combos] == ["ear", "box"]


def test_an_include_that_adds_nothing_is_told() -> None:
    campaign = make_campaign(axes={"product": ["ear"]}, include=(Rule(vars={"product": ("ear",)}),))
    [problem] = Multiplied(campaign).problems
    assert "adds no cell" in problem.message


def test_an_include_of_a_listed_model_keeps_the_account_it_is_listed_with() -> None:
    campaign = Campaign("hero", None, (ModelRef("fox", "elsewhere"),), aspect_ratios=("1:1",),
                        include=(Rule(models=("fox", "owl"), aspect_ratios=("3:2",)),))
    accounts = [combo.ref.account for combo in Multiplied(campaign).combos]
    assert accounts == ["elsewhere", "elsewhere", ""]


@pytest.mark.parametrize(("wanted", "left"), [
    ({"city": "Oslo"}, ["Rome 30"]), ({"age": 30}, ["Oslo 40"]),
    ({"city": "Rome", "age": "30"}, ["Oslo 30", "Oslo 40"])])
def test_a_rule_matches_a_row_by_the_fields_it_names(wanted: dict[str, object],
                                                     left: list[str]) -> None:
    campaign = make_campaign(axes={"who": PEOPLE}, exclude=(Rule(vars={"who": (wanted,)}),))
    rows: list[Any] = [combo.vars["who"] for combo in Multiplied(campaign).combos]
    assert [f"{row['city']} {row['age']}" for row in rows] == left


def test_an_include_of_a_part_of_a_row_means_the_whole_rows() -> None:
    campaign = make_campaign(axes={"who": PEOPLE}, aspect_ratios=("1:1",), include=(
        Rule(aspect_ratios=("3:2",), vars={"who": ({"city": "Oslo"},)}),))
    added = [combo for combo in Multiplied(campaign).combos if combo.aspect_ratio == "3:2"]
    assert [combo.vars["who"] for combo in added] == list(PEOPLE[:2])
    assert count_combos(campaign) == 5


def test_a_row_that_no_table_has_adds_nothing() -> None:
    campaign = make_campaign(axes={"who": PEOPLE},
                             include=(Rule(vars={"who": ({"city": "Bonn"},)}),))
    assert len(Multiplied(campaign).problems) == 1


def test_cells_of_a_chain_have_the_variables_of_what_they_start_from() -> None:
    campaign = make_campaign(axes={"take": ["near", "far"]})
    assert told(campaign, {"product": "ear"}, {"product": "box"}) == [
        ("fox", None, "ear", "near", 1), ("fox", None, "ear", "far", 1),
        ("fox", None, "box", "near", 1), ("fox", None, "box", "far", 1)]
    assert [combo.base for combo in Multiplied(campaign, [{}, {}]).combos] == [0, 0, 1, 1]


def test_a_rule_of_a_chain_may_name_the_variables_of_its_source() -> None:
    bases = [{"product": "ear"}, {"product": "box"}]
    excluding = make_campaign(exclude=(Rule(vars={"product": ("box",)}),))
    assert [c.base for c in Multiplied(excluding, bases).combos] == [0]
    including = make_campaign(aspect_ratios=("1:1",), include=(
        Rule(aspect_ratios=("3:2",), vars={"product": ("box",)}),))
    assert [c.base for c in Multiplied(including, bases).combos if c.aspect_ratio == "3:2"] == [1]
