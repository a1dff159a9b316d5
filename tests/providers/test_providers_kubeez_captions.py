"""The answer that is the product: a transcript as files.

Goal: what was paid for is kept byte for byte, and its subtitles are made where it has words.
Method: plausible answers (no shape is published), bought and then opened without a network.
"""

import json
from typing import Any

import pytest
from providers_far_end import FarEnd, buy, over, says

from pipeline.core.money import Money
from pipeline.core.provider import Broken, Finished, Output, Receipt
from pipeline.core.spec import JobSpec

FILM = "https://media.kubeez.com/a.mp4"
SPEC = JobSpec("kubeez", "captions", "auto-caption", "")
WORDS = [{"text": "Hello", "start": 0.12, "end": 0.48},
         {"word": "<you>.", "start": 0.5, "end": 0.9}]
SRT = "1\n00:00:00,120 --> 00:00:00,953\nHello ‹you›.\n\n"
VTT = "WEBVTT\n\n00:00:00.120 --> 00:00:00.953\nHello &lt;you&gt;.\n\n"


def transcribe(body: Any, status: int = 200) -> Any:
    return buy(FarEnd(says(status, body)), SPEC, (FILM,))


def opened(output: Output) -> str:
    """The file of an output; a far end that is asked for it would answer with an error."""
    far = FarEnd(says(500))

    async def take(kubeez: Any) -> bytes:
        async with kubeez.download(output.url) as body:
            content = b"".join([chunk async for chunk in body.chunks()])
            assert (body.length, body.media_type) == (len(content), output.media_type)
            return content

    content = over(far, take)
    assert not far.calls and len(content) == output.bytes
    return content.decode()


@pytest.mark.parametrize("body", [
    {"words": WORDS}, {"data": {"words": WORDS}}, {"result": {"words": WORDS}},
    {"transcript": {"words": WORDS}}, {"captions": {"words": WORDS}},
    {"id": "g1", "status": "completed", "words": WORDS},
    {"id": "g1", "status": "odd", "words": WORDS},
    {"words": [{"text": "Hello", "start": 120, "end": 480},
               {"text": "<you>.", "start": 500, "end": 900}], "audio_duration": 3},
])
def test_words_with_times_become_three_files(body: Any) -> None:
    raw = json.dumps(body, indent=1) + "\n"
    found = transcribe(raw)
    assert isinstance(found, Finished)
    assert [output.media_type for output in found.outputs] == \
        ["application/json", "application/x-subrip", "text/vtt"]
    assert [output.label for output in found.outputs] == ["", "", ""]
    assert list(map(opened, found.outputs)) == [raw, SRT, VTT]


@pytest.mark.parametrize("body", [
    {"text": "Hello you."}, {"words": [], "text": "", "status": "completed"},
    {"words": []}, {"transcript": "Hello"}, {"data": {"srt": SRT}},
    {"text": "Hello", "words": [{"text": "Hello"}, 7]},
])
def test_a_transcript_without_times_is_kept_as_it_came(body: Any) -> None:
    found = transcribe(body)
    assert [output.media_type for output in found.outputs] == ["application/json"]
    assert json.loads(opened(found.outputs[0])) == body


@pytest.mark.parametrize("name", ["url", "video_url", "output_url"])
def test_a_film_with_burned_captions_comes_too(name: str) -> None:
    found = transcribe({name: "/images/b.mp4", "words": WORDS})
    assert [output.media_type for output in found.outputs[1:]] == \
        ["application/x-subrip", "text/vtt", "video"]
    assert found.outputs[-1] == Output("https://media.kubeez.com/images/b.mp4", "video")
    assert len(transcribe({name: FILM}).outputs) == 2


@pytest.mark.parametrize(("said", "charged"), [
    (0.5, Money.parse("0.5")), (0, Money(0)), (None, None), ("0.5", None), (-1, None)])
def test_what_it_took_is_what_the_answer_says(said: Any, charged: Money | None) -> None:
    assert transcribe({"words": WORDS, "credits_deducted": said}).charged == charged


@pytest.mark.parametrize(("body", "broken"), [
    ({"id": "g1", "status": "failed", "words": [], "text": "", "error_message": "no sound",
      "credits_deducted": 0.5}, Broken("generation_failed", "no sound", Money.parse("0.5"))),
    ({"status": "error", "error": "flagged by moderation"},
     Broken("content_refused", "flagged by moderation")),
    ({"id": "g1", "status": "cancelled", "credits_deducted": 0},
     Broken("cancelled_there", "", Money(0)))])
def test_a_call_that_brings_the_outcome_may_bring_a_bad_one(body: Any, broken: Broken) -> None:
    assert transcribe(body) == broken


@pytest.mark.parametrize("body", [
    {"id": "g1", "status": "queued"}, {"generation_id": "g1", "status": "processing"},
    {"id": "g1", "status": "processing", "words": [], "text": None},
    {"id": "g1", "status": "queued", "url": FILM}, {"data": {"id": "g1"}}, {"id": "g1"},
    {"id": "g1", "status": "completed", "outputs": [{"url": FILM}]},
])
def test_a_transcript_that_is_still_being_made_is_asked_about(body: Any) -> None:
    assert transcribe(body, 202) == Receipt(("g1",))
