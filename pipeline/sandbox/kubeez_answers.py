"""The JSON that Kubeez answers with, as published (llms.txt) and as its clients type it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.core.money import MICROS, Money
from pipeline.sandbox.books import Books
from pipeline.sandbox.catalog import CatalogRow
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.gallery import Gallery
from pipeline.sandbox.jobs import COMPLETED, QUEUED, RemoteJob
from pipeline.sandbox.kubeez_refusals import PURCHASE_URL
from pipeline.sandbox.pieces import (
    COVER,
    THUMBNAIL,
    medium_of,
    path_of,
    pixels_of,
    seconds_of,
    suffix_of,
)


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells jobs at one moment to one client: `root` is what its links begin with."""

    now: float
    root: str
    gallery: Gallery
    faults: Faults

    def start(self, job: RemoteJob, billing_mode: str, route: str = "media") -> dict[str, Any]:
        """The answer to an accepted start."""
        return {
            "generation_id": job.id, "status": self.word(QUEUED), "model": job.model,
            "estimated_cost_credits": number(job.charge_micros), "billing_mode": billing_mode,
            "message": f"Generation started. Poll GET /v1/generate/{route}/{job.id} "
                       "until completed.",
        }

    def word(self, phase: str) -> str:
        """A phase as this service words it."""
        return {QUEUED: self.faults.first_status,
                COMPLETED: self.faults.completed_word}.get(phase, phase)

    def row(self, job: RemoteJob) -> dict[str, Any]:
        """One row, in the history as in a status answer."""
        ended = self.now >= job.finishes_at
        phase = job.phase(self.now)
        return {
            "id": job.id, "status": self.word(phase), "model": job.model, "prompt": job.prompt,
            "generation_type": job.generation_type, "created_at": moment(job.created_at),
            "completed_at": moment(job.finishes_at) if ended else None,
            "processing_time_ms": round((job.finishes_at - job.created_at) * 1000)
            if ended else None,
            "credits_deducted": number(job.net_micros(self.now)),
            "error_message": self.error(job),
            "outputs": [self._output(job, output_id) for output_id in job.output_ids()]
            if phase == COMPLETED else [],
        }

    def error(self, job: RemoteJob) -> str | None:
        """What a job that has ended badly says of it."""
        return (job.error or None) if self.now >= job.finishes_at else None

    def status(self, job: RemoteJob) -> dict[str, Any]:
        """The answer to a status read."""
        return {**self.row(job), "cdn_ready": job.is_linked(self.now)}

    def link(self, job: RemoteJob, output_id: str, companion: str = "") -> str | None:
        """The address of an output or its companion; None while it leads nowhere."""
        return self.root + path_of(job, output_id, companion) if job.is_linked(self.now) else None

    def _output(self, job: RemoteJob, output_id: str) -> dict[str, Any]:
        linked = job.is_linked(self.now)
        url, medium = self.link(job, output_id), medium_of(job)
        width, height = pixels_of(job, output_id) or (None, None)
        return {
            "id": output_id, "media_type": medium, "url": url,
            "thumbnail_url": url if medium == "image" else self._companion(job, output_id),
            "optimized_url": url if medium == "image" else None,
            "width": width, "height": height, "duration": seconds_of(job, output_id),
            "format": suffix_of(job), "file_size": self.gallery.size_of(output_id),
            "cdn_ready": linked, "optimization_status": "completed" if linked else "pending",
        }

    def _companion(self, job: RemoteJob, output_id: str) -> str | None:
        """The picture that goes with a clip or a song; a voice and a stem have none."""
        companion = {"video": THUMBNAIL, "music": COVER}.get(job.kind)
        return self.link(job, output_id, companion) if companion else None


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
    refunded = [job.refund_micros if now >= job.finishes_at else 0 for job in jobs]
    return {
        "jobs": len(jobs), "charged": str(Money(sum(job.charge_micros for job in jobs))),
        "refunded": str(Money(sum(refunded))), "balance": str(Money(books.balance_micros(now))),
        "rows": [{"id": job.id, "kind": job.kind, "model": job.model, "prompt": job.prompt,
                  "generation_type": job.generation_type, "details": job.details,
                  "status": job.phase(now), "credits": str(Money(job.charge_micros)),
                  "refunded": str(Money(back)), "created_at": moment(job.created_at)}
                 for job, back in zip(jobs, refunded, strict=True)],
    }


def number(micros: int) -> float:
    """Credits as Kubeez writes them: a JSON float."""
    return micros / MICROS


def moment(unix_s: float) -> str:
    """A time as Kubeez writes it: ISO 8601, UTC, microseconds."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="microseconds")
