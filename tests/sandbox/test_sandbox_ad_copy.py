"""Ad-copy: one start, several generations, each with a price, a fate and a status of its own.

Goal: the ad-copy route does what the documents say, and partial success can happen.
Method: a world with a clock of its own; faults aimed at single generations.
"""

from typing import Any

import pytest
from sandbox_world import World

ADVERT = {"reference_ad_url": "https://example.com/ad.png"}


def start(world: World, **fields: Any) -> list[str]:
    answer = world.post("ad-copy", **{**ADVERT, **fields})
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"project_id", "generation_ids"}
    ids: list[str] = answer.json()["generation_ids"]
    return ids


def test_each_variant_is_a_generation_of_its_own() -> None:
    world = World()
    ids = start(world, variant_count=3, product_text="a lamp", aspect_ratio="4:5")
    assert len(set(ids)) == 3
    assert [str(charge.credits) for charge in world.books.charges()] == ["50"] * 3
    world.wait(600)
    files = set()
    for job_id in ids:
        row = world.status(job_id)
        assert (row["model"], row["prompt"], row["credits_deducted"]) == ("ad-copy", "a lamp", 50.0)
        assert (row["outputs"][0]["width"], row["outputs"][0]["height"]) == (912, 1140)
        files.add(world.file(row["outputs"][0]["url"]))
    assert len(files) == 3
    assert len(world.get("/v1/generations").json()["generations"]) == 3


def test_one_variant_where_none_is_asked_for() -> None:
    assert len(start(World())) == len(start(World(), variant_count=None)) == 1
    assert len(start(World(), variant_count="2")) == 2


def test_the_generations_of_one_start_can_end_differently() -> None:
    world = World({"fail": {"nth": [2], "refund": True}})
    ids = start(world, variant_count=3)
    world.wait(600)
    assert [world.status(job_id)["status"] for job_id in ids] == [
        "completed", "failed", "completed"]
    assert str(world.service.balance()) == "9900"


def test_moderation_is_drawn_for_each() -> None:
    world = World({"moderation": {"words": ["lamp"], "nth": [1]}})
    ids = start(world, variant_count=2, product_text="a lamp")
    world.wait(600)
    assert [world.status(job_id)["status"] for job_id in ids] == ["failed", "completed"]


def test_a_start_is_bought_whole_or_not_at_all() -> None:
    world = World(granted="149")
    answer = world.post("ad-copy", **ADVERT, variant_count=3)
    assert (answer.status_code, answer.json()["error"]) == (402, "insufficient_credits")
    assert world.books.charges() == []
    assert len(start(world, variant_count=2)) == 2


def test_a_false_refusal_strikes_the_whole_start() -> None:
    world = World({"insufficient": {"first": 1}})
    assert world.post("ad-copy", **ADVERT, variant_count=2).status_code == 402
    assert world.books.charges() == []
    assert len(start(world, variant_count=2)) == 2


def test_it_has_no_limit_of_its_own_in_flight_until_told() -> None:
    world = World({"limits": {"ad_copy_per_minute": 100}})
    for _ in range(5):
        start(world, variant_count=4)
    limited = World({"limits": {"ad_copy_in_flight": 3}})
    start(limited, variant_count=3)
    assert limited.post("ad-copy", **ADVERT).status_code == 429
    crowd = World({"limits": {"ad_copy_in_flight": 3}})
    assert crowd.post("ad-copy", **ADVERT, variant_count=4).status_code == 429
    assert crowd.books.charges() == []


@pytest.mark.parametrize(("fields", "code"), [
    ({"reference_ad_url": None}, "missing_reference_ad_url"),
    ({"reference_ad_url": "ad.png"}, "invalid_request"),
    ({"product_image_url": 7}, "invalid_request"), ({"variant_count": 0}, "invalid_request"),
    ({"variant_count": 2.5}, "invalid_request"), ({"variant_count": "many"}, "invalid_request"),
    ({"aspect_ratio": "tall"}, "unsupported_aspect"),
])
def test_what_is_no_advertisement_is_refused_free(fields: dict[str, Any], code: str) -> None:
    world = World()
    answer = world.post("ad-copy", **{**ADVERT, **fields})
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert world.books.charges() == []


def test_its_row_runs_on_its_own_route_alone() -> None:
    world = World()
    answer = world.start(model="ad-copy", source_media_urls=["https://example.com/a.png"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    row = world.get("/docs/models/ad-copy.json").json()
    assert (row["model_type"], row["cost_per_generation"], row["capabilities"]) == (
        "image", 50.0, {})
    assert World({"models": {"ad-copy": None}}).post("ad-copy", **ADVERT).status_code == 404
