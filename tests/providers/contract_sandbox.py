"""The sandbox as a stage for the contract: real sockets, books that can be read, a clock to turn.

The server shares the loop of the test, so that its books and its clock are at hand.
"""

import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import Any

import anyio

from pipeline.core.money import Money
from pipeline.core.provider import Provider
from pipeline.core.spec import JobSpec
from pipeline.providers.entry import Particulars
from pipeline.providers.http import Http
from pipeline.providers.registry import PROVIDERS
from pipeline.providers.secret import Secret
from pipeline.sandbox.books import Books
from pipeline.sandbox.dialects import DIALECTS, SERVICES, mount
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.server import SandboxServer, cuttable
from pipeline.sandbox.service import RemoteService

NOON_S = 1_800_000_000.0


class SandboxStage:
    """One service of the sandbox, and an account's adapter to it."""

    def __init__(self, books: Books, service: RemoteService, clock: list[float],
                 provider: Provider) -> None:
        self.provider = provider
        self.service = service
        self._books = books
        self._clock = clock

    def now(self) -> float:
        """The time on everybody's clock."""
        return self._clock[0]

    def wait(self, seconds: float) -> None:
        """Turn the clock."""
        self._clock[0] += seconds

    def bought(self) -> int:
        """Rows of the books."""
        return len(self._books.charges())

    def net(self) -> Money:
        """Charges less refunds, by the books."""
        return Money(sum(job.net_micros(self.now()) for job in self._books.jobs()))


def sandbox(name: str, *, dialect: str = "auto", **habits: Any
            ) -> Callable[[Mapping[str, Any]], Any]:
    """How the provider of this name, one of the keyless ones, is put on a stage: the account's
    setting `dialect`, and habits of the service beside the faults of a check."""
    return partial(_open, name, dialect, habits)


@asynccontextmanager
async def _open(name: str, dialect: str, habits: Mapping[str, Any],
                faults: Mapping[str, Any]) -> AsyncIterator[SandboxStage]:
    entry = PROVIDERS[name]
    house = DIALECTS[entry.dialect].service
    clock = [NOON_S]
    with closing(Books.open()) as books:
        service = RemoteService(books, now=lambda: clock[0], seed=1,
                                faults=Faults.parse({**habits, **faults}, SERVICES[house]))
        async with _served(entry.dialect, {house: service}) as url:
            key = Secret("sk_contract_canary")
            http = Http(url + entry.path, key, now=lambda: clock[0], sent_as=entry.sent_as)
            about = Particulars(name, key, lambda: clock[0], dialect)
            provider = entry.build(http, entry.terms, True, about)
            try:
                yield SandboxStage(books, service, clock, provider)
            finally:
                await provider.close()


@asynccontextmanager
async def _served(dialect: str, services: Mapping[str, RemoteService]) -> AsyncIterator[str]:
    ready = anyio.Event()
    server = SandboxServer(cuttable(mount([dialect], services)), ready.set)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(server.serve, sockets=[listener]))
            await ready.wait()
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.leave()


def picture(provider: str, model: str, prompt: str = "a red kite over the sea", **params: Any
            ) -> JobSpec:
    """A job for one picture."""
    return JobSpec(provider, "image", model, prompt, params=params)
