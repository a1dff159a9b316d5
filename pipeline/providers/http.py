"""The only module that knows the HTTP client.

Law: one call is one request. It goes straight to a transport, for what a client adds (redirects,
cookies, proxies of the environment, a queue) is what a paid call must not meet, and is half of its
cost. A failure is called `Unreachable` only when no byte of the request can have left. A download
is made from the very address that was checked, whatever its name means a moment later.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx

from pipeline.core.errors import ReplyLost, Unreachable, Vanished
from pipeline.providers.downloads import check_download
from pipeline.providers.links import check_link, next_hop
from pipeline.providers.reply import LARGEST_REPLY, Garbled, Reply, clock_s, parse_json, unpack
from pipeline.providers.secret import X_API_KEY, Secret

CALLS = 64
LONG_CALLS = 10
"""Uploads, and paid calls that bring the outcome itself: they take nobody's place for minutes."""
DOWNLOADS = 8
LISTENERS = 8
DEADLINE_S = 60.0
PAID_DEADLINE_S = 120.0
UPLOAD_DEADLINE_S = 900.0
STALL_S = 30.0
SILENCE_S = 60.0
"""A stream or a file is given up after so long without a piece of it, however it drips."""
MOST_HOPS = 3

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL,
              httpx.UnsupportedProtocol)
USUAL = {"user-agent": "media-pipeline", "accept": "*/*", "accept-encoding": "gzip"}


class Http:
    """One account's connections to its service; `skew_s` is its clock less ours, as last told."""

    def __init__(self, base_url: str, key: Secret, *, now: Callable[[], float],
                 sent_as: tuple[str, str] = X_API_KEY,
                 transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self.skew_s = 0.0
        self._key = key
        self._sent_as = sent_as
        self._now = now
        self._transport = transport
        self._calls = anyio.CapacityLimiter(CALLS)
        self._long_calls = anyio.CapacityLimiter(LONG_CALLS)
        self._downloads = anyio.CapacityLimiter(DOWNLOADS)
        self._listeners = anyio.CapacityLimiter(LISTENERS)

    async def close(self) -> None:
        """Close every connection."""
        if self._transport is not None:
            await self._transport.aclose()

    async def read(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        """A free, repeatable question; raises `Unreachable` when no answer came."""
        return await self._call("GET", path, params=params, deadline_s=DEADLINE_S,
                                lost=Unreachable)

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None, *,
                  form: bool = False) -> Reply:
        """A free call that changes something; after `Unreachable` it may be done or not."""
        return await self._call(method, path, deadline_s=DEADLINE_S, lost=Unreachable,
                                **{"data" if form else "json": body})

    async def pay(self, path: str, body: Mapping[str, object], *,
                  deadline_s: float = PAID_DEADLINE_S) -> Reply:
        """A paid call, made once; raises `Unreachable` (free) or `ReplyLost` (perhaps bought)."""
        return await self._call("POST", path, json=body, deadline_s=deadline_s, lost=ReplyLost)

    async def send_file(self, path: str, file: Path, media_type: str,
                        fields: Mapping[str, str] | None = None) -> Reply:
        """Upload one file as the multipart part `file`; free, so a failure is `Unreachable`."""
        with file.open("rb") as stream:
            return await self._call(
                "POST", path, data=fields, files={"file": (file.name, stream, media_type)},
                deadline_s=UPLOAD_DEADLINE_S, lost=Unreachable)

    async def _call(self, method: str, path: str, *, deadline_s: float,
                    lost: type[ReplyLost] | type[Unreachable], **request: Any) -> Reply:
        room = self._calls if deadline_s <= PAID_DEADLINE_S else self._long_calls
        try:
            async with room:
                with anyio.fail_after(deadline_s):
                    response = await self._send(self._request(
                        method, self.base_url + path, self._signed(), silence_s=deadline_s,
                        **request))
                    async with aclosing(response):
                        return self._reply(response, await _body(response))
        except NEVER_SENT as error:
            raise Unreachable(_words(error)) from None
        except (httpx.HTTPError, Garbled, TimeoutError, OSError) as error:
            raise lost(_words(error)) from None

    def _request(self, method: str, url: str, headers: Mapping[str, str], *,
                 silence_s: float = DEADLINE_S, **content: Any) -> httpx.Request:
        patience = httpx.Timeout(STALL_S, read=silence_s).as_dict()
        return httpx.Request(method, url, headers={**USUAL, **headers},
                             extensions={"timeout": patience}, **content)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        """One request, and the head of its answer."""
        if self._transport is None:
            self._transport = _lines()
        return await self._transport.handle_async_request(request)

    def _signed(self) -> dict[str, str]:
        header, before = self._sent_as
        return {header: before + self._key.reveal()} if self._key else {}

    def read_json(self, content: bytes) -> tuple[Any, bool, bytes]:
        """What a body says, whether it is JSON, and its bytes; the key, where it is quoted, is not.
        """
        content = self._key.clear_bytes(content)
        return *parse_json(content, self._key.clear), content

    def _reply(self, response: httpx.Response, content: bytes) -> Reply:
        body, is_json, content = self.read_json(content)
        headers = {name.lower(): value for name, value in response.headers.items()}
        told_s = clock_s(headers)
        skew_s = 0.0 if told_s is None else told_s - self._now()
        skew_s = 0.0 if abs(skew_s) < 2.0 else skew_s
        self.skew_s = self.skew_s if told_s is None else skew_s
        return Reply(response.status_code, headers, body, is_json, not content.strip(), skew_s,
                     content)

    @asynccontextmanager
    async def listen(self, path: str) -> AsyncIterator["Body"]:
        """Open a stream of events, whatever its status; it may last, but not be silent.

        Raises `Unreachable`, also while it is read.
        """
        headers = {**self._signed(), "accept": "text/event-stream", "accept-encoding": "identity"}
        async with self._listeners:
            try:
                with anyio.fail_after(DEADLINE_S):
                    response = await self._send(self._request(
                        "GET", self.base_url + path, headers, silence_s=SILENCE_S))
            except (*NEVER_SENT, httpx.HTTPError, OSError) as error:
                raise Unreachable(_words(error)) from None
            try:
                yield Body(response)
            finally:
                await response.aclose()

    @asynccontextmanager
    async def download(self, url: str, *, loopback: bool) -> AsyncIterator["Body"]:
        """Open a made file, without the key; every hop's address is checked before it is called."""
        async with self._downloads:
            for _ in range(MOST_HOPS + 1):
                response = await self._open(url, loopback=loopback)
                try:
                    if not response.has_redirect_location:
                        body = Body(response)
                        check_download(body.status, body.headers)
                        yield body
                        return
                    url = next_hop(url, response.headers["location"])
                finally:
                    await response.aclose()
            raise Vanished("the link leads from redirect to redirect")

    async def _open(self, url: str, *, loopback: bool) -> httpx.Response:
        try:
            with anyio.fail_after(DEADLINE_S):
                return await self._call_first(url, await check_link(url, loopback=loopback))
        except TimeoutError as error:
            raise Unreachable(_words(error)) from None

    async def _call_first(self, url: str, addresses: Sequence[str]) -> httpx.Response:
        """The answer of the first address that takes the call."""
        failure: Exception = OSError()
        for address in addresses or [""]:
            try:
                request = self._request("GET", url, {"accept-encoding": "identity"})
                if address:
                    request.extensions["sni_hostname"] = request.url.host
                    request.headers["connection"] = "close"  # it was proved for this name only
                    request.url = request.url.copy_with(host=address)
                return await self._send(request)
            except httpx.InvalidURL:
                raise Vanished("the link is no address") from None
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
            except (httpx.HTTPError, OSError) as error:
                raise Unreachable(_words(error)) from None
        raise Unreachable(_words(failure))


def _lines() -> httpx.AsyncBaseTransport:
    """Connections over sockets; loaded by who calls, as it takes a tenth of a second."""
    from pipeline.providers.lines import Lines
    return Lines()


class Body:
    """An answer whose bytes are still on their way."""

    def __init__(self, response: httpx.Response) -> None:
        length = response.headers.get("content-length", "")
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.length = int(length) if length.isdecimal() and len(length) < 20 else None
        self.media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        self._response = response

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they come."""
        pieces = self._response.aiter_raw()
        try:
            while True:
                with anyio.fail_after(SILENCE_S):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                yield piece
        except (httpx.HTTPError, OSError) as error:
            raise Unreachable(_words(error)) from None


async def _body(response: httpx.Response) -> bytes:
    parts = bytearray()
    async for chunk in response.aiter_raw():
        parts += chunk
        if len(parts) > LARGEST_REPLY:
            raise Garbled("the answer is larger than any answer should be")
    return unpack(bytes(parts), response.headers.get("content-encoding", "identity").lower())


def _words(error: Exception) -> str:
    """An error in few words; never the address, which may carry a signature."""
    if isinstance(error, Garbled):
        return str(error)
    says = {httpx.ConnectError: "no connection", httpx.ConnectTimeout: "no connection in time",
            httpx.ReadTimeout: "no answer in time", TimeoutError: "no answer in time",
            httpx.RemoteProtocolError: "the line was cut before the answer was whole",
            httpx.ReadError: "the line was cut", httpx.WriteError: "the line was cut"}
    return says.get(type(error), type(error).__name__)
