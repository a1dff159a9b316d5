"""The Media Engine REST dialect (facts/media_apis.md section 2).

Its API is published in three descriptions that contradict each other. One adapter speaks them all:
it understands every answer of each, and sends what the account's `dialect` says, or, with "auto",
what the service's own answers show.

Law: a description is found out by free reads alone; a paid call is made once, in one of them.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urljoin

from pipeline.core.catalog import Catalog
from pipeline.core.errors import Refused, ReplyLost, Unreachable, Vanished
from pipeline.core.library import Library
from pipeline.core.money import Money
from pipeline.core.provider import (
    UNMARKED,
    Broken,
    Download,
    Finished,
    Mark,
    News,
    Output,
    Receipt,
    Scan,
)
from pipeline.core.spec import JobSpec
from pipeline.core.terms import Terms
from pipeline.providers.http import Http
from pipeline.providers.kubeez_refusals import expect, refusal_of_start
from pipeline.providers.mediaengine_answers import (
    TAG,
    JobRow,
    flattened,
    read_job,
    read_link,
    read_news,
    read_rows,
    read_sighting,
)
from pipeline.providers.mediaengine_catalog import read_catalog
from pipeline.providers.reply import Reply

AUTO, PAGE, LLMS, CLIENT = "auto", "page", "llms", "client"
CLIENT_ROWS = 100
"""The most rows that the client's list may be asked for; the page's list takes no parameters."""
CLIENT_ID = "mjob_"


class MediaEngine:
    """One Media Engine account."""

    library: Library | None = None

    def __init__(self, http: Http, terms: Terms, *, dialect: str, loopback: bool) -> None:
        self.terms = terms
        self._http = http
        self._loopback = loopback
        self._dialect = AUTO
        self._is_set = dialect != AUTO
        self._go_by(dialect)

    @property
    def skew_s(self) -> float:
        """The service's clock less ours, by its latest answer."""
        return self._http.skew_s

    async def fetch_catalog(self) -> object:
        """The live catalog, with the description that it was answered in."""
        answer = await self._recognise() or await self._read(f"{self._base}/models")
        return {"dialect": self._dialect, "answer": answer.body}

    def read_catalog(self, payload: object, fetched_at: str) -> Catalog:
        """The catalog from a payload, fresh or cached."""
        return read_catalog(payload, fetched_at, provider=self.terms.provider)

    async def balance(self) -> Money | None:
        """Nothing: no description has a balance."""
        return None

    async def upload(self, path: str) -> str:
        """Nothing can be brought there; raises `Refused`."""
        raise Refused("Media Engine takes no files", cause="invalid_request")

    async def submit(self, spec: JobSpec, sources: Sequence[str],
                     mark: Mark = UNMARKED) -> Receipt | Finished | Broken:
        """Start one job: the one paid call of an attempt."""
        await self._recognise()
        body = _BODIES[self._dialect](spec, mark)
        reply = flattened(await self._http.pay(f"{self._base}/jobs", body))
        if not 200 <= reply.status < 300:
            raise refusal_of_start(reply)
        row = read_job(reply.body)
        if row is None:
            raise ReplyLost(f"status {reply.status} without a job id")
        self._learn(row)
        return Receipt((row.name,))

    async def look(self, remote_id: str, kind: str) -> News:
        """News of one job."""
        is_client = self._dialect == CLIENT or (not self._is_set
                                                and remote_id.startswith(CLIENT_ID))
        path = f"{'/api' if is_client else '/v1'}/jobs/{remote_id}"
        row = read_job((await self._read(path)).body)
        if row is None or row.name != remote_id:
            raise Unreachable("the answer is not about this job")
        self._learn(row)
        news = read_news(row, self._absolute)
        if is_client and isinstance(news, Finished) and not news.outputs:
            link = read_link((await self._read(f"{path}/download")).body)
            return replace(news, outputs=(Output(self._absolute(link) if link else None),))
        return news

    async def follow(self, remote_id: str, kind: str) -> News:
        """There is no stream; raises `Vanished`."""
        raise Vanished("the service has no streams")

    async def scan(self, filters: Mapping[str, str]) -> Scan:
        """The newest jobs, one read. How many rows the page's list has at most is published
        nowhere, so it is never called complete."""
        await self._recognise()
        asked = {"limit": str(CLIENT_ROWS)} if self._dialect == CLIENT else {}
        reply = await self._read(f"{self._base}/jobs", asked)
        rows = read_rows(reply.body)
        for row in filter(None, rows):
            self._learn(row)
        found = [read_sighting(row, self._absolute) for row in rows if row]
        blank = 0 if self.terms.echo else sum(not row.prompt for row in found)
        return Scan(found, complete=bool(asked) and len(rows) < CLIENT_ROWS, skew_s=reply.skew_s,
                    unread=len(rows) - len(found) + blank)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[Download]:
        """Open a made file."""
        async with self._http.download(url, loopback=self._loopback) as body:
            yield body

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.close()

    @property
    def _base(self) -> str:
        return "/api" if self._dialect == CLIENT else "/v1"

    async def _recognise(self) -> Reply | None:
        """Find out where the service answers, unless that is known; the catalog that told."""
        if self._dialect != AUTO:
            return None
        reply = await self._http.read("/v1/models")
        if reply.status != 404:
            answer = expect(flattened(reply))
            self._go_by(PAGE)
            return answer
        answer = await self._read("/api/models")
        self._go_by(CLIENT)
        return answer

    def _learn(self, row: JobRow) -> None:
        """What a job's answer shows: an id called `jobId` is the llms.txt's."""
        if not self._is_set and row.jobId and not row.id:
            self._go_by(LLMS)

    def _go_by(self, dialect: str) -> None:
        """Speak a description from now on. Only the page has a field for our mark."""
        self._dialect = dialect
        if dialect in (LLMS, CLIENT):
            self.terms = replace(self.terms, echo=False)

    async def _read(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        return expect(flattened(await self._http.read(path, params)))

    def _absolute(self, url: str) -> str:
        """Links without a host belong to the account's own address."""
        try:
            return urljoin(f"{self._http.base_url}/", url)
        except ValueError:
            return url  # no address at all: whoever is to follow it says so


def _page_body(spec: JobSpec, mark: Mark) -> dict[str, object]:
    body: dict[str, object] = {"type": spec.kind, "model": spec.model, "prompt": spec.prompt}
    if "n" in spec.params:
        body["n"] = int(spec.params["n"])
    if mark.tag:
        body["metadata"] = {TAG: mark.tag}
    return body | ({"webhook_url": mark.bell} if mark.bell else {})


def _llms_body(spec: JobSpec, mark: Mark) -> dict[str, object]:
    body = {"type": spec.kind, "model": spec.model, "prompt": spec.prompt}
    return {**body, **({"webhook": mark.bell} if mark.bell else {})}


def _client_body(spec: JobSpec, mark: Mark) -> dict[str, object]:
    return {"type": spec.kind, "model": spec.model, "inputParams": {"prompt": spec.prompt}}


_BODIES = {PAGE: _page_body, LLMS: _llms_body, CLIENT: _client_body}
