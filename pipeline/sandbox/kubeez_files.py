"""The files of the Kubeez dialect: outputs and their companions, and what clients hand in."""

from dataclasses import dataclass

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.door import Refusal, Visit
from pipeline.sandbox.downloads import show_broken, show_file
from pipeline.sandbox.gallery import Made
from pipeline.sandbox.kubeez_desk import Desk, Way
from pipeline.sandbox.kubeez_fields import not_found
from pipeline.sandbox.kubeez_uploads import read_files
from pipeline.sandbox.links import why_dead
from pipeline.sandbox.pieces import STREAM, split_name

STREAMED_SHARE = 0.4
"""How much of a song its stream has: it is taken before the song is whole."""


@dataclass(frozen=True, slots=True)
class Files:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    async def upload(self, visit: Visit) -> Response:
        """POST /v1/upload/media: files for `source_media_urls` and `media_url`."""
        names = await read_files(visit.request, self.desk.service)
        urls = [self._link(visit, f"/uploads/{name}") for name in names]
        told = {"url": urls[0]} if self.desk.service.faults.upload_answer == "url" \
            else {"urls": urls}
        return JSONResponse({"success": True, **told, "uploaded": len(names)})

    def _link(self, visit: Visit, path: str) -> str:
        if self.desk.service.faults.signed_uploads:
            return self.desk.signed(visit.request, path)[0]
        return self.desk.root(visit.request) + path

    def uploaded(self, visit: Visit) -> Response:
        """GET /uploads/{name}: a file that was handed in."""
        return self._show(visit, signed=self.desk.service.faults.signed_uploads)

    def shelved(self, visit: Visit) -> Response:
        """GET /library/{name}: a file of the asset library."""
        return self._show(visit, signed=True)

    def _show(self, visit: Visit, *, signed: bool) -> Response:
        request, service = visit.request, self.desk.service
        found = service.uploads.find(request.path_params["name"])
        if found is None:
            raise not_found("No such file.")
        if signed and (why := why_dead(request.url.path, request.query_params, service.now())):
            raise Refusal(403, "forbidden", why)
        return show_file(request, Made(found[1], found[0].media_type))

    async def output(self, visit: Visit) -> Response:
        """GET /images/{name}, /audio/{name}: an output's file, or a companion of it."""
        output_id, companion = split_name(visit.request.path_params["name"])
        service = self.desk.service
        is_stream = companion == STREAM
        job = service.visible_output(output_id, begun=is_stream)
        if job is None:
            raise not_found("No such file.")
        made = await self.desk.gallery.fetch(job, output_id, "" if is_stream else companion)
        if is_stream:
            made = Made(made.content[:int(len(made.content) * STREAMED_SHARE)], made.media_type)
        is_get = visit.request.method == "GET"
        if is_get and (broken := service.strikes.strike("broken_download", "download")):
            return show_broken(made, broken.kind)
        return show_file(visit.request, made)


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part."""
    files = Files(desk)
    return [
        desk.route("GET", "/images/{name}", files.output, Way("download")),
        desk.route("GET", "/audio/{name}", files.output, Way("download")),
        desk.route("POST", "/v1/upload/media", files.upload,
                   Way("upload", "upload", "generate:media", streams=True)),
        desk.route("GET", "/uploads/{name}", files.uploaded),
        desk.route("GET", "/library/{name}", files.shelved),
    ]
