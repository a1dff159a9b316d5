"""The Kubeez REST dialect: images and videos (llms.txt; facts/kubeez.md sections 1 to 5).

Law: tolerant of what a reader may meet, strict about what a payer may believe: only a documented
refusal in its own envelope is called free.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urljoin

from pipeline.core.catalog import Catalog
from pipeline.core.errors import ProviderFailure, ReplyLost, Unreachable
from pipeline.core.money import Money
from pipeline.core.provider import Download, Finished, News, Receipt, Scan
from pipeline.core.spec import JobSpec
from pipeline.core.terms import Limit, Terms
from pipeline.providers.http import Http
from pipeline.providers.kubeez_answers import (
    read_asset,
    read_news,
    read_row,
    read_rows,
    read_sighting,
    read_start,
    read_upload,
)
from pipeline.providers.kubeez_catalog import read_catalog
from pipeline.providers.kubeez_refusals import refusal_of_read, refusal_of_start
from pipeline.providers.kubeez_rows import GenerationRow
from pipeline.providers.reply import Reply

MEDIA_HOST = "https://media.kubeez.com"

TERMS = Terms(
    provider="kubeez",
    starts={"media": Limit(30), "music": Limit(10), "dialogue": Limit(10), "ad_copy": Limit(5)},
    reads=Limit(120),
    uploads=Limit(30),
    in_flight={"media": 10, "music": 5, "dialogue": 5},
    bucket_of={"image": "media", "video": "media", "extend": "media", "music": "music",
               "dialogue": "dialogue", "ad-copy": "ad_copy"},
    first_look_s={"image": 10.0, "video": 60.0, "extend": 60.0, "music": 30.0, "dialogue": 5.0,
                  "separation": 20.0},
)
"""Limits: llms.txt, "Rate limits"; in flight: kubeez.com/docs/limitations. First looks:
how-it-works, "Polling cadence". Refunds: never, so a failure counts as charged until the row's
`credits_deducted` says otherwise. The list: newest 25 rows, no cursor."""


class Kubeez:
    """One Kubeez account."""

    def __init__(self, http: Http, terms: Terms, *, media_host: str, loopback: bool,
                 has_key: bool) -> None:
        self.terms = terms
        self._http = http
        self._media_host = media_host
        self._loopback = loopback
        self._has_key = has_key

    async def fetch_catalog(self) -> object:
        """The live catalog; the public one when there is no key, or the key may not read it."""
        reply = await self._http.read("/v1/models") if self._has_key else None
        if reply is None or reply.status in (401, 403):
            reply = await self._http.read("/docs/models.json")
        return _expect(reply).body

    def read_catalog(self, payload: object, fetched_at: str) -> Catalog:
        """The catalog from a payload, fresh or cached."""
        return read_catalog(payload, fetched_at, provider=self.terms.provider)

    async def balance(self) -> Money | None:
        """Credits left on the account."""
        body = _expect(await self._http.read("/v1/balance")).body
        try:
            return Money.from_number(body["credits"])
        except (KeyError, TypeError, ValueError):
            return None

    async def upload(self, path: str) -> str:
        """Bring a local file to the service; its signed address."""
        file = Path(path)
        media_type = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
                      ".webp": "image/webp", ".mp4": "video/mp4"}.get(
                          file.suffix.lower(), "application/octet-stream")
        reply = await self._http.send_file("/v1/upload/media", file, media_type)
        return self._absolute(read_upload(_expect(reply).body))

    async def find_asset(self, name: str) -> str | None:
        """The freshly signed address of a library file; it lives an hour (llms.txt, C)."""
        url = read_asset(_expect(await self._http.read("/v1/assets")).body, name)
        return self._absolute(url) if url else None

    async def submit(self, spec: JobSpec, source_urls: Sequence[str]) -> Receipt | Finished:
        """Start one generation: the one paid call of an attempt."""
        reply = await self._http.pay("/v1/generate/media", request_body(spec, source_urls))
        if 200 <= reply.status < 300:
            remote_id = read_start(reply.body)
            if remote_id is None:
                raise ReplyLost(f"status {reply.status} without a generation id")
            return Receipt((remote_id,))
        raise refusal_of_start(reply)

    async def look(self, remote_id: str, kind: str) -> News:
        """News of one generation."""
        reply = await self._http.read(f"/v1/generate/media/{remote_id}")
        return read_news(_row(_expect(reply).body, remote_id), self._absolute)

    async def scan(self, filters: Mapping[str, str]) -> Scan:
        """The newest rows of the account's history, one read."""
        reply = _expect(await self._http.read("/v1/generations", dict(filters)))
        rows = read_rows(reply.body)
        sightings = [found for row in rows if row and (found := read_sighting(row, self._absolute))]
        return Scan(sightings, complete=len(rows) < self.terms.list_rows, skew_s=reply.skew_s,
                    unread=len(rows) - len(sightings))

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[Download]:
        """Open a made file."""
        async with self._http.download(url, loopback=self._loopback) as body:
            yield body

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.close()

    def _absolute(self, url: str) -> str:
        """Links without a host belong to the media host, or to the account's own address."""
        try:
            return urljoin(self._media_host, url)
        except ValueError:
            return url  # no address at all: whoever is to follow it says so


def request_body(spec: JobSpec, source_urls: Sequence[str]) -> dict[str, object]:
    """The body of `POST /v1/generate/media`; order of the sources is kept."""
    origin = "image" if source_urls else "text"
    body: dict[str, object] = {"model": spec.model, "prompt": spec.prompt,
                               "generation_type": f"{origin}-to-{spec.kind}"}
    if spec.aspect_ratio:
        body["aspect_ratio"] = spec.aspect_ratio
    if source_urls:
        body["source_media_urls"] = list(source_urls)
    return body | dict(spec.params)


def _expect(reply: Reply) -> Reply:
    """The reply to a question, or the failure it stands for."""
    failure: ProviderFailure | None = refusal_of_read(reply)
    if failure is not None:
        raise failure
    if not reply.is_json:
        raise Unreachable("the answer is no JSON")
    return reply


def _row(body: object, remote_id: str) -> GenerationRow:
    row = read_row(body)
    if row is None or row.id != remote_id:
        raise Unreachable("the answer is not about this generation")
    return row
