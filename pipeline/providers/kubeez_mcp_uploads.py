"""How a local file reaches Kubeez over MCP: a session, a form, and what became of it (facts 3.8).

Law: the form goes where the session says, checked as a link is, and no key goes with it: the
session's token is all that it needs.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pipeline.core.catalog import Model
from pipeline.core.errors import Refused, Unreachable
from pipeline.providers.http import Http
from pipeline.providers.kubeez import upload_type
from pipeline.providers.kubeez_refusals import expect
from pipeline.providers.links import check_link

ANY_MODEL = "nano-banana-2"
"""Whom a file is for where no catalog tells: a session wants a name, and keeps any file."""
UNTYPED = "application/octet-stream"
"""The one type that a session does not take (facts/kubeez.md 3.8)."""


class Ask(Protocol):
    """A free call of a tool; its body."""

    def __call__(self, tool: str, arguments: Mapping[str, object], /) -> Awaitable[Any]:
        """Make it."""
        ...


class Uploading:
    """Brings files; `models` are those that a session can be opened for."""

    def __init__(self, ask: Ask, open_http: Callable[[str], Http], *, loopback: bool) -> None:
        self.models: Sequence[Model] = ()
        self._ask = ask
        self._open_http = open_http
        self._loopback = loopback

    async def bring(self, file: Path) -> str:
        """The address of a file that is there now; raises `Refused` for one that is too large."""
        media_type = upload_type(file)
        if media_type == UNTYPED:
            raise Refused(f"the service takes no file whose kind nobody knows ({file.suffix})",
                          cause="invalid_request")
        session = await self._ask("get_upload_url", {"model_id": self._taker(media_type)})
        token, url = _text(session, "token"), _text(session, "direct_upload_url")
        if not token or not url:
            raise Unreachable("the service opens no upload session")
        await check_link(url, loopback=self._loopback)
        http = self._open_http(url)
        try:
            expect(await http.send_file("", file, media_type, {"token": token}), may_be_empty=True)
        finally:
            await http.close()
        return _address(await self._ask("get_upload_session", {"token": token}))

    def _taker(self, media_type: str) -> str:
        """A model that takes such a file."""
        medium = media_type.partition("/")[0]
        for model in self.models:
            can = model.capability
            most = {"image": can.max_images, "video": can.max_videos, "audio": can.max_audios}
            if most.get(medium):
                return model.id
        return next((model.id for model in self.models), ANY_MODEL)


def _address(session: object) -> str:
    """Where the file is; raises `Refused` for one that the service could not read."""
    if any(row.get("measurement") == "unreadable" for row in _rows(session)):
        raise Refused("the service cannot read the file; convert it", cause="invalid_request")
    urls = session.get("media_urls") if isinstance(session, Mapping) else None
    if not isinstance(urls, list) or not urls or not isinstance(urls[0], str):
        raise Unreachable("the upload session names no address")
    return urls[0]


def _rows(session: object) -> Iterator[Mapping[str, Any]]:
    media = session.get("media") if isinstance(session, Mapping) else None
    rows = media if isinstance(media, list) else []
    yield from (row for row in rows if isinstance(row, Mapping))


def _text(body: object, name: str) -> str:
    value = body.get(name) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) else ""
