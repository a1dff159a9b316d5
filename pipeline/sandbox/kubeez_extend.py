"""The extend part of the Kubeez dialect: a Veo 3.1 clip is continued from its last frame."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.core.money import Money
from pipeline.sandbox.catalog import WORK_PER_SECOND_S
from pipeline.sandbox.door import Visit
from pipeline.sandbox.jobs import COMPLETED, QUEUED, Order, RemoteJob
from pipeline.sandbox.kubeez_answers import number
from pipeline.sandbox.kubeez_desk import Desk, Way
from pipeline.sandbox.kubeez_fields import (
    PROVIDER,
    invalid,
    not_found,
    read_choice,
    read_fields,
    read_needed,
)
from pipeline.sandbox.pieces import path_of

FAMILY = "veo3-1"
MODEL = "veo3-1-extend"
PRICES: Mapping[str, Money] = {"lite": Money.parse("45"), "fast": Money.parse("75"),
                               "quality": Money.parse("300")}
"""Flat prices by `extend_model` (llms.txt)."""

SECONDS = 8.0
"""How long an extension plays: as long as a clip of this family."""

PROMPT_CHARS = 5000
"""The limit of the family's rows (facts/kubeez.md 6.3)."""

_MARK = "veo-"


@dataclass(frozen=True, slots=True)
class Extend:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    def start(self, visit: Visit) -> Response:
        """POST /v1/generate/media/extend: continue a clip of yours."""
        fields = read_fields(visit.body)
        task_id = read_needed(fields, "source_task_id")
        prompt = read_needed(fields, "prompt")
        if len(prompt) > PROMPT_CHARS:
            raise invalid(f"prompt is too long: {len(prompt)} characters, maximum {PROMPT_CHARS}.")
        price = PRICES[read_choice(fields, "extend_model", tuple(PRICES)) or "fast"]
        source = self._source(task_id)
        job = self.desk.service.start(_order(source, prompt, price))
        teller = self.desk.teller(visit.request)
        return JSONResponse({
            "generation_id": job.id, "status": teller.word(QUEUED), "source_task_id": task_id,
            "estimated_cost_credits": number(job.charge_micros)})

    def _source(self, task_id: str) -> RemoteJob:
        """The clip behind a task, if it can be continued; raises `Refusal`."""
        service = self.desk.service
        job = service.books.job(task_id.removeprefix(_MARK))
        if job is None or task_id != task_of(job) or job.provider != PROVIDER:
            raise not_found(f"source_task_id '{task_id}' is no Veo 3.1 generation of yours.")
        if job.model == MODEL:
            raise invalid("source_task_id: an extended clip cannot be extended again.")
        if job.details.get("resolution") == "1080p":
            raise invalid("source_task_id: a 1080p clip cannot be extended.")
        if job.phase(service.now()) != COMPLETED:
            raise invalid("source_task_id: the clip is not completed.")
        return job


def task_of(job: RemoteJob) -> str | None:
    """The upstream task of a Veo 3.1 clip; None for any other job."""
    return _MARK + job.id if job.kind == "video" and job.model.startswith(FAMILY) else None


def _order(source: RemoteJob, prompt: str, price: Money) -> Order:
    details = {"aspect_ratio": source.details.get("aspect_ratio"),
               "resolution": source.details.get("resolution"), "seconds": SECONDS,
               "continues": path_of(source, source.output_ids()[0])}
    return Order(
        provider=PROVIDER, bucket="media", kind="video", model=MODEL, prompt=prompt,
        generation_type="extend-video", details=details, charge_micros=price.micros,
        typical_s=WORK_PER_SECOND_S * SECONDS)


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part."""
    return [desk.route("POST", "/v1/generate/media/extend", Extend(desk).start,
                       Way("start", "media", "generate:media"))]
