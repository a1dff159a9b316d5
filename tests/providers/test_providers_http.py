"""The HTTP client's promises: one call is one request, and the key stays at home.

Goal: no redirect, no retry, no bomb and no error text takes a key or a credit (SAFETY 0.3, 0.8, 3).
Method: a far end that redirects, floods, packs and breaks off; every request of it is looked at.
"""

import copy
import gzip
import logging
import traceback
import tracemalloc
import zlib
from typing import Any

import anyio
import httpx
import pytest
from providers_far_end import (
    BASE,
    KEY,
    SPEC,
    Answer,
    FarEnd,
    Hold,
    Stream,
    buy,
    outcome,
    over,
    says,
)

from pipeline.core.errors import ReplyLost, Unreachable, Vanished
from pipeline.core.provider import Receipt
from pipeline.core.spec import JobSpec
from pipeline.providers.http import LONG_CALLS, Http, Secret
from pipeline.providers.reply import LARGEST_REPLY

FILE = "https://93.184.216.34/images/a.png"
CAPTIONS = JobSpec("kubeez", "captions", "auto-caption", "")
OTHERS = ["https://evil.example/take", "http://127.0.0.1/take", "/v1/generate/media",
          "https://api.kubeez.com/v1/other", "//evil.example/take"]


async def take(kubeez: Any, url: str = FILE) -> bytes:
    async with kubeez.download(url) as body:
        return b"".join([chunk async for chunk in body.chunks()])


def fetch(*answers: Answer, url: str = FILE) -> tuple[Any, FarEnd]:
    far = FarEnd(*answers)
    return outcome(far, lambda kubeez: take(kubeez, url)), far


def leads_to(url: str, status: int = 302) -> Answer:
    return says(status, None, {"location": url})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", OTHERS)
def test_no_redirect_is_followed_with_a_key(status: int, target: str) -> None:
    for ask in (lambda k: k.submit(SPEC, ()), lambda k: k.look("g1", "image"),
                lambda k: k.scan({}), lambda k: k.balance()):
        far = FarEnd(says(status, None, {"location": target}))
        assert type(outcome(far, ask)) in (ReplyLost, Unreachable)
        assert [str(call.url).startswith(BASE) for call in far.calls] == [True]


def test_the_key_reaches_the_accounts_own_address_and_no_other() -> None:
    _, far = fetch(leads_to("https://93.184.216.34/b"), leads_to("/c"), says(200, b"bytes"))
    assert len(far.calls) == 3
    for call in far.calls:
        assert KEY not in repr(call.headers.raw) + str(call.url)
        assert call.headers["accept-encoding"] == "identity"


def test_the_key_is_in_no_text_that_anything_prints() -> None:
    secret = Secret(KEY)
    http = Http(BASE, secret, now=lambda: 0.0, transport=FarEnd(says(200)))
    shown = [repr(secret), str(secret), f"{secret}", repr([secret]), repr(http), str(vars(http)),
             repr({"key": secret}), repr(copy.copy(secret))]
    assert KEY not in "".join(shown)
    assert not Secret("") and secret.reveal() == KEY


@pytest.mark.parametrize("error", [
    httpx.ReadError(f"x-api-key: {KEY}"), httpx.ConnectError(f"{FILE}?sig={KEY}"),
    httpx.InvalidURL(KEY), httpx.LocalProtocolError(f"Illegal header value {KEY!r}"), OSError(KEY)])
def test_the_key_is_in_no_failure(error: Exception) -> None:
    for ask in (lambda k: k.submit(SPEC, ()), lambda k: k.look("g1", "image"),
                lambda k: take(k, FILE)):
        found = outcome(FarEnd(error), ask)
        assert isinstance(found, ReplyLost | Unreachable | Vanished)
        assert KEY not in "".join(traceback.format_exception(found))


def test_the_client_logs_no_address(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        fetch(says(200, b"bytes"), url=FILE + "?X-Signature=secret")
    assert "secret" not in caplog.text and "93.184" not in caplog.text


def test_an_answer_that_never_ends_is_cut_off() -> None:
    flood = Stream(*[b" " * 2**20] * 40)
    found = buy(FarEnd(httpx.Response(200, stream=flood)))
    assert type(found) is ReplyLost and "larger" in found.message


def test_an_answer_may_be_long_but_not_longer() -> None:
    body = b'{"generation_id": "g1"' + b" " * (LARGEST_REPLY - 24) + b"}"
    assert buy(FarEnd(says(200, body))) == Receipt(("g1",))
    assert type(buy(FarEnd(says(200, body + b"   ")))) is ReplyLost


def packed(body: bytes, encoding: str) -> Answer:
    return says(200, body, {"content-encoding": encoding})


def test_an_answer_may_come_packed_once() -> None:
    answer = packed(gzip.compress(b'{"generation_id": "g1"}'), "gzip")
    far = FarEnd(answer)
    assert buy(far) == Receipt(("g1",))
    assert far.calls[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(("body", "encoding"), [
    (gzip.compress(gzip.compress(b'{"generation_id": "g1"}')), "gzip, gzip"),
    (zlib.compress(b'{"generation_id": "g1"}'), "deflate"), (b'{"generation_id": "g1"}', "br"),
    (gzip.compress(b'{"generation_id": "g1"}')[:-9], "gzip"), (b"no gzip at all", "gzip"),
    (b"", "gzip")], ids=["twice", "deflate", "brotli", "cut", "none", "empty"])
def test_an_answer_that_does_not_unpack_is_a_doubt(body: bytes, encoding: str) -> None:
    assert type(buy(FarEnd(packed(body, encoding)))) is ReplyLost


def test_a_packed_bomb_is_not_unpacked() -> None:
    layer = gzip.compress(gzip.compress(bytes(200_000_000), 9), 9)
    once = gzip.compress(bytes(200_000_000), 9)
    tracemalloc.start()
    try:
        for body, encoding in ((layer, "gzip, gzip"), (layer, "gzip"), (once, "gzip")):
            assert type(buy(FarEnd(packed(body, encoding)))) is ReplyLost
        assert tracemalloc.get_traced_memory()[1] < 4 * LARGEST_REPLY
    finally:
        tracemalloc.stop()


def test_a_file_comes_as_it_is() -> None:
    found, _ = fetch(says(200, b"bytes", {"content-length": "5", "content-type": "image/png; a"}))
    assert found == b"bytes"

    async def facts(kubeez: Any) -> tuple[int | None, str]:
        async with kubeez.download(FILE) as body:
            return body.length, body.media_type

    headers = {"content-length": "5", "content-type": "image/png; a=b"}
    assert over(FarEnd(says(200, b"bytes", headers)), facts) == (5, "image/png")
    for odd in ("-5", "5.0", "five", "9" * 5000, ""):
        assert over(FarEnd(says(200, b"bytes", {"content-length": odd})), facts)[0] is None


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "gzip, gzip", "zstd"])
def test_a_file_in_an_encoding_that_nobody_asked_for_is_refused(encoding: str) -> None:
    found, _ = fetch(says(200, gzip.compress(b"bytes"), {"content-encoding": encoding}))
    assert type(found) is Unreachable


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_link_that_is_gone_is_asked_for_anew(status: int) -> None:
    assert type(fetch(says(status))[0]) is Vanished


@pytest.mark.parametrize("status", [204, 206, 304, 300, 400, 416, 429, 500, 502, 503])
def test_a_link_that_does_not_answer_is_tried_again(status: int) -> None:
    assert type(fetch(says(status))[0]) is Unreachable


def test_a_download_follows_three_redirects_and_no_fourth() -> None:
    hop = leads_to(FILE)
    assert fetch(hop, hop, hop, says(200, b"bytes"))[0] == b"bytes"
    found, far = fetch(hop, hop, hop, hop, says(200, b"bytes"))
    assert type(found) is Vanished and len(far.calls) == 4


@pytest.mark.parametrize("target", [
    "http://93.184.216.34/a", "https://127.0.0.1/", "file:///etc/passwd", "https://[::1]/",
    "//169.254.169.254/latest", "https://u:p@93.184.216.34/", "https://93.184.216.34:22/",
    "data:,x", "https://0x7f000001/"])
def test_every_hop_is_checked_before_it_is_called(target: str) -> None:
    found, far = fetch(leads_to(target), says(200, b"bytes"))
    assert type(found) is Vanished and len(far.calls) == 1


def test_a_hop_without_a_host_stays_with_the_name_and_not_with_its_address() -> None:
    _, far = fetch(leads_to("/b?c=d"), says(200, b"bytes"))
    assert [call.url.path for call in far.calls] == ["/images/a.png", "/b"]
    assert far.calls[1].headers["host"] == "93.184.216.34"


@pytest.mark.parametrize("error", [httpx.ReadError("x"), httpx.ConnectError("x"),
                                   httpx.ReadTimeout("x"), OSError("x"),
                                   httpx.RemoteProtocolError("x")])
def test_a_download_that_breaks_off_is_tried_again(error: Exception) -> None:
    assert type(fetch(error)[0]) is Unreachable
    half = Stream(b"half", error)
    found, _ = fetch(lambda request: httpx.Response(200, stream=half))
    assert type(found) is Unreachable


def test_long_calls_take_no_short_ones_place() -> None:
    waiting = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal waiting
        if not request.url.path.endswith("captions"):
            return httpx.Response(200, stream=Stream(b'{"generation_id": "g1"}'))
        waiting += 1
        return httpx.Response(200, stream=Hold())

    async def act(kubeez: Any) -> Any:
        async with anyio.create_task_group() as tasks:
            for _ in range(3 * LONG_CALLS):
                tasks.start_soon(kubeez.submit, CAPTIONS, (FILE,))
            await anyio.wait_all_tasks_blocked()
            found = await kubeez.submit(SPEC, ())
            tasks.cancel_scope.cancel()
        return found

    assert over(FarEnd(answer), act) == Receipt(("g1",))
    assert waiting == LONG_CALLS
