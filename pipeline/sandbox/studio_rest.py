"""The REST surface of Artificial Studio: runs, generations, tools, files, the account."""

import io
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.door import Refusal, Visit
from pipeline.sandbox.downloads import show_broken, show_file
from pipeline.sandbox.gallery import Made
from pipeline.sandbox.jobs import Upload
from pipeline.sandbox.kubeez_desk import Way
from pipeline.sandbox.kubeez_uploads import read_files
from pipeline.sandbox.pieces import split_name
from pipeline.sandbox.studio_answers import moment
from pipeline.sandbox.studio_desk import StudioDesk
from pipeline.sandbox.studio_orders import read_body
from pipeline.sandbox.truth import show_truth


@dataclass(frozen=True, slots=True)
class Rest:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: StudioDesk

    def run(self, visit: Visit) -> Response:
        """POST /api/run: one job, charged when it is accepted."""
        teller = self.desk.teller(visit.request)
        job = self.desk.start(read_body(visit.body), teller)
        return JSONResponse(teller.started(job), 202)

    def generation(self, visit: Visit) -> Response:
        """GET /api/generations/{id}: the record with its payload."""
        job = self.desk.find_job(visit.request.path_params["id"])
        return JSONResponse(self.desk.teller(visit.request).record(job))

    def generations(self, visit: Visit) -> Response:
        """GET /api/generations: a page of rows without payload, newest first."""
        teller = self.desk.teller(visit.request)
        return JSONResponse(self.desk.listed(dict(visit.request.query_params), teller))

    def tools(self, visit: Visit) -> Response:
        """GET /api/tools: every tool, without its models."""
        return JSONResponse({"data": [dict(tool.public) for tool in self.desk.shelf]})

    def tool(self, visit: Visit) -> Response:
        """GET /api/tools/{slug}: one tool with its models."""
        tool = self.desk.shelf.find(visit.request.path_params["slug"])
        if tool is None:
            raise Refusal(404, "not_found", "Tool not found")
        return JSONResponse(tool.shown())

    def search(self, visit: Visit) -> Response:
        """GET /api/search?q=: the tools that fit some words, with their models."""
        found = self.desk.shelf.search(visit.request.query_params.get("q", ""))
        return JSONResponse({"data": [tool.shown() for tool in found]})

    def account(self, visit: Visit) -> Response:
        """GET /api/account: credits and plan."""
        return JSONResponse(self.desk.teller(visit.request).account())

    async def upload(self, visit: Visit) -> Response:
        """POST /files: one file, as the multipart part `file`."""
        name = (await read_files(visit.request, self.desk.service))[0]
        found = self.desk.service.uploads.find(name)
        if found is None:
            raise Refusal(500, "internal_error", "The file is gone")
        return JSONResponse(self._uploaded(visit, found[0]))

    def upload_raw(self, visit: Visit) -> Response:
        """POST /api/files: one file, as the body, its name in `X-Filename`."""
        headers = visit.request.headers
        if not visit.body:
            raise Refusal(400, "invalid_request", "No file")
        kept = self.desk.service.keep(io.BytesIO(visit.body), headers.get("x-filename", "file"),
                                      headers.get("content-type", ""))
        return JSONResponse(self._uploaded(visit, kept))

    def _uploaded(self, visit: Visit, kept: Upload) -> dict[str, object]:
        root = str(visit.request.base_url).rstrip("/")
        return {"id": kept.name.partition(".")[0], "url": f"{root}/uploads/{kept.name}",
                "type": kept.media_type.partition("/")[0], "createdAt": moment(kept.created_at)}

    def handed_in(self, visit: Visit) -> Response:
        """GET /uploads/{name}: a file that was handed in."""
        found = self.desk.service.uploads.find(visit.request.path_params["name"])
        if found is None:
            raise Refusal(404, "not_found", "File not found")
        return show_file(visit.request, Made(found[1], found[0].media_type))

    async def output(self, visit: Visit) -> Response:
        """GET /images/{name}: an output's file, or its thumbnail."""
        output_id, companion = split_name(visit.request.path_params["name"])
        service = self.desk.service
        job = service.visible_output(output_id)
        if job is None:
            raise Refusal(404, "not_found", "File not found")
        made = await self.desk.gallery.fetch(job, output_id, companion)
        is_get = visit.request.method == "GET"
        if is_get and (broken := service.strikes.strike("broken_download", "download")):
            return show_broken(made, broken.kind)
        return show_file(visit.request, made)

    def books(self, visit: Visit) -> Response:
        """GET /sandbox/books: the ground truth; only the sandbox has it."""
        return show_truth(visit, self.desk.service)


def routes(desk: StudioDesk) -> list[BaseRoute]:
    """The routes of this surface; those asked most come first."""
    rest, read = Rest(desk), "reads"
    return [
        desk.route("GET", "/api/generations/{id}", rest.generation, Way("status", read, "")),
        desk.route("GET", "/api/generations", rest.generations, Way("history", read, "")),
        desk.route("POST", "/api/run", rest.run, Way("start", "media", "")),
        desk.route("GET", "/images/{name}", rest.output, Way("download")),
        desk.route("GET", "/api/tools", rest.tools, Way("catalog", read, "")),
        desk.route("GET", "/api/tools/{slug}", rest.tool, Way("catalog", read, "")),
        desk.route("GET", "/api/search", rest.search, Way("catalog", read, "")),
        desk.route("GET", "/api/account", rest.account, Way("balance", read, "")),
        desk.route("POST", "/files", rest.upload, Way("upload", "upload", "", streams=True)),
        desk.route("POST", "/api/files", rest.upload_raw, Way("upload", "upload", "")),
        desk.route("GET", "/uploads/{name}", rest.handed_in),
        desk.route("GET", "/sandbox/books", rest.books),
    ]
