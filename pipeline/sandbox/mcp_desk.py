"""A door for MCP: JSON-RPC over streamable HTTP, each tool behind a guarded door of its own.

Revisions 2024-11-05 to 2025-11-25, without sessions; a client of a later one is told that its
method is unknown and falls back. No SDK: what leaves here is what the switches want to leave.

Law: a call of a tool is one visit through that tool's door, so that faults, windows and scopes hold
for it as for a route.
"""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from pipeline.sandbox.door import ConnectionCut, Door, House, Refusal, Visit
from pipeline.sandbox.service import Denied, RemoteService

REVISIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
PARSE_ERROR, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602

Arguments = Mapping[str, Any]
Body = Mapping[str, Any]
Run = Callable[[Visit, Arguments], Body | Awaitable[Body]]
Word = Callable[[Refusal | Denied], Refusal]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: its `fields` are JSON schemas by name; `call`, `bucket` and `scope` guard it as
    they do a `Door`. `run` gives the structured content, or refuses."""

    name: str
    about: str
    fields: Mapping[str, Any]
    run: Run
    required: Sequence[str] = ()
    call: str = ""
    bucket: str = ""
    scope: str = ""

    def listed(self) -> dict[str, Any]:
        """The tool as `tools/list` shows it."""
        return {"name": self.name, "description": self.about, "inputSchema": {
            "type": "object", "properties": dict(self.fields), "required": list(self.required)}}


@dataclass(frozen=True, slots=True)
class McpDesk:
    """The MCP endpoint of one dialect, an ASGI application.

    `tools` gives the tools of this moment, `admit` the token of a request, `word` a no in the
    dialect's words: one of status 401 leaves as it is, every other as an error text of the call.
    """

    name: str
    service: RemoteService
    tools: Callable[[], Sequence[Tool]]
    admit: Callable[[Request, str], str]
    word: Word

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one message; this side never begins a stream, and nothing can be resumed."""
        request = Request(scope, receive)
        if request.method != "POST":
            await Response(None, 405, {"allow": "POST"})(scope, receive, send)
            return
        body = await request.body()
        answer = self._answer(_Question.read(body))
        streams = self.service.faults.mcp_answers == "sse"
        out = _Stream(send) if streams and isinstance(answer, Door) else send
        try:
            await answer(scope, _again(body), out)
        except ConnectionCut:
            if isinstance(out, _Stream):
                await out.begin()
            raise

    def _answer(self, question: "_Question") -> Door:
        """The door that a message leads to."""
        if question.method == "tools/call":
            name = question.params.get("name")
            tool = next((tool for tool in self.tools() if tool.name == name), None)
            if tool is not None:
                return self._door(question, _Call(tool, question).run, tool)
        return self._door(question, lambda _visit: self._reply(question), None)

    def _door(self, question: "_Question", run: Callable[[Visit], Any], tool: Tool | None) -> Door:
        house = House(self.service, self.admit, lambda no: self._show_no(question, no))
        if tool is None:
            return Door(house, run, scope="")
        return Door(house, run, tool.call, tool.bucket, tool.scope)

    def _reply(self, question: "_Question") -> Response:
        method = question.method
        if question.is_notice:
            return Response(None, 202)
        if method == "initialize":
            return question.says(self._greeting(question.params.get("protocolVersion")))
        if method == "ping":
            return question.says({})
        if method == "tools/list":
            return question.says({"tools": [tool.listed() for tool in self.tools()]})
        if method == "tools/call":
            return question.fails(INVALID_PARAMS, f"Unknown tool: {question.params.get('name')}")
        return question.fails(*(question.fault or (NO_METHOD, f"Method not found: {method}")))

    def _greeting(self, revision: object) -> Body:
        return {"protocolVersion": revision if revision in REVISIONS else REVISIONS[0],
                "capabilities": {"tools": {"listChanged": False}},
                "serverInfo": {"name": self.name, "version": "1"}}

    def _show_no(self, question: "_Question", no: Refusal | Denied) -> Response:
        refusal = self.word(no)
        if refusal.status == 401:
            return JSONResponse({"error": refusal.code, "message": refusal.message}, 401,
                                dict(refusal.headers))
        return question.says({"content": [_text(f"{refusal.code}: {refusal.message}")],
                              "isError": True})


@dataclass(frozen=True, slots=True)
class _Question:
    """One JSON-RPC message; `fault` is what is wrong with it, a code and words."""

    method: str = ""
    params: Arguments = field(default_factory=dict)
    id: object = None
    is_notice: bool = False
    fault: tuple[int, str] | None = None

    @classmethod
    def read(cls, body: bytes) -> "_Question":
        try:
            said = json.loads(body)
            json.dumps(said, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError):
            return cls(fault=(PARSE_ERROR, "Parse error"))
        if not isinstance(said, dict) or not isinstance(said.get("method", ""), str):
            return cls(fault=(INVALID_REQUEST, "Invalid request"))
        params = said.get("params")
        is_notice = "id" not in said or "method" not in said  # an answer asks for none either
        return cls(said.get("method", ""), params if isinstance(params, dict) else {},
                   said.get("id"), is_notice)

    def says(self, told: Body) -> Response:
        return JSONResponse({"jsonrpc": "2.0", "id": self.id, "result": told})

    def fails(self, code: int, message: str) -> Response:
        return JSONResponse({"jsonrpc": "2.0", "id": self.id,
                             "error": {"code": code, "message": message}})


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of a tool."""

    tool: Tool
    question: _Question

    async def run(self, visit: Visit) -> Response:
        arguments = self.question.params.get("arguments") or {}
        if not isinstance(arguments, dict):
            return self.question.fails(INVALID_PARAMS, "arguments must be an object")
        body = self.tool.run(visit, arguments)
        told = await body if inspect.isawaitable(body) else body
        return self.question.says({"content": [_text(json.dumps(told))],
                                   "structuredContent": told, "isError": False})


def _text(words: str) -> Body:
    return {"type": "text", "text": words}


def _again(body: bytes) -> Receive:
    """A body that has been read, to be read once more."""
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


class _Stream:
    """A `send` that turns a JSON answer into events.

    Where the answer never comes, the stream has begun: with an id from which a client may ask to go
    on, and a wish when.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._is_plain = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            await self.begin(message["headers"])
        elif message["type"] == "http.response.start" or self._is_plain:
            self._is_plain = True
            await self._send(message)
        else:
            body = message.get("body", b"")
            await self._send({**message, "body": b"event: message\ndata: " + body + b"\n\n"})

    async def begin(self, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        """Open the stream with an event that carries nothing."""
        kept = [each for each in headers if each[0] not in (b"content-type", b"content-length")]
        await self._send({"type": "http.response.start", "status": 200, "headers": [
            *kept, (b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]})
        await self._send({"type": "http.response.body", "more_body": True,
                          "body": b"id: 1\nretry: 10\ndata:\n\n"})
