"""Goal: what the contract shows is read as the contract says, each value with its place.

Method: the manifests in `good/`, and what the core gets of them.
"""

from pathlib import Path

import pytest
from manifest_text import HEAD, read

from pipeline.core.manifest import Axis, Campaign, Manifest, ModelRef, Rule
from pipeline.core.matrix import Matrix
from pipeline.core.money import Money
from pipeline.inputs.manifest import read_manifest

GOOD = Path(__file__).parent / "good"


@pytest.fixture(scope="module")
def whole() -> Manifest:
    return read_manifest(GOOD / "whole.yaml")


def campaign(manifest: Manifest, name: str) -> Campaign:
    return next(campaign for campaign in manifest.campaigns if campaign.name == name)


def axis(campaign: Campaign, name: str) -> Axis:
    return next(axis for axis in (*campaign.axes, *campaign.param_axes) if axis.name == name)


@pytest.mark.parametrize("path", sorted(GOOD.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_good_manifest_is_read(path: Path) -> None:
    assert read_manifest(path).name == path.stem.replace("_", "-")


def test_the_head_of_a_manifest_has_its_account_and_exact_caps(whole: Manifest) -> None:
    assert (whole.account, whole.file) == ("sandbox", str(GOOD / "whole.yaml"))
    assert whole.budget.credits == Money.parse("500")
    assert whole.budget.per_day == Money.parse("2000")
    assert whole.budget.per_month == Money.parse("0.5")
    assert whole.budget.campaigns == {"trailer": Money.parse("90")}
    assert read_manifest(GOOD / "smallest.yaml").budget.credits is None


def test_lists_are_axes_in_the_order_of_the_author_and_scalars_are_fixed(whole: Manifest) -> None:
    hero = campaign(whole, "hero")
    assert [axis.name for axis in hero.axes] == ["season", "product", "audience", "mood"]
    assert axis(hero, "audience").values == ({"city": "Rome", "age": "5"},
                                             {"city": "Oslo", "age": ""})
    assert axis(hero, "mood").values[0] == {"word": "calm", "hue": 200}
    assert hero.vars == {"brand": "Acme Audio", "scale": "1.50"}
    assert axis(hero, "resolution").values == ("1K", "2K")
    assert hero.params == {"negative_prompt": "text", "duration": "5s"}


def test_the_other_keys_of_a_campaign_arrive_as_written(whole: Manifest) -> None:
    hero = campaign(whole, "hero")
    assert [(ref.model, ref.account) for ref in hero.models] == [
        ("nano-banana-2", ""), ("flux2-turbo", "mediaengine")]
    assert hero.accounts == ("agency-a", "agency-b")
    assert hero.aspect_ratios == ("1:1", "16:9")
    assert (hero.variants, hero.max_paid_attempts, hero.skip_unsupported) == (2, 2, True)
    assert hero.max_price == Money.parse("30")
    assert hero.tags == {"client": "acme", "year": "2026"}
    assert [source.media for source in hero.sources] == ["image", "video", ""]


def test_rules_are_patterns_over_cells(whole: Manifest) -> None:
    first, second = campaign(whole, "hero").exclude
    assert (first.models, first.aspect_ratios) == (("nano-banana-2",), ("16:9",))
    assert second.vars == {"audience": ({"city": "Rome"},)}
    include = campaign(whole, "hero").include[0]
    assert include == Rule(("flux-2-1K",), ("3:2",), {"product": ("speaker",)}, {}, include.at)


def test_yaml_is_read_by_its_core_rules(whole: Manifest) -> None:
    params = campaign(whole, "trailer").params
    assert params == {"duration": "5", "seed": 10, "sound": "no"}


def test_a_campaign_from_another_inherits_instead_of_multiplying_again(whole: Manifest) -> None:
    teaser = campaign(whole, "teaser")
    assert (teaser.source_campaign, teaser.axes, teaser.vars) == ("hero", (), {})
    trailer = campaign(whole, "trailer")
    assert (trailer.source_campaign, trailer.vars) == ("teaser", {"brand": "Other"})
    bases = [{"brand": "Acme", "product": "speaker", "season": "summer", "scale": "1.50"}]
    assert [len(strip.cuts) for strip in Matrix(teaser, bases)] == [1]


def test_every_value_knows_its_place(whole: Manifest) -> None:
    hero = campaign(whole, "hero")
    places = {path: (at.line, at.column) for path, at in hero.spans.items()}
    assert places[""] == (7, 5)
    assert places["template"] == (8, 15)
    assert places["models.1"] == (9, 29)
    assert places["aspect_ratios.1"] == (11, 26)
    assert places["vars.product.1"] == (13, 29)
    assert places["vars.season"] == (5, 29)
    assert places["vars.brand"] == (16, 14)
    assert places["params.resolution.1"] == (17, 31)
    assert places["exclude.0"] == (20, 9)
    assert places["sources.0"] == (24, 15)
    assert places["max_price"] == (25, 16)
    assert hero.models[1].at == hero.spans["models.1"]
    assert hero.exclude[1].at == hero.spans["exclude.1"]
    assert hero.sources[2].at == hero.spans["sources.2"]
    assert hero.at("params", "nowhere") == hero.spans["params"]


def test_an_alias_stands_where_it_is_used() -> None:
    two = campaign(read_manifest(GOOD / "anchors.yaml"), "two")
    assert two.models == (ModelRef("a", "", two.models[0].at), ModelRef("b", "", two.models[1].at))
    assert two.spans["models"].line == 10


def test_a_prompt_reads_through_its_includes_and_renders(whole: Manifest) -> None:
    prompt = campaign(whole, "hero").prompt
    assert prompt is not None
    assert prompt.names == {"brand", "product", "audience", "mood", "season"}
    assert prompt.label == "hero.txt.j2"
    assert prompt.render({"brand": "Acme", "product": "speaker", "season": "spring",
                          "audience": {"city": "Rome"}, "mood": {"word": "calm"}}
                         ) == "In spring:\nAcme speaker for Rome, calm"


def test_kinds_without_models_or_prompt_may_leave_them_out() -> None:
    manifest = read_manifest(GOOD / "other_kinds.yaml")
    assert [campaign.kind for campaign in manifest.campaigns] == [
        "captions", "separation", "ad-copy", "music", "dialogue", "extend", "video"]
    assert manifest.campaigns[0].prompt is None
    assert manifest.campaigns[4].params == {"stability": "0.5"}


@pytest.mark.parametrize("value", ["5", '"5"', "5s"])
def test_a_duration_is_left_as_it_was_written(tmp_path: Path, value: str) -> None:
    said = read(tmp_path, HEAD + f"  params: {{duration: {value}}}\n")
    assert str(said.campaigns[0].params["duration"]).removesuffix("s") == "5"


def test_a_byte_order_mark_and_windows_lines_change_nothing(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode()
    said = read(tmp_path, text)
    assert said.campaigns[0].spans["prompt"].line == 6
    assert said.campaigns[0].spans["prompt"].column == 11


def test_a_template_lies_beside_the_manifest_or_below_or_next_to_it(tmp_path: Path) -> None:
    text = HEAD.replace("prompt: p", "template: t.j2")
    for folder in ("templates", "manifests/templates", "manifests"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "t.j2").write_text(folder + "\n")
        prompt = read(tmp_path, text).campaigns[0].prompt
        assert prompt is not None
        assert prompt.render({}) == folder
