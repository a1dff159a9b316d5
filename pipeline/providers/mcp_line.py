"""The only module that knows the MCP SDK.

The SDK negotiates and speaks the protocol; what a service answered is read from the wire beneath it
by our own strict reader, so that no opinion of the SDK on an answer can lose what was paid for.

Law: a paid call is one POST over a connection of its own; the wire sees to it (`mcp_wire`).
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2
from mcp import Client, ClientSession, types
from mcp.client.streamable_http import streamable_http_client

from pipeline.core.errors import ProviderFailure, ReplyLost, Unreachable
from pipeline.providers.mcp_wire import NEVER_SENT, Wire, in_words, tcp
from pipeline.providers.reply import clock_s, parse_json
from pipeline.providers.secret import Secret
from pipeline.providers.tool_line import (
    CALL_DEADLINE_S,
    PAID_DEADLINE_S,
    Key,
    Tool,
    ToolAnswer,
    http_failure,
    protocol_failure,
)

CALLS = 20
STALL_S = 30.0
MOST_PAGES = 20
MOST_TOOLS = 1000
SPEAKS = (200, 400, 404)
"""Statuses under which an error of JSON-RPC speaks for itself."""

for _noisy in ("mcp", "client"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL + 1)  # the SDK's: they quote answers


class McpLine:
    """The tools of one service (a `ToolLine`)."""

    def __init__(self, url: str, key: Key, *, now: Callable[[], float],
                 transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self.skew_s = 0.0
        self._url = url
        self._key = key
        self._now = now
        self._shared = transport or tcp(httpx2.Limits(max_connections=CALLS))
        self._single = transport or tcp(httpx2.Limits(max_keepalive_connections=0))
        self._calls = anyio.CapacityLimiter(CALLS)
        self._meeting = anyio.Lock()
        self._met: _Met | None = None

    async def close(self) -> None:
        """Let go of all connections."""
        await self._shared.aclose()
        await self._single.aclose()

    async def tools(self) -> Mapping[str, Tool]:
        """What the service lists, asked once; raises as a free call does."""
        return (await self._meet()).tools

    async def ask(self, tool: str, arguments: Mapping[str, object], *,
                  deadline_s: float = CALL_DEADLINE_S) -> ToolAnswer:
        """A free call; raises `Unreachable` when no answer came."""
        met = await self._meet()
        wire = Wire(self._shared, await self._fresh())
        async with self._calls:
            await self._talk(wire, deadline_s, _Call(met, tool, arguments))
        return self._answer(wire)

    async def pay(self, tool: str, arguments: Mapping[str, object], *,
                  deadline_s: float = PAID_DEADLINE_S) -> ToolAnswer:
        """A paid call, made once; raises `Unreachable` (free), `ReplyLost` (perhaps bought), or
        what a documented refusal means."""
        met = await self._meet()
        wire = Wire(self._single, await self._fresh(), paid=True)
        await self._talk(wire, deadline_s, _Call(met, tool, arguments))
        return self._answer(wire)

    async def _meet(self) -> "_Met":
        async with self._meeting:
            if self._met is None:
                wire = Wire(self._shared, await self._fresh())
                self._met = await self._talk(wire, CALL_DEADLINE_S, _Meeting(wire))
            if self._met is None:
                raise self._failure(wire)
            return self._met

    async def _fresh(self) -> Secret:
        return self._key if isinstance(self._key, Secret) else await self._key.fresh()

    async def _talk(self, wire: Wire, deadline_s: float,
                    talk: "_Meeting | _Call") -> "_Met | None":
        """One conversation over one wire; how it failed is on the wire."""
        http = httpx2.AsyncClient(
            transport=wire, trust_env=False, follow_redirects=False,
            headers={"user-agent": "media-pipeline", "accept-encoding": "identity"},
            timeout=httpx2.Timeout(STALL_S, read=deadline_s))
        try:
            with anyio.fail_after(deadline_s):
                line = streamable_http_client(self._url, http_client=http)
                return await talk.over(line)
        except ProviderFailure:
            raise
        except Exception as error:  # noqa: BLE001 - the SDK raises whatever it likes, in groups
            wire.failure = wire.failure or error
            return None

    def _answer(self, wire: Wire) -> ToolAnswer:
        """What a tool said, as it stands on the wire; raises a failure."""
        message = wire.message(self._key.clear) or {}
        if wire.calls and not wire.resumed and wire.status in SPEAKS and "error" in message:
            raise protocol_failure(message["error"], paid=wire.paid)
        told = message.get("result")
        if not wire.calls or wire.status != 200 or not isinstance(told, Mapping):
            raise self._failure(wire)
        self._set_clock(wire.headers)
        text = "\n".join(_texts(told.get("content")))
        body = told.get("structuredContent")
        if body is None:
            body = parse_json(text.encode("utf-8", "replace"))[0]
        return ToolAnswer(told.get("isError") is True, body, text, self.skew_s)

    def _failure(self, wire: Wire) -> ProviderFailure:
        """Why there is no answer. Free is only what surely never left."""
        is_open = wire.paid and wire.calls > 0
        if wire.resumed:
            words = "the stream of the answer broke off"
            return ReplyLost(words) if is_open else Unreachable(words)
        if wire.status == 401 and not isinstance(self._key, Secret) \
                and self._key.distrust(wire.key):
            return Unreachable("the token was not accepted; it is renewed")
        if wire.status is not None and not 200 <= wire.status < 300:
            return http_failure(wire.reply(self._key.clear), paid=is_open)
        if isinstance(wire.failure, NEVER_SENT) and not wire.sent:
            is_open = False
        words = in_words(wire.failure)
        return ReplyLost(words) if is_open else Unreachable(words)

    def _set_clock(self, headers: Mapping[str, str]) -> None:
        told_s = clock_s(headers)
        if told_s is not None:
            skew_s = told_s - self._now()
            self.skew_s = skew_s if abs(skew_s) >= 2.0 else 0.0


@dataclass(frozen=True, slots=True)
class _Met:
    """What a server said of itself: enough to talk to it again, unasked, if it has no sessions."""

    hello: types.InitializeResult | types.DiscoverResult
    has_sessions: bool
    tools: Mapping[str, Tool]


@dataclass(frozen=True, slots=True)
class _Meeting:
    """The first conversation: which revision is spoken, and which tools there are."""

    wire: Wire

    async def over(self, line: Any) -> _Met:
        """Hold it over this line."""
        async with Client(line, cache=None) as client:
            session = client.session
            hello = session.initialize_result or session.discover_result
            assert hello is not None, "the SDK has met nobody"  # noqa: S101 - its own promise
            found: dict[str, Tool] = {}
            cursor: str | None = None
            for _ in range(MOST_PAGES):
                page = await client.list_tools(cursor=cursor)
                found |= {tool.name: _tool(tool) for tool in page.tools[:MOST_TOOLS]}
                cursor = page.next_cursor
                if cursor is None:
                    break
            return _Met(hello, self.wire.has_sessions, found)


@dataclass(frozen=True, slots=True)
class _Call:
    """The call of one tool. Below the SDK's `Client`, which may send a call again."""

    met: _Met
    tool: str
    arguments: Mapping[str, object]

    async def over(self, line: Any) -> None:
        """Make it over this line."""
        async with AsyncExitStack() as stack:
            if self.met.has_sessions:
                client = Client(line, mode="legacy", cache=None)
                session = (await stack.enter_async_context(client)).session
            else:
                read, write = await stack.enter_async_context(line)
                session = await stack.enter_async_context(ClientSession(read, write))
                session.adopt(self.met.hello)
            params = types.CallToolRequestParams(name=self.tool, arguments=dict(self.arguments))
            await session.send_request(types.CallToolRequest(params=params), types.CallToolResult)


def _tool(listed: types.Tool) -> Tool:
    properties = listed.input_schema.get("properties")
    names = properties if isinstance(properties, Mapping) else {}
    return Tool(listed.name, frozenset(names), listed.input_schema)


def _texts(content: object) -> Iterator[str]:
    """The texts among the blocks of an answer."""
    for block in content if isinstance(content, list) else ():
        if isinstance(block, Mapping) and block.get("type") == "text":
            yield str(block.get("text") or "")
