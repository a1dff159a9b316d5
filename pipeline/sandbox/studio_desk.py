"""What both surfaces of Artificial Studio share: the shelf, the service, how a job is sold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from pipeline.sandbox.books import Search
from pipeline.sandbox.door import Door, Handler, House, Refusal
from pipeline.sandbox.gallery import Gallery
from pipeline.sandbox.jobs import COMPLETED, PROCESSING, QUEUED, RemoteJob
from pipeline.sandbox.kubeez_desk import OPEN, Way
from pipeline.sandbox.service import RemoteService
from pipeline.sandbox.studio_answers import Teller, job_id_of
from pipeline.sandbox.studio_orders import PROVIDER, read_order, read_webhook
from pipeline.sandbox.studio_refusals import show_no
from pipeline.sandbox.studio_shelf import StudioShelf

ROWS, MOST_ROWS = 20, 100
PHASES = {"pending": QUEUED, "processing": PROCESSING, "success": COMPLETED, "error": "failed"}


@dataclass(frozen=True, slots=True)
class StudioDesk:
    """The service, its files and its tools, as the handlers of both surfaces use them."""

    service: RemoteService
    gallery: Gallery
    tools: StudioShelf

    @property
    def shelf(self) -> StudioShelf:
        """The tools as the switches have them at this moment."""
        return self.tools.changed(self.service.faults.models)

    def route(self, method: str, path: str, handler: Handler, way: Way = OPEN) -> Route:
        """A route that leads to this handler through a guarded door."""
        house = House(self.service, self.admit, show_no)
        door = Door(house, handler, way.call, way.bucket, way.scope, streams=way.streams)
        return Route(path, door, methods=[method], name=path)

    def admit(self, request: Request, scope: str) -> str:
        """The key of a request: the whole of `Authorization`, without `Bearer`."""
        key = request.headers.get("authorization", "").strip()
        keys = self.service.faults.keys
        if not key or " " in key or (keys and key not in keys):
            raise Refusal(401, "unauthorized", "Invalid or missing API key")
        return key

    def teller(self, request: Request) -> Teller:
        """One that tells jobs to this client."""
        return Teller(self.service, str(request.base_url).rstrip("/"))

    def start(self, fields: Mapping[str, Any], teller: Teller, *,
              needs_model: bool = False) -> RemoteJob:
        """Sell one job, and owe the call that was asked for; raises `Refusal` or `Denied`."""
        order = read_order(fields, self.shelf, needs_model=needs_model)
        service, webhook = self.service, read_webhook(fields.get("webhook"))
        with service.books.writing():
            job = service.start(replace(order, refunds=service.faults.gives_back))
            if webhook:
                service.rings.add(job, webhook, teller.root)
        return job

    def eta_s(self, job: RemoteJob) -> float:
        """How long a job like this typically takes, in ordinary seconds."""
        tool = self.shelf.find(job.generation_type)
        model = tool.find(job.model) if tool else None
        payload = job.details["payload"]
        return model.eta_s(payload) if model and isinstance(payload, Mapping) else 0.0

    def find_job(self, name: str) -> RemoteJob:
        """The job of this id; raises `Refusal`."""
        job = self.service.visible_job(job_id_of(name), PROVIDER)
        if job is None:
            raise Refusal(404, "not_found", "Generation not found")
        return job

    def listed(self, asked: Mapping[str, Any], teller: Teller) -> dict[str, Any]:
        """The newest jobs, a page of them."""
        limit = _whole(asked, "limit", ROWS, 1, MOST_ROWS)
        offset = _whole(asked, "offset", 0, 0, 2**31)
        status = str(asked.get("status") or "")
        search = Search(PROVIDER, status=PHASES.get(status, status),
                        created_by=self.service.listed_by, limit=2**31)
        jobs = self.service.recent(search)
        page = jobs[offset:offset + limit]
        return {"data": [teller.row(job) for job in page],
                "pagination": {"total": len(jobs), "limit": limit, "offset": offset,
                               "hasMore": offset + len(page) < len(jobs)}}


def _whole(asked: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    try:
        return max(least, min(int(asked.get(name, default)), most))
    except (TypeError, ValueError):
        raise Refusal(400, "invalid_request", f"{name} must be a number") from None
