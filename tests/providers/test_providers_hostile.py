"""Answers made to harm: numbers, times, ids, lists and words that no honest service sends.

Goal: each comes to a documented outcome, soon and small, and nothing of the key or of a signature
passes on with the service's words (SAFETY 3, F47, F48, F54, F57, F107, F118).
Method: such answers in process, and dripping ones in simulated time.
"""

import base64
import ipaddress
import json
import urllib.parse
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from bounded import within
from providers_far_end import KEY, NOW_S, SPEC, FarEnd, Hold, Stream, buy, outcome, over, says

from pipeline.core.errors import ProviderFailure, Refused, ReplyLost, Unreachable, Vanished
from pipeline.core.provider import Broken, Finished, Receipt, Working
from pipeline.core.spec import JobSpec
from pipeline.media.examine import examine
from pipeline.providers.http import Http
from pipeline.providers.kubeez import MEDIA_HOST, Kubeez
from pipeline.providers.kubeez_answers import MOST_FILES
from pipeline.providers.kubeez_catalog import MOST_MODELS
from pipeline.providers.kubeez_terms import TERMS
from pipeline.providers.links import is_public
from pipeline.providers.secret import Secret
from pipeline.simulation.clock import run_jumping

AD = JobSpec("kubeez", "ad-copy", "ad-copy", "", params={"variant_count": 3})
SONG = JobSpec("kubeez", "music", "V5", "a song")
FILE = "https://93.184.216.34/a.png"
ENDLESS = ("1e99999999999999999999", "-1e99999999999999999999", "1e-99999999999999999999",
           "9" * 4000, "9" * 5000, "1e999999", "-5", "true", "NaN", "1e400", "0e-999999")


def looked(body: Any, kind: str = "image") -> Any:
    return outcome(FarEnd(says(200, body)), lambda kubeez: kubeez.look("g1", kind))


def row(**more: Any) -> dict[str, Any]:
    return {"id": "g1", "status": "completed", "outputs": [{"url": "/a.png"}], **more}


@pytest.mark.parametrize("number", ENDLESS)
def test_a_number_out_of_all_bounds_is_not_said(number: str) -> None:
    assert isinstance(buy(FarEnd(says(200, f'{{"generation_id": "g1", "credits": {number}}}'))),
                      Receipt | ReplyLost)
    for field in ("credits_deducted", "processing_time_ms", "width"):
        body = json.dumps(row(outputs=[{"url": "/a.png", "width": "W"}], credits_deducted="C",
                              processing_time_ms="P"))
        mark = {"credits_deducted": '"C"', "processing_time_ms": '"P"', "width": '"W"'}[field]
        news = looked(body.replace(mark, number))
        if isinstance(news, Unreachable):
            continue
        assert (news.charged, news.made_in_s) == (None, None) or number.startswith("0e")
        assert news.outputs[0].width is None
    balance = outcome(FarEnd(says(200, f'{{"credits": {number}}}')), lambda k: k.balance())
    assert balance is None or isinstance(balance, Unreachable) or not balance


@pytest.mark.parametrize("said", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
                                  "1969-12-31T23:59:59Z", "2300-01-01T00:00:00Z"])
def test_a_moment_in_no_time_of_ours_is_none(said: str) -> None:
    history = {"generations": [{"id": "g1", "created_at": said}]}
    scan = over(FarEnd(says(200, history)), lambda kubeez: kubeez.scan({}))
    assert (list(scan.sightings), scan.unread) == ([], 1)
    shelf = over(FarEnd(says(200, {"assets": [{"name": "a", "url_expires_at": said}]})),
                 lambda kubeez: kubeez.library.shelf())
    assert shelf.files[0].url_until_s is None


@pytest.mark.parametrize("date", [
    "Fri, 31 Dec 9999 23:59:59 -1400", "Sat, 01 Jan 0001 00:00:00 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_clock_in_no_time_of_ours_is_not_believed(date: str) -> None:
    far = FarEnd(says(200, {"generations": []}, {"date": date}))
    assert over(far, lambda kubeez: kubeez.scan({})).skew_s == 0.0


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "latin-1"])
def test_json_is_utf_8(encoding: str) -> None:
    body = '{"generation_id": "g1", "note": "é"}'.encode(encoding)
    assert type(buy(FarEnd(says(200, body)))) is ReplyLost


def test_more_ids_than_a_start_can_make_are_a_doubt() -> None:
    many = [f"g{n}" for n in range(5000)]
    found = buy(FarEnd(says(200, {"generation_ids": many})), AD)
    assert type(found) is ReplyLost and "5000" in found.message
    for ids in ([], [""], [None, 5], ["../../x", "a/b", " g"], [KEY]):
        assert type(buy(FarEnd(says(200, {"generation_ids": ids})), AD)) is ReplyLost
    same = {"generation_ids": ["g1", "g1", "", "g2", "g1"]}
    assert buy(FarEnd(says(200, same)), AD) == Receipt(("g1", "g2"))


def test_more_files_than_a_job_can_have_are_cut_and_said() -> None:
    songs = [{"audio_url": f"https://media.example/{n}.mp3"} for n in range(10_000)]
    pictures = [{"url": "/a.png"}] * 10_000
    for body, kind in ((row(songs=songs), "music"), (row(outputs=pictures), "image")):
        news = looked(body, kind)
        assert isinstance(news, Finished)
        assert len(news.outputs) == MOST_FILES
        assert "10,000 files" in news.note


@pytest.mark.parametrize("name", ["other", "", "../g1", "G1"])
@pytest.mark.parametrize("kind", ["music", "separation", "image"])
def test_a_song_of_another_job_is_not_ours(name: str, kind: str) -> None:
    body = {"status": "completed", "id": name, "separation_id": name, "outputs": [{"url": "/a"}],
            "songs": [{"audio_url": "/s"}], "vocals_url": "/v", "instrumental_url": "/i"}
    assert type(looked(body, kind)) is Unreachable


@pytest.mark.parametrize("said", ["a" * 200, "a\nb", "a\x00", "\x1b[2J", " "])
def test_the_name_of_a_clip_is_short_and_visible(said: str) -> None:
    assert looked(row(source_task_id=said), "video").task_id == ""
    assert looked(row(source_task_id="veo/task:7"), "video").task_id == "veo/task:7"


def test_a_catalog_without_end_is_none() -> None:
    rows = [{"model_id": f"m{n}"} for n in range(200_000)]
    with within(5):
        found = outcome(FarEnd(says(200, {"models": rows})), lambda kubeez: _catalog(kubeez))
    assert type(found) is Unreachable and f"{MOST_MODELS:,}" in found.message


async def _catalog(kubeez: Kubeez) -> Any:
    return kubeez.read_catalog(await kubeez.fetch_catalog(), "2026-01-02T03:04:05Z")


@pytest.mark.parametrize("said", ["1e999", "1e12", "-5", "0"])
def test_a_model_that_takes_for_ever_names_no_time(said: str) -> None:
    body = f'{{"models": [{{"model_id": "m", "estimated_time_seconds": {said}}}]}}'
    catalog = over(FarEnd(says(200, body)), lambda kubeez: _catalog(kubeez))
    assert catalog.models["m"].typical_s is None


SIGNED = ("https://media.example/a.png?X-Amz-Signature=abc123&X-Amz-Expires=9",
          "HTTPS://media.example/a.png#token=abc123", "/files/a.png?sig=abc123",
          "<https://media.example/a.png?sig=abc123>", "(see https://e/a?b=abc123&c='x')")


@pytest.mark.parametrize("address", SIGNED)
def test_the_services_words_carry_no_signature(address: str) -> None:
    words = f"could not read {address}, sorry"
    for failure in (buy(FarEnd(says(400, {"error": "invalid_request", "message": words}))),
                    buy(FarEnd(says(500, {"detail": words}))),
                    buy(FarEnd(says(402, {"error": "insufficient_credits", "message": words}))),
                    buy(FarEnd(says(429, {"error": f"rate_limited: {words}"})))):
        assert "abc123" not in failure.message and "could not read" in failure.message
    for field in ("error", "error_message"):
        news = looked({"id": "g1", "status": "failed", field: words})
        assert isinstance(news, Broken)
        assert "abc123" not in news.message and news.message.endswith("sorry")


def spelled(key: str) -> list[str]:
    packed = base64.b64encode(key.encode()).decode()
    return [key, urllib.parse.quote(key, safe=""), urllib.parse.quote(key),
            urllib.parse.quote_plus(key), packed, packed.rstrip("="),
            base64.urlsafe_b64encode(key.encode()).decode()]


ODD_KEY = "sk/live+4711%20&canary=é".encode("ascii", "ignore").decode()


@pytest.mark.parametrize("key", [KEY, ODD_KEY])
def test_a_key_that_is_echoed_is_dots(key: str) -> None:
    for spelling in spelled(key):
        words = f"the key {spelling} is not welcome"
        for answer in (says(401, {"error": words}), says(400, {"detail": words}), says(500, words),
                       says(400, {"error": "invalid_request", "message": words}),
                       says(422, {"detail": [{"loc": ["body", spelling], "msg": words}]}),
                       says(429, {"error": words})):
            found = _with_key(key, answer, lambda kubeez: kubeez.submit(SPEC, ()))
            assert isinstance(found, ProviderFailure)
            assert spelling not in found.message
        news = _with_key(key, says(200, {"id": "g1", "status": "failed", "error": words}),
                         lambda kubeez: kubeez.look("g1", "image"))
        assert spelling not in news.message and "welcome" in news.message


def test_a_key_in_escapes_is_dots_and_a_short_one_is_left() -> None:
    escaped = "".join(f"\\u{ord(char):04x}" for char in KEY)
    found = buy(FarEnd(says(400, f'{{"error": "invalid_request", "message": "no {escaped}!"}}')))
    assert found.message == "no ••••!"
    slashed = ODD_KEY.replace("/", "\\/")
    says_so = says(400, f'{{"error": "invalid_request", "message": "{slashed}!"}}')
    found = _with_key(ODD_KEY, says_so, lambda kubeez: kubeez.submit(SPEC, ()))
    assert found.message == "••••!"
    found = _with_key("a", says(400, {"error": "invalid_request", "message": "a cat"}),
                      lambda kubeez: kubeez.submit(SPEC, ()))
    assert found.message == "a cat"


@pytest.mark.parametrize("event", ["result", "error"])
def test_a_key_that_is_echoed_in_a_stream_is_dots(event: str) -> None:
    told = json.dumps({"id": "g1", "status": "failed", "error": f"{KEY} is bad"})
    far = FarEnd(says(200, f"event: {event}\ndata: {told}\n\n", {
        "content-type": "text/event-stream"}))
    found = outcome(far, lambda kubeez: kubeez.follow("g1", "image"))
    assert KEY not in found.message and "is bad" in found.message


def test_a_transcript_holds_no_key() -> None:
    spec = JobSpec("kubeez", "captions", "auto-caption", "")
    words = {"words": [{"text": KEY, "start": 0, "end": 1}], "text": f"say {KEY}"}
    found = buy(FarEnd(says(200, words)), spec, (FILE,))
    files = [base64.b64decode(output.url.partition(",")[2]) for output in found.outputs]
    assert len(files) == 3
    assert not any(KEY.encode() in file for file in files)
    assert json.loads(files[0])["text"] == "say ••••"


@pytest.mark.parametrize(("said", "files"), [
    ({"text": "&" * 3_000_000, "start": 0, "end": 9}, 2),
    ({"word": "ftyp", "end": 1, "start": 0}, 3),
    ({"text": "<b>-->" * 90_000, "start": 0, "end": 1}, 3)])
def test_a_transcript_that_was_paid_for_is_kept_however_odd(
        said: dict[str, Any], files: int, tmp_path: Path) -> None:
    spec = JobSpec("kubeez", "captions", "auto-caption", "")
    body = b"\n" * 9000 + json.dumps({"woftyp": 1, "words": [said]}).encode()
    found = buy(FarEnd(says(200, body)), spec, (FILE,))
    assert len(found.outputs) == files
    for number, output in enumerate(found.outputs):
        path = tmp_path / f"{number}.part"
        path.write_bytes(base64.b64decode(output.url.partition(",")[2]))
        assert examine(path).media_type == output.media_type


def _with_key(key: str, answer: Any, act: Callable[[Kubeez], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        http = Http("https://api.kubeez.com", Secret(key), now=lambda: NOW_S,
                    transport=FarEnd(answer))
        try:
            return await act(Kubeez(http, TERMS, media_host=MEDIA_HOST, loopback=False,
                                    has_key=True))
        except ProviderFailure as failure:
            return failure
        finally:
            await http.close()

    return anyio.run(go)


class Slow(httpx.AsyncBaseTransport):
    """A line on which nothing comes, or a little now and then."""

    def __init__(self, every_s: float, head: bool = False) -> None:
        self.every_s = every_s
        self.head = head

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """An answer whose head, or whose body, does not come."""
        if self.head:
            await anyio.sleep(self.every_s)
        return httpx.Response(200, headers={"content-type": "text/event-stream"},
                              stream=Hold() if self.every_s > 1e6 else Drip(self.every_s))


class Drip(httpx.AsyncByteStream):
    """A byte now and then, without end."""

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes."""
        while True:
            await anyio.sleep(self.every_s)
            yield b" "


async def take(kubeez: Kubeez) -> None:
    async with kubeez.download("http://127.0.0.1:9/a.png") as body:
        async for _ in body.chunks():
            pass


@pytest.mark.parametrize("line", [Slow(1e9), Slow(1e9, head=True)], ids=["body", "head"])
@pytest.mark.parametrize("act", [take, lambda kubeez: kubeez.follow("g1", "image"),
                                 lambda kubeez: kubeez.submit(SPEC, ()),
                                 lambda kubeez: kubeez.scan({})],
                         ids=["download", "stream", "purchase", "list"])
def test_a_line_on_which_nothing_comes_is_given_up(
        line: Slow, act: Callable[[Kubeez], Awaitable[Any]]) -> None:
    async def go(now: Callable[[], float]) -> float:
        http = Http("https://api.kubeez.com", Secret(KEY), now=now, transport=line)
        with pytest.raises((Unreachable, ReplyLost)):
            await act(Kubeez(http, TERMS, media_host=MEDIA_HOST, loopback=True, has_key=True))
        await http.close()
        return now()

    assert run_jumping(go, 0.0) <= 130


@pytest.mark.parametrize("address", ["fec0::1", "feff::1", "ff0e::1", "2001:db8::1", "3fff::1",
                                     "5f00::1", "100::1"])
def test_an_address_of_no_open_network_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


def test_a_name_without_any_address_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **more: [])
    far = FarEnd(says(200, b"x"))

    async def act(kubeez: Kubeez) -> None:
        async with kubeez.download("https://cdn.example/a"):
            pass

    assert type(outcome(far, act)) is Unreachable
    assert not far.calls


@pytest.mark.parametrize("url", ["http://10.0.0.1/a", "https://127.0.0.1/a", "file:///etc/passwd",
                                 "https://169.254.169.254/latest", "data:text/html;base64,AA==",
                                 "javascript:alert(1)", "https://[::ffff:10.0.0.1]/"])
@pytest.mark.parametrize("kind", ["music", "separation", "image"])
def test_a_link_of_any_kind_of_answer_is_checked_before_it_is_called(url: str, kind: str) -> None:
    news = looked({"id": "g1", "status": "completed", "outputs": [{"url": url}],
                   "songs": [{"audio_url": url}] if kind == "music" else [],
                   "vocals_url": url if kind == "separation" else "",
                   "instrumental_url": url if kind == "separation" else ""}, kind)
    far = FarEnd(says(200, b"x"))

    async def act(kubeez: Kubeez) -> None:
        for output in news.outputs:
            async with kubeez.download(output.url):
                pass

    assert type(outcome(far, act)) is Vanished
    assert not far.calls


def test_a_status_word_without_end_is_short() -> None:
    news = looked({"id": "g1", "status": "w" * 1_000_000})
    assert isinstance(news, Working)
    assert len(news.status) <= 40


def test_a_library_of_a_hundred_thousand_rows_is_read_soon() -> None:
    rows = [{"id": f"id{n}", "name": f"\x1b[2J../{n}\u202e", "size_bytes": n}
            for n in range(100_000)]
    with within(8):
        shelf = over(FarEnd(says(200, {"assets": rows, "quota_bytes": 10**30, "used_bytes": -1})),
                     lambda kubeez: kubeez.library.shelf())
    assert (shelf.quota_bytes, shelf.used_bytes) == (None, None)
    assert len(shelf.files) == 100_000


def test_an_id_of_the_library_never_becomes_a_path() -> None:
    far = FarEnd(says(200, {}))
    for name in ("../x", "a/b", "?x=1", "", " ", "a" * 200, "a\nb"):
        assert type(outcome(far, lambda k, n=name: k.library.delete(n))) in (Vanished, Refused)
    assert not far.calls


def test_a_flood_of_tiny_pieces_is_a_body_like_any_other() -> None:
    body = json.dumps({"generation_id": "g1"}).encode() + b" " * 50_000
    pieces = [body[n:n + 1] for n in range(len(body))]
    with within(2):
        assert buy(FarEnd(httpx.Response(200, stream=Stream(*pieces)))) == Receipt(("g1",))
