"""Replies that carry a file: whole, a range of it, or broken on purpose."""

import hashlib
import re

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from pipeline.sandbox.door import ConnectionCut
from pipeline.sandbox.gallery import Made

_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")


def show_file(request: Request, made: Made) -> Response:
    """200 with the whole file, 206 with the range asked for, 416, or 304 for a known ETag."""
    etag = f'"{hashlib.sha256(made.content).hexdigest()[:32]}"'
    headers = {"etag": etag, "accept-ranges": "bytes", "cache-control": "public, max-age=31536000"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    wanted = request.headers.get("range", "")
    fresh = request.headers.get("if-range", etag) == etag
    found = _RANGE.match(wanted) if fresh and request.method == "GET" else None
    if found is None or found.groups() == ("", ""):
        return Response(made.content, 200, headers, made.media_type)
    size = len(made.content)
    start, stop = _span(found[1], found[2], size)
    if start >= stop:
        return Response(None, 416, {**headers, "content-range": f"bytes */{size}"})
    headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    return Response(made.content[start:stop], 206, headers, made.media_type)


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def show_broken(made: Made, kind: str) -> Response:
    """A download gone wrong; kinds as the fault `broken_download` names them."""
    if kind == "html":
        return HTMLResponse("<!DOCTYPE html><title>502 Bad Gateway</title><h1>Bad Gateway</h1>")
    if kind == "empty":
        return Response(b"", media_type=made.media_type)
    if kind == "truncated":
        return Response(made.content[:len(made.content) // 2], media_type=made.media_type)
    return HalfResponse(made, reset=kind == "reset")


class HalfResponse(Response):
    """Promises a whole file and sends the first half, then closes or resets the connection."""

    def __init__(self, made: Made, *, reset: bool) -> None:
        super().__init__(made.content, media_type=made.media_type)
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half; in-process, where no line can be cut, a short body is the broken promise."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = bytes(self.body[:len(self.body) // 2])
        can_cut = self._reset or "cut" in scope.get("state", {})
        await send({"type": "http.response.body", "body": half, "more_body": can_cut})
        if can_cut:
            raise ConnectionCut(reset=self._reset)
