"""The asset library of the Kubeez dialect: named files with links that live an hour."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.door import Refusal, Visit
from pipeline.sandbox.fetching import FetchFailed, TooMuch, fetch_file
from pipeline.sandbox.kubeez_answers import moment
from pipeline.sandbox.kubeez_desk import Desk, Way
from pipeline.sandbox.kubeez_fields import (
    Fields,
    invalid,
    missing,
    not_found,
    read_address,
    read_fields,
    read_needed,
)
from pipeline.sandbox.kubeez_uploads import too_large
from pipeline.sandbox.pieces import split_name
from pipeline.sandbox.shelf import Asset, NameTaken, Shelf, ShelfFull
from pipeline.sandbox.sources import FILES

NAME = re.compile(r"[a-z0-9_-]{1,64}\Z")
"""Lowercase letters, digits, "_" and "-", at most 64 (llms.txt, "Asset Library")."""

KINDS = ("image", "video", "audio")


@dataclass(frozen=True, slots=True)
class Assets:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    @property
    def shelf(self) -> Shelf:
        """The files themselves."""
        service = self.desk.service
        return Shelf(service.books, service.faults.limits.library_bytes)

    def list(self, visit: Visit) -> Response:
        """GET /v1/assets: the library, every link signed anew."""
        assets = [self._show(visit.request, asset) for asset in self.shelf.assets()]
        return JSONResponse({"assets": assets, "count": len(assets),
                             "quota_bytes": self.shelf.quota_bytes,
                             "used_bytes": self.shelf.used_bytes})

    async def add(self, visit: Visit) -> Response:
        """POST /v1/assets: bring a file in from its address, under a name."""
        fields = read_fields(visit.body)
        name, url = _read_name(fields), read_address(fields, "url")
        if not url:
            raise missing("url")
        if self.shelf.has_name(name):
            raise _taken(name)
        content, media_type = await self._fetch(visit.request, url)
        kind = (PurePosixPath(urlsplit(url).path).name, media_type)
        try:
            asset = self.shelf.add(name, content, kind, self.desk.service.now())
        except NameTaken:
            raise _taken(name) from None
        except ShelfFull:
            raise Refusal(413, "quota_exceeded", "The library holds at most "
                          f"{self.shelf.quota_bytes} bytes.") from None
        return JSONResponse({"asset": self._show(visit.request, asset)})

    def rename(self, visit: Visit) -> Response:
        """PATCH /v1/assets/{id}: another name for a file."""
        asset, name = self._find(visit), _read_name(read_fields(visit.body))
        try:
            self.shelf.rename(asset, name)
        except NameTaken:
            raise _taken(name) from None
        return JSONResponse({"asset": self._show(visit.request, self._find(visit))})

    def remove(self, visit: Visit) -> Response:
        """DELETE /v1/assets/{id}: take a file away for good."""
        self.shelf.remove(self._find(visit))
        return JSONResponse({"success": True})

    def _find(self, visit: Visit) -> Asset:
        asset_id = visit.request.path_params["id"]
        asset = self.shelf.find(asset_id)
        if asset is None:
            raise not_found(f"Asset '{asset_id}' not found.")
        return asset

    def _show(self, request: Request, asset: Asset) -> dict[str, Any]:
        url, ends = self.desk.signed(request, f"/library/{asset.file}")
        medium = asset.media_type.partition("/")[0]
        return {"id": asset.id, "name": asset.name, "kind": medium if medium in KINDS else "file",
                "mime_type": asset.media_type, "size_bytes": asset.size, "url": url,
                "url_expires_at": moment(ends)}

    async def _fetch(self, request: Request, url: str) -> tuple[bytes, str]:
        """The bytes behind an address and their type; raises `Refusal`."""
        limit = self.desk.service.faults.limits.upload_bytes
        is_own = urlsplit(url).netloc in ("", request.base_url.netloc)
        try:
            content, media_type = await (self._own(url) if is_own else fetch_file(url, limit))
        except FetchFailed as error:
            raise Refusal(502, "fetch_failed", f"Could not fetch '{url}': {error}") from error
        except TooMuch:
            raise too_large(limit) from None
        if len(content) > limit:
            raise too_large(limit)
        return content, media_type

    async def _own(self, url: str) -> tuple[bytes, str]:
        """What lies at an address of this very service, without a call; raises `FetchFailed`."""
        if why := self.desk.intake.why_dead(url):
            raise FetchFailed(why)
        path, service = PurePosixPath(urlsplit(url).path), self.desk.service
        if path.parent.name in FILES and (found := service.uploads.find(path.name)):
            return found[1], found[0].media_type
        output_id, companion = split_name(path.name)
        job = service.visible_output(output_id)
        if job is None:
            raise FetchFailed("there is no such file")
        made = await self.desk.gallery.fetch(job, output_id, companion)
        return made.content, made.media_type


def _read_name(fields: Fields) -> str:
    name = read_needed(fields, "name")
    if not NAME.match(name):
        raise invalid("name takes lowercase letters, digits, '_' and '-', at most 64 of them.")
    return name


def _taken(name: str) -> Refusal:
    return Refusal(409, "name_taken", f"An asset named '{name}' is there already.")


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part."""
    assets, path, scope = Assets(desk), "/v1/assets", "generate:media"
    return [
        desk.route("GET", path, assets.list, Way("library", "reads", scope)),
        desk.route("POST", path, assets.add, Way("upload", "upload", scope)),
        desk.route("PATCH", path + "/{id}", assets.rename, Way("library", "reads", scope)),
        desk.route("DELETE", path + "/{id}", assets.remove, Way("library", "reads", scope)),
    ]
