"""The separation part of the Kubeez dialect: a sound in two stems, the voice and the rest."""

import math
from dataclasses import asdict, dataclass

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.core.money import Money
from pipeline.sandbox.brief import Brief
from pipeline.sandbox.catalog import CatalogRow
from pipeline.sandbox.door import Visit
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.jobs import QUEUED, Order
from pipeline.sandbox.kubeez_desk import Desk, Way
from pipeline.sandbox.kubeez_fields import PROVIDER, no_model, read_fields
from pipeline.sandbox.pieces import STEMS, brief_of
from pipeline.sandbox.sources import Source

ROW = "mvsep-40"
PENDING = "pending"
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Separation:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    def start(self, visit: Visit) -> Response:
        """POST /v1/generate/separation: split a sound into vocals and instrumental."""
        job = self.desk.service.start(self._read_order(visit.body))
        faults = self.desk.service.faults
        task = {"task_id": f"sep-{job.id}"} if faults.separation_task_id else {}
        return JSONResponse({"separation_id": job.id, **task, "status": self._word(visit, QUEUED)})

    def status(self, visit: Visit) -> Response:
        """GET /v1/generate/separation/{id}: the two stems, once they are there."""
        job = self.desk.find_job(visit, ("separation",))
        teller = self.desk.teller(visit.request)
        vocals, instrumental = (teller.link(job, output_id) for output_id in job.output_ids())
        failed = {"error_message": error} if (error := teller.error(job)) else {}
        return JSONResponse({
            "id": job.id, "status": self._word(visit, job.phase(teller.now)),
            "vocals_url": vocals, "instrumental_url": instrumental, **failed})

    def _word(self, visit: Visit, phase: str) -> str:
        if phase == QUEUED and self.desk.service.faults.separation_task_id:
            return PENDING
        return self.desk.teller(visit.request).word(phase)

    def _read_order(self, body: bytes) -> Order:
        row = next((row for row in self.desk.catalog if row.kind == "separation"), None)
        if row is None:
            raise no_model(ROW)
        url, source, seconds = self.desk.intake.sounding(read_fields(body), "media_url")
        details = {"media_url": url, "seconds": seconds, "of": asdict(_song(source))}
        return Order(
            provider=PROVIDER, bucket="media", kind="separation", model=row.id, prompt="",
            generation_type=str(row.public["generation_types"][0]), details=details,
            outputs=len(STEMS), typical_s=row.typical_s(None),
            charge_micros=price(row, seconds, self.desk.service.faults).micros)


def _song(source: Source) -> Brief:
    """What the stems are of: one of our own works, or a song that the bytes alone decide."""
    if source.work:
        return brief_of(source.work.job, source.work.output_id)
    return Brief("", ROW, None, None, int(source.digest[:8], 16))


def price(row: CatalogRow, seconds: float, faults: Faults) -> Money:
    """What a sound of this length costs: flat (llms.txt, "Cost contract"), or for each minute
    begun: newer texts bill by the minute, and how they round is the sandbox's own guess."""
    if faults.separation_billing == "per_minute":
        return row.flat * max(1, math.ceil(seconds / MINUTE_S))
    return row.flat


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part."""
    separation, path = Separation(desk), "/v1/generate/separation"
    return [
        desk.route("POST", path, separation.start, Way("start", "media", "generate:media")),
        desk.route("GET", path + "/{id}", separation.status,
                   Way("status", "reads", "read:generations")),
    ]
