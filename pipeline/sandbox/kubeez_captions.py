"""The captions part of the Kubeez dialect: what is said in a film or a sound, word by word.

Law: the job is charged when the request arrives, and the answer comes when it is done. Its body is
published nowhere; this one is the sandbox's own.
"""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.core.money import Money, times_seconds
from pipeline.sandbox.brief import Brief
from pipeline.sandbox.catalog import CatalogRow
from pipeline.sandbox.door import Visit
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.jobs import COMPLETED, Order, RemoteJob
from pipeline.sandbox.kubeez_answers import number
from pipeline.sandbox.kubeez_desk import Desk, Way
from pipeline.sandbox.kubeez_fields import (
    PROVIDER,
    Fields,
    invalid,
    missing,
    no_model,
    read_choice,
    read_fields,
    read_flag,
    read_text,
)
from pipeline.sandbox.pieces import path_of
from pipeline.sandbox.transcript import Word, timed, words_of

FAMILY = "auto-caption"
"""How the ids of the caption rows begin."""

QUALITIES = ("auto", "best")
SPOKEN = "en"
"""The language of media that nobody names one for."""


@dataclass(frozen=True, slots=True)
class Captions:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    async def start(self, visit: Visit) -> Response:
        """POST /v1/generate/captions: the words and their times, at once."""
        service = self.desk.service
        job = service.start(self._read_order(read_fields(visit.body)))
        await anyio.sleep(max(0.0, job.finishes_at - service.now()))
        return JSONResponse(self._tell(visit.request, job, service.faults))

    def _read_order(self, fields: Fields) -> Order:
        row = next(iter(self.desk.catalog.family(FAMILY)), None)
        if row is None:
            raise no_model(FAMILY)
        url, source, seconds = self.desk.intake.sounding(fields, "media_url")
        quality = read_choice(fields, "quality", QUALITIES)
        language = read_text(fields, "language")
        if not quality:
            raise missing("quality")
        if language and quality != "best":
            raise invalid("language can only be given with quality 'best'.")
        text = " ".join(words_of(source, seconds))
        faults = self.desk.service.faults
        details = {"media_url": url, "quality": quality, "language": language or SPOKEN,
                   "code_switching": read_flag(fields, "code_switching"), "text": text,
                   "seconds": seconds}
        if faults.captions_burned:
            details["of"] = asdict(Brief(text, row.id, "16:9", "", 0))
        return Order(
            provider=PROVIDER, bucket="media", kind="captions", model=row.id, prompt="",
            generation_type=str(row.public["generation_types"][0]), details=details,
            outputs=int(faults.captions_burned), typical_s=row.typical_s(None),
            charge_micros=price(row, seconds, faults).micros)

    def _tell(self, request: Request, job: RemoteJob, faults: Faults) -> dict[str, Any]:
        """The whole answer; a job that fails in the end says so with a status of 200."""
        teller = self.desk.teller(request)
        made = job.outcome == COMPLETED
        text, seconds = str(job.details["text"]), float(str(job.details["seconds"]))
        per_s = 1000 if faults.captions_times == "milliseconds" else 1
        words = [_word(word, per_s) for word in timed(text.split(), seconds)]
        film = next(iter(job.output_ids()), "")
        burned = {"video_url": teller.root + path_of(job, film)} if film and made else {}
        failed = {} if made else {"error_message": job.error}
        return {"id": job.id, "status": teller.word(job.outcome),
                "language_code": job.details["language"], "duration": seconds,
                "text": text if made else "", "words": words if made else [],
                "credits_deducted": number(job.charge_micros - job.refund_micros),
                **burned, **failed}


def _word(word: Word, per_s: int) -> dict[str, Any]:
    start, end = (round(at_s * 1000) if per_s == 1000 else at_s
                  for at_s in (word.start_s, word.end_s))
    return {"text": word.text, "start": start, "end": end, "confidence": word.confidence}


def price(row: CatalogRow, seconds: float, faults: Faults) -> Money:
    """What captions of this length cost: flat (llms.txt, "Cost contract"), or by the second, as
    newer texts say."""
    if faults.captions_billing == "per_second":
        return times_seconds(row.flat, Decimal(str(seconds)))
    return row.flat


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part."""
    return [desk.route("POST", "/v1/generate/captions", Captions(desk).start,
                       Way("start", "media", "generate:media"))]
