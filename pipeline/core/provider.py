"""The port to a paid service: what an adapter offers, and the values it answers with.

Law: an adapter never retries and never waits for a limit; it makes one call and says what came of
it, or raises one of the provider failures. Whatever differs between services is a term.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from pipeline.core.catalog import Catalog
from pipeline.core.money import Money
from pipeline.core.spec import JobSpec
from pipeline.core.terms import Terms


@dataclass(frozen=True, slots=True)
class Output:
    """One made file at the service. `url` is None while its link is not there yet."""

    url: str | None
    media_type: str = ""
    width: int | None = None
    height: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The service accepted the job under these ids."""

    remote_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Working:
    """The job is queued or being made; `status` is the service's word."""

    status: str = "processing"


@dataclass(frozen=True, slots=True)
class Finished:
    """The job is made. `charged` is what the service says it took, None where it does not say."""

    outputs: tuple[Output, ...]
    charged: Money | None = None
    made_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """The job will not be made; `cause` is ours, `message` the service's words."""

    cause: str
    message: str
    charged: Money | None = None


News = Working | Finished | Broken


@dataclass(frozen=True, slots=True)
class Sighting:
    """A row in the service's list of recent jobs. `created_s` is by the service's clock."""

    remote_id: str
    model: str
    prompt: str
    created_s: float
    news: News


@dataclass(frozen=True, slots=True)
class Scan:
    """One reading of the list of recent jobs, newest first.

    `complete` says that the service held nothing back; `skew_s` is its clock less ours; `unread`
    counts the rows that could not be read, any of which may be anything.
    """

    sightings: Sequence[Sighting]
    complete: bool
    skew_s: float = 0.0
    unread: int = 0


class Download(Protocol):
    """A file being read from the service. `length` and `media_type` are what it announced."""

    length: int | None
    media_type: str

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they come; raises `Unreachable` when the line breaks."""
        ...


class Provider(Protocol):
    """One account at one service."""

    terms: Terms

    async def fetch_catalog(self) -> object:
        """The catalog as the service spells it, fit for a cache."""
        ...

    def read_catalog(self, payload: object, fetched_at: str) -> Catalog:
        """The catalog from what `fetch_catalog` gave, now or on an earlier day."""
        ...

    async def balance(self) -> Money | None:
        """What is left on the account, or None where the service does not say."""
        ...

    async def upload(self, path: str) -> str:
        """Bring a local file to the service; the address under which jobs may name it."""
        ...

    async def find_asset(self, name: str) -> str | None:
        """The fresh address of a file in the account's library, None where it has no such file."""
        ...

    async def submit(self, spec: JobSpec, source_urls: Sequence[str]) -> Receipt | Finished:
        """The paid call: one request, sent at most once."""
        ...

    async def look(self, remote_id: str, kind: str) -> News:
        """News of one job; raises `Vanished` if the service does not know it (yet)."""
        ...

    async def scan(self, filters: Mapping[str, str]) -> Scan:
        """The list of recent jobs, one read."""
        ...

    def download(self, url: str) -> AbstractAsyncContextManager[Download]:
        """Open a made file; raises `Vanished` for a link that is gone or not there yet."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
