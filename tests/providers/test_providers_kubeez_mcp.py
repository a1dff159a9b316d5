"""Kubeez's tools as the adapter uses them: names, schemas, error texts, prices, uploads.

Goal: what a service lists decides what is called and sent; an error text is a refusal only in the
documents' own words; a preview is exact or says that it is not. Method: a line that answers as it
is told and remembers what it was asked (`tool_line.ToolLine`); the wire below is tested elsewhere.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import anyio
import httpx
import pytest
from providers_far_end import FarEnd, says

from pipeline.core.errors import (
    Barred,
    ProviderFailure,
    Refused,
    ReplyLost,
    Throttled,
    Unreachable,
    Vanished,
)
from pipeline.core.money import Money
from pipeline.core.pricing import Quote, confirmed
from pipeline.core.provider import Finished, Preview, Previewer, Receipt, Working
from pipeline.core.spec import JobSpec, SourceRef
from pipeline.providers.http import Http
from pipeline.providers.kubeez_mcp import KubeezMcp
from pipeline.providers.kubeez_terms import MCP_TERMS
from pipeline.providers.mcp_extra import open_line
from pipeline.providers.secret import Secret
from pipeline.providers.tool_line import Tool, ToolAnswer

MEDIA = "model prompt generation_type aspect_ratio source_media_urls duration seed resolution"
NEW = {"generate_media": MEDIA, "get_status": "id kind", "get_generations": "limit status",
       "estimate": "model generation_type resolution duration reference_video_seconds",
       "get_upload_url": "model_id", "get_upload_session": "token"}
OLD = {"generate_media": MEDIA, "get_generation_status": "id", "get_music_status": "id",
       "get_generations": "", "estimate_generation_cost": "model"}
SPEC = JobSpec("kubeez-mcp", "image", "nano-banana-2", "a red kite", "1:1")


class Line:
    """Answers in turn, the last one for ever."""

    skew_s = 0.0

    def __init__(self, *answers: Any, tools: Mapping[str, str] = NEW) -> None:
        self.answers = list(answers)
        self.listed = {name: Tool(name, frozenset(fields.split()), {})
                       for name, fields in tools.items()}
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.paid: list[tuple[str, dict[str, object]]] = []

    async def tools(self) -> Mapping[str, Tool]:
        return self.listed

    async def ask(self, tool: str, arguments: Mapping[str, object], *,
                  deadline_s: float = 0.0) -> ToolAnswer:
        self.asked.append((tool, dict(arguments)))
        return self._next()

    async def pay(self, tool: str, arguments: Mapping[str, object], *,
                  deadline_s: float = 0.0) -> ToolAnswer:
        self.paid.append((tool, dict(arguments)))
        return self._next()

    async def close(self) -> None:
        pass

    def _next(self) -> ToolAnswer:
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(said, str):
            return ToolAnswer(True, None, said)
        return ToolAnswer(False, said, "")


def act(line: Line, name: str, *args: Any, transport: httpx.AsyncBaseTransport | None = None,
        ) -> Any:
    """What comes of one act of the adapter, a failure included."""
    def open_http(url: str) -> Http:
        return Http(url, Secret(""), now=lambda: 0.0, transport=transport)

    async def go() -> Any:
        provider = KubeezMcp(line, open_http("http://127.0.0.1:9"), MCP_TERMS,
                             media_host="https://media.kubeez.com", loopback=True,
                             open_http=open_http)
        try:
            return await getattr(provider, name)(*args)
        except ProviderFailure as failure:
            return failure
        finally:
            await provider.close()

    return anyio.run(go)


def test_old_and_new_names_are_taken_from_the_list() -> None:
    done = {"kind": "media", "status": "completed", "outputs": [{"url": "/images/a.png"}]}
    for tools, kind, name, sent in ((NEW, "image", "get_status", {"id": "x", "kind": "media"}),
                                    (NEW, "music", "get_status", {"id": "x", "kind": "music"}),
                                    (OLD, "image", "get_generation_status", {"id": "x"}),
                                    (OLD, "music", "get_music_status", {"id": "x"})):
        line = Line(done, tools=tools)
        news = act(line, "look", "x", kind)
        assert isinstance(news, Finished) and line.asked == [(name, sent)]
        assert news.outputs[0].url == "https://media.kubeez.com/images/a.png"
    assert isinstance(act(Line({"status": "pending", "id": "x"}), "look", "x", "image"), Working)
    assert isinstance(act(Line({"status": "completed", "id": "y"}), "look", "x", "image"),
                      Unreachable)


def test_only_what_the_schema_has_is_sent_and_no_wish_is_dropped() -> None:
    line = Line({"generation_id": "gen-1"}, tools={"generate_media": "model prompt aspect_ratio"})
    assert act(line, "submit", SPEC, ()) == Receipt(("gen-1",))
    assert line.paid == [("generate_media", {"model": "nano-banana-2", "prompt": "a red kite",
                                             "aspect_ratio": "1:1"})]
    wish = JobSpec("kubeez-mcp", "image", "nano-banana-2", "a", "1:1", {"seed": 7})
    said = act(line, "submit", wish, ())
    assert isinstance(said, Refused) and "seed" in said.message
    assert len(line.paid) == 1
    line = Line({"generations": []})
    act(line, "scan", {"status": "completed", "model": "m"})
    assert line.asked == [("get_generations", {"limit": 25, "status": "completed"})]
    music = JobSpec("kubeez-mcp", "music", "V5", "rain")
    assert isinstance(act(Line({}), "submit", music, ()), Refused)


@pytest.mark.parametrize("text", [
    "Error executing tool generate_media: timed out", "Internal error", "", "upstream: 502",
    "charged, but the provider failed: insufficient credits upstream", "generation_failed: x",
    "something about a rate limit", "{", '{"error": {"code": 5}}',
])
def test_an_unknown_error_text_of_a_paid_call_is_a_doubt(text: str) -> None:
    line = Line(text)
    assert isinstance(act(line, "submit", SPEC, ()), ReplyLost)
    assert len(line.paid) == 1
    assert isinstance(act(Line(text), "balance"), Unreachable)


@pytest.mark.parametrize(("text", "failure", "cause"), [
    ("insufficient_credits: You need 14.", Barred, "insufficient_credits"),
    ("Error: Insufficient credits. Top up.", Barred, "insufficient_credits"),
    ("Error executing tool generate_media: insufficient_credits", Barred, "insufficient_credits"),
    ("rate_limit_exceeded: slow down. Retry after 7 seconds.", Throttled, "throttled"),
    ("Rate limit exceeded: 30 a minute", Throttled, "throttled"),
    ("unauthorized: bad token", Barred, "bad_key"), ("missing_scope: generate:media", Barred,
                                                     "missing_scope"),
    ("model_not_found: Model 'x' is disabled.", Refused, "model_not_found"),
    ("unsupported_aspect: 9:1", Refused, "unsupported_aspect"),
    ("missing_prompt: prompt is required.", Refused, "missing_field"),
    ("invalid_voice_id: nobody", Refused, "invalid_request"),
])
def test_a_documented_error_text_is_a_refusal(text: str, failure: type[Exception],
                                              cause: str) -> None:
    said = act(Line(text), "submit", SPEC, ())
    assert (type(said), said.cause) == (failure, cause)
    if failure is Throttled and "7" in text:
        assert said.retry_after_s == 7.0


def test_an_envelope_of_an_error_is_one_though_nobody_calls_it_so() -> None:
    said = act(Line({"error": "insufficient_credits", "message": "top up"}), "submit", SPEC, ())
    assert isinstance(said, Barred)
    assert isinstance(act(Line({"error": "odd"}), "submit", SPEC, ()), ReplyLost)
    assert isinstance(act(Line({"error": "warning", "generation_id": "g"}), "submit", SPEC, ()),
                      Receipt)
    for body in ({}, {"generation_id": 5}, [], None, {"generation_id": "no id at all"}):
        assert isinstance(act(Line(body), "submit", SPEC, ()), ReplyLost)
    assert isinstance(act(Line("not_found: nobody"), "look", "x", "image"), Vanished)


CLIP = SourceRef("file", "a" * 64, "video", seconds=4.0, measured=True)
GUESSED = SourceRef("job", "k", "video", seconds=9.0)


@pytest.mark.parametrize(("sources", "params", "tools", "exact"), [
    ((), {}, NEW, True), ((), {"resolution": "2K"}, NEW, True), ((CLIP,), {}, NEW, True),
    ((CLIP, GUESSED), {}, NEW, False), ((CLIP,), {}, OLD, False),
    ((), {"resolution": "2K"}, OLD, False),
])
def test_a_preview_is_exact_only_if_everything_was_asked(
        sources: Sequence[SourceRef], params: dict[str, str | int | bool],
        tools: Mapping[str, str], exact: bool) -> None:
    spec = JobSpec("kubeez-mcp", "image", "m", "p", "1:1", params, tuple(sources))
    line = Line({"estimated_cost_credits": 85}, tools=tools)
    assert act(line, "preview", spec) == Preview(Money.parse("85"), exact)
    sent = line.asked[0][1]
    assert set(sent) <= line.listed[line.asked[0][0]].fields
    if tools is NEW and sources:
        assert sent["reference_video_seconds"] == sum(each.seconds or 0 for each in sources)


def test_a_flat_row_is_its_own_preview() -> None:
    rows = [{"model_id": "ad-copy", "model_type": "image", "cost_per_generation": 50},
            {"model_id": "nano-banana-2", "model_type": "image", "cost_per_generation": 14},
            {"model_id": "clip", "model_type": "video", "cost_per_generation": 90}]
    line = Line({"credits": 90})

    async def go() -> list[Preview | None]:
        http = Http("http://127.0.0.1:9", Secret(""), now=lambda: 0.0)
        provider = KubeezMcp(line, http, MCP_TERMS, media_host="", loopback=True,
                             open_http=lambda url: http)
        catalog = provider.read_catalog({"models": rows}, "2026-01-01T00:00:00Z")
        found = [await provider.preview(JobSpec("kubeez-mcp", model.kind, model.id, "p"))
                 for model in catalog.models.values()]
        await provider.close()
        return found

    assert anyio.run(go) == [None, None, Preview(Money.parse("90"), exact=True)]
    assert len(line.asked) == 1


def test_a_service_that_says_no_price_leaves_the_catalogs() -> None:
    assert act(Line({}, tools={"get_status": "id"}), "preview", SPEC) is None
    for body in ({}, {"credits": "many"}, {"credits": -1}, {"estimate": {"credits": 0}}, None, []):
        assert act(Line(body), "preview", SPEC) is None
    assert issubclass(KubeezMcp, Previewer)
    quote = Quote(Money.parse("14"), Money.parse("20"), "14 a job")
    sure = confirmed(quote, Preview(Money.parse("15"), exact=True))
    assert (str(sure.expected), str(sure.worst)) == ("15", "20")
    assert sure.basis == "15 by the service's own quote, exact"
    dear = confirmed(quote, Preview(Money.parse("30"), exact=False))
    assert (str(dear.worst), dear.basis) == ("30", "30 by the service's own quote, pessimistic")


def test_a_file_goes_where_its_session_says_with_its_token_and_without_a_key(
        tmp_path: Any) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"bytes")
    session = {"token": "t-4711", "direct_upload_url": "http://127.0.0.1:7/up"}
    told = {"media_urls": ["/uploads/a.png"], "media": [{"measurement": "not_needed"}]}
    far = FarEnd(says(200, {"success": True}))
    line = Line(session, told)
    assert act(line, "upload", str(file), transport=far) == \
        "https://media.kubeez.com/uploads/a.png"
    [call] = far.calls
    assert str(call.url) == "http://127.0.0.1:7/up"
    assert b"t-4711" in call.content and b"image/png" in call.content
    assert not {"x-api-key", "authorization"} & set(call.headers)
    assert line.asked[1] == ("get_upload_session", {"token": "t-4711"})


@pytest.mark.parametrize(("session", "told", "failure"), [
    ({"token": "t", "direct_upload_url": "http://example.com/up"}, {}, Vanished),
    ({"token": "t"}, {}, Unreachable),
    ({"token": "t", "direct_upload_url": "http://127.0.0.1:7/up"}, {"media_urls": []},
     Unreachable),
    ({"token": "t", "direct_upload_url": "http://127.0.0.1:7/up"},
     {"media_urls": ["u"], "media": [{"measurement": "unreadable"}]}, Refused),
])
def test_an_upload_that_cannot_be_is_free(session: Any, told: Any, failure: type[Exception],
                                          tmp_path: Any) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"bytes")
    said = act(Line(session, told), "upload", str(file), transport=FarEnd(says(200, {})))
    assert isinstance(said, failure)
    odd = tmp_path / "a.odd"
    odd.write_bytes(b"bytes")
    assert isinstance(act(Line(session, told), "upload", str(odd)), Refused)


def test_a_line_is_opened_where_the_library_is_there() -> None:
    line = open_line("http://127.0.0.1:9/mcp", Secret("k"), account="a", now=lambda: 0.0)
    anyio.run(line.close)


def test_without_the_library_a_person_is_told_how_to_get_it() -> None:
    halt = run_without("mcp")
    assert halt == ("extra_missing", "pip install 'media-pipeline[mcp]'")


def run_without(package: str) -> tuple[str, str]:
    """What opening a line says in a process that lacks a package."""
    code = ("import sys; sys.modules['{0}'] = None\n"
            "from pipeline.core.errors import Halt\n"
            "from pipeline.providers.mcp_extra import open_line\n"
            "from pipeline.providers.secret import Secret\n"
            "try:\n    open_line('http://127.0.0.1:9/mcp', Secret(''), account='a', "
            "now=float)\n"
            "except Halt as halt:\n    print(halt.code, halt.hint, sep='|')\n")
    done = subprocess.run([sys.executable, "-c", code.format(package)], text=True,
                          capture_output=True, check=True)
    code_word, _, hint = done.stdout.strip().partition("|")
    return code_word, hint
