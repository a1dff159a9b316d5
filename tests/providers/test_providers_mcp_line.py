"""A paid call over MCP leaves once, whatever comes of it, and what was answered is never lost.

Goal: no redirect, no stale listing, no wish for more, no broken stream and no refused token makes
the SDK send a paid call again; each outcome is what SAFETY 2.4 says of it. Method: the real SDK
talks to a far end in this process that counts every `tools/call`. Real sockets are broken in
tests/sandbox/test_sandbox_paid_call.py.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import httpx2
import pytest
from mcp.server import MCPServer

from pipeline.core.errors import (
    Barred,
    ProviderFailure,
    Refused,
    ReplyLost,
    Throttled,
    Unreachable,
)
from pipeline.providers.mcp_line import McpLine
from pipeline.providers.secret import Secret
from pipeline.providers.tool_line import ToolAnswer

KEY = "pat_canary_4711"
URL = "http://127.0.0.1:9/mcp"
NOW_S = 1_800_000_000.0
TOOL = {"name": "buy", "inputSchema": {"type": "object", "properties": {"what": {}}},
        "outputSchema": {"type": "object", "required": ["id"],
                         "properties": {"id": {"type": "string"}}}}

Answer = Callable[[Mapping[str, Any]], httpx2.Response]


def says(told: Any, status: int = 200, **headers: str) -> Answer:
    """A body, with the id of the question where it is one of JSON-RPC."""
    def answer(question: Mapping[str, Any]) -> httpx2.Response:
        body = {"jsonrpc": "2.0", "id": question.get("id"), **told} \
            if isinstance(told, dict) and ("result" in told or "error" in told) else told
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        kind = {"content-type": "text/html" if isinstance(body, str) else "application/json"}
        return httpx2.Response(status, headers={**kind, **headers}, content=content)

    return answer


def outcome(**told: Any) -> Answer:
    """A tool that has run."""
    return says({"result": {"content": [], "isError": False, **told}})


def fails(code: int, message: str = "no", status: int = 200) -> Answer:
    """An error of JSON-RPC."""
    return says({"error": {"code": code, "message": message}}, status)


def raises(error: Exception) -> Answer:
    """A line that breaks."""
    def answer(question: Mapping[str, Any]) -> httpx2.Response:
        raise error

    return answer


class FarEnd(httpx2.AsyncBaseTransport):
    """A server of one tool, which answers a call of it as it is told, and counts."""

    def __init__(self, answer: Answer, *, modern: bool = False, session: str = "",
                 resumed: Answer | None = None) -> None:
        self.answer, self.modern, self.session = answer, modern, session
        self.resumed = resumed or says("", 405)
        self.calls = 0
        self.asked: list[str] = []
        self.keys: set[str] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """One request."""
        body = await request.aread()
        question = json.loads(body) if body else {}
        method = question.get("method", request.method)
        self.asked.append(method)
        self.keys.add(request.headers.get("authorization", ""))
        if method == "tools/call":
            self.calls += 1
            if "trace" in request.extensions:
                await request.extensions["trace"]("http11.send_request_headers.started", {})
            return self.answer(question)
        if request.method == "GET":
            return self.resumed(question)
        return self._greet(method)(question)

    def _greet(self, method: str) -> Answer:
        head = {"mcp-session-id": self.session} if self.session else {}
        named = {"serverInfo": {"name": "far", "version": "1"}, "capabilities": {"tools": {}}}
        listed = {"ttlMs": 0, "cacheScope": "private", "resultType": "complete"} \
            if self.modern else {}
        if method == "server/discover" and self.modern:
            return says({"result": {"supportedVersions": ["2026-07-28"], **named, **listed}})
        if method == "initialize":
            return says({"result": {"protocolVersion": "2025-11-25", **named}}, **head)
        if method == "tools/list":
            return says({"result": {"tools": [TOOL], **listed}})
        if method.startswith("notifications/"):
            return says("", 202)
        return says("", 200) if method == "DELETE" else fails(-32601)


def over(far: FarEnd, *, deadline_s: float = 20.0, times: int = 1) -> Any:
    """What comes of paid calls: the last answer, or the failure that was raised."""
    async def go() -> Any:
        line = McpLine(URL, Secret(KEY), now=lambda: NOW_S, transport=far)
        try:
            for _ in range(times):
                answer = await line.pay("buy", {"what": "a kite"}, deadline_s=deadline_s)
            return answer
        except ProviderFailure as failure:
            return failure
        finally:
            await line.close()

    return anyio.run(go)


MADE = outcome(structuredContent={"id": "gen-1", "credits": 0.1})
STREAM = {"content-type": "text/event-stream"}


def stream(text: str) -> Answer:
    """A stream of events that ends."""
    return lambda question: httpx2.Response(200, headers=STREAM, content=text.replace(
        "ID", json.dumps(question.get("id"))).encode())


EVENT = ('event: message\ndata: {"jsonrpc":"2.0","id":ID,"result":{"content":[],'
         '"structuredContent":{"id":"gen-1"}}}\n\n')
PRIMED = "id: 7\nretry: 1\ndata:\n\n"

DOUBTS: Mapping[str, Answer] = {
    "a cut line": raises(httpx2.ReadError("")),
    "a lost answer": raises(httpx2.RemoteProtocolError("")),
    "no answer in time": raises(httpx2.ReadTimeout("")),
    "a line cut while writing": raises(httpx2.WriteError("")),
    "500": says("<h1>", 500), "502": says("<h1>", 502), "503": says({"message": "x"}, 503),
    "504": says("", 504), "408": says({"error": "timeout"}, 408),
    "a page of an edge with 403": says("<h1>Denied</h1>", 403),
    "a redirect within the origin": says("", 307, location="/mcp2"),
    "a lasting one": says("", 308, location="/mcp2"),
    "a redirect elsewhere": says("", 302, location="https://other.example/"),
    "accepted without an answer": says("", 202),
    "no JSON": says("{", **{"content-type": "application/json"}),
    "cut JSON": says('{"jsonrpc":"2.0","id":1,"result":{"structu',
                     **{"content-type": "application/json"}),
    "a page": says("<h1>hello</h1>"),
    "an internal error": fails(-32603), "an error of the server": fails(-32000),
    "a stale listing": fails(-32020), "an error after the tool ran":
        fails(-32602, "Output validation error: Invalid structured content"),
    "a session that is gone": says("", 404),
    "a stream that breaks": stream(PRIMED), "a stream of nothing": stream(""),
    "a stream cut within the event": stream(EVENT[:-20]),
}


@pytest.mark.parametrize("answer", DOUBTS.values(), ids=DOUBTS.keys())
@pytest.mark.parametrize("modern", [False, True], ids=["2025", "2026"])
@pytest.mark.parametrize("session", ["", "s-1"], ids=["stateless", "session"])
def test_a_paid_call_without_a_clear_answer_is_a_doubt_and_leaves_once(
        answer: Answer, modern: bool, session: str) -> None:
    far = FarEnd(answer, modern=modern, session=session)
    assert isinstance(over(far), ReplyLost)
    assert far.calls == 1
    assert far.asked[far.asked.index("tools/call") + 1:].count("tools/list") == 0


def test_a_wish_for_more_input_is_a_doubt_and_is_not_followed() -> None:
    wish = {"resultType": "input_required", "requestState": "s", "inputRequests": {
        "q": {"method": "elicitation/create", "params": {"message": "sure?", "mode": "form",
                                                         "requestedSchema": {"type": "object"}}}}}
    far = FarEnd(says({"result": wish}), modern=True)
    answer = over(far)
    assert far.calls == 1
    assert isinstance(answer, ToolAnswer) and answer.body is None


@pytest.mark.parametrize(("answer", "failure", "cause"), [
    (says({"error": "unauthorized"}, 401), Barred, "bad_key"),
    (says("", 401, **{"www-authenticate": 'Bearer error="invalid_token"'}), Barred, "bad_key"),
    (says("", 403, **{"www-authenticate": 'Bearer error="insufficient_scope"'}), Barred,
     "missing_scope"),
    (says({"error": "x"}, 402), Barred, "insufficient_credits"),
    (says({"error": "slow", "retry_after": 7}, 429), Throttled, "throttled"),
    (fails(-32601), Refused, "invalid_request"), (fails(-32602, "Unknown tool: buy"), Refused,
                                                  "invalid_request"),
    (fails(-32600, status=400), Refused, "invalid_request"),
    (raises(httpx2.ConnectError("")), ReplyLost, "reply_lost"),
])
def test_a_documented_refusal_is_one_and_leaves_once(answer: Answer, failure: type[Exception],
                                                     cause: str) -> None:
    far = FarEnd(answer)
    said = over(far)
    assert (type(said), said.cause, far.calls) == (failure, cause, 1)


class Renewing:
    """A key of which there is another, once."""

    def __init__(self) -> None:
        self.left = ["second-4711", "first-4711"]

    async def fresh(self) -> Secret:
        return Secret(self.left[-1])

    def distrust(self, key: Secret) -> bool:
        self.left.remove(key.reveal())
        return bool(self.left)

    def clear(self, text: str) -> str:
        return text


def test_a_token_that_is_not_accepted_is_renewed_and_the_call_was_free() -> None:
    far = FarEnd(says("", 401))

    async def go() -> list[Any]:
        line, said = McpLine(URL, Renewing(), now=lambda: NOW_S, transport=far), []
        for answer in (says("", 401), MADE, says("", 401)):
            far.answer = answer
            try:
                said.append(await line.pay("buy", {}))
            except ProviderFailure as failure:
                said.append(failure)
        return said

    first, second, third = anyio.run(go)
    assert isinstance(first, Unreachable) and isinstance(second, ToolAnswer)
    assert isinstance(third, Barred) and far.calls == 3
    assert far.keys == {"Bearer first-4711", "Bearer second-4711"}


def test_what_never_left_is_free() -> None:
    class Closed(FarEnd):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            if b"tools/call" in await request.aread():
                raise httpx2.ConnectError("")
            return await super().handle_async_request(request)

    far = Closed(MADE)
    assert isinstance(over(far), Unreachable)
    assert far.calls == 0


@pytest.mark.parametrize("answer", [MADE, stream(EVENT), stream(PRIMED + EVENT),
                                    stream(":\n\n" + EVENT)])
@pytest.mark.parametrize("modern", [False, True], ids=["2025", "2026"])
@pytest.mark.parametrize("session", ["", "s-1"], ids=["stateless", "session"])
def test_an_answer_is_read_from_a_body_and_from_a_stream(answer: Answer, modern: bool,
                                                         session: str) -> None:
    far = FarEnd(answer, modern=modern, session=session)
    said = over(far, times=3)
    assert "GET" not in far.asked
    assert isinstance(said, ToolAnswer) and said.body["id"] == "gen-1"
    assert (far.calls, far.keys) == (3, {f"Bearer {KEY}"})


def test_a_broken_stream_is_asked_for_its_rest_and_not_paid_for_again() -> None:
    far = FarEnd(stream(PRIMED), resumed=stream(EVENT))
    said = over(far)
    assert isinstance(said, ToolAnswer) and said.body == {"id": "gen-1"}
    assert (far.calls, far.asked[-1]) == (1, "GET")


@pytest.mark.parametrize("resumed", [
    says({"error": "unauthorized"}, 401), says({"error": "slow"}, 429), says({"error": "x"}, 402),
    says("", 405), fails(-32600, "no such event", status=400), fails(-32602),
    stream('data: {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}\n\n'),
    raises(httpx2.ConnectError("")),
])
def test_a_refusal_of_the_rest_of_an_answer_is_none_of_the_call(resumed: Answer) -> None:
    far = FarEnd(stream(PRIMED), resumed=resumed)
    assert isinstance(over(far), ReplyLost)
    assert (far.calls, "GET" in far.asked) == (1, True)


def test_a_stream_that_is_asked_for_without_end_is_given_up_in_time() -> None:
    far = FarEnd(stream(PRIMED), resumed=stream(PRIMED))
    assert isinstance(over(far, deadline_s=0.5), ReplyLost)
    assert far.calls == 1
    assert far.asked.count("GET") > 3


def test_an_answer_that_the_sdk_would_refuse_is_still_read() -> None:
    for odd in ({"structuredContent": {"id": "gen-1", "unlisted": 1}, "content": [{"type": "new"}]},
                {"structuredContent": {"name": "no id"}, "content": 7}):
        far = FarEnd(says({"result": odd}))
        said = over(far)
        assert isinstance(said, ToolAnswer) and said.body == odd["structuredContent"]
        assert far.asked[-1] == "tools/call"


def test_fractions_are_exact_and_the_key_is_never_shown() -> None:
    said = over(FarEnd(MADE))
    assert str(said.body["credits"]) == "0.1"
    said = over(FarEnd(outcome(structuredContent={"id": f"of {KEY}"},
                               content=[{"type": "text", "text": f"with {KEY}"}])))
    assert KEY not in repr(said)
    for answer in (fails(-32000, f"no {KEY}"), says({"message": KEY}, 500)):
        assert KEY not in str(over(FarEnd(answer)))


def test_an_answer_longer_than_any_should_be_is_not_kept() -> None:
    far = FarEnd(outcome(structuredContent={"id": "x" * 9_000_000}))
    assert isinstance(over(far), ReplyLost)
    assert far.calls == 1


@pytest.mark.parametrize("stateless", [True, False])
def test_a_server_of_the_sdk_itself_is_spoken_to(stateless: bool) -> None:
    server, bought = MCPServer("far"), []

    @server.tool()
    def buy(what: str) -> dict[str, str]:
        bought.append(what)
        return {"id": f"gen-{len(bought)}"}

    async def go() -> list[Any]:
        app = server.streamable_http_app(stateless_http=stateless)
        async with app.router.lifespan_context(app):
            line = McpLine("http://127.0.0.1:9/mcp", Secret(KEY), now=lambda: NOW_S,
                           transport=httpx2.ASGITransport(app))
            assert (await line.tools())["buy"].fields == {"what"}
            return [await line.pay("buy", {"what": "a"}), await line.ask("buy", {"what": "b"})]

    answers = anyio.run(go)
    assert bought == ["a", "b"]
    assert [answer.body["id"] for answer in answers] == ["gen-1", "gen-2"]
