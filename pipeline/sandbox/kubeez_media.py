"""The media part of the Kubeez dialect: starts of pictures and clips, their status, the history."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.books import Search
from pipeline.sandbox.door import Visit
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.jobs import COMPLETED, QUEUED, RemoteJob
from pipeline.sandbox.kubeez_desk import Desk, Way
from pipeline.sandbox.kubeez_extend import task_of
from pipeline.sandbox.kubeez_fields import PROVIDER, invalid
from pipeline.sandbox.kubeez_streams import stream_status
from pipeline.sandbox.kubeez_validation import read_order

MEDIA = ("image", "video", "speech")
"""What is polled on the media route (llms.txt: "image/video/dialogue")."""

HISTORY_LIMIT = 25
"""The most rows that the history shows (Kubeez get_generations: 1-25, larger values clamped)."""


@dataclass(frozen=True, slots=True)
class Media:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    def start(self, visit: Visit) -> Response:
        """POST /v1/generate/media: a picture or a clip."""
        order, billing_mode = read_order(visit.body, self.desk.catalog, self.desk.intake)
        job = self.desk.service.start(order)
        return JSONResponse(self.desk.teller(visit.request).start(job, billing_mode))

    def status(self, visit: Visit) -> Response:
        """GET /v1/generate/media/{id}: how far it is, and its outputs."""
        return JSONResponse(self._tell(visit, self.desk.find_job(visit, MEDIA)))

    def stream(self, visit: Visit) -> Response:
        """GET /v1/generate/media/{id}/stream: the same as events."""
        job = self.desk.find_job(visit, MEDIA)
        return stream_status(self.desk, visit, job, lambda job: self._tell(visit, job))

    def _tell(self, visit: Visit, job: RemoteJob) -> dict[str, Any]:
        teller = self.desk.teller(visit.request)
        is_made = job.phase(teller.now) == COMPLETED
        task_id = {"source_task_id": task_of(job)} if is_made and task_of(job) else {}
        return {**teller.status(job), **task_id}

    def history(self, visit: Visit) -> Response:
        """GET /v1/generations: the newest jobs, newest first."""
        asked = visit.request.query_params
        try:
            limit = int(asked.get("limit", HISTORY_LIMIT))
        except ValueError as error:
            raise invalid("limit must be a number.") from error
        service, teller = self.desk.service, self.desk.teller(visit.request)
        phases = {teller.word(phase): phase for phase in (QUEUED, COMPLETED)}
        status = asked.get("status", "")
        jobs = service.recent(Search(
            provider=PROVIDER, status=phases.get(status, status),
            model=asked.get("model", ""), generation_type=asked.get("generation_type", ""),
            created_by=service.listed_by, limit=max(1, min(limit, HISTORY_LIMIT)),
            hidden=_hidden(service.faults)))
        return JSONResponse({"generations": [teller.row(job) for job in jobs]})


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part; those asked most come first."""
    media = Media(desk)
    reads = "read:generations"
    path = "/v1/generate/media"
    return [
        desk.route("GET", path + "/{id}", media.status, Way("status", "reads", reads)),
        desk.route("GET", path + "/{id}/stream", media.stream, Way("status", "reads", reads)),
        desk.route("POST", path, media.start, Way("start", "media", "generate:media")),
        desk.route("GET", "/v1/generations", media.history, Way("history", "reads", reads)),
    ]


def _hidden(faults: Faults) -> tuple[str, ...]:
    shown = {"music": faults.music_in_history, "captions": faults.captions_in_history,
             "separation": faults.separation_in_history}
    return tuple(kind for kind, is_shown in shown.items() if not is_shown)
