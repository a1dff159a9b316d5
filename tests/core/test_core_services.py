"""One campaign on the models of several services: accounts of their own, files counted by `n`.

Goal: a model is looked up, checked and priced where it is sold, whether or not the manifest's own
account is used at all (CONTRACT section 3); what is paid for each file is priced so. Method: two
small catalogs, expanded.
"""

from dataclasses import replace
from typing import Any

import pytest
from core_samples import cr, make_campaign, make_catalog, make_manifest, make_model

from pipeline.core.cells import Expansion, Offer
from pipeline.core.expansion import expand
from pipeline.core.manifest import Campaign, ModelRef
from pipeline.core.price_rule import Flat

HERE = Offer("acme", make_catalog(make_model("fox"), make_model("kling", kind="video",
                                                                max_images=1, max_videos=0)),
             kinds=("image", "video"))
THERE = Offer("engine", make_catalog(
    make_model("fox", price=Flat(cr("2"), each="n"), aspect_ratios=(),
               options={"n": ("1", "2", "3", "4")}), make_model("owl", aspect_ratios=())),
    kinds=("image",))


def grown(*campaigns: Campaign, offers: dict[str, Offer] | None = None) -> Expansion:
    return expand(make_manifest(*campaigns), {"acme": HERE, "engine": THERE}
                  if offers is None else offers)


def on(*pairs: tuple[str, str], **more: Any) -> Campaign:
    refs = tuple(ModelRef(model, account) for account, model in pairs)
    return replace(make_campaign(prompt="a kite", **more), models=refs)


def test_the_same_name_at_two_accounts_is_two_models() -> None:
    found = grown(on(("", "fox"), ("engine", "fox")))
    assert not found.problems
    assert [(cell.account, cell.spec.provider, str(cell.quote.worst)) for cell in found.cells] == [
        ("acme", "acme", "14"), ("engine", "engine", "2")]
    assert len({cell.key for cell in found.cells}) == 2


def test_an_account_that_no_model_stays_at_is_not_needed() -> None:
    found = grown(on(("engine", "fox"), ("engine", "owl")), offers={"engine": THERE})
    assert not found.problems
    assert [cell.account for cell in found.cells] == ["engine", "engine"]


def test_a_kind_is_bought_where_the_model_is() -> None:
    films = on(("acme", "kling"), kind="video")
    only = replace(make_manifest(films), account="engine")
    found = expand(only, {"acme": HERE, "engine": THERE})
    assert not found.problems
    assert [cell.account for cell in found.cells] == ["acme"]


@pytest.mark.parametrize(("n", "price", "basis"), [
    (1, "2", "2 a job"), (3, "6", "3 files × 2"), ("4", "8", "4 files × 2")])
def test_a_price_for_each_file_is_taken_so_often(n: object, price: str, basis: str) -> None:
    [cell] = grown(on(("engine", "fox"), params={"n": n})).cells
    assert (str(cell.quote.worst), cell.quote.basis) == (price, basis)


@pytest.mark.parametrize("n", [0, 5, "x", True, 1.5, 10**30])
def test_a_number_of_files_that_is_not_offered_is_an_error(n: object) -> None:
    [problem] = grown(on(("engine", "fox"), params={"n": n})).problems
    assert "does not offer n" in problem.message
    assert problem.hint == "it offers 1, 2, 3, 4"


def test_who_offers_no_number_of_files_takes_none() -> None:
    [problem] = grown(on(("acme", "fox"), params={"n": 2})).problems
    assert "unknown parameter 'n' for fox" in problem.message


def test_each_of_the_files_starts_one_job_of_the_next_campaign() -> None:
    many = on(("engine", "fox"), name="many", param_axes={"n": [1, 3]})
    films = replace(make_campaign("films", "go", models=("kling",), kind="video"),
                    source_campaign="many")
    found = grown(many, films)
    assert not found.problems
    starts = [cell.spec.sources[0] for cell in found.cells if cell.campaign == "films"]
    assert [ref.index for ref in starts] == [0, 0, 1, 2]
