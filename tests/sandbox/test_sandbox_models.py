"""The `models` switch: rows changed, added and taken away, and the bills that follow.

Goal: a test can be given any catalog and any price. Method: worlds whose switch changes a few rows;
references of a known length are billed by the second, to the micro-credit.
"""

from typing import Any

import pytest
from sandbox_world import CLIP, IMAGE, World, silence

from pipeline.sandbox.faults import Faults, FaultsError
from pipeline.sandbox.media import CLIPS_ARE_MP4, Brief, make_clip

BOTH = "(ref_seconds + output_seconds) × 17"
REFERENCE = {CLIP: {"cost_note": BOTH, "sandbox": {"credits_per_second": "17"},
                    "capabilities": {"max_input_videos": 3, "max_input_audios": 3}}}


def charged(world: World, **fields: Any) -> str:
    world.buy(**fields)
    return str(world.books.charges()[-1].credits)


def test_a_price_a_note_and_a_capability_can_change() -> None:
    world = World({"models": {IMAGE: {"cost_per_generation": 15, "cost_note": "dearer",
                                      "capabilities": {"prompt_max_chars": 9,
                                                       "aspect_ratio_options": None}}}})
    row = world.get(f"/docs/models/{IMAGE}.json").json()
    assert (row["cost_per_generation"], row["cost_note"]) == (15.0, "dearer")
    assert isinstance(row["cost_per_generation"], float)
    assert row["capabilities"] == {"prompt_max_chars": 9, "max_input_images": 8}
    assert charged(world, prompt="a kite", aspect_ratio="7:5") == "15"
    assert world.start(prompt="a red kite").status_code == 400
    assert world.start().json()["error"] == "invalid_request"


def test_a_row_can_vanish() -> None:
    world = World({"models": {IMAGE: None}})
    assert world.start().json()["error"] == "model_not_found"
    assert world.get(f"/docs/models/{IMAGE}.json").json()["total_count"] == 2
    assert world.get("/docs/models.json").json()["total_count"] == 111


def test_a_row_can_be_added_with_tiers_of_resolution() -> None:
    world = World({"models": {"gpt-image-2": {
        "cost_per_generation": 8.5, "capabilities": {"resolution_options": ["1K", "2K", "4K"]}}}})
    row = world.get("/docs/models/gpt-image-2.json").json()
    assert (row["model_id"], row["display_name"], row["model_type"], row["generation_types"]) == (
        "gpt-image-2", "gpt-image-2", "image", ["text-to-image"])
    assert "sandbox" not in row
    for asked, width in (("1K", 1344), ("2k", 2688), (None, 1344)):
        made = world.finished(model="gpt-image-2", resolution=asked, aspect_ratio="16:9")
        assert (made["outputs"][0]["width"], made["credits_deducted"]) == (width, 8.5)
    assert world.start(model="gpt-image-2", resolution="8K").status_code == 400


def test_a_rate_can_change_and_a_clip_can_become_flat() -> None:
    assert charged(World(), model=CLIP, duration="10s") == "170"
    dearer = World({"models": {CLIP: {"sandbox": {"credits_per_second": 21.5}}}})
    assert charged(dearer, model=CLIP, duration="10s") == "215"
    flat = World({"models": {CLIP: {"sandbox": {"credits_per_second": None}}}})
    assert charged(flat, model=CLIP, duration="10s") == "105"


def test_the_seconds_of_a_reference_are_billed_by_its_real_length() -> None:
    world = World({"models": REFERENCE})
    url = world.upload(("voice.wav", silence(12.25), "audio/wav")).json()["urls"][0]
    assert charged(world, model=CLIP, duration="5s", source_media_urls=[url]) == "293.25"
    assert charged(world, model=CLIP, duration="5s") == "85"
    picture = "https://example.com/a.png"
    assert charged(world, model=CLIP, duration="5s", source_media_urls=[picture]) == "85"
    stranger = "https://example.com/a.mp4"
    assert charged(world, model=CLIP, duration="5s", source_media_urls=[stranger]) == "85"


def test_our_own_clips_are_references_of_their_own_length() -> None:
    world = World({"models": REFERENCE})
    urls = [world.finished(model=CLIP, duration=each)["outputs"][0]["url"]
            for each in ("7s", "10s")]
    assert charged(world, model=CLIP, duration="3s", source_media_urls=urls) == "340"


@pytest.mark.skipif(not CLIPS_ARE_MP4, reason="PyAV is not installed")
def test_a_film_that_is_handed_in_is_measured() -> None:
    world = World({"models": REFERENCE})
    film, _ = make_clip(Brief("a kite", "x", "16:9", "144p", 1), 2.5, None)
    url = world.upload(("film.mp4", film, "video/mp4")).json()["urls"][0]
    assert charged(world, model=CLIP, duration="3s", source_media_urls=[url]) == "93.5"


def test_a_row_that_does_not_bill_references_does_not() -> None:
    world = World({"models": {CLIP: {"capabilities": {"max_input_audios": 1}}}})
    url = world.upload(("voice.wav", silence(12.25), "audio/wav")).json()["urls"][0]
    assert charged(world, model=CLIP, duration="5s", source_media_urls=[url]) == "85"


def test_the_catalog_may_change_under_way() -> None:
    world = World()
    assert charged(world) == "14"
    world.service.faults = Faults.parse({"models": {IMAGE: {"cost_per_generation": "16.5"}}})
    assert charged(world) == "16.5"


@pytest.mark.parametrize(("models", "named"), [
    ([], "models"), ({IMAGE: 7}, IMAGE), ({IMAGE: {"capabilities": []}}, "capabilities"),
    ({IMAGE: {"sandbox": 1}}, "sandbox"), ({IMAGE: {"cost_per_generation": "much"}}, "cost"),
    ({IMAGE: {"cost_per_generation": -1}}, "cost"), ({IMAGE: {"cost_per_generation": True}},
                                                     "cost"),
    ({IMAGE: {"sandbox": {"credits_per_second": float("nan")}}}, "credits_per_second"),
    ({IMAGE: {"estimated_time_seconds": "soon"}}, "estimated"),
])
def test_a_change_that_makes_no_row_is_refused(models: Any, named: str) -> None:
    with pytest.raises(FaultsError, match=named):
        Faults.parse({"models": models})
