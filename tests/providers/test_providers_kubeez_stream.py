"""The end of a job, heard on its stream of events instead of asked for.

Goal: a stream brings the very news that a look would, and whatever else it is or does, it costs
nothing but a failure that says so. Method: streams whole, cut, endless, silent and of other kinds.
"""

import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from providers_far_end import BASE, KEY, SPEC, Answer, FarEnd, Hold, Stream, outcome, over, says

from pipeline.core.errors import ProviderFailure, Throttled, Unreachable, Vanished
from pipeline.core.provider import Broken, Finished, Output, Receipt
from pipeline.providers.http import LISTENERS, SILENCE_S
from pipeline.providers.listening import Event, Events
from pipeline.providers.reply import LARGEST_REPLY

LINK = "https://media.kubeez.com/a.png"
ROW = {"id": "g1", "status": "completed", "outputs": [{"url": LINK}]}
RESULT = f"event: result\ndata: {json.dumps(ROW)}\n\n".encode()
MADE = Finished((Output(LINK),))
HEARTBEATS = b": hello\n\nevent: heartbeat\ndata: {}\n\nevent: ping\n\ndata: loose words\n\n"


def streams(*pieces: bytes | Exception, kind: str = "text/event-stream") -> Answer:
    return lambda request: httpx.Response(200, headers={"content-type": kind},
                                          stream=Stream(*pieces))


def follow(answer: Answer, kind: str = "image") -> Any:
    return outcome(FarEnd(answer), lambda kubeez: kubeez.follow("g1", kind))


@pytest.mark.parametrize(("kind", "path"), [
    ("video", "media"), ("dialogue", "media"), ("music", "music"), ("separation", "separation")])
def test_a_stream_is_asked_for_beside_the_status_with_the_key(kind: str, path: str) -> None:
    far = FarEnd(streams(RESULT))
    over(far, lambda kubeez: kubeez.follow("g1", kind))
    (call,) = far.calls
    assert (call.method, str(call.url)) == ("GET", f"{BASE}/v1/generate/{path}/g1/stream")
    assert (call.headers["accept"], call.headers["x-api-key"]) == ("text/event-stream", KEY)
    assert call.headers["accept-encoding"] == "identity"
    assert call.extensions["timeout"]["read"] == SILENCE_S == 60.0


@pytest.mark.parametrize("pieces", [
    (RESULT,), (HEARTBEATS, RESULT), (HEARTBEATS + RESULT + b"event: error\ndata: late\n\n",),
    tuple(bytes([byte]) for byte in HEARTBEATS + RESULT), (b"\xef\xbb\xbf" + RESULT,),
    (RESULT.replace(b"\n", b"\r\n"),), (RESULT.replace(b"\n", b"\r"), b": more"),
    (b"event: result\ndata: {\ndata: " + json.dumps(ROW)[1:].encode() + b"\n\n",),
    (b'event: result\ndata: {"id": "g1", "status": "processing"}\n\n', RESULT)])
def test_the_end_is_heard_through_everything_else(pieces: tuple[bytes, ...]) -> None:
    assert follow(streams(*pieces)) == MADE


def test_every_kind_of_news_is_heard() -> None:
    broken = b'event: result\ndata: {"id": "g1", "status": "failed", "error_message": "no"}\n\n'
    assert follow(streams(broken)) == Broken("generation_failed", "no")
    song = b'event: result\ndata: {"status": "completed", "songs": [{"audio_url": "/1.mp3"}]}\n\n'
    assert follow(streams(song), "music") == \
        Finished((Output("https://media.kubeez.com/1.mp3", "audio"),))


@pytest.mark.parametrize("answer", [
    says(404), says(405), says(401), says(403, {"error": "missing_scope"}), says(410), says(406),
    says(204), says(302, None, {"location": "https://evil.example/"}), says(200, ROW),
    says(404, "<html>"), streams(RESULT, kind="text/html"), streams(RESULT, kind=""),
    streams(RESULT, kind="application/json; charset=utf-8")])
def test_where_there_is_no_stream_there_is_none(answer: Answer) -> None:
    far = FarEnd(answer)
    assert type(outcome(far, lambda kubeez: kubeez.follow("g1", "image"))) is Vanished
    assert len(far.calls) == 1


@pytest.mark.parametrize("answer", [
    streams(), streams(HEARTBEATS), streams(RESULT[:-1]), streams(RESULT[:20]),
    streams(httpx.ReadError("cut")), streams(HEARTBEATS, httpx.ReadTimeout("silent")),
    streams(RESULT[:9], httpx.RemoteProtocolError("cut")), streams(b"event: error\ndata: no\n\n"),
    streams(b"event: result\ndata: {not json\n\n", RESULT),
    streams(b'event: result\ndata: {"id": "g2", "status": "completed"}\n\n'),
    httpx.ConnectError("x"), httpx.ReadTimeout("x"), OSError("x"), says(500), says(502, "<html>"),
    says(503), says(524)])
def test_a_stream_that_ends_without_the_job_breaks_off(answer: Answer) -> None:
    found = follow(answer)
    assert type(found) is Unreachable and KEY not in found.message


def test_a_stream_may_be_refused_for_coming_too_fast() -> None:
    found = follow(says(429, None, {"retry-after": "7"}))
    assert (type(found), found.retry_after_s) == (Throttled, 7.0)


def test_what_the_stream_says_of_its_error_is_told_and_is_short() -> None:
    for words in ("the model is down", "x" * 9999):
        found = follow(streams(f"event: error\ndata: {words}\n\n".encode()))
        assert words[:300] in found.message and len(found.message) < 400


class Flood(httpx.AsyncByteStream):
    """The same piece for ever."""

    def __init__(self, piece: bytes) -> None:
        self.piece = piece
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        while True:
            self.sent += len(self.piece)
            yield self.piece


@pytest.mark.parametrize("piece", [b"x" * 65536, b"data: " + b"x" * 65530 + b"\n",
                                   b"data:\n" * 9999, b"event: " + b"x" * 65536])
def test_an_event_without_an_end_is_not_gathered(piece: bytes) -> None:
    flood = Flood(piece)
    tracemalloc.start()
    try:
        found = follow(lambda request: httpx.Response(
            200, headers={"content-type": "text/event-stream"}, stream=flood))
        assert tracemalloc.get_traced_memory()[1] < 8 * LARGEST_REPLY
    finally:
        tracemalloc.stop()
    assert type(found) is Unreachable and "larger" in found.message
    assert flood.sent < 2 * LARGEST_REPLY


def test_those_who_listen_take_no_purchases_place() -> None:
    listening = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal listening
        if request.method == "POST":
            return httpx.Response(200, stream=Stream(b'{"generation_id": "g1"}'))
        listening += 1
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Hold())

    async def act(kubeez: Any) -> list[Any]:
        bought = []
        async with anyio.create_task_group() as tasks:
            for number in range(3 * LISTENERS):
                tasks.start_soon(kubeez.follow, f"g{number}", "image")
            await anyio.wait_all_tasks_blocked()
            for _ in range(3):
                bought.append(await kubeez.submit(SPEC, ()))
            tasks.cancel_scope.cancel()
        return bought

    assert over(FarEnd(answer), act) == [Receipt(("g1",))] * 3
    assert listening == LISTENERS


LINES = [b"event: result", b"event:result", b"event", b"data: a", b"data:  b", b"data", b"id: 7",
         b"retry: 9", b": a comment", b"", b"other: x", b"\xff\xfe"]
texts = st.lists(st.sampled_from(LINES), max_size=12)


@given(texts, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.data())
def test_a_stream_says_the_same_in_whatever_pieces_it_comes(lines: list[bytes], end: bytes,
                                                             data: st.DataObject) -> None:
    whole = b"".join(line + end for line in lines) + b":"
    at_once = Events().feed(whole)
    events, found = Events(), []
    while whole:
        size = data.draw(st.integers(1, len(whole)))
        found += events.feed(whole[:size])
        whole = whole[size:]
    assert found == at_once == expected(lines)


def expected(lines: list[bytes]) -> list[Event]:
    """The events of a stream by its definition, line by line."""
    found, name, data = [], "", []
    for line in lines:
        field, _, value = line.decode(errors="replace").partition(":")
        value = value[1:] if value[:1] == " " else value
        if not line:
            if data:
                found.append(Event(name or "message", "\n".join(data)))
            name, data = "", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
    return found


@given(st.binary(max_size=300))
def test_no_bytes_whatever_crash_a_stream(noise: bytes) -> None:
    found = follow(streams(noise, b"\n\n"))
    assert isinstance(found, ProviderFailure)
