"""The witness of every purchase: which attempt paid, and what the service charged for it.

Law: it stands beside the call and changes nothing of it; what it has seen is the ground truth that
a ledger is held against.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from pipeline.core.catalog import Catalog
from pipeline.core.job import State
from pipeline.core.money import Money
from pipeline.core.provider import (
    UNMARKED,
    Broken,
    Download,
    Finished,
    Mark,
    News,
    Provider,
    Receipt,
    Scan,
)
from pipeline.core.spec import JobSpec
from pipeline.ledger.ledger import Ledger
from pipeline.sandbox.jobs import Order, RemoteJob
from pipeline.sandbox.service import RemoteService


@dataclass(frozen=True, slots=True)
class Payment:
    """One paid call as it left: for which job, by which attempt, and how the ledger stood."""

    key: str
    tag: str
    state: State
    process: int


@dataclass(frozen=True, slots=True)
class Sale:
    """One charge of the service, and the payment that it came of."""

    remote_id: str
    payment: Payment | None


_paying: ContextVar[Payment | None] = ContextVar("paying", default=None)


class WitnessedService(RemoteService):
    """The service, telling each sale."""

    sold: Callable[[Sale], None] = staticmethod(lambda sale: None)

    def start_all(self, orders: Sequence[Order]) -> list[RemoteJob]:
        """Accept and charge the orders of one call, and say for whom."""
        jobs = super().start_all(orders)
        for job in jobs:
            self.sold(Sale(job.id, _paying.get()))
        return jobs


class WitnessedProvider:
    """A provider whose paid calls are seen, and whose list shows as many rows as its sheet says."""

    def __init__(self, inner: Provider, ledger: Ledger, process: int,
                 paid: Callable[[Payment], None]) -> None:
        self.inner = inner
        self.terms = inner.terms
        self.library = inner.library
        self._ledger = ledger
        self._process = process
        self._paid = paid

    @property
    def skew_s(self) -> float:
        """As the provider says."""
        return self.inner.skew_s

    async def submit(self, spec: JobSpec, sources: Sequence[str],
                     mark: Mark = UNMARKED) -> Receipt | Finished | Broken:
        """The paid call, labelled on its way."""
        key = spec.key()
        job = self._ledger.ask.job(key)
        payment = Payment(key, job.tag if job else "", job.state if job else State.CANCELLED,
                          self._process)
        self._paid(payment)
        token = _paying.set(payment)
        try:
            return await self.inner.submit(spec, sources, mark)
        finally:
            _paying.reset(token)

    async def scan(self, filters: Mapping[str, str]) -> Scan:
        """The newest rows, as many as the sheet says."""
        return await self.inner.scan({**filters, "limit": str(self.terms.list_rows)})

    async def fetch_catalog(self) -> object:
        """As the provider does."""
        return await self.inner.fetch_catalog()

    def read_catalog(self, payload: object, fetched_at: str) -> Catalog:
        """As the provider does."""
        return self.inner.read_catalog(payload, fetched_at)

    async def balance(self) -> Money | None:
        """As the provider does."""
        return await self.inner.balance()

    async def upload(self, path: str) -> str:
        """As the provider does."""
        return await self.inner.upload(path)

    async def look(self, remote_id: str, kind: str) -> News:
        """As the provider does."""
        return await self.inner.look(remote_id, kind)

    async def follow(self, remote_id: str, kind: str) -> News:
        """As the provider does."""
        return await self.inner.follow(remote_id, kind)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[Download]:
        """As the provider does."""
        async with self.inner.download(url) as body:
            yield body

    async def close(self) -> None:
        """As the provider does."""
        await self.inner.close()
