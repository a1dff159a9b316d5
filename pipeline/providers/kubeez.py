"""The Kubeez REST dialect, every kind of job (llms.txt; facts/kubeez.md sections 1 to 5).

Law: tolerant of what a reader may meet, strict about what a payer may believe: only a documented
refusal in its own envelope is called free.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

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
    Receipt,
    Scan,
    Working,
)
from pipeline.core.spec import JobSpec
from pipeline.core.terms import Terms
from pipeline.providers.http import PAID_DEADLINE_S, Body, Http
from pipeline.providers.kubeez_answers import read_credits, read_scan, read_upload
from pipeline.providers.kubeez_bodies import STARTS
from pipeline.providers.kubeez_captions import open_output, read_job
from pipeline.providers.kubeez_catalog import read_catalog
from pipeline.providers.kubeez_library import KubeezLibrary
from pipeline.providers.kubeez_refusals import expect, in_words, refusal_of_start
from pipeline.providers.links import absolute
from pipeline.providers.listening import Event, read_events
from pipeline.providers.reply import Reply

MEDIA_HOST = "https://media.kubeez.com"

LARGEST_UPLOAD = 500 * 1024**2
"""500 MB (llms.txt), read generously: a file in between is refused by the service itself."""

MEDIA_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".gif": "image/gif", ".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
    ".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg", ".m4a": "audio/mp4",
    ".flac": "audio/flac",
}

ROUTES = {"music": "/v1/generate/music", "separation": "/v1/generate/separation"}
"""Where a job is looked at that has a route of its own; the others are at the media route."""


class Kubeez:
    """One Kubeez account."""

    def __init__(self, http: Http, terms: Terms, *, media_host: str, loopback: bool,
                 has_key: bool) -> None:
        self.terms = terms
        self.library: Library | None = KubeezLibrary(http, self._absolute)
        self._http = http
        self._media_host = media_host
        self._loopback = loopback
        self._has_key = has_key

    @property
    def skew_s(self) -> float:
        """The service's clock less ours, by its latest answer."""
        return self._http.skew_s

    async def fetch_catalog(self) -> object:
        """The live catalog; the public one when there is no key, or the key may not read it."""
        reply = await self._http.read("/v1/models") if self._has_key else None
        if reply is None or reply.status in (401, 403):
            reply = await self._http.read("/docs/models.json")
        return expect(reply).body

    def read_catalog(self, payload: object, fetched_at: str) -> Catalog:
        """The catalog from a payload, fresh or cached."""
        return read_catalog(payload, fetched_at, provider=self.terms.provider)

    async def balance(self) -> Money | None:
        """Credits left on the account."""
        return read_credits(expect(await self._http.read("/v1/balance")).body)

    async def upload(self, path: str) -> str:
        """Bring a local file to the service; its signed address."""
        file = Path(path)
        reply = await self._http.send_file("/v1/upload/media", file, upload_type(file))
        return self._absolute(read_upload(expect(reply).body))

    async def submit(self, spec: JobSpec, sources: Sequence[str],
                     mark: Mark = UNMARKED) -> Receipt | Finished | Broken:
        """Start one job: the one paid call of an attempt. The service takes no mark."""
        start = STARTS[spec.kind]
        reply = await self._http.pay(
            start.path, start.body(spec, sources),
            deadline_s=self.terms.at_once_s.get(spec.kind, PAID_DEADLINE_S))
        if not 200 <= reply.status < 300:
            raise refusal_of_start(reply)
        answer = start.read(reply, self._absolute)
        if answer is None:
            raise ReplyLost(f"status {reply.status} without a generation id")
        return answer

    async def look(self, remote_id: str, kind: str) -> News:
        """News of one generation."""
        reply = expect(await self._http.read(_route(remote_id, kind)))
        return read_job(reply.body, reply.content, remote_id, kind, self._absolute)

    async def follow(self, remote_id: str, kind: str) -> News:
        """The end of one generation, from its stream of events (facts/kubeez.md 3.6)."""
        async with self._http.listen(f"{_route(remote_id, kind)}/stream") as line:
            _check_stream(line)
            async with aclosing(read_events(line.chunks())) as events:
                async for event in events:
                    news = self._told(event, remote_id, kind)
                    if not isinstance(news, Working):
                        return news
        raise Unreachable("the stream ended before the job did")

    def _told(self, event: Event, remote_id: str, kind: str) -> News:
        """What one event says: `result` carries a status, heartbeats and the unknown nothing."""
        body, _, content = self._http.read_json(event.data.encode())
        if event.name == "error":
            raise Unreachable(f"the stream says: {in_words(content.decode())}")
        if event.name != "result":
            return Working()
        return read_job(body, content, remote_id, kind, self._absolute)

    async def scan(self, filters: Mapping[str, str]) -> Scan:
        """The newest rows of the account's history, one read."""
        reply = expect(await self._http.read("/v1/generations", dict(filters)))
        return read_scan(reply.body, self._absolute, most=self.terms.list_rows,
                         skew_s=reply.skew_s)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[Download]:
        """Open a made file, at its link or in its own address."""
        async with open_output(self._http, url, loopback=self._loopback) as body:
            yield body

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.close()

    def _absolute(self, url: str) -> str:
        """Links without a host belong to the media host, or to the account's own address."""
        return absolute(self._media_host, url)


def _route(remote_id: str, kind: str) -> str:
    return f"{ROUTES.get(kind, '/v1/generate/media')}/{remote_id}"


def upload_type(file: Path) -> str:
    """The media type that a file is sent as; raises `Refused` for one that is too large."""
    if file.stat().st_size > LARGEST_UPLOAD:
        raise Refused("the service takes files of at most 500 MB", cause="too_large")
    return MEDIA_TYPES.get(file.suffix.lower(), "application/octet-stream")


def _check_stream(line: Body) -> None:
    """Whether a line is a stream of events: no page, no plain status, and nothing to wait for."""
    if line.status == 429 or line.status >= 500:
        expect(Reply(line.status, line.headers, None, False, True))
    if line.status != 200 or line.media_type.lower() != "text/event-stream":
        raise Vanished(f"the service has no stream of this job (it answers {line.status})")
