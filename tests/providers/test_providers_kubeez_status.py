"""What Kubeez says of a running song, separation, clip or transcript.

Goal: each kind is asked about on its own route, its files are those that are whole, and a file
that is not there yet is waited for. Method: every shape of facts/kubeez.md 3.2 and 3.3.
"""

import json
from typing import Any

import pytest
from providers_far_end import BASE, FarEnd, outcome, over, says

from pipeline.core.errors import Unreachable
from pipeline.core.money import Money
from pipeline.core.provider import Broken, Finished, News, Output, Working

MEDIA = "https://media.kubeez.com"


def look(kind: str, **row: Any) -> Any:
    return outcome(FarEnd(says(200, row)), lambda kubeez: kubeez.look("g1", kind))


def song(url: str | None, **more: Any) -> dict[str, Any]:
    return {"title": "Kite", "audio_url": url, "stream_url": f"{MEDIA}/stream",
            "cover_image_url": f"{MEDIA}/cover.png", **more}


@pytest.mark.parametrize(("kind", "path"), [
    ("image", "media"), ("video", "media"), ("extend", "media"), ("dialogue", "media"),
    ("captions", "media"), ("ad-copy", "media"), ("music", "music"),
    ("separation", "separation")])
def test_every_kind_is_asked_about_on_its_own_route(kind: str, path: str) -> None:
    far = FarEnd(says(200, {"id": "g1", "status": "queued"}))
    assert over(far, lambda kubeez: kubeez.look("g1", kind)) == Working("queued")
    assert [str(call.url) for call in far.calls] == [f"{BASE}/v1/generate/{path}/g1"]


def test_each_song_is_a_file_and_its_stream_is_none() -> None:
    assert look("music", id="g1", status="completed", credits_deducted=19.5,
                processing_time_ms=90_000,
                songs=[song(f"{MEDIA}/1.mp3"), song("/images/2.mp3")]) == Finished(
        (Output(f"{MEDIA}/1.mp3", "audio"), Output(f"{MEDIA}/images/2.mp3", "audio")),
        Money.parse("19.5"), 90.0)


def test_a_song_that_only_streams_is_still_being_made() -> None:
    assert look("music", id="g1", status="streaming", songs=[song(None)]) == Working("streaming")


@pytest.mark.parametrize("url", [None, "", 7])
def test_a_made_song_without_its_link_is_waited_for(url: Any) -> None:
    found = look("music", id="g1", status="completed", songs=[song(f"{MEDIA}/1.mp3"), song(url)])
    assert found.outputs == (Output(f"{MEDIA}/1.mp3", "audio"), Output(None, "audio"))


def test_a_made_song_without_any_song_has_no_files_yet() -> None:
    for songs in (None, [], "x", [7]):
        assert look("music", id="g1", status="completed", songs=songs) == Finished(())


def test_a_separation_brings_two_files_with_names_of_ours() -> None:
    assert look("separation", id="g1", status="completed", vocals_url="/v.wav",
                instrumental_url=f"{MEDIA}/i.wav", credits_deducted=6) == Finished(
        (Output(f"{MEDIA}/v.wav", "audio", label="vocals"),
         Output(f"{MEDIA}/i.wav", "audio", label="instrumental")), Money.parse("6"))


@pytest.mark.parametrize("row", [{}, {"vocals_url": None}, {"vocals_url": f"{MEDIA}/v.wav"},
                                 {"instrumental_url": f"{MEDIA}/v.wav", "vocals_url": 7}])
def test_half_a_separation_is_waited_for(row: dict[str, Any]) -> None:
    outputs = look("separation", id="g1", status="completed", **row).outputs
    assert [output.label for output in outputs] == ["vocals", "instrumental"]
    assert not all(output.url for output in outputs)


@pytest.mark.parametrize("name", [{"id": "g1"}, {"separation_id": "g1"}, {"task_id": "g1"}, {},
                                  {"separation_id": "g1", "task_id": "t7"}, {"id": 7}])
def test_a_separation_or_a_song_may_leave_its_name_out(name: dict[str, Any]) -> None:
    assert look("separation", status="failed", **name) == Broken("generation_failed", "")
    assert look("music", status="failed", **name) == Broken("generation_failed", "")


@pytest.mark.parametrize("kind", ["music", "separation", "image"])
def test_news_of_another_job_is_no_news(kind: str) -> None:
    for name in ("id", "generation_id", "separation_id", "task_id"):
        assert type(look(kind, status="completed", **{name: "g2"})) is Unreachable
    assert type(outcome(FarEnd(says(200, "[]")), lambda k: k.look("g1", "image"))) is Unreachable


def test_a_failure_may_say_why_in_either_field() -> None:
    assert look("separation", id="g1", status="failed", error="no vocals in it") == \
        Broken("generation_failed", "no vocals in it")
    assert look("music", id="g1", status="failed", error="lyrics hit the content policy",
                credits_deducted=0) == \
        Broken("content_refused", "lyrics hit the content policy", Money(0))


def test_a_clip_that_can_be_gone_on_from_says_under_which_name() -> None:
    row = {"id": "g1", "status": "completed", "outputs": [{"url": "/a.mp4"}]}
    assert look("video", **row, source_task_id="veo-17").task_id == "veo-17"
    for odd in (None, 7, ["veo-17"]):
        assert look("video", **row, source_task_id=odd).task_id == ""


def test_a_transcript_that_took_longer_is_found_in_its_status() -> None:
    body = {"id": "g1", "status": "completed", "credits_deducted": 0.5,
            "words": [{"text": "Hi.", "start": 0.1, "end": 0.4}]}
    found: News = look("captions", **body)
    assert isinstance(found, Finished)
    assert [output.media_type for output in found.outputs] == \
        ["application/json", "application/x-subrip", "text/vtt"]
    assert found.charged == Money.parse("0.5")
    plain = look("captions", id="g1", status="completed", outputs=[{"url": "/c.json"}])
    assert plain.outputs == (Output(f"{MEDIA}/c.json"),)


@pytest.mark.parametrize("kind", ["music", "separation"])
def test_a_list_of_recent_jobs_may_show_any_kind(kind: str) -> None:
    row = {"id": "g1", "status": "completed", "created_at": "2027-01-15T08:00:00Z",
           "songs": [song(f"{MEDIA}/1.mp3")] if kind == "music" else [],
           "vocals_url": f"{MEDIA}/v.wav" if kind == "separation" else None}
    far = FarEnd(says(200, json.dumps({"generations": [row]})))
    (seen,) = over(far, lambda kubeez: kubeez.scan({})).sightings
    assert isinstance(seen.news, Finished)
    assert [output.media_type for output in seen.news.outputs] in (["audio"], ["audio", "audio"])
