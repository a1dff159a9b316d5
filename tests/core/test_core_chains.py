"""Campaigns that start from others: how many starts, from which file, at which worst price.

Goal: a chain is planned and priced whole, before its first link is bought; every output that is
counted on is one start, and a clip is gone on from only where the service can.
"""

from dataclasses import replace
from typing import Any

import pytest
from core_samples import cr, make_campaign, make_catalog, make_manifest, make_model

from pipeline.core.cells import Expansion, Offer
from pipeline.core.expansion import expand
from pipeline.core.manifest import Campaign, Source
from pipeline.core.price_rule import ByOption, Flat, PerSecond

EXTEND = make_model("veo-extend", kind="extend", aspect_ratios=(), extends="veo",
                    extends_not=("1080p",),
                    price=ByOption("extend_model", {"lite": cr("45"), "fast": cr("75")}, "fast"))
MODELS = (
    make_model("fox"), make_model("veo-fast", kind="video"), make_model("veo-1080p", kind="video"),
    make_model("kling", kind="video", durations=("5s", "10s"), max_images=1, max_videos=1),
    make_model("song", kind="music", aspect_ratios=()),
    make_model("split", kind="separation", aspect_ratios=(), price=Flat(cr("6"))),
    make_model("words", kind="captions", aspect_ratios=(), price=PerSecond(cr("0.5")),
               source_seconds=(1, 1800)),
    make_model("ads", kind="ad-copy", aspect_ratios=(), price=Flat(cr("50"))))
KINDS = ("image", "video", "extend", "music", "captions", "separation", "ad-copy")


def offers(*accounts: str) -> dict[str, Offer]:
    catalog = replace(make_catalog(*MODELS), beside={"veo-extend": EXTEND})
    return {name: Offer("acme", catalog, kinds=KINDS) for name in accounts or ("acme",)}


def grown(*campaigns: Campaign, accounts: tuple[str, ...] = ()) -> Expansion:
    return expand(make_manifest(*campaigns), offers(*accounts))


def chain(name: str, source: str, kind: str, prompt: str | None = None, *,
          models: tuple[str, ...] = (), **more: Any) -> Campaign:
    return make_campaign(name, prompt, models=models, kind=kind, source_campaign=source, **more)


ADS = make_campaign("ads", None, models=(), kind="ad-copy", param_axes={"variant_count": [1, 3]},
                    sources=(Source("ad.png", "ad.png", "9" * 64, "image"),))
CLIP = make_campaign("clip", "a", models=("veo-fast",))


def test_every_output_that_is_counted_on_is_one_start() -> None:
    found = grown(ADS, chain("films", "ads", "video", "go", models=("kling",)))
    assert not found.problems
    films = [cell.spec.sources[0] for cell in found.cells if cell.campaign == "films"]
    keys = [cell.key for cell in found.cells if cell.campaign == "ads"]
    assert [(ref.job, ref.index) for ref in films] == [
        (keys[0], 0), (keys[1], 0), (keys[1], 1), (keys[1], 2)]
    assert {ref.media for ref in films} == {"image"}


def test_a_song_is_one_start_unless_its_author_wants_more() -> None:
    song = make_campaign("song", "a", models=("song",))
    assert len(grown(song, chain("stems", "song", "separation")).cells) == 2
    more = grown(song, chain("stems", "song", "separation", source_outputs=2))
    assert [cell.spec.sources[0].index for cell in more.cells[1:]] == [0, 1]
    assert len({cell.key for cell in more.cells}) == 3


def test_the_first_output_has_the_key_it_always_had() -> None:
    [base, film] = grown(make_campaign("hero", "a"), chain("film", "hero", "video", "go",
                                                           models=("kling",))).cells
    assert film.spec.sources[0].value == base.key
    assert film.spec.waits_for == (base.key,)


def test_a_second_output_waits_for_the_same_job() -> None:
    found = grown(ADS, chain("films", "ads", "video", "go", models=("kling",)))
    assert {cell.spec.waits_for for cell in found.cells if cell.campaign == "films"} == {
        (cell.key,) for cell in found.cells if cell.campaign == "ads"}


def test_the_number_of_starts_is_known_before_any_is_built() -> None:
    refused = expand(make_manifest(ADS, chain("films", "ads", "video", "go", models=("kling",))),
                     offers(), max_jobs=6)
    [problem] = refused.problems
    assert "8 jobs, of which 6" in problem.message, "2 ads, and 3 starts of each at most"


def test_a_model_left_out_is_the_services_own() -> None:
    cells = grown(CLIP, chain("more", "clip", "extend", "on"), chain("said", "clip", "captions",
                                                                     max_price=cr("900"))).cells
    assert [cell.spec.model for cell in cells] == ["veo-fast", "veo-extend", "words"]


def test_a_kind_that_the_account_does_not_list_is_told() -> None:
    bare = {"acme": Offer("acme", make_catalog(make_model()), kinds=KINDS)}
    found = expand(make_manifest(make_campaign("hero", "a"), chain("stems", "hero", "separation")),
                   bare)
    assert [problem.message for problem in found.problems] == [
        "acme lists no model for separation"]


@pytest.mark.parametrize(("source", "says"), [
    (make_campaign("clip", "a", models=("kling",)), "goes on from clips of veo models"),
    (make_campaign("clip", "a", models=("veo-1080p",)), "a clip in 1080p"),
    (make_campaign("clip", "a"), "goes on from clips of veo models")])
def test_a_clip_is_gone_on_from_only_where_the_service_can(source: Campaign, says: str) -> None:
    [problem] = grown(source, chain("more", "clip", "extend", "on")).problems
    assert says in problem.message


def test_an_extend_is_gone_on_from_no_further() -> None:
    [problem] = grown(CLIP, chain("more", "clip", "extend", "on"),
                      chain("most", "more", "extend", "on")).problems
    assert "that are no extends themselves" in problem.message


def test_an_extend_names_one_clip() -> None:
    named = {"source_task_id": "t-1"}
    alone = make_campaign("more", "on", models=(), kind="extend", params=named)
    assert not grown(alone).problems
    [problem] = grown(CLIP, chain("more", "clip", "extend", "on", params=named)).problems
    assert "named twice" in problem.message
    [problem] = grown(make_campaign("more", "on", models=(), kind="extend")).problems
    assert "needs a clip" in problem.message


def test_an_extend_may_name_the_family_it_goes_on_from() -> None:
    cells = grown(CLIP, chain("more", "clip", "extend", "on", models=("veo-fast",))).cells
    assert [cell.spec.model for cell in cells] == ["veo-fast", "veo-extend"]


def test_an_extend_is_bought_where_its_clip_was() -> None:
    clip = replace(CLIP, accounts=("b",))
    cells = grown(clip, chain("more", "clip", "extend", "on"), accounts=("acme", "b")).cells
    assert [cell.account for cell in cells] == ["b", "b"]


@pytest.mark.parametrize(("params", "price"), [
    ({}, "75"), ({"extend_model": "lite"}, "45"), ({"extend_model": "Fast"}, "75")])
def test_an_extend_is_priced_by_its_tier(params: dict[str, Any], price: str) -> None:
    [_, cell] = grown(CLIP, chain("more", "clip", "extend", "on", params=params)).cells
    assert str(cell.quote.worst) == price


def test_ads_are_priced_for_each_variant() -> None:
    assert [str(cell.quote.worst) for cell in grown(ADS).cells] == ["50", "150"]
    assert [cell.quote.basis for cell in grown(ADS).cells] == ["50 a job", "3 variants × 50"]


def test_a_source_that_sets_the_price_is_assumed_at_its_longest() -> None:
    film = make_campaign("film", "a", models=("kling",))
    [_, cell] = grown(film, chain("said", "film", "captions")).cells
    assert (str(cell.quote.expected), str(cell.quote.worst)) == ("5", "5")
    assert cell.quote.basis == "0.5 a second × 10 s of source (assumed worst)"


def test_a_source_that_says_nothing_of_its_length_is_as_long_as_can_be() -> None:
    [_, cell] = grown(CLIP, chain("said", "clip", "captions")).cells
    assert str(cell.quote.worst) == "900"


def test_a_file_that_sets_the_price_is_measured() -> None:
    heard = make_campaign("said", None, models=(), kind="captions", sources=(
        Source("a.wav", "a.wav", "9" * 64, "audio", seconds=12.3451),))
    [cell] = grown(heard).cells
    assert (str(cell.quote.expected), str(cell.quote.worst)) == ("6.1725", "6.5")
    assert cell.quote.basis == "0.5 a second × 12.345 s of source (read from the file)"


@pytest.mark.parametrize(("measured_s", "held"), [
    (None, "5"), (4.2, "2.5"), (5.0, "2.5"), (10.0, "5"), (99.0, "5"), (0.0, "0")])
def test_what_is_set_aside_falls_to_the_real_length_and_never_rises(measured_s: float | None,
                                                                   held: str) -> None:
    film = make_campaign("film", "a", models=("kling",))
    [_, cell] = grown(film, chain("said", "film", "captions")).cells
    assert (cell.quote.rate, cell.quote.assumed_s) == (cr("0.5"), 10.0)
    assert str(cell.quote.held(measured_s)) == held


def test_a_flat_price_is_set_aside_whole() -> None:
    [cell] = grown(make_campaign("hero", "a")).cells
    assert cell.quote.held(1.0) == cell.quote.worst
