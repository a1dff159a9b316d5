"""Extending a Veo 3.1 clip: what it takes, costs, shows, and refuses.

Goal: the extend route keeps the rules of llms.txt. Method: clips bought in a world of its own, and
a real clip whose continuation is looked at frame by frame.
"""

import io

import pytest
from PIL import Image, ImageChops, ImageStat
from sandbox_world import CLIP, World

from pipeline.sandbox.clip import CLIPS_ARE_MP4, draw_clip, encode_webp
from pipeline.sandbox.ending import ending_of
from pipeline.sandbox.gallery import Piece, make_media
from pipeline.sandbox.media import Brief, make_picture

VEO = "veo3-1-fast-text-to-video"


def veo_task(world: World, **fields: object) -> str:
    return str(world.finished(model=VEO, **fields)["source_task_id"])


@pytest.mark.parametrize(("tier", "price"), [
    ({}, 75.0), ({"extend_model": "lite"}, 45.0), ({"extend_model": "fast"}, 75.0),
    ({"extend_model": "quality"}, 300.0), ({"extend_model": None}, 75.0)])
def test_an_extension_has_its_flat_price_and_its_answer(tier: dict[str, str],
                                                        price: float) -> None:
    world = World()
    task = veo_task(world, aspect_ratio="9:16")
    answer = world.post("media/extend", source_task_id=task, prompt="it lands", **tier).json()
    assert answer == {"generation_id": answer["generation_id"], "status": "queued",
                      "source_task_id": task, "estimated_cost_credits": price}
    world.wait(600)
    row = world.status(answer["generation_id"])
    assert (row["status"], row["model"], row["generation_type"], row["credits_deducted"]) == (
        "completed", "veo3-1-extend", "extend-video", price)
    made = row["outputs"][0]
    assert (made["duration"], made["width"], made["height"]) == (8.0, 360, 640)


def test_only_completed_veo_clips_name_a_task() -> None:
    world = World()
    job_id = world.buy(model=VEO)
    assert "source_task_id" not in world.status(job_id)
    world.wait(600)
    assert world.status(job_id)["source_task_id"]
    assert "source_task_id" not in world.finished(model=CLIP)
    assert "source_task_id" not in world.finished()


def test_what_cannot_be_extended_is_refused_and_costs_nothing() -> None:
    world = World({"models": {VEO: {"capabilities": {"resolution_options": ["720p", "1080p"]}}}})
    task = veo_task(world)
    sharp = veo_task(world, resolution="1080p")
    extended = world.post("media/extend", source_task_id=task, prompt="x").json()["generation_id"]
    world.wait(600)
    again = world.status(extended)["source_task_id"]
    running = task.replace(task.removeprefix("veo-"), world.buy(model=VEO))
    other = task.replace(task.removeprefix("veo-"), world.buy())
    charged = len(world.books.charges())
    for task_id, status, code, word in (
            (sharp, 400, "invalid_request", "1080p"), (again, 400, "invalid_request", "extended"),
            (running, 400, "invalid_request", "not completed"), (other, 404, "not_found", "Veo"),
            (extended, 404, "not_found", "Veo"), ("", 400, "missing_source_task_id", "required")):
        answer = world.post("media/extend", source_task_id=task_id, prompt="x")
        assert (answer.status_code, answer.json()["error"]) == (status, code)
        assert word in answer.json()["message"]
    for fields, code in (({"prompt": ""}, "missing_prompt"), ({"prompt": "x" * 5001},
                         "invalid_request"), ({"extend_model": "best"}, "invalid_request")):
        answer = world.post("media/extend", **{"source_task_id": task, "prompt": "x", **fields})
        assert answer.json()["error"] == code
    assert len(world.books.charges()) == charged


def test_a_failed_clip_cannot_be_extended() -> None:
    world = World({"fail": {"nth": [1]}})
    row = world.finished(model=VEO)
    assert "source_task_id" not in row
    answer = world.post("media/extend", source_task_id=f"veo-{row['id']}", prompt="x")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_an_extension_is_made_from_the_clip_and_after_a_restart_too() -> None:
    world = World()
    task = veo_task(world)
    clip = world.file(world.status(task.removeprefix("veo-"))["outputs"][0]["url"])
    job_id = world.post("media/extend", source_task_id=task, prompt="x").json()["generation_id"]
    world.wait(600)
    made = world.file(world.status(job_id)["outputs"][0]["url"])
    assert repr(clip).encode() in made


def apart(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures, in grey levels."""
    return float(sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3)


@pytest.mark.skipif(not CLIPS_ARE_MP4, reason="PyAV is not installed")
def test_the_first_frame_of_an_extension_is_the_last_of_its_clip() -> None:
    av = pytest.importorskip("av")
    brief = Brief("amber bottle", "veo3-1", "16:9", None, 1)
    clip, _ = make_media(Piece(brief, "video", 2.0, (make_picture(brief),)))
    dusk = Brief("dusk", "veo3-1-extend", "16:9", None, 2)
    more, _ = make_media(Piece(dusk, "video", 1.0, (clip,)))

    def frames(content: bytes) -> list[Image.Image]:
        with av.open(io.BytesIO(content)) as film:
            return [frame.to_image() for frame in film.decode(video=0)]

    first = frames(more)[0]
    assert apart(first, frames(clip)[-1]) < 4 < apart(first, frames(clip)[0])


def test_an_animation_ends_with_its_last_picture_and_a_picture_with_itself() -> None:
    brief = Brief("amber bottle", "veo3-1", "1:1", None, 1)
    frames = list(draw_clip(brief, 1.0, None, None))
    with Image.open(io.BytesIO(ending_of(encode_webp(frames, 1.0)))) as last:
        assert apart(last.convert("RGB"), frames[-1]) < 6
    picture = make_picture(brief)
    assert ending_of(picture) == picture


@pytest.mark.parametrize("broken", [b"", b"none", b"\0\0\0\x18ftypisom", b"RIFF\0\0\0\0WEBP"])
def test_an_ending_that_cannot_be_read_is_left_as_it_is(broken: bytes) -> None:
    assert ending_of(broken) == broken
