"""Connections to services: httpx's requests and answers over aiohttp's sockets.

Law: a request goes out once, on one connection, and is never sent again; nothing queues here, for
whoever calls has a limiter before this. What failed before a connection stood is told as
`ConnectError` or `ConnectTimeout` and nothing else is: every other failure may have reached the
service. Chosen by measurement (facts/speed_measured, section 2): a call costs a third of what it
does over httpx's own connections, and the same however many are open.
"""

import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import cast

import aiohttp
import httpx

BUFFER_BYTES = 1 << 18
"""A file comes in a quarter of the pieces that it comes in with aiohttp's own 64 KiB."""
KEPT_S = 4.0
"""An idle connection is used again for so long: services close theirs after five seconds, and a
paid call on a line that just closes would be a doubt."""
AS_GIVEN = frozenset({"Accept", "Accept-Encoding", "Content-Type", "User-Agent"})
"""What aiohttp would add to a request by itself."""
NO_TEXT = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]|^\s|\s$")


class Lines(httpx.AsyncBaseTransport):
    """A transport for one event loop; it opens its first connection when it is first used."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._trusts: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One call; raises httpx's own errors."""
        self._session = self._session or _open_session()
        _check_headers(request)
        patience = request.extensions["timeout"]
        limits = aiohttp.ClientTimeout(total=None, sock_connect=patience["connect"],
                                       sock_read=patience["read"])
        with _unsent():
            answer = await self._session.request(
                request.method, str(request.url), headers=request.headers.multi_items(),
                data=_content(request), allow_redirects=False, timeout=limits,
                ssl=self._trust(request), middlewares=(_once,),
                server_hostname=request.extensions.get("sni_hostname"))
        return httpx.Response(answer.status, headers=list(answer.raw_headers), request=request,
                              stream=_Answer(answer))

    def _trust(self, request: httpx.Request) -> ssl.SSLContext | bool:
        """Whose certificates are believed; read from disk for the first address that has one."""
        if request.url.scheme == "https" and self._trusts is None:
            self._trusts = httpx.create_ssl_context(trust_env=False)
        return self._trusts or True

    async def aclose(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _open_session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0, use_dns_cache=False, keepalive_timeout=KEPT_S)
    return aiohttp.ClientSession(connector=connector, auto_decompress=False, trust_env=False,
                                 cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=BUFFER_BYTES,
                                 skip_auto_headers=AS_GIVEN)


def _check_headers(request: httpx.Request) -> None:
    if any(NO_TEXT.search(value) for _, value in request.headers.raw):
        raise httpx.UnsupportedProtocol("a header is no line of text")


def _content(request: httpx.Request) -> bytes | AsyncIterator[bytes] | None:
    """What is sent: bytes where they are known, else piece by piece."""
    try:
        return request.content or None
    except httpx.RequestNotRead:
        return aiter(cast(httpx.AsyncByteStream, request.stream))


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
                ) -> aiohttp.ClientResponse:
    """The one sending of a request: in httpx's words no failure of it is one that aiohttp would
    answer by sending a repeatable request again."""
    try:
        return await send(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the request may have left
        raise _lost(error) from None


@contextmanager
def _unsent() -> Iterator[None]:
    """What goes wrong before a connection stands, in httpx's words."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError:
        raise httpx.ConnectTimeout("no connection in time") from None
    except aiohttp.ClientConnectorError:
        raise httpx.ConnectError("no connection") from None
    except (aiohttp.InvalidURL, ValueError):
        raise httpx.UnsupportedProtocol("the request cannot be written") from None


def _lost(error: Exception) -> httpx.TransportError:
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout("no answer in time")
    if isinstance(error, ConnectionError | aiohttp.ClientOSError):
        return httpx.ReadError("the line was cut")
    return httpx.RemoteProtocolError("the line was cut before the answer was whole")


class _Answer(httpx.AsyncByteStream):
    """The body of an answer; once it is read its connection is free again."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._answer.content.iter_any():
                yield piece
        except (aiohttp.ClientError, OSError) as error:
            raise _lost(error) from None

    async def aclose(self) -> None:
        """Give the connection up, unless the body was read to its end."""
        self._answer.close()
