"""The Media Engine dialect: jobs, models and webhooks (facts/media_apis.md section 2).

Which of the three published descriptions it goes by is a switch, `mediaengine_dialect`. Nothing is
published of its limits, of the prices of five of its six models, or of refunds: what stands here
for them is the sandbox's own.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp

from pipeline.sandbox.books import Search
from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.door import Door, Handler, House, Refusal, Visit, whole_seconds
from pipeline.sandbox.downloads import show_broken, show_file
from pipeline.sandbox.gallery import Gallery, Make, make_media
from pipeline.sandbox.jobs import COMPLETED, RemoteJob
from pipeline.sandbox.mediaengine_orders import PROVIDER, invalid, read_wanted
from pipeline.sandbox.mediaengine_words import Teller, private_id
from pipeline.sandbox.ringing import Bell, Call
from pipeline.sandbox.service import Denied, NotEnoughCredits, RemoteService
from pipeline.sandbox.truth import show_truth
from pipeline.sandbox.windows import IN_FLIGHT, PER_MINUTE, Limits

MODELS = Path(__file__).with_name("mediaengine_models.jsonl")
"""The six models of the page; it prices `flux2-turbo` by an example, the others are priced here."""

LIMITS = Limits({**PER_MINUTE, "media": 30, "reads": 120}, {**IN_FLIGHT, "media": 10})
"""The sandbox's own: "rate limits scale with your plan", says the page, and no more."""

LIST_ROWS = 50
"""Rows of the list where none are asked for; the page says "recent jobs". The sandbox's own."""
CLIENT_ROWS = (20, 100)
"""Rows of the client's list, by default and at most."""

ANSWER_S = 10.0
PAUSES_S = (5.0, 15.0, 60.0, 300.0, 900.0)
"""The page: "respond 2xx within 10s; we retry with backoff"; the pauses are the sandbox's own."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    service: RemoteService
    gallery: Gallery
    rows: SandboxCatalog

    @property
    def dialect(self) -> str:
        """The description that it goes by."""
        return self.service.faults.mediaengine_dialect

    def create(self, visit: Visit) -> Response:
        """POST the jobs' address: a job, charged at once."""
        wanted = read_wanted(visit.body, self._catalog(), self.dialect)
        teller = self._teller(visit.request)
        with self.service.books.writing():
            job = self.service.start(wanted.order)
            if wanted.webhook:
                self.service.rings.add(job, wanted.webhook, teller.root)
        return self._tell(teller.accepted(job), 201)

    def status(self, visit: Visit) -> Response:
        """GET one job."""
        return self._tell(self._teller(visit.request).job(self._find(visit)))

    def listing(self, visit: Visit) -> Response:
        """GET the newest jobs, newest first."""
        asked = visit.request.query_params
        default, most = CLIENT_ROWS if self.dialect == "client" else (LIST_ROWS, LIST_ROWS)
        try:
            limit = int(asked.get("limit", default))
        except ValueError as error:
            raise invalid("limit must be a number.") from error
        teller = self._teller(visit.request)
        jobs = self.service.recent(Search(PROVIDER, created_by=self.service.listed_by,
                                          limit=max(1, min(limit, most))))
        rows = [teller.job(job) for job in jobs]
        return self._tell(rows if self.dialect == "client" else {"jobs": rows})

    def models(self, visit: Visit) -> Response:
        """GET the models."""
        rows = self._teller(visit.request).models(self._catalog())
        return self._tell(rows if self.dialect == "client" else {"models": rows})

    def link(self, visit: Visit) -> Response:
        """GET a client's job's download: the address of its file."""
        links = self._teller(visit.request).links(self._find(visit))
        if not links:
            raise Refusal(404, "not_found", "The job has no output yet.")
        return self._tell({"url": links[0], "expiresIn": 3600})

    async def file(self, visit: Visit) -> Response:
        """GET /cdn/{id}/{n}: a made file, to anybody."""
        asked = visit.request.path_params
        job = self.service.books.job(private_id(asked["id"]))
        number = asked["name"].partition(".")[0]
        names = job.output_ids() if job else []
        output_id = names[int(number)] if number.isdecimal() and int(number) < len(names) else ""
        made = self.service.visible_output(output_id) if output_id else None
        if made is None:
            raise Refusal(404, "not_found", "No such file.")
        content = await self.gallery.fetch(made, output_id)
        broken = self.service.strikes.strike("broken_download", "download")
        if broken and visit.request.method == "GET":
            return show_broken(content, broken.kind)
        return show_file(visit.request, content)

    def books(self, visit: Visit) -> Response:
        """GET /sandbox/books: the ground truth, to loopback only."""
        return show_truth(visit, self.service)

    def admit(self, request: Request, scope: str) -> str:
        """The key of a request; raises `Refusal`."""
        kind, _, key = request.headers.get("authorization", "").strip().partition(" ")
        known = self.service.faults.keys
        if kind.lower() != "bearer" or not key.strip() or (known and key.strip() not in known):
            raise Refusal(401, "unauthorized", "Missing or invalid API key.")
        return key.strip()

    def refuse(self, no: Refusal | Denied) -> Response:
        """A no in the envelope of this description."""
        refusal = no if isinstance(no, Refusal) else _worded(no)
        code = {"rate_limit_exceeded": "rate_limited"}.get(refusal.code, refusal.code)
        told = {"code": self.service.faults.error_words.get(code, code),
                "message": refusal.message}
        headers = dict(refusal.headers)
        if refusal.retry_after_s is not None and "retry-after" not in headers:
            headers["retry-after"] = whole_seconds(refusal.retry_after_s)
        body = {"error": told} if self.dialect == "client" else told
        return JSONResponse(body, refusal.status, headers)

    def door(self, handler: Handler, call: str = "", bucket: str = "", *,
             is_open: bool = False) -> Door:
        """A door of this dialect."""
        house = House(self.service, self.admit, self.refuse)
        return Door(house, handler, call, bucket, None if is_open else "")

    def _catalog(self) -> SandboxCatalog:
        return self.rows.changed(self.service.faults.models)

    def _find(self, visit: Visit) -> RemoteJob:
        job = self.service.visible_job(private_id(visit.request.path_params["id"]), PROVIDER)
        if job is None:
            raise Refusal(404, "not_found", "No job with that id for this account.")
        return job

    def _teller(self, request: Request) -> Teller:
        return Teller(self.service.now(), str(request.base_url).rstrip("/"), self.dialect)

    def _tell(self, said: object, status: int = 200) -> Response:
        return JSONResponse({"data": said} if self.dialect == "client" else said, status)


def make_app(service: RemoteService, *, make: Make = make_media, threaded: bool = True) -> ASGIApp:
    """The dialect as an ASGI application, for asyncio and trio alike."""
    gallery = Gallery(service.books, make, threaded=threaded)
    engine = Engine(service, gallery, SandboxCatalog.load(MODELS))
    return Router(_routes(engine), redirect_slashes=False,
                  default=engine.door(_refuse_path, is_open=True))


def _routes(engine: Engine) -> list[BaseRoute]:
    base = "/api" if engine.dialect == "client" else "/v1"
    ways = [
        ("GET", base + "/jobs/{id}", engine.door(engine.status, "status", "reads")),
        ("POST", base + "/jobs", engine.door(engine.create, "start", "media")),
        ("GET", base + "/jobs", engine.door(engine.listing, "history", "reads")),
        ("GET", base + "/models", engine.door(engine.models, "catalog", "reads")),
        ("GET", "/cdn/{id}/{name}", engine.door(engine.file, "download", is_open=True)),
        ("GET", "/sandbox/books", engine.door(engine.books, is_open=True)),
    ]
    if engine.dialect == "client":
        ways.append(("GET", base + "/jobs/{id}/download",
                     engine.door(engine.link, "status", "reads")))
    return [Route(path, door, methods=[method]) for method, path, door in ways]


def _refuse_path(visit: Visit) -> Response:
    raise Refusal(404, "not_found", f"No route for {visit.request.url.path}.")


def _worded(no: Denied) -> Refusal:
    if isinstance(no, NotEnoughCredits):
        return Refusal(402, "insufficient_credits", str(no))
    return Refusal(429, "rate_limited", f"{no} Back off exponentially and retry.")


def _tell_ring(service: RemoteService, job: RemoteJob, root: str) -> Call:
    teller = Teller(service.now(), root, service.faults.mediaengine_dialect)
    event = "job.succeeded" if job.outcome == COMPLETED else "job.failed"
    return Call(json.dumps({"event": event, "job": teller.job(job)}).encode(), {})


BELL = Bell(_tell_ring, PAUSES_S, ANSWER_S)
"""It rings for every end, and signs nothing."""
