"""A whole manifest held against its catalogs: cells, chains, twins, problems and their places.

Goal: everything wrong is told at once, where it stands, and nothing huge is ever built.
"""

from dataclasses import replace

import pytest
from bounded import within
from core_samples import cr, make_campaign, make_catalog, make_manifest, make_model, make_offers

from pipeline.core.cells import Expansion, Offer
from pipeline.core.errors import Position, Problem
from pipeline.core.expansion import expand
from pipeline.core.manifest import Campaign, ModelRef, Rule, Source
from pipeline.core.price_rule import Flat

CLIP = make_model("clip", kind="video", needs_source=True, max_images=1)


def grown(*campaigns: Campaign, offers: dict[str, Offer] | None = None) -> Expansion:
    return expand(make_manifest(*campaigns), offers or make_offers(make_model(), CLIP))


def only_problem(*campaigns: Campaign, offers: dict[str, Offer] | None = None) -> Problem:
    [problem] = grown(*campaigns, offers=offers).problems
    return problem


def test_a_cell_has_its_spec_its_key_its_price_and_its_place() -> None:
    campaign = make_campaign(axes={"product": ["ear"]}, aspect_ratios=("16:9",), variants=1,
                             max_paid_attempts=2, tags={"client": "acme"})
    [cell] = grown(campaign).cells
    assert (cell.spec.prompt, cell.spec.aspect_ratio, cell.spec.kind) == ("a ear", "16:9", "image")
    assert cell.key == cell.spec.key()
    assert (str(cell.quote.worst), cell.typical_s, cell.max_paid_attempts) == ("14", 30.0, 2)
    assert (cell.campaign, cell.account, cell.vars, cell.tags) == (
        "hero", "acme", {"product": "ear"}, {"client": "acme"})


@pytest.mark.parametrize("sizes", [(1000, 1000, 1000), (10**6, 1000), (10**9,)])
def test_a_milliard_of_jobs_is_refused_before_any_is_built(sizes: tuple[int, ...]) -> None:
    campaign = make_campaign(axes={f"v{n}": ("x",) for n in range(len(sizes))})
    axes = tuple(replace(axis, values=_Long(size))  # type: ignore[arg-type]
                 for axis, size in zip(campaign.axes, sizes, strict=True))
    with within(1):
        problem = only_problem(replace(campaign, axes=axes))
    assert "1,000,000,000 jobs" in problem.message
    assert "more than the 1,000,000 allowed" in problem.message
    assert problem.at == Position("m.yaml", 7, 3)


class _Long:
    """A list of values that nobody may look into."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size


def test_chains_count_and_the_largest_campaign_is_named() -> None:
    hero = make_campaign("hero", axes={"product": [str(n) for n in range(100)]})
    teaser = make_campaign("teaser", "go", models=("clip",), source_campaign="hero", variants=50)
    expansion = expand(make_manifest(teaser, hero), make_offers(make_model(), CLIP), max_jobs=5099)
    [problem] = expansion.problems
    assert problem.message.startswith("5,100 jobs, of which 5,000 in campaign 'teaser'")
    assert not expand(make_manifest(teaser, hero), make_offers(make_model(), CLIP),
                      max_jobs=5100).problems


def test_a_manifest_without_jobs_is_no_problem() -> None:
    expansion = grown(make_campaign(axes={"product": ["ear"]},
                                    exclude=(Rule(vars={"product": ("ear",)}),)))
    assert (list(expansion.cells), expansion.excluded, expansion.problems) == ([], 1, [])


def test_the_same_job_twice_is_told_once_and_where() -> None:
    problem = only_problem(make_campaign(prompt="a thing", axes={"product": ["ear", "box", "bag"]}))
    assert "asks twice for the same job: fox" in problem.message
    assert "variants: 2" in problem.hint
    assert problem.at == Position("m.yaml", 7, 3)


def test_the_same_job_in_two_campaigns_names_both() -> None:
    first, second = (make_campaign(name, "a thing") for name in ("one", "two"))
    problem = only_problem(first, second)
    assert problem.message.endswith("'two' asks twice for the same job: fox, "
                                    "already in campaign 'one'")


def test_a_chain_starts_from_every_output_in_the_authors_order() -> None:
    hero = make_campaign("hero", axes={"product": ["ear", "box"]}, aspect_ratios=("16:9",))
    teaser = make_campaign("teaser", "push in on {product}", models=("clip",),
                           source_campaign="hero")
    cells = grown(teaser, hero).cells
    assert [cell.campaign for cell in cells] == ["teaser", "teaser", "hero", "hero"]
    assert [cell.spec.waits_for for cell in cells[:2]] == [(cells[2].key,), (cells[3].key,)]
    assert [cell.spec.prompt for cell in cells[:2]] == ["push in on ear", "push in on box"]


def test_a_chain_keeps_the_shape_of_its_source_where_the_model_can() -> None:
    hero = make_campaign("hero", "a", aspect_ratios=("16:9", "4:3"))
    clip = replace(CLIP, capability=replace(CLIP.capability, aspect_ratios=("16:9",)))
    teaser = make_campaign("teaser", "b", models=("clip",), source_campaign="hero")
    cells = grown(hero, teaser, offers=make_offers(make_model(), clip)).cells
    assert [cell.spec.aspect_ratio for cell in cells[2:]] == ["16:9", None]


def test_a_chain_from_a_campaign_with_problems_does_not_repeat_them() -> None:
    hero = make_campaign("hero", "a", models=("ox",))
    teaser = make_campaign("teaser", "b", models=("clip",), source_campaign="hero")
    problem = only_problem(hero, teaser)
    assert "no model 'ox'" in problem.message


def test_jobs_are_spread_over_accounts_in_turn() -> None:
    campaign = make_campaign(axes={"product": ["a", "b", "c"]}, accounts=("one", "two"))
    cells = grown(campaign, offers=make_offers(accounts=("one", "two"))).cells
    assert [cell.account for cell in cells] == ["one", "two", "one"]
    assert len({cell.key for cell in cells}) == 3


def test_a_model_of_another_account_goes_there() -> None:
    campaign = replace(make_campaign("hero", "a"), models=(ModelRef("fox"), ModelRef("elk", "far")))
    offers = {"acme": Offer("acme", make_catalog(make_model())),
              "far": Offer("faraway", make_catalog(make_model("elk")))}
    assert [(c.account, c.spec.provider) for c in grown(campaign, offers=offers).cells] == [
        ("acme", "acme"), ("far", "faraway")]


def test_an_unknown_model_is_told_with_the_nearest_name_at_its_own_line() -> None:
    problem = only_problem(make_campaign("hero", "a", models=("fox", "fax")))
    assert problem.message == "acme has no model 'fax'"
    assert problem.hint == "did you mean fox?"
    assert problem.at == Position("m.yaml", 21, 5)
    far = only_problem(make_campaign("hero", "a", models=("zzzzzz",)))
    assert far.hint == "`pipeline models --account acme` lists what there is"


PLACES = {"": Position("m.yaml", 7, 3), "aspect_ratios": Position("m.yaml", 30, 5),
          "aspect_ratios.1": Position("m.yaml", 30, 12), "params": Position("m.yaml", 40, 5),
          "params.quality": Position("m.yaml", 41, 7),
          "params.quality.1": Position("m.yaml", 41, 9),
          "prompt": Position("m.yaml", 50, 5), "max_price": Position("m.yaml", 60, 5),
          "kind": Position("m.yaml", 70, 5), "sources": Position("m.yaml", 80, 5)}


@pytest.mark.parametrize(("more", "says", "line", "column"), [
    ({"aspect_ratios": ("1:1", "8:1")}, "aspect ratio 8:1", 30, 12),
    ({"param_axes": {"quality": ["high", "best"]}}, "quality best", 41, 9),
    ({"params": {"quality": "best"}}, "quality best", 41, 7),
    ({"params": {"seed": -1}}, "seed -1", 40, 5),
    ({"prompt": "   "}, "the prompt is empty", 50, 5),
    ({"max_price": cr("1")}, "over max_price 1", 60, 5),
    ({"kind": "video"}, "this campaign's kind is video", 70, 5),
    ({"kind": "music"}, "cannot buy music from acme", 70, 5),
    ({"sources": (Source("a.png", digest="0" * 64, media="image"),)}, "takes no source", 80, 5),
    ({"models": ("dear",)}, "no price for dear", 20, 5),
    ({"models": ("song",)}, "cannot buy music from acme", 20, 5),
])
def test_a_problem_points_at_the_very_value(more: dict[str, object], says: str, line: int,
                                            column: int) -> None:
    campaign = make_campaign(**{"prompt": "a", "spans": PLACES, **more})  # type: ignore[arg-type]
    offers = make_offers(make_model(qualities=("high",), max_images=0),
                         make_model("dear", price=None), make_model("song", kind="music"))
    problem = only_problem(campaign, offers=offers)
    assert says in problem.message
    assert problem.at == Position("m.yaml", line, column)


def test_all_problems_are_told_at_once_and_none_twice() -> None:
    campaign = make_campaign(axes={"product": ["ear", "box"]}, models=("fox", "ox"),
                             aspect_ratios=("1:1", "8:1"), params={"seed": -1})
    messages = [problem.message for problem in grown(campaign).problems]
    assert len(messages) == len(set(messages)) == 3


def test_what_a_template_misses_is_told_in_the_template() -> None:
    problem = only_problem(make_campaign(prompt="a {colour}"))
    assert problem.message == "'colour' is undefined"
    assert problem.at == Position("t.j2", 1)


def test_cells_that_are_not_offered_can_be_left_out_and_are_listed() -> None:
    campaign = make_campaign(prompt="a", models=("fox", "ox"), aspect_ratios=("1:1", "8:1"),
                             skip_unsupported=True)
    expansion = grown(campaign)
    assert not expansion.problems
    assert [cell.spec.aspect_ratio for cell in expansion.cells] == ["1:1"]
    assert [(s.campaign, s.model, s.aspect_ratio) for s in expansion.skipped] == [
        ("hero", "fox", "8:1"), ("hero", "ox", "1:1"), ("hero", "ox", "8:1")]
    assert all(skipped.why for skipped in expansion.skipped)


def test_sources_keep_their_order_after_the_one_they_start_from() -> None:
    model = replace(CLIP, capability=replace(CLIP.capability, max_images=9))
    hero = make_campaign("hero", "a")
    teaser = make_campaign("teaser", "b", models=("clip",), source_campaign="hero", sources=(
        Source("logo.png", "brand/logo.png", "9" * 64, "image"), Source("https://a/b.png"),
        Source("asset:logo")))
    spec = grown(hero, teaser, offers=make_offers(make_model(), model)).cells[1].spec
    assert [(s.kind, s.value[:9]) for s in spec.sources[1:]] == [
        ("file", "999999999"), ("url", "https://a"), ("asset", "logo")]
    assert spec.sources[0].kind == "job"


def test_an_accounts_own_price_is_quoted() -> None:
    offers = {"acme": Offer("acme", make_catalog(make_model(price=None)), {"fox": Flat(cr("9"))})}
    [cell] = grown(make_campaign("hero", "a"), offers=offers).cells
    assert str(cell.quote.worst) == "9"
