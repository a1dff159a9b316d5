"""The media part of the Kubeez dialect: pictures and clips, uploads, their files, the history."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.books import Search
from pipeline.sandbox.door import Visit
from pipeline.sandbox.downloads import show_broken, show_file
from pipeline.sandbox.gallery import Made
from pipeline.sandbox.jobs import QUEUED
from pipeline.sandbox.kubeez_answers import THUMBNAIL
from pipeline.sandbox.kubeez_desk import Desk, Way, not_found
from pipeline.sandbox.kubeez_uploads import read_files
from pipeline.sandbox.kubeez_validation import PROVIDER, invalid, read_order

HISTORY_LIMIT = 25
"""The most rows that the history shows (Kubeez get_generations: 1-25, larger values clamped)."""


@dataclass(frozen=True, slots=True)
class Media:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    def start(self, visit: Visit) -> Response:
        """POST /v1/generate/media."""
        order, billing_mode = read_order(visit.body, self.desk.catalog)
        job = self.desk.service.start(order)
        return JSONResponse(self.desk.teller(visit.request).start(job, billing_mode))

    def status(self, visit: Visit) -> Response:
        """GET /v1/generate/media/{id}."""
        job_id = visit.request.path_params["id"]
        job = self.desk.service.visible_job(job_id, PROVIDER)
        if job is None:
            raise not_found(f"Generation '{job_id}' not found.")
        return JSONResponse(self.desk.teller(visit.request).status(job))

    def history(self, visit: Visit) -> Response:
        """GET /v1/generations, newest first."""
        asked = visit.request.query_params
        try:
            limit = int(asked.get("limit", HISTORY_LIMIT))
        except ValueError as error:
            raise invalid("limit must be a number.") from error
        service = self.desk.service
        status = asked.get("status", "")
        jobs = service.recent(Search(
            provider=PROVIDER, status=QUEUED if status == service.faults.first_status else status,
            model=asked.get("model", ""), generation_type=asked.get("generation_type", ""),
            created_by=service.listed_by, limit=max(1, min(limit, HISTORY_LIMIT))))
        teller = self.desk.teller(visit.request)
        return JSONResponse({"generations": [teller.row(job) for job in jobs]})

    async def upload(self, visit: Visit) -> Response:
        """POST /v1/upload/media."""
        names = await read_files(visit.request, self.desk.service)
        root = self.desk.root(visit.request)
        return JSONResponse({"success": True, "urls": [f"{root}/uploads/{name}" for name in names],
                             "uploaded": len(names)})

    def uploaded(self, visit: Visit) -> Response:
        """GET /uploads/{name}."""
        found = self.desk.service.uploads.find(visit.request.path_params["name"])
        if found is None:
            raise not_found("No such file.")
        return show_file(visit.request, Made(found[1], found[0].media_type))

    async def output(self, visit: Visit) -> Response:
        """GET /images/{name}: an output's file, or a clip's thumbnail."""
        name = visit.request.path_params["name"]
        is_thumbnail = name.endswith(THUMBNAIL)
        output_id = name.removesuffix(THUMBNAIL) if is_thumbnail else PurePosixPath(name).stem
        service = self.desk.service
        job = service.visible_output(output_id)
        if job is None:
            raise not_found("No such file.")
        made = await self.desk.gallery.fetch(job, output_id, "image" if is_thumbnail else None)
        is_get = visit.request.method == "GET"
        if is_get and (broken := service.strikes.strike("broken_download", "download")):
            return show_broken(made, broken.kind)
        return show_file(visit.request, made)


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part; those asked most come first."""
    media = Media(desk)
    reads = "read:generations"
    path = "/v1/generate/media"
    return [
        desk.route("GET", path + "/{id}", media.status, Way("status", "reads", reads)),
        desk.route("POST", path, media.start, Way("start", "media", "generate:media")),
        desk.route("GET", "/v1/generations", media.history, Way("history", "reads", reads)),
        desk.route("GET", "/images/{name}", media.output, Way("download")),
        desk.route("POST", "/v1/upload/media", media.upload,
                   Way("upload", "upload", "generate:media", streams=True)),
        desk.route("GET", "/uploads/{name}", media.uploaded),
    ]
