"""Connections to services, each behind a pool of its own.

Law: a line carries one call at a time and goes back when its answer is read or given up. What it
costs does not grow with the number of lines: httpx's shared pool walks through all of its
connections for every request (facts/speed_measured, section 2: 2.3 to 2.8 times as many jobs a
second without). Whoever calls has a limiter before this; nothing queues here.
"""

import ssl
from collections.abc import AsyncIterator, Callable
from typing import cast

import anyio
import httpx

ONE = httpx.Limits(max_connections=1)


class Lines(httpx.AsyncBaseTransport):
    """A transport of one-connection transports, those that are idle kept by origin."""

    def __init__(self) -> None:
        self._trusts: ssl.SSLContext | None = None
        self._idle: dict[tuple[str, str, int | None], list[httpx.AsyncHTTPTransport]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One call on a line that nobody else uses meanwhile; raises httpx's own errors."""
        idle = self._idle.setdefault(
            (request.url.scheme, request.url.host, request.url.port), [])
        line = idle.pop() if idle else self._make()
        try:
            response = await line.handle_async_request(request)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await line.aclose()  # a call that was cut may have left it unusable
            raise
        body = cast(httpx.AsyncByteStream, response.stream)
        response.stream = _Answer(body, lambda: idle.append(line))
        return response

    async def aclose(self) -> None:
        """Close every line."""
        for lines in self._idle.values():
            for line in lines:
                await line.aclose()
        self._idle.clear()

    def _make(self) -> httpx.AsyncHTTPTransport:
        self._trusts = self._trusts or httpx.create_ssl_context(trust_env=False)
        return httpx.AsyncHTTPTransport(verify=self._trusts, trust_env=False, http2=False,
                                        limits=ONE)


class _Answer(httpx.AsyncByteStream):
    """The body of an answer; its line is free when it is closed, and once only."""

    def __init__(self, body: httpx.AsyncByteStream, free: Callable[[], None]) -> None:
        self._body = body
        self._free: Callable[[], None] | None = free

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._body:
            yield piece

    async def aclose(self) -> None:
        """Give the line back."""
        free, self._free = self._free, None
        try:
            await self._body.aclose()
        finally:
            if free is not None:
                free()
