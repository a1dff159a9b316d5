"""Starting pictures and clips, reading them, and the list of recent ones."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sandbox_world import CLIP, IMAGE, World

from pipeline.sandbox.catalog import SandboxCatalog


def test_a_start_is_answered_as_kubeez_does() -> None:
    world = World()
    answer = world.start(aspect_ratio="16:9")
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"generation_id", "status", "model", "estimated_cost_credits",
                         "billing_mode", "message"}
    assert (body["status"], body["model"]) == ("queued", IMAGE)
    assert (body["estimated_cost_credits"], body["billing_mode"]) == (14.0, "flat")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_job_moves_by_the_clock_alone(backend: str) -> None:
    world = World(backend=backend)
    job_id = world.buy(aspect_ratio="16:9")
    assert world.status(job_id)["status"] == "queued"
    world.wait(8)
    row = world.status(job_id)
    assert (row["status"], row["outputs"], row["completed_at"]) == ("processing", [], None)
    world.wait(300)
    row = world.status(job_id)
    assert row["status"] == "completed"
    assert row["credits_deducted"] == 14.0
    assert 10_000 < row["processing_time_ms"] < 200_000
    output = row["outputs"][0]
    assert output["url"] == f"http://sandbox/images/{output['id']}.png"
    assert (output["width"], output["height"]) == (1344, 756)
    assert output["cdn_ready"] is row["cdn_ready"] is True


def test_speed_shortens_what_passes_and_leaves_the_clock_alone() -> None:
    slow, fast = World(), World(speed=60)
    took = [world.finished()["processing_time_ms"] for world in (slow, fast)]
    assert took[1] == pytest.approx(took[0] / 60, abs=1)
    assert world_date(slow) == world_date(fast)


def world_date(world: World) -> str:
    return str(world.get("/health").headers["date"])


def test_the_same_seed_draws_the_same_fate() -> None:
    def fates(seed: int) -> list[int]:
        world = World(seed=seed)
        return [world.finished()["processing_time_ms"] for _ in range(3)]

    assert fates(5) == fates(5)
    assert fates(5) != fates(6)
    assert len(set(fates(5))) == 3


@pytest.mark.parametrize(("fields", "seconds", "charged"), [
    ({"model": CLIP}, 3.0, "51"),
    ({"model": CLIP, "duration": "5"}, 5.0, "85"),
    ({"model": CLIP, "duration": "10s"}, 10.0, "170"),
    ({"model": "kling-3-0-pro", "duration": 15}, 15.0, "315"),
    ({"model": "wan-2-5", "duration": "10s"}, 10.0, "155"),
    ({"model": "kling-2-6-text-to-video-10s"}, 10.0, "175"),
    ({"model": "veo3-1-text-to-video"}, 8.0, "390"),
])
def test_clips_are_charged_by_the_row(fields: dict[str, Any], seconds: float,
                                      charged: str) -> None:
    world = World()
    row = world.finished(**fields)
    assert row["outputs"][0]["duration"] == seconds
    assert row["outputs"][0]["media_type"] == "video"
    assert row["credits_deducted"] == float(charged)
    assert [str(line.credits) for line in world.books.charges()] == [charged]


def test_charges_are_exact() -> None:
    world = World({"limits": {"media_per_minute": 1000, "media_in_flight": 1000}}, granted="100.5")
    for _ in range(7):
        world.buy()
    assert world.get("/v1/balance").json()["credits"] == 2.5
    assert world.start().status_code == 402
    books = world.get("/sandbox/books", headers={"X-API-Key": ""}).json()
    assert (books["jobs"], books["charged"], books["refunded"], books["balance"]) == (
        7, "98", "0", "2.5")
    assert sum(Decimal(row["credits"]) for row in books["rows"]) == 98
    assert {row["model"] for row in books["rows"]} == {IMAGE}


@pytest.mark.parametrize("fields", [
    {"negative_prompt": "", "source_media_urls": None, "quality": None, "sound": False,
     "fixed_lens": False, "aspect_ratio": "1:1", "duration": "5"},
    {"generation_type": "text-to-image", "unheard_of": {"a": 1}, "seed": 7},
    {"quality": "standard", "resolution": "1K"},
    {"source_media_urls": "https://example.com/a.png"},
])
def test_what_real_clients_send_is_tolerated(fields: dict[str, Any]) -> None:
    assert World().start(**fields).status_code == 200


@pytest.mark.parametrize(("fields", "expected"), [
    ({}, "text-to-image"),
    ({"source_media_urls": ["https://example.com/a.png"]}, "image-to-image"),
    ({"model": CLIP, "generation_type": "text-to-image"}, "text-to-video"),
    ({"model": CLIP, "source_media_urls": ["https://example.com/a.png"]}, "image-to-video"),
])
def test_the_generation_type_is_inferred(fields: dict[str, Any], expected: str) -> None:
    world = World()
    assert world.status(world.buy(**fields))["generation_type"] == expected


PICTURE = "https://example.com/a.png"


@pytest.mark.parametrize(("fields", "status", "code"), [
    ({"model": None}, 400, "missing_model"),
    ({"model": "nano-banana-3"}, 404, "model_not_found"),
    ({"model": "z-Image"}, 404, "model_not_found"),
    ({"model": "V5"}, 400, "invalid_request"),
    ({"prompt": None}, 400, "missing_prompt"),
    ({"prompt": "  "}, 400, "missing_prompt"),
    ({"prompt": 7}, 400, "invalid_request"),
    ({"prompt": "x" * 20001}, 400, "invalid_request"),
    ({"aspect_ratio": "7:1"}, 400, "unsupported_aspect"),
    ({"model": "gpt-1.5-image-high", "aspect_ratio": "16:9"}, 400, "unsupported_aspect"),
    ({"model": CLIP, "duration": "2s"}, 400, "invalid_request"),
    ({"model": CLIP, "duration": True}, 400, "invalid_request"),
    ({"model": "seedream-v4-5", "quality": "ultra"}, 400, "invalid_request"),
    ({"model": "nano-banana-edit"}, 400, "missing_source_media"),
    ({"source_media_urls": [PICTURE] * 9}, 400, "invalid_request"),
    ({"source_media_urls": ["https://example.com/a.mp4"]}, 400, "invalid_request"),
    ({"source_media_urls": ["file:///etc/passwd"]}, 400, "invalid_request"),
    ({"source_media_urls": {"a": 1}}, 400, "invalid_request"),
    ({"generation_type": "text-to-video"}, 400, "invalid_request"),
    ({"prompt": "\ud800"}, 400, "invalid_request"),
])
def test_refusals_cost_nothing_and_carry_their_code(fields: dict[str, Any], status: int,
                                                    code: str) -> None:
    world = World()
    answer = world.start(**fields)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json()["message"]
    assert world.books.charges() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    answer = World().ask("POST", "/v1/generate/media", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_motion_control_takes_a_picture_and_a_clip_without_a_prompt() -> None:
    sources = [PICTURE, "https://example.com/dance.mp4"]
    answer = World().start(model="kling-2-6-motion-control-720p", prompt=None,
                           source_media_urls=sources)
    assert answer.status_code == 200


def test_the_list_is_newest_first_and_never_longer_than_25() -> None:
    world = World({"limits": {"media_in_flight": 100}})
    ids = [world.buy(prompt=f"kite {n}") for n in range(30)]
    for asked, shown in ((None, 25), ("100", 25), ("3", 3), ("0", 1)):
        query = {"limit": asked} if asked else {}
        rows = world.get("/v1/generations", params=query).json()["generations"]
        assert [row["id"] for row in rows] == ids[::-1][:shown]
    assert world.get("/v1/generations", params={"limit": "many"}).status_code == 400


def test_the_list_can_be_narrowed() -> None:
    world = World()
    old = world.buy(model="imagen-4")
    world.wait(600)
    new = world.buy(source_media_urls=[PICTURE])

    def listed(**query: str) -> list[str]:
        rows = world.get("/v1/generations", params=query).json()["generations"]
        assert all("aspect_ratio" not in row for row in rows)
        return [row["id"] for row in rows]

    assert listed() == [new, old]
    assert listed(status="completed") == [old]
    assert listed(status="queued") == [new]
    assert listed(status="failed") == []
    assert listed(model="imagen-4") == [old]
    assert listed(generation_type="image-to-image") == [new]
    world.wait(8)
    assert listed(status="processing") == [new]
    row = world.get("/v1/generations").json()["generations"][1]
    assert {"id", "prompt", "model", "status", "created_at", "completed_at", "processing_time_ms",
            "credits_deducted", "error_message", "outputs"} <= set(row)


def test_unknown_ids_and_paths_are_not_found() -> None:
    world = World()
    for path in ("/v1/generate/media/no-such-id", "/v1/generate/music/x", "/images/x.png",
                 "/uploads/x.png", "/docs/models/nothing.json"):
        answer = world.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"] in ("not_found", "model_not_found")


def test_a_tier_in_the_id_decides_the_size() -> None:
    row = World().finished(model="nano-banana-2-2K")["outputs"][0]
    assert (row["width"], row["height"]) == (2048, 2048)


def test_a_tier_in_the_request_is_checked_and_kept(tmp_path: Path) -> None:
    row = {"model_id": "gpt-image-2", "model_type": "image", "cost_per_generation": 8.5,
           "estimated_time_seconds": 30, "generation_types": ["text-to-image"],
           "requires_input_media": False, "input_media_types": [],
           "capabilities": {"resolution_options": ["1K", "2K", "4K"]}}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    world = World(catalog=SandboxCatalog.load(tmp_path / "rows.jsonl"))
    made = world.finished(model="gpt-image-2", resolution="2k", aspect_ratio="7:5")
    assert (made["outputs"][0]["width"], made["credits_deducted"]) == (2408, 8.5)
    refused = world.start(model="gpt-image-2", resolution="8K")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
