"""How files reach Kubeez by MCP: a session, a form sent straight to it, and what was measured.

Law: a session is known by its token alone, which is all that the form must carry; it lives as long
as the process (facts/kubeez.md 3.8).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.chance import mint_id
from pipeline.sandbox.door import Visit
from pipeline.sandbox.kubeez_desk import Desk, Way
from pipeline.sandbox.kubeez_fields import invalid, missing, not_found, read_needed
from pipeline.sandbox.kubeez_uploads import read_form
from pipeline.sandbox.mcp_desk import Arguments, Tool
from pipeline.sandbox.multipart import Part
from pipeline.sandbox.uploads import ANY_TYPE

DIRECT = "/upload/direct"
TEXT = {"type": "string"}


@dataclass(frozen=True, slots=True)
class UploadSessions:
    """The upload sessions of one desk, by their tokens: the names of their files in order."""

    desk: Desk
    files: dict[str, list[str]] = field(default_factory=dict)

    def tools(self) -> list[Tool]:
        """The tools of an upload."""
        scope = "generate:media"
        return [Tool("get_upload_url", "Where to bring a file.", {"model_id": TEXT}, self.begin,
                     ("model_id",), "upload", "upload", scope),
                Tool("get_upload_session", "What has been brought.", {"token": TEXT}, self.show,
                     ("token",), "status", "reads", scope)]

    def routes(self) -> list[BaseRoute]:
        """Where the form goes; the token in it is the key."""
        return [self.desk.route("POST", DIRECT, self.take, Way("upload", streams=True))]

    def begin(self, visit: Visit, arguments: Arguments) -> Mapping[str, Any]:
        """`get_upload_url`: a new session."""
        model = read_needed(arguments, "model_id")
        token = mint_id("session", self.desk.service.now(), len(self.files), model)
        self.files[token] = []
        root = self.desk.root(visit.request)
        return {"token": token, "url": f"{root}/upload?token={token}",
                "direct_upload_url": root + DIRECT,
                "direct_upload_allowlist_domains": [visit.request.url.hostname]}

    async def take(self, visit: Visit) -> Response:
        """POST /upload/direct: files for the session that the form names."""
        parts = await read_form(visit.request, self.desk.service)
        try:
            token = next((part.content.read().decode("utf-8", "replace") for part in parts
                          if part.field == "token"), "")
            if token not in self.files:
                raise not_found("No such upload session.")
            self.files[token] += self._keep([part for part in parts if part.field == "file"])
        finally:
            for part in parts:
                part.content.close()
        return JSONResponse({"success": True, "count": len(self.files[token])})

    def _keep(self, parts: Sequence[Part]) -> list[str]:
        if not parts:
            raise missing("file")
        if any(part.media_type in ("", ANY_TYPE) for part in parts):
            raise invalid("Every file needs a real content type.")
        service = self.desk.service
        with service.books.writing():
            return [service.keep(part.content, part.filename, part.media_type).name
                    for part in parts]

    def show(self, visit: Visit, arguments: Arguments) -> Mapping[str, Any]:
        """`get_upload_session`: the addresses, and how long everything plays."""
        names = self.files.get(read_needed(arguments, "token"))
        if names is None:
            raise not_found("No such upload session.")
        media = [self._file(visit.request, name) for name in names]
        unknown = sum(each["measurement"] == "unavailable" for each in media)
        return {"count": len(media), "media": media,
                "media_urls": [each["url"] for each in media],
                "total_video_seconds": _seconds(media, "video"),
                "total_audio_seconds": _seconds(media, "audio"),
                "unknown_duration_count": unknown,
                "billing_readiness": "pessimistic_fallback" if unknown else "exact"}

    def _file(self, request: Request, name: str) -> dict[str, Any]:
        url, _ = self.desk.signed(request, f"/uploads/{name}")
        found = self.desk.service.uploads.find(name)
        media_type = found[0].media_type if found else ANY_TYPE
        kind = media_type.partition("/")[0]
        told: dict[str, Any] = {"url": url, "kind": kind, "mime_type": media_type,
                                "file_size_bytes": found[0].size if found else 0,
                                "measurement": "not_needed"}
        if kind not in ("video", "audio"):
            return told
        measured = self.desk.service.faults.uploads_measured
        seconds = self.desk.intake.find(url).seconds if measured else None
        if seconds is None:
            return {**told, "measurement": "unavailable"}
        return {**told, "measurement": "measured", "duration_seconds": round(seconds, 3)}


def _seconds(media: Sequence[Mapping[str, Any]], kind: str) -> float:
    return math.fsum(each.get("duration_seconds", 0.0) for each in media if each["kind"] == kind)
