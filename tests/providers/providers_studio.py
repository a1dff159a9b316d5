"""Artificial Studio's adapter over REST, against the sandbox's application; its clock is turned."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from typing import Any, TypeVar

import anyio
import httpx

from pipeline.core.provider import Mark
from pipeline.core.spec import JobSpec
from pipeline.providers.http import Http
from pipeline.providers.secret import BARE, Secret
from pipeline.providers.studio import Studio
from pipeline.providers.studio_rest import RestSurface
from pipeline.providers.studio_terms import TERMS
from pipeline.sandbox.books import Books
from pipeline.sandbox.door import ConnectionCut
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.gallery import Piece
from pipeline.sandbox.service import RemoteService
from pipeline.sandbox.studio import LIMITS, make_app

NOON_S = 1_800_000_000.0
BASE = "http://127.0.0.1:9"
T = TypeVar("T")


def make_cheap(piece: Piece) -> tuple[bytes, str]:
    """Bytes that tell what was asked for."""
    return str(piece.brief).encode(), "image/png"


class Counted(httpx.AsyncBaseTransport):
    """The way to an application, on which every call is noted."""

    def __init__(self, app: Any) -> None:
        self.inner = httpx.ASGITransport(app)
        self.calls: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        self.calls.append((request.method, request.url.path))
        try:
            return await self.inner.handle_async_request(request)
        except ConnectionCut:
            raise httpx.RemoteProtocolError("cut") from None


class Bench:
    """One service, its clock, and as many adapters to it as a test starts processes."""

    def __init__(self, books: Books, faults: Mapping[str, Any]) -> None:
        self.now_s = NOON_S
        self.books = books
        self.service = RemoteService(books, now=lambda: self.now_s, seed=1,
                                     faults=Faults.parse(faults, LIMITS))
        self.line = Counted(make_app(self.service, make=make_cheap, threaded=False))

    def open(self) -> Studio:
        """A new process's adapter."""
        http = Http(BASE, Secret("prod_canary"), now=lambda: self.now_s, sent_as=BARE,
                    transport=self.line)
        return Studio(RestSurface(http), TERMS, http, now=lambda: self.now_s)

    def reads(self) -> int:
        """How many records were read since the last time."""
        found = [path for method, path in self.line.calls
                 if path.startswith("/api/generations/") and method == "GET"]
        self.line.calls.clear()
        return len(found)

    def payloads(self) -> list[Any]:
        """What was asked for, by the books."""
        return [job.details["payload"] for job in self.books.jobs()]


def at_studio(act: Callable[[Bench], Awaitable[T]], **faults: Any) -> T:
    """What comes of an act at a bench."""
    async def go() -> T:
        with closing(Books.open()) as books:
            return await act(Bench(books, faults))

    return anyio.run(go)


def spec(model: str = "flux-2", prompt: str = "a red kite", *, kind: str = "image",
         ratio: str | None = None, **params: Any) -> JobSpec:
    """A job."""
    return JobSpec("artificialstudio-rest", kind, model, prompt, ratio, params)


def mark(tag: str) -> Mark:
    """The mark of an attempt."""
    return Mark(tag)
