"""The port to a paid service: what an adapter offers, and the values it answers with.

Law: an adapter never retries and never waits for a limit; it makes one call and says what came of
it, or raises one of the provider failures. Whatever differs between services is a term.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pipeline.core.catalog import Catalog
from pipeline.core.library import Library
from pipeline.core.money import Money
from pipeline.core.spec import JobSpec
from pipeline.core.terms import Terms

STRANGERS = "media_pipeline.providers"
"""The entry point group in which other packages register providers."""


@dataclass(frozen=True, slots=True)
class Output:
    """One made file at the service. `url` is None while its link is not there yet.

    Where the answer itself is the file (captions), `url` is a `data:` address (RFC 2397). `label`
    tells the files of one job apart, in a word of ours: vocals, instrumental.
    """

    url: str | None
    media_type: str = ""
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a paid call carries of ours beside the job: the attempt's `tag`, for a service that
    gives it back in its list, and the address at which it may ring (`bell`); "" for nothing."""

    tag: str = ""
    bell: str = ""


UNMARKED = Mark()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The service accepted the job under these ids: one start may make several generations.
    `eta_s` is how long it says that they will take, None where it does not say."""

    remote_ids: tuple[str, ...]
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class Working:
    """The job is queued or being made; `status` is the service's word, `again_s` how long it wants
    to be left alone."""

    status: str = "processing"
    again_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Finished:
    """The job is made. `charged` is what the service says it took, None where it does not say.

    `task_id` is the name under which the service can go on from it (Veo clips); `note` says in
    words what a person should know, such as that only two of three outputs came.
    """

    outputs: tuple[Output, ...]
    charged: Money | None = None
    made_in_s: float | None = None
    task_id: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """The job will not be made; `cause` is ours, `message` the service's words."""

    cause: str
    message: str
    charged: Money | None = None


News = Working | Finished | Broken


@dataclass(frozen=True, slots=True)
class Sighting:
    """A row in the service's list of recent jobs. `created_s` is by the service's clock; `tag` is
    the mark of the attempt that made it, where the service gives it back (`core/marks.py`), `shape`
    the aspect ratio that was asked for, where the row says it."""

    remote_id: str
    model: str
    prompt: str
    created_s: float
    news: News
    tag: str = ""
    shape: str = ""


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


@dataclass(frozen=True, slots=True)
class Preview:
    """What the service itself says that a job will take; `exact` where nothing was assumed."""

    amount: Money
    exact: bool


class Download(Protocol):
    """A file being read from the service. `length` and `media_type` are what it announced."""

    length: int | None
    media_type: str

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they come; raises `Unreachable` when the line breaks."""
        ...


class Provider(Protocol):
    """One account at one service. `library` is None where the service keeps no named files."""

    terms: Terms
    library: Library | None

    @property
    def skew_s(self) -> float:
        """The service's clock less ours, as it said last; 0 where it has not said, or agrees."""
        ...

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

    async def submit(self, spec: JobSpec, sources: Sequence[str],
                     mark: Mark = UNMARKED) -> Receipt | Finished | Broken:
        """The paid call: one request, sent at most once. `sources` are the addresses of the job's
        sources in their order; for an extend, the service's own name of the clip. Only a call that
        brings the outcome itself can tell that it broke."""
        ...

    async def look(self, remote_id: str, kind: str) -> News:
        """News of one job; raises `Vanished` if the service does not know it (yet)."""
        ...

    async def follow(self, remote_id: str, kind: str) -> News:
        """The end of one job, from the stream on which the service tells it, waiting as long as it
        takes; raises `Vanished` where there is no such stream, `Unreachable` when it breaks off."""
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


@runtime_checkable
class Previewer(Protocol):
    """A provider whose service says a price before it is asked to make anything."""

    async def preview(self, spec: JobSpec) -> Preview | None:
        """The price of one paid try, free of charge; None where the service does not say."""
        ...
