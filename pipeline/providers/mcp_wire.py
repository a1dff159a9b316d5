"""What one conversation over MCP goes through: it signs, counts, refuses and listens.

Law: of a paid conversation one call leaves, once. The SDK above would send it again for a redirect
within the origin (307, 308), a stale listing (-32020), a wish for more input, or after a sign-in;
whatever its reason, a second one is refused here, and after the first nothing follows but the
question for the rest of its answer (a GET with `Last-Event-ID`). No redirect is ever followed.
"""

import json
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx2

from pipeline.providers.listening import Events
from pipeline.providers.reply import LARGEST_REPLY, Garbled, Reply, parse_json, unpack
from pipeline.providers.secret import Secret

CALL = "tools/call"

NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.InvalidURL,
              httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)

Clear = Callable[[str], str]

for _noisy in ("httpx2", "httpcore2"):
    logging.getLogger(_noisy).setLevel(logging.WARNING)  # it logs whole addresses at INFO


class NotAgain(httpx2.ProtocolError):
    """The SDK wants to send what must not follow a paid call."""


class Wire(httpx2.AsyncBaseTransport):
    """One conversation; `status`, `headers` and what was heard are those of its latest answer.

    `calls` counts the calls of a tool, `sent` says whether a byte of one may have left. `resumed`
    says that the answer began and broke off: no refusal that follows is one of the call.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, key: Secret, *,
                 paid: bool = False) -> None:
        self.paid = paid
        self.calls = 0
        self.sent = False
        self.resumed = False
        self.has_sessions = False
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.failure: BaseException | None = None
        self._inner = inner
        self.key = key
        self._heard = bytearray()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass one request on; raises `NotAgain` for one that must not leave."""
        if request.method == "GET" and "last-event-id" not in request.headers:
            return httpx2.Response(405)  # the server's own stream, to which nobody listens here
        is_call = _method(request) == CALL
        if self.calls and request.method != "GET" and (is_call or self.paid):
            raise NotAgain("a paid call is sent once, and nothing after it")
        self.calls += is_call
        self.resumed |= self.calls > 0 and request.method == "GET"
        if self.key:
            request.headers["authorization"] = f"Bearer {self.key.reveal()}"
        if is_call:
            request.extensions = {**request.extensions, "trace": self._trace}
        if request.method != "DELETE":  # the end of a session says nothing about a call
            self.status, self.headers, self._heard = None, {}, bytearray()
        try:
            return await self._pass(request)
        except httpx2.HTTPError as error:
            self.failure = error
            raise

    async def _pass(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        if request.method == "DELETE":
            return response
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.has_sessions |= "mcp-session-id" in self.headers
        if 300 <= response.status_code < 400:
            await response.aclose()
            raise httpx2.RemoteProtocolError("a redirect is not followed")
        return httpx2.Response(response.status_code, headers=response.headers,
                               stream=_Heard(response, self), extensions=response.extensions)

    async def _trace(self, event: str, info: Mapping[str, object]) -> None:
        if event.startswith("http11.send_request_headers"):
            self.sent = True

    def hear(self, piece: bytes) -> None:
        """Keep a piece of an answer; raises for an answer longer than any should be."""
        if len(self._heard) + len(piece) > LARGEST_REPLY:
            raise httpx2.RemoteProtocolError("the answer is larger than any answer should be")
        self._heard += piece

    def reply(self, clear: Clear) -> Reply:
        """The latest answer as one of HTTP."""
        content = self._content(clear)
        body, is_json = parse_json(content, clear)
        return Reply(self.status or 0, self.headers, body, is_json, not content.strip())

    def message(self, clear: Clear) -> Mapping[str, Any] | None:
        """The latest answer as one of JSON-RPC, from a body or from a stream of events; None for
        anything else, and for one that is not whole."""
        content = self._content(clear)
        if self.headers.get("content-type", "").lower().startswith("text/event-stream"):
            told = [parse_json(event.data.encode(), clear)[0] for event in Events().feed(content)]
        else:
            told = [parse_json(content, clear)[0]]
        return next((each for each in reversed(told) if isinstance(each, Mapping)
                     and each.get("jsonrpc") == "2.0" and ("result" in each or "error" in each)),
                    None)

    def _content(self, clear: Clear) -> bytes:
        """What was heard, without the key where it is quoted."""
        encoding = self.headers.get("content-encoding", "identity").lower()
        try:
            content = unpack(bytes(self._heard), encoding)
        except Garbled:
            return b""
        return clear(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


class _Heard(httpx2.AsyncByteStream):
    """The bytes of an answer on their way to the SDK."""

    def __init__(self, response: httpx2.Response, wire: Wire) -> None:
        self._response = response
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        stream = self._response.stream
        assert isinstance(stream, httpx2.AsyncByteStream)  # noqa: S101 - what a transport gives
        try:
            async for piece in stream:
                self._wire.hear(piece)
                yield piece
        except httpx2.HTTPError as error:
            self._wire.failure = error
            raise

    async def aclose(self) -> None:
        await self._response.aclose()


def tcp(limits: httpx2.Limits) -> httpx2.AsyncBaseTransport:
    """Connections of HTTP/1.1 through no proxy; nothing is tried again."""
    return httpx2.AsyncHTTPTransport(verify=_context(), trust_env=False, http2=False, retries=0,
                                     limits=limits)


def _context() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


def _method(request: httpx2.Request) -> str:
    """The JSON-RPC method that a request carries; "" for none. The SDK sends no bodies in parts."""
    try:
        said = json.loads(request.content)
    except (ValueError, httpx2.RequestNotRead):
        return ""
    return str(said.get("method", "")) if isinstance(said, dict) else ""


def in_words(error: BaseException | None) -> str:
    """Why there is no answer, in few words; never an address."""
    says = {httpx2.ConnectError: "no connection", httpx2.ConnectTimeout: "no connection in time",
            httpx2.ReadTimeout: "no answer in time", TimeoutError: "no answer in time",
            httpx2.RemoteProtocolError: "the line was cut before the answer was whole",
            httpx2.ReadError: "the line was cut", httpx2.WriteError: "the line was cut"}
    if isinstance(error, BaseExceptionGroup):
        return in_words(error.exceptions[0])
    return says.get(type(error), "the answer is none that can be read")
