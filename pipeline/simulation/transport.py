"""A simulated process's way to the service through the HTTP client, in place of its sockets."""

from collections.abc import AsyncIterator

import httpx

from pipeline.sandbox.door import ConnectionCut
from pipeline.simulation.delivery import Answer, NoAnswer, pieces
from pipeline.simulation.life import Life
from pipeline.simulation.wire import Asked, Caller, NobodyListens


class SandboxTransport(httpx.AsyncBaseTransport):
    """What the client hands its requests to."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request; raises httpx's own errors for a line that is cut or too slow."""
        await request.aread()
        try:
            answer = await self._caller.call(_asked(request), _patience_s(request))
        except NobodyListens:
            raise httpx.ConnectError("nobody is listening", request=request) from None
        except NoAnswer:
            raise httpx.ReadTimeout("no answer in time", request=request) from None
        except ConnectionCut as cut:
            raise _broken_off(cut) from None
        return httpx.Response(answer.status, headers=answer.headers, request=request,
                              stream=Delivery(answer, self._caller.life, request))


class Delivery(httpx.AsyncByteStream):
    """The body of an answer on its way."""

    def __init__(self, answer: Answer, life: Life, request: httpx.Request) -> None:
        self._pieces = pieces(answer, life, request.url.path, _patience_s(request))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces as they come; raises httpx's own errors."""
        try:
            async for piece in self._pieces:
                yield piece
        except NoAnswer:
            raise httpx.ReadTimeout("nothing more in time") from None
        except ConnectionCut as cut:
            raise _broken_off(cut) from None


def _asked(request: httpx.Request) -> Asked:
    return Asked(request.method, request.url.path, request.url.query,
                 [(name.lower(), value) for name, value in request.headers.raw], request.content)


def _patience_s(request: httpx.Request) -> float:
    return float(request.extensions["timeout"]["read"])


def _broken_off(cut: ConnectionCut) -> httpx.TransportError:
    """What a client is told of a line that was cut."""
    if cut.reset:
        return httpx.ReadError("the line was reset")
    return httpx.RemoteProtocolError("the line was closed before the answer was whole")
