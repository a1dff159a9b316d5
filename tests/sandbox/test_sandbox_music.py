"""Songs: both modes, the two songs of a job, the streaming phase, and the switches of each.

Goal: the music route does what llms.txt and its clients say. Method: a world with a clock of its
own; what is played is told by a cheap maker, and once made in earnest.
"""

from typing import Any

import pytest
from sandbox_world import World

from pipeline.sandbox.gallery import make_media
from pipeline.sandbox.length import length_of
from pipeline.sandbox.pieces import SONG_S, Piece, brief_of, seconds_of
from pipeline.sandbox.sound import AUDIO_SUFFIX

SUNG = {"title": "Rain", "style": "slow piano", "lyrics": "la la la"}
TOLD = {"title": "Rain", "style": "slow piano", "song_description": "a song of rain"}


def phases(world: World, job_id: str) -> dict[str, dict[str, Any]]:
    """The first answer of each status word, until the job has ended."""
    seen: dict[str, dict[str, Any]] = {}
    for _ in range(600):
        body = world.status(job_id, "music")
        seen.setdefault(body["status"], body)
        world.wait(1)
    return seen


def test_a_job_makes_two_songs_at_a_flat_price() -> None:
    world = World()
    answer = world.post("music", prompt="slow rain on a tin roof, piano", model="V5").json()
    assert (answer["status"], answer["model"], answer["estimated_cost_credits"]) == (
        "queued", "V5", 19.0)
    assert "mode_note" not in answer
    assert "/v1/generate/music/" in answer["message"]
    last = phases(world, answer["generation_id"])["completed"]
    assert set(last) == {"id", "status", "songs"}
    assert len(last["songs"]) == 2
    for song in last["songs"]:
        assert set(song) == {"title", "audio_url", "stream_url", "cover_image_url"}
        assert song["title"] == "Slow Rain On A"
        assert world.file(song["audio_url"]).startswith(b"song Brief(prompt='slow rain")
        assert world.file(song["cover_image_url"]).startswith(b"image Brief")
    one, other = (world.file(song["audio_url"]) for song in last["songs"])
    assert one != other
    assert [str(charge.credits) for charge in world.books.charges()] == ["19"]


def test_a_song_can_be_heard_in_part_before_it_is_done() -> None:
    world = World()
    seen = phases(world, world.begin("music", **SUNG))
    assert list(seen) == ["queued", "processing", "streaming", "completed"]
    assert seen["queued"]["songs"] == seen["processing"]["songs"] == []
    early, late = seen["streaming"]["songs"][0], seen["completed"]["songs"][0]
    assert (early["title"], early["audio_url"], early["cover_image_url"]) == ("Rain", None, None)
    assert early["stream_url"] == late["stream_url"] != late["audio_url"]
    part, whole = world.file(late["stream_url"]), world.file(late["audio_url"])
    assert whole.startswith(part)
    assert 0 < len(part) < len(whole) / 2


def test_only_the_stream_can_be_fetched_while_it_streams() -> None:
    world = World()
    job_id = world.begin("music", **SUNG)
    while (body := world.status(job_id, "music"))["status"] != "streaming":
        world.wait(1)
    stream = body["songs"][0]["stream_url"]
    assert world.get(stream).status_code == 200
    assert world.get(stream.replace("-stream", "")).status_code == 404
    queued = world.begin("music", prompt="another")
    job = world.books.job(queued)
    assert job is not None
    assert world.get(f"/audio/{job.output_ids()[0]}-stream.mp3").status_code == 404


def test_the_streaming_phase_can_be_switched_off() -> None:
    world = World({"music_streaming": False})
    seen = phases(world, world.begin("music", **SUNG))
    assert list(seen) == ["queued", "processing", "completed"]
    assert seen["completed"]["songs"][0]["stream_url"]


@pytest.mark.parametrize(("fields", "switches", "status", "told"), [
    ({"model": "V9"}, {}, 200, "V5_5"), ({}, {}, 200, "V5_5"), ({"model": "V4"}, {}, 200, "V4"),
    ({"model": None}, {"unknown_music_model": "refuse"}, 200, "V5_5"),
    ({"model": "V9"}, {"unknown_music_model": "refuse"}, 404, "model_not_found"),
    ({"model": "nano-banana-2"}, {}, 200, "V5_5"),
    ({"model": "suno-add-vocals"}, {}, 400, "invalid_request"),
    ({"model": "suno-lyrics-generation"}, {"unknown_music_model": "refuse"}, 400,
     "invalid_request"),
    ({}, {"models": {"V6": {"model_type": "music", "generation_types": ["text-to-music"],
                            "cost_per_generation": 20}}}, 200, "V6"),
    ({}, {"models": dict.fromkeys(["V4", "V4_5", "V4_5PLUS", "V5", "V5_5"])}, 404,
     "model_not_found"),
])
def test_which_engine_plays(fields: dict[str, Any], switches: dict[str, Any], status: int,
                            told: str) -> None:
    answer = World(switches).post("music", prompt="rain", **fields)
    assert answer.status_code == status
    assert told in (answer.json().get("model"), answer.json().get("error"))


@pytest.mark.parametrize(("fields", "code"), [
    ({}, "missing_prompt"), ({"prompt": " "}, "missing_prompt"),
    ({"prompt": "x" * 401}, "invalid_request"), ({**SUNG, "title": None}, "missing_title"),
    ({**SUNG, "style": ""}, "missing_style"), ({**SUNG, "lyrics": ""}, "missing_lyrics"),
    ({**SUNG, **TOLD}, "invalid_request"), ({**SUNG, "vocal_gender": "x"}, "invalid_request"),
    ({**SUNG, "style_weight": 2}, "invalid_request"),
    ({**SUNG, "weirdness_constraint": -1}, "invalid_request"),
    ({**SUNG, "audio_weight": "loud"}, "invalid_request"), ({**SUNG, "style": 3},
                                                             "invalid_request"),
    ({"prompt": "x", "instrumental": "yes"}, "invalid_request"),
    ({"lyrics": "la"}, "missing_title"),
])
def test_what_is_no_song_is_refused_free(fields: dict[str, Any], code: str) -> None:
    world = World()
    answer = world.post("music", **fields)
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert world.books.charges() == []


def test_a_described_song_may_be_made_in_simple_mode_with_a_note() -> None:
    world = World({"music_mode_note": True})
    assert "simple" in world.post("music", **TOLD).json()["mode_note"]
    assert "mode_note" not in world.post("music", **SUNG).json()
    assert "mode_note" not in World().post("music", **TOLD).json()


def test_a_song_that_fails_says_so_and_has_no_files() -> None:
    world = World({"fail": {"message": "No luck.", "refund": True}})
    job_id = world.begin("music", **SUNG)
    seen = phases(world, job_id)
    assert seen["failed"] == {"id": job_id, "status": "failed", "songs": [],
                              "error_message": "No luck."}
    assert "streaming" not in seen
    assert str(world.service.balance()) == "10000"


def test_the_history_shows_songs_unless_told_otherwise() -> None:
    for switches, shown in (({}, 1), ({"music_in_history": False}, 0)):
        world = World(switches)
        world.begin("music", **SUNG)
        world.wait(600)
        rows = world.get("/v1/generations").json()["generations"]
        assert len(rows) == shown
        for row in rows:
            assert (row["prompt"], row["credits_deducted"]) == ("la la la", 19.0)
            assert row["outputs"][0]["media_type"] == "audio"
            assert row["outputs"][0]["duration"] in SONG_S


def test_a_song_is_read_on_its_own_route_alone() -> None:
    world = World()
    job_id, picture = world.begin("music", **SUNG), world.buy()
    for path in (f"media/{job_id}", f"separation/{job_id}", f"music/{picture}"):
        answer = world.get(f"/v1/generate/{path}")
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_five_songs_at_once_and_no_sixth() -> None:
    world = World()
    for _ in range(5):
        world.begin("music", **SUNG)
    assert world.post("music", **SUNG).status_code == 429
    world.buy()


def test_songs_are_real_and_as_long_as_they_say() -> None:
    world = World()
    job = world.books.job(world.begin("music", prompt="rain"))
    assert job is not None
    output_id = job.output_ids()[0]
    seconds = seconds_of(job, output_id)
    assert seconds in SONG_S
    content, media_type = make_media(Piece(brief_of(job, output_id), "song", 3.0))
    assert media_type == {"mp3": "audio/mpeg", "wav": "audio/wav"}[AUDIO_SUFFIX]
    assert length_of(content) == pytest.approx(3.0, abs=0.4)
