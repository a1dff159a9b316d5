"""The JSON that Kubeez answers with, as published (llms.txt) and as its clients type it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from pipeline.core.money import MICROS, Money
from pipeline.sandbox.books import Books
from pipeline.sandbox.catalog import CatalogRow
from pipeline.sandbox.door import Refusal, whole_seconds
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.gallery import Gallery, pixels_of, seconds_of, suffix_of
from pipeline.sandbox.jobs import COMPLETED, QUEUED, RemoteJob
from pipeline.sandbox.service import Denied, NotEnoughCredits, TooFast, TooManyInFlight

PURCHASE_URL = "https://kubeez.com/billing"

THUMBNAIL = "-thumb.png"
"""How the address of a clip's thumbnail ends."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells jobs at one moment to one client: `root` is what its links begin with."""

    now: float
    root: str
    gallery: Gallery
    faults: Faults

    def start(self, job: RemoteJob, billing_mode: str) -> dict[str, Any]:
        """The answer to an accepted start."""
        return {
            "generation_id": job.id, "status": self.faults.first_status, "model": job.model,
            "estimated_cost_credits": number(job.charge_micros), "billing_mode": billing_mode,
            "message": f"Generation started. Poll GET /v1/generate/media/{job.id} until completed.",
        }

    def row(self, job: RemoteJob) -> dict[str, Any]:
        """One row, in the history as in a status answer."""
        ended = self.now >= job.finishes_at
        phase = job.phase(self.now)
        took_ms = round((job.finishes_at - job.created_at) * 1000)
        return {
            "id": job.id, "status": self.faults.first_status if phase == QUEUED else phase,
            "model": job.model, "prompt": job.prompt, "generation_type": job.generation_type,
            "created_at": moment(job.created_at),
            "completed_at": moment(job.finishes_at) if ended else None,
            "processing_time_ms": took_ms if ended else None,
            "credits_deducted": number(job.net_micros(self.now)),
            "error_message": (job.error or None) if ended else None,
            "outputs": self._outputs(job) if phase == COMPLETED else [],
        }

    def status(self, job: RemoteJob) -> dict[str, Any]:
        """The answer to a status read."""
        return {**self.row(job), "cdn_ready": job.is_linked(self.now)}

    def _outputs(self, job: RemoteJob) -> list[dict[str, Any]]:
        return [self._output(job, output_id) for output_id in job.output_ids()]

    def _output(self, job: RemoteJob, output_id: str) -> dict[str, Any]:
        linked = job.is_linked(self.now)
        url = f"{self.root}/images/{output_id}.{suffix_of(job)}"
        thumbnail = url if job.kind == "image" else f"{self.root}/images/{output_id}{THUMBNAIL}"
        width, height = pixels_of(job, output_id)
        return {
            "id": output_id, "media_type": job.kind, "url": url if linked else None,
            "thumbnail_url": thumbnail if linked else None,
            "optimized_url": url if linked and job.kind == "image" else None,
            "width": width, "height": height, "duration": seconds_of(job),
            "format": suffix_of(job), "file_size": self.gallery.size_of(job, output_id),
            "cdn_ready": linked, "optimization_status": "completed" if linked else "pending",
        }


def show_models(rows: Iterable[CatalogRow]) -> dict[str, Any]:
    """The catalog, or a part of it."""
    models = [dict(row.public) for row in rows]
    return {"models": models, "total_count": len(models)}


def show_balance(balance: Money) -> dict[str, Any]:
    """The credits left; a float, as all credits are here."""
    return {"credits": number(balance.micros), "message": f"You have {balance} credits remaining.",
            "purchase_url": PURCHASE_URL}


def show_books(books: Books, now: float) -> dict[str, Any]:
    """The ground truth, exact; only the sandbox has it."""
    jobs = list(books.jobs())
    refunded = sum(job.charge_micros - job.net_micros(now) for job in jobs)
    return {
        "jobs": len(jobs), "charged": str(Money(sum(job.charge_micros for job in jobs))),
        "refunded": str(Money(refunded)), "balance": str(Money(books.balance_micros(now))),
        "rows": [{"id": job.id, "model": job.model, "prompt": job.prompt,
                  "generation_type": job.generation_type, "details": job.details,
                  "status": job.phase(now), "credits": str(Money(job.charge_micros)),
                  "refunded": str(Money(job.charge_micros - job.net_micros(now))),
                  "created_at": moment(job.created_at)} for job in jobs],
    }


def show_no(no: Refusal | Denied, faults: Faults) -> Response:
    """A refusal in the published envelope, or in the ones that clients have met."""
    refusal = no if isinstance(no, Refusal) else _worded(no)
    if refusal.code == "insufficient_credits" and faults.insufficient_as_400:
        return JSONResponse({"error": refusal.code}, 400)
    if refusal.status == 400 and faults.validation_as_422:
        loc = ["body", refusal.code.removeprefix("missing_")]
        kind = "missing" if refusal.code.startswith("missing_") else "value_error"
        return JSONResponse({"detail": [{"loc": loc, "msg": refusal.message, "type": kind}]}, 422)
    body: dict[str, Any] = {"error": refusal.code, "message": refusal.message}
    if refusal.retry_after_s is not None:
        body["retry_after"] = int(whole_seconds(refusal.retry_after_s))
    return JSONResponse(body, refusal.status, dict(refusal.headers))


def _worded(no: Denied) -> Refusal:
    if isinstance(no, TooFast | TooManyInFlight):
        return Refusal(429, "rate_limit_exceeded", str(no), retry_after_s=no.wait_s,
                       headers={"retry-after": whole_seconds(no.wait_s)})
    if isinstance(no, NotEnoughCredits):
        return Refusal(402, "insufficient_credits", f"{no} Top up at {PURCHASE_URL}.")
    raise no


def number(micros: int) -> float:
    """Credits as Kubeez writes them: a JSON float."""
    return micros / MICROS


def moment(unix_s: float) -> str:
    """A time as Kubeez writes it: ISO 8601, UTC, microseconds."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="microseconds")
