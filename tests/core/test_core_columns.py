"""Cells and rows in columns: what is told of them again is what was grown.

Goal: a plan of a million rows says exactly what a list of its rows would, and no key of an existing
state ever changes. Method: keys written down by the first version; plans compared with the lists
of their own rows, which are weighed one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from core_samples import TERMS, make_campaign, make_manifest, make_model, make_offers
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.cells import Cells, Expansion
from pipeline.core.expansion import expand
from pipeline.core.forecast import forecast
from pipeline.core.job import State
from pipeline.core.manifest import Budget
from pipeline.core.money import NOTHING
from pipeline.core.plan import Known, Plan, Rows, Status, draw_plan, fingerprint
from pipeline.core.spec import JobSpec, SourceRef
from pipeline.core.terms import Limit

CLIP = make_model("clip", kind="video", durations=("5s", "10s"), max_images=1)
SNOW = JobSpec("kubeez", "video", "kling", "Müller \"rief\" \u2603\n", "16:9",
               {"sound": True, "duration": "5s", "seed": 7},
               (SourceRef("file", "ab" * 32, "image", "x.png", 5), SourceRef("job", "00ff#2")), 3)


@pytest.mark.parametrize(("spec", "key"), [
    (JobSpec("kubeez", "image", "nano-banana-2", "a kite"), "a0674cb1c114f9137ce1a758fa38801b"),
    (SNOW, "6fca42456a46f147ee6e4d9ffd2a5846")])
def test_keys_are_those_of_the_first_version(spec: JobSpec, key: str) -> None:
    assert spec.key() == key


def grown(products: int, variants: int = 2, *, chain: bool = False) -> Expansion:
    hero = make_campaign(axes={"product": [f"p{n}" for n in range(products)]}, variants=variants,
                         models=("fox", "owl"), aspect_ratios=("1:1", "16:9"))
    teaser = make_campaign("teaser", "zoom", models=("clip",), source_campaign="hero",
                           param_axes={"duration": ["5s", "10s"]})
    found = expand(make_manifest(*([hero, teaser] if chain else [hero])),
                   make_offers(make_model(), make_model("owl", typical_s=90.0), CLIP))
    assert not found.problems
    return found


def drawn(found: Expansion, known: Mapping[str, Known] | None = None) -> Plan:
    return draw_plan("spring", "m.yaml", "acme", found, known=lambda keys: known or {},
                     catalogs={}, budget=Budget())


@pytest.mark.parametrize("chain", [False, True])
def test_every_cell_has_the_key_of_its_spec(chain: bool) -> None:
    cells = grown(3, chain=chain).cells
    assert len(cells) == (72 if chain else 24)
    assert [cell.key for cell in cells] == [cell.spec.key() for cell in cells]
    assert len({cell.key for cell in cells}) == len(cells)


def test_cells_are_told_alike_in_any_order() -> None:
    cells = grown(3, chain=True).cells
    listed = list(cells)
    assert [cells[n] for n in reversed(range(len(cells)))] == listed[::-1]
    assert cells[2:9:3] == listed[2:9:3]
    assert (cells[-1], listed[-1] in cells) == (listed[-1], True)
    with pytest.raises(IndexError):
        cells[len(cells)]


def test_a_list_of_cells_in_columns_is_that_list() -> None:
    listed = list(grown(2, chain=True).cells)
    assert list(Cells.of(listed)) == listed


@given(st.lists(st.sampled_from([*State, None]), min_size=8, max_size=8))
def test_lots_weigh_what_their_rows_weigh(states: Sequence[State | None]) -> None:
    found = grown(1)
    known = {cell.key: Known(state, run="r1") for cell, state
             in zip(found.cells, states, strict=True) if state}
    plan = drawn(found, known)
    rows = list(plan.rows)
    assert plan.expected == sum((row.expected for row in rows), NOTHING)
    assert plan.worst == sum((row.worst for row in rows), NOTHING)
    assert plan.buys == sum(row.buys for row in rows)
    assert [plan.count(status) for status in Status] == [
        sum(row.status is status for row in rows) for status in Status]
    assert fingerprint("spring", list(found.cells), {}, Budget()) == plan.fingerprint


def test_some_rows_keep_what_they_are() -> None:
    plan = drawn(grown(2), {})
    some = Rows.of(plan.rows).only([5, 1])
    assert list(some) == [plan.rows[5], plan.rows[1]]
    assert sum(lot.number for lot in some.lots) == 2


@pytest.mark.parametrize("slots", [{}, {"media": 7}, {"media": 40}])
@pytest.mark.parametrize("starts", [{}, {"media": Limit(30)}, {"media": Limit(11)}])
def test_rounds_that_are_counted_end_when_they_would(slots: dict[str, int],
                                                     starts: dict[str, Limit]) -> None:
    plan = drawn(grown(120, 3))
    terms = {"acme": replace(TERMS, in_flight=slots, starts=starts)}
    at_once, one_by_one = forecast(plan.rows, terms), forecast(list(plan.rows), terms)
    assert at_once.seconds == pytest.approx(one_by_one.seconds)
    assert at_once.bottleneck == one_by_one.bottleneck


def test_keys_that_repeat_are_found_wherever_they_are() -> None:
    listed = list(grown(2).cells)
    cells = Cells.of([*listed, listed[3], *listed[:1]])
    assert cells.repeated() == [0, 3, len(listed), len(listed) + 1]
    assert Cells.of(listed).repeated() == []
