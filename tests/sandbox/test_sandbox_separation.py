"""Separation: two stems of one sound, their links, their price, and the switches of newer texts.

Goal: the separation route does what the documents say. Method: a world with a clock of its own; the
stems of our own song are shown to be of that song.
"""

from typing import Any

import pytest
from sandbox_world import World

from pipeline.sandbox.gallery import make_media
from pipeline.sandbox.length import length_of
from pipeline.sandbox.pieces import Piece, brief_of, stem_of

SONG = "https://example.com/song.mp3"


def song(world: World) -> dict[str, Any]:
    """The second of our own songs."""
    job_id = world.begin("music", prompt="rain on tin")
    world.wait(600)
    found: dict[str, Any] = world.status(job_id, "music")["songs"][1]
    return found


def test_a_sound_comes_apart_into_two_stems() -> None:
    world = World()
    answer = world.post("separation", media_url=SONG)
    assert answer.json() == {"separation_id": answer.json()["separation_id"], "status": "queued"}
    job_id = answer.json()["separation_id"]
    assert world.status(job_id, "separation") == {
        "id": job_id, "status": "queued", "vocals_url": None, "instrumental_url": None}
    world.wait(600)
    body = world.status(job_id, "separation")
    assert set(body) == {"id", "status", "vocals_url", "instrumental_url"}
    assert body["status"] == "completed"
    for stem in ("vocals", "instrumental"):
        assert body[f"{stem}_url"].endswith(".wav")
        content = world.file(body[f"{stem}_url"])
        assert content.startswith(b"stem ") and content.endswith(stem.encode())
        assert b" 30 () " in content
    assert [str(charge.credits) for charge in world.books.charges()] == ["6"]


def test_the_stems_of_our_own_song_are_of_that_song() -> None:
    world = World()
    url = song(world)["audio_url"]
    content = world.file(url)
    again = world.upload(("song.mp3", content, "audio/mpeg")).json()["urls"][0]
    for source in (url, again):
        job_id = world.begin("separation", media_url=source)
        world.wait(600)
        vocals = world.file(world.status(job_id, "separation")["vocals_url"])
        assert vocals == content.replace(b"song ", b"stem ").replace(b"None", b"vocals")


def test_stems_are_real_wav_of_the_same_length() -> None:
    world = World()
    job = world.books.job(world.begin("separation", media_url=SONG))
    assert job is not None
    made = [make_media(Piece(brief_of(job, name), "stem", 2.0, stem=stem_of(job, name)))
            for name in job.output_ids()]
    assert [media_type for _, media_type in made] == ["audio/wav"] * 2
    assert [length_of(content) for content, _ in made] == [2.0, 2.0]
    assert made[0] != made[1]


def test_newer_texts_name_a_task_and_begin_as_pending() -> None:
    world = World({"separation_task_id": True})
    answer = world.post("separation", media_url=SONG).json()
    assert set(answer) == {"separation_id", "task_id", "status"}
    assert answer["status"] == "pending"
    assert world.status(answer["separation_id"], "separation")["status"] == "pending"
    world.wait(600)
    assert world.status(answer["separation_id"], "separation")["status"] == "completed"


def test_a_separation_may_be_billed_by_the_minute() -> None:
    world = World({"separation_billing": "per_minute"})
    world.begin("separation", media_url=SONG)
    assert [str(charge.credits) for charge in world.books.charges()] == ["6"]
    talk = world.begin("dialogue", text="x" * 1000, voice="Paul")
    world.wait(60)
    world.begin("separation", media_url=world.status(talk)["outputs"][0]["url"])
    assert str(world.books.charges()[-1].credits) == "12"


def test_a_separation_that_fails_has_no_stems() -> None:
    world = World({"fail": {"message": "No luck.", "word": "cancelled"}})
    job_id = world.begin("separation", media_url=SONG)
    world.wait(600)
    assert world.status(job_id, "separation") == {
        "id": job_id, "status": "cancelled", "vocals_url": None, "instrumental_url": None,
        "error_message": "No luck."}


def test_the_history_shows_separations_only_where_told() -> None:
    for switches, shown in (({}, 0), ({"separation_in_history": True}, 1)):
        world = World(switches)
        world.begin("separation", media_url=SONG)
        assert len(world.get("/v1/generations").json()["generations"]) == shown


@pytest.mark.parametrize("route", ["media", "music"])
def test_a_separation_is_read_on_its_own_route_alone(route: str) -> None:
    world = World()
    job_id = world.begin("separation", media_url=SONG)
    assert world.get(f"/v1/generate/{route}/{job_id}").status_code == 404
    world.wait(600)
    picture = world.finished()["outputs"][0]["url"]
    assert world.post("separation", media_url=picture).status_code == 400
    assert World({"models": {"mvsep-40": None}}).post(
        "separation", media_url=SONG).status_code == 404
