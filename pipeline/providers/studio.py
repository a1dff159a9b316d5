"""Artificial Studio, over either of its surfaces: REST or MCP.

Law: what a row of the list was asked for is told by its record alone, so records are read as far
as the limits leave room, each once; a row whose record is not read yet may be anything. Where a
model takes any seed and its author names none, the attempt's own is sent, by which the row is known
again.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import anyio

from pipeline.core.catalog import Catalog
from pipeline.core.errors import ProviderFailure, Refused, ReplyLost, Vanished
from pipeline.core.library import Library
from pipeline.core.marks import seed_of
from pipeline.core.money import Money
from pipeline.core.pace import Window
from pipeline.core.provider import (
    UNMARKED,
    Broken,
    Download,
    Finished,
    Mark,
    News,
    Receipt,
    Scan,
    Sighting,
)
from pipeline.core.spec import JobSpec
from pipeline.core.terms import Limit, Terms
from pipeline.providers.http import Http
from pipeline.providers.links import absolute, is_loopback
from pipeline.providers.studio_answers import (
    Asked,
    asked_of,
    read_about,
    read_news,
    read_receipt,
    read_rows,
    read_sighting,
)
from pipeline.providers.studio_catalog import Offered, Shelf, read_shelf
from pipeline.providers.studio_rows import Record
from pipeline.providers.studio_terms import PAYLOADS

MOST_KNOWN = 10_000
"""Records that are remembered; a list shows a hundred."""


class Surface(Protocol):
    """One of the two ways to talk to the service. Each call is one request, or a few free ones."""

    @property
    def skew_s(self) -> float:
        """The service's clock less ours."""
        ...

    async def tools(self) -> list[object]:
        """All tools that make what we can buy, with their models."""
        ...

    async def run(self, tool: str, asked: Mapping[str, object], bell: str) -> object:
        """The paid call; the body of its acceptance, or a failure raised."""
        ...

    async def record(self, remote_id: str) -> object:
        """The record of one generation."""
        ...

    async def rows(self, most: int) -> object:
        """The newest page of the list."""
        ...

    async def account(self) -> object:
        """The account."""
        ...

    async def upload(self, path: str) -> str:
        """Bring a file; its address."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...


class Studio:
    """One Artificial Studio account. `http` downloads what was made."""

    library: Library | None = None

    def __init__(self, surface: Surface, terms: Terms, http: Http, *,
                 now: Callable[[], float]) -> None:
        self.terms = terms
        self._surface = surface
        self._http = http
        self._now = now
        self._shelf: Shelf | None = None
        self._fetching = anyio.Lock()
        self._asked: dict[str, Asked | None] = {}
        self._spare = Window(Limit(PAYLOADS, terms.reads.window_s))

    @property
    def skew_s(self) -> float:
        """The service's clock less ours, by its latest answer."""
        return self._surface.skew_s

    async def fetch_catalog(self) -> object:
        """The tools with their models."""
        return {"tools": await self._surface.tools()}

    def read_catalog(self, payload: object, fetched_at: str) -> Catalog:
        """The catalog from a payload, fresh or cached."""
        self._shelf = read_shelf(payload, fetched_at, provider=self.terms.provider)
        return self._shelf.catalog

    async def balance(self) -> Money | None:
        """Credits left on the account."""
        said = await self._surface.account()
        try:
            return Money.from_number(said["credits"]) if isinstance(said, Mapping) else None
        except (KeyError, ValueError):
            return None

    async def upload(self, path: str) -> str:
        """Bring a local file to the service; its address."""
        return self._absolute(await self._surface.upload(path))

    async def submit(self, spec: JobSpec, sources: Sequence[str],
                     mark: Mark = UNMARKED) -> Receipt | Finished | Broken:
        """Start one job: the one paid call of an attempt."""
        offered = (await self._tools()).offered.get(spec.model)
        if offered is None:
            raise Refused(f"the service has no model {spec.model} any more",
                          cause="model_not_found")
        asked = _input(offered, spec, sources, mark)
        receipt = read_receipt(await self._surface.run(offered.tool, asked, mark.bell))
        if receipt is None:
            raise ReplyLost("an acceptance without an id")
        self._keep(receipt.remote_ids[0], Asked(offered.tool, asked))
        return receipt

    async def look(self, remote_id: str, kind: str) -> News:
        """News of one generation."""
        return read_news(await self._record(remote_id), self._absolute)

    async def follow(self, remote_id: str, kind: str) -> News:
        """There is no stream."""
        raise Vanished("the service has no stream of a job")

    async def scan(self, filters: Mapping[str, str]) -> Scan:
        """The newest rows, with what their records show as far as there is room to read them."""
        await self._tools()
        rows, complete = read_rows(await self._surface.rows(self.terms.list_rows))
        skew_s = self._surface.skew_s
        known = [row for row in rows if row]
        await self._read_records(known)
        sightings = [found for row in known if (found := self._sighting(row))]
        unread = len(rows) - len(sightings) + sum(not self._asked.get(row.name) for row in known)
        return Scan(sightings, complete, skew_s, unread)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[Download]:
        """Open a made file at its link."""
        loopback = is_loopback(self._http.base_url)
        async with self._http.download(url, loopback=loopback) as body:
            yield body

    async def close(self) -> None:
        """Let go of all connections."""
        await self._surface.close()
        await self._http.close()

    async def _tools(self) -> Shelf:
        """What is offered: as it was read last, or now."""
        async with self._fetching:
            if self._shelf is None:
                self._shelf = read_shelf(await self.fetch_catalog(), "",
                                         provider=self.terms.provider)
            return self._shelf

    async def _record(self, remote_id: str) -> Record:
        record = read_about(await self._surface.record(remote_id), remote_id)
        if not self._asked.get(remote_id):
            self._keep(remote_id, asked_of(record))
        return record

    async def _read_records(self, rows: Sequence[Record]) -> None:
        """The records of rows that nothing is known of; a failure leaves the rest for later."""
        for row in rows:
            if row.name in self._asked:
                continue
            if (shown := asked_of(row)) is not None:
                self._keep(row.name, shown)
                continue
            if self._spare.wait_s(self._now()) != 0:
                return
            self._spare.begin()
            try:
                await self._record(row.name)
            except ProviderFailure:
                return
            finally:
                self._spare.end(self._now())

    def _keep(self, remote_id: str, asked: Asked | None) -> None:
        self._asked[remote_id] = asked
        while len(self._asked) > MOST_KNOWN:
            self._asked.pop(next(iter(self._asked)))

    def _sighting(self, row: Record) -> Sighting | None:
        asked = self._asked.get(row.name)
        slug = str(asked.input.get("model", "")) if asked else ""
        model = self._shelf.name_of(asked.tool, slug) if asked and self._shelf else slug
        return read_sighting(row, asked, model, self._absolute)

    def _absolute(self, url: str) -> str:
        return absolute(f"{self._http.base_url}/", url)


def _input(offered: Offered, spec: JobSpec, sources: Sequence[str],
           mark: Mark) -> dict[str, object]:
    """What is sent; a seed of ours where any will do."""
    asked = {"model": offered.slug, **offered.form.fill(spec, sources)}
    seed = offered.form.known("seed")
    if seed and mark.tag and offered.form.has_open_seed and "seed" not in spec.params:
        asked[seed.name] = seed_of(mark.tag)
    return asked
