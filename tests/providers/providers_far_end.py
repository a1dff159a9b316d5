"""What stands at the other end of a provider: it answers as it is told and remembers every call."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import anyio
import httpx

from pipeline.core.errors import ProviderFailure
from pipeline.core.spec import JobSpec
from pipeline.providers.http import Http, Secret
from pipeline.providers.kubeez import MEDIA_HOST, Kubeez
from pipeline.providers.kubeez_terms import TERMS

KEY = "sk_live_canary_4711"
BASE = "https://api.kubeez.com"
NOW_S = 1_800_000_000.0
SPEC = JobSpec("kubeez", "image", "nano-banana-2", "a red kite", "1:1")

T = TypeVar("T")
Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class FarEnd(httpx.AsyncBaseTransport):
    """Gives its answers one after the other, the last one for ever; an exception is raised."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.calls: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        await request.aread()
        self.calls.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)


class Stream(httpx.AsyncByteStream):
    """A body that comes in pieces, and may break."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


class Hold(httpx.AsyncByteStream):
    """Silent until somebody leaves."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Nothing."""
        await anyio.sleep_forever()
        yield b""


def says(status: int, body: Any = None, headers: Mapping[str, str] | None = None,
         ) -> Callable[[httpx.Request], httpx.Response]:
    """An answer: bytes and text as they are, all else as JSON, None as nothing."""
    if body is None:
        content = b""
    elif isinstance(body, bytes | str):
        content = body.encode() if isinstance(body, str) else body
    else:
        content = json.dumps(body).encode()
    return lambda request: httpx.Response(status, headers=dict(headers or {}),
                                          stream=Stream(content))


def over(transport: httpx.AsyncBaseTransport, act: Callable[[Kubeez], Awaitable[T]], *,
         base: str = BASE, loopback: bool = False) -> T:
    """What comes of an act on a Kubeez account whose calls go this way."""
    async def go() -> T:
        http = Http(base, Secret(KEY), now=lambda: NOW_S, transport=transport)
        try:
            return await act(Kubeez(http, TERMS, media_host=MEDIA_HOST, loopback=loopback,
                                    has_key=True))
        finally:
            await http.close()

    return anyio.run(go)


def buy(transport: httpx.AsyncBaseTransport, spec: JobSpec = SPEC,
        urls: Sequence[str] = ()) -> Any:
    """The outcome of the paid call: what it returns, or what it raises."""
    return outcome(transport, lambda kubeez: kubeez.submit(spec, urls))


def outcome(transport: httpx.AsyncBaseTransport,
            act: Callable[[Kubeez], Awaitable[Any]]) -> Any:
    """What an act returns, or the failure that it raises."""
    try:
        return over(transport, act)
    except ProviderFailure as failure:
        return failure
