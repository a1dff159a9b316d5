"""A simulated process's way to the service without the HTTP client: many worlds, little ceremony.

Law: what is asked and what is answered is the same to the byte, and so is what goes wrong on the
way. Only the client's own work falls away, which other worlds go through.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from json import dumps
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import httpx

from pipeline.core.errors import ReplyLost, Unreachable
from pipeline.providers.downloads import check_download
from pipeline.providers.http import (
    DEADLINE_S,
    PAID_DEADLINE_S,
    SILENCE_S,
    UPLOAD_DEADLINE_S,
    Body,
    Http,
)
from pipeline.providers.reply import Reply, clock_s
from pipeline.providers.secret import Secret
from pipeline.sandbox.door import ConnectionCut
from pipeline.simulation.delivery import Answer, NoAnswer, pieces
from pipeline.simulation.wire import SERVICE, Asked, Caller, NobodyListens

BOUNDARY = "the-boundary-of-a-short-line"
HOST = (b"host", f"{SERVICE[0]}:{SERVICE[1]}".encode())
JSON = (b"content-type", b"application/json")
FORM = (b"content-type", f"multipart/form-data; boundary={BOUNDARY}".encode())
CUT = (NoAnswer, ConnectionCut, httpx.HTTPError)
"""What may become of a call that left."""


class ShortLine(Http):
    """One process's calls, answered below HTTP."""

    def __init__(self, base_url: str, key: Secret, *, now: Callable[[], float],
                 caller: Caller) -> None:
        self.base_url = base_url
        self.skew_s = 0.0
        self._key = key
        self._now = now
        self._caller = caller
        self._signed_headers = [HOST, (b"x-api-key", key.reveal().encode())]

    async def close(self) -> None:
        """Nothing is open."""

    async def read(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        """A free question; raises `Unreachable`."""
        asked = Asked("GET", path, urlencode(params or {}).encode(), self._signed_headers)
        return await self._ask(asked, DEADLINE_S, Unreachable)

    async def pay(self, path: str, body: Mapping[str, object], *,
                  deadline_s: float = PAID_DEADLINE_S) -> Reply:
        """A paid call; raises `Unreachable` (free) or `ReplyLost`."""
        asked = Asked("POST", path, b"", [*self._signed_headers, JSON], dumps(body).encode())
        return await self._ask(asked, deadline_s, ReplyLost)

    async def send_file(self, path: str, file: Path, media_type: str,
                        fields: Mapping[str, str] | None = None) -> Reply:
        """One file as the only part of a form; raises `Unreachable`."""
        asked = Asked("POST", path, b"", [*self._signed_headers, FORM], _form(file, media_type))
        return await self._ask(asked, UPLOAD_DEADLINE_S, Unreachable)

    @asynccontextmanager
    async def listen(self, path: str) -> AsyncIterator[Body]:
        """A stream of events; raises `Unreachable`, also while it is read."""
        asked = Asked("GET", path, b"", self._signed_headers)
        yield ShortBody(await self._have(asked, SILENCE_S, Unreachable), self._caller, path)

    @asynccontextmanager
    async def download(self, url: str, *, loopback: bool) -> AsyncIterator[Body]:
        """A made file, asked for without the key."""
        parts = urlsplit(url)
        asked = Asked("GET", parts.path, parts.query.encode(), [HOST])
        body = ShortBody(await self._have(asked, DEADLINE_S, Unreachable), self._caller, parts.path)
        check_download(body.status, body.headers)
        yield body

    async def _ask(self, asked: Asked, deadline_s: float,
                   lost: type[ReplyLost] | type[Unreachable]) -> Reply:
        answer = await self._have(asked, deadline_s, lost)
        if answer.cut is not None:
            raise lost(_words(answer.cut))
        body, is_json, content = self.read_json(b"".join(answer.body))
        headers = _headers(answer)
        told_s = clock_s(headers)
        skew_s = 0.0 if told_s is None else told_s - self._now()
        self.skew_s = 0.0 if abs(skew_s) < 2.0 else skew_s
        return Reply(answer.status, headers, body, is_json, not content.strip(), self.skew_s,
                     content)

    async def _have(self, asked: Asked, deadline_s: float,
                    lost: type[ReplyLost] | type[Unreachable]) -> Answer:
        try:
            return await self._caller.call(asked, deadline_s)
        except NobodyListens:
            raise Unreachable("no connection") from None
        except CUT as error:
            raise lost(_words(error)) from None


class ShortBody(Body):
    """An answer whose bytes are still on their way."""

    def __init__(self, answer: Answer, caller: Caller, path: str) -> None:
        self.status = answer.status
        self.headers = _headers(answer)
        length = self.headers.get("content-length")
        self.length = int(length) if length else None
        self.media_type = self.headers.get("content-type", "").partition(";")[0].strip()
        self._pieces = pieces(answer, caller.life, path, SILENCE_S)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they come; raises `Unreachable`."""
        try:
            async for piece in self._pieces:
                yield piece
        except CUT as error:
            raise Unreachable(_words(error)) from None


def _form(file: Path, media_type: str) -> bytes:
    """A form of one part (RFC 7578)."""
    head = (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{quote(file.name)}"\r\nContent-Type: {media_type}\r\n\r\n')
    return head.encode() + file.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()


def _headers(answer: Answer) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in answer.headers}


def _words(error: Exception) -> str:
    return "no answer in time" if isinstance(error, NoAnswer) else "the line was cut"
