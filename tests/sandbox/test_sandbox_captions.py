"""Captions: one call that answers when it is done; whose words they are, when, and at what price.

Goal: the captions route keeps what the documents say, and its switches do. Method: a world that
runs so fast that the wait is nothing; media that is ours, handed in again, or a stranger's.
"""

from collections.abc import Callable
from typing import Any

import anyio
import pytest
from sandbox_world import CLIP, NOON, World, silence

from pipeline.sandbox.brief import Brief
from pipeline.sandbox.door import ConnectionCut
from pipeline.sandbox.media import CLIPS_ARE_MP4, make_clip
from pipeline.sandbox.transcript import timed
from pipeline.simulation.clock import run_jumping

FILM = "https://example.com/talk.mp4"
SAID = "Welcome to Kubeez. Let me show you around."


def spoken(world: World) -> dict[str, Any]:
    """Our own speech, finished."""
    job_id = world.begin("dialogue", text=SAID, voice="Paul")
    world.wait(60)
    output: dict[str, Any] = world.status(job_id)["outputs"][0]
    return output


def captions(world: World, **fields: Any) -> dict[str, Any]:
    answer = world.post("captions", **{"quality": "auto", **fields})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_our_own_speech_says_its_own_words_over_its_own_length() -> None:
    world = World(speed=1e6)
    made = spoken(world)
    body = captions(world, media_url=made["url"])
    assert set(body) == {"id", "status", "language_code", "duration", "text", "words",
                         "credits_deducted"}
    assert (body["status"], body["text"], body["duration"]) == (
        "completed", SAID, made["duration"])
    assert [word["text"] for word in body["words"]] == SAID.split()
    times = [(word["start"], word["end"]) for word in body["words"]]
    flat = [at for pair in times for at in pair]
    assert flat == sorted(flat)
    assert (flat[0], flat[-1] <= made["duration"]) == (0, True)
    assert all(0.9 <= word["confidence"] < 1 for word in body["words"])
    assert body["credits_deducted"] == 0.5
    assert str(world.books.charges()[-1].credits) == "0.5"


def test_an_output_is_known_again_when_it_is_handed_in() -> None:
    world = World(speed=1e6)
    content = world.file(spoken(world)["url"])
    url = world.upload(("voice.mp3", content, "audio/mpeg")).json()["urls"][0]
    assert captions(world, media_url=url)["text"] == SAID
    other = world.upload(("voice.mp3", content + b"!", "audio/mpeg")).json()["urls"][0]
    assert captions(world, media_url=other)["text"] != SAID


def test_a_stranger_s_sound_is_measured_and_says_the_same_each_time() -> None:
    world = World(speed=1e6)
    url = world.upload(("talk.wav", silence(12.5), "audio/wav")).json()["urls"][0]
    one, other = captions(world, media_url=url), captions(world, media_url=url)
    assert one["duration"] == 12.5
    assert one["words"] == other["words"]
    assert 20 <= len(one["words"]) <= 35
    assert captions(world, media_url=FILM)["duration"] == 30.0
    assert captions(world, media_url=FILM)["text"] != one["text"]


@pytest.mark.skipif(not CLIPS_ARE_MP4, reason="PyAV is not installed")
def test_a_stranger_s_film_is_measured() -> None:
    world = World(speed=1e6)
    film, _ = make_clip(Brief("a kite", "x", "16:9", "144p", 1), 3.5, None)
    url = world.upload(("film.mp4", film, "video/mp4")).json()["urls"][0]
    assert captions(world, media_url=url)["duration"] == 3.5


def test_times_may_be_milliseconds() -> None:
    by_unit = {}
    for unit in ("seconds", "milliseconds"):
        world = World({"captions_times": unit}, speed=1e6)
        by_unit[unit] = captions(world, media_url=spoken(world)["url"])
    short, long = by_unit["seconds"]["words"], by_unit["milliseconds"]["words"]
    assert [round(word["end"] * 1000) for word in short] == [word["end"] for word in long]
    assert all(type(word["start"]) is int for word in long)
    assert by_unit["seconds"]["duration"] == by_unit["milliseconds"]["duration"]


def test_the_job_is_charged_when_it_arrives_and_answered_when_it_is_done() -> None:
    async def go(wall: Callable[[], float]) -> tuple[int, float, float]:
        world = World(clock=wall)
        charged = 0

        async def look() -> None:
            nonlocal charged
            await anyio.sleep(1)
            charged = len(world.books.charges())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(look)
            await world.ask_now("POST", "/v1/generate/captions",
                                json={"media_url": FILM, "quality": "auto"})
        return charged, wall(), next(world.books.jobs()).finishes_at

    charged, answered_at, finishes_at = run_jumping(go, NOON)
    assert charged == 1
    assert answered_at == pytest.approx(finishes_at)
    assert NOON + 20 < answered_at < NOON + 200


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_lost_reply_is_charged_all_the_same(backend: str) -> None:
    world = World({"lost_reply": True}, speed=1e6, backend=backend)
    with pytest.raises(ConnectionCut):
        world.post("captions", media_url=FILM, quality="auto")
    assert len(world.books.charges()) == 1


@pytest.mark.parametrize(("fields", "code"), [
    ({"quality": "auto"}, "missing_media_url"), ({"media_url": FILM}, "missing_quality"),
    ({"media_url": FILM, "quality": "good"}, "invalid_request"),
    ({"media_url": FILM, "quality": "auto", "language": "en"}, "invalid_request"),
    ({"media_url": "talk.mp4", "quality": "auto"}, "invalid_request"),
    ({"media_url": "http://[", "quality": "auto"}, "invalid_request"),
    ({"media_url": FILM, "quality": "best", "code_switching": 1}, "invalid_request"),
])
def test_what_cannot_be_captioned_is_refused_free(fields: dict[str, Any], code: str) -> None:
    world = World(speed=1e6)
    answer = world.post("captions", **fields)
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert world.books.charges() == []


def test_a_picture_has_no_sound() -> None:
    world = World(speed=1e6)
    uploaded = world.upload(("a.png", b"x", "image/png")).json()["urls"][0]
    for url in (world.finished()["outputs"][0]["url"], uploaded):
        answer = world.post("captions", media_url=url, quality="auto")
        assert answer.status_code == 400


def test_a_job_that_fails_in_the_end_has_no_words() -> None:
    world = World({"fail": {"message": "No luck."}}, speed=1e6)
    body = captions(world, media_url=FILM)
    assert (body["status"], body["text"], body["words"], body["error_message"]) == (
        "failed", "", [], "No luck.")
    assert body["credits_deducted"] == 0.5


def test_the_history_shows_captions_only_where_told() -> None:
    for switches, shown in (({}, 0), ({"captions_in_history": True}, 1)):
        world = World(switches, speed=1e6)
        captions(world, media_url=FILM)
        assert len(world.get("/v1/generations").json()["generations"]) == shown
        assert world.get("/sandbox/books").json()["rows"][0]["kind"] == "captions"


def test_captions_may_be_billed_by_the_second() -> None:
    world = World({"captions_billing": "per_second"}, speed=1e6)
    url = world.upload(("talk.wav", silence(12.5), "audio/wav")).json()["urls"][0]
    assert captions(world, media_url=url)["credits_deducted"] == 6.25


def test_captions_may_be_burned_into_a_film() -> None:
    world = World({"captions_burned": True}, speed=1e6)
    film = world.finished(model=CLIP, prompt="a kite flies over the bay")["outputs"][0]["url"]
    body = captions(world, media_url=film)
    assert body["text"] == "a kite flies over the bay"
    world.wait(60)
    assert world.file(body["video_url"]).startswith(b"video Brief(prompt='a kite flies")


def test_no_words_take_no_time() -> None:
    assert timed([], 5.0) == []
