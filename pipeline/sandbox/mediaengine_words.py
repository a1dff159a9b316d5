"""How Media Engine tells of its jobs and models, in each of its three published descriptions.

`page` is the REST reference, `llms` the llms.txt, `client` the published client's source; where the
last two are silent (the list and the models of `llms`, the shape of the models at all), the shapes
are the sandbox's own (facts/media_apis.md section 2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.core.money import MICROS
from pipeline.sandbox.catalog import CatalogRow
from pipeline.sandbox.jobs import COMPLETED, RemoteJob
from pipeline.sandbox.pieces import suffix_of

FINISHED = {"page": "succeeded", "llms": "completed", "client": "done"}
"""What each description calls a job that is made."""

CENTS_PER_CREDIT = 1
"""The client's answers count in cents; what a credit costs is published nowhere."""


def public_id(job: RemoteJob, dialect: str) -> str:
    """The id of a job as its clients know it."""
    return ("mjob_" if dialect == "client" else "job_") + job.id.replace("-", "")


def private_id(name: str) -> str:
    """The id in the books; a name that is none gives one that nobody has."""
    digits = name.rpartition("_")[2]
    cuts = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    return "-".join(digits[start:stop] for start, stop in cuts)


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells jobs at one moment to one client; `root` is what its links begin with."""

    now: float
    root: str
    dialect: str

    def accepted(self, job: RemoteJob) -> dict[str, Any]:
        """The answer to an accepted job."""
        if self.dialect == "llms":
            return {"jobId": self._id(job), "status": "queued"}
        return self.job(job)

    def job(self, job: RemoteJob) -> dict[str, Any]:
        """A job, as a status, and as a row of the list."""
        tell = {"page": self._page, "llms": self._llms, "client": self._client}[self.dialect]
        return tell(job)

    def links(self, job: RemoteJob) -> list[str]:
        """The addresses of its files, once they are there."""
        count = job.outputs if job.is_linked(self.now) else 0
        return [f"{self.root}/cdn/{self._id(job)}/{n}.{suffix_of(job)}" for n in range(count)]

    def status(self, job: RemoteJob) -> str:
        """The status word; a job whose files are not there yet is still being made."""
        phase = job.phase(self.now)
        if phase != COMPLETED:
            return phase
        return FINISHED[self.dialect] if job.is_linked(self.now) else "processing"

    def _id(self, job: RemoteJob) -> str:
        return public_id(job, self.dialect)

    def _has_ended(self, job: RemoteJob) -> bool:
        return self.status(job) not in ("queued", "processing")

    def _page(self, job: RemoteJob) -> dict[str, Any]:
        told: dict[str, Any] = {
            "id": self._id(job), "status": self.status(job), "type": job.kind,
            "model": job.model, "created_at": moment(job.created_at)}
        if metadata := job.details.get("metadata"):
            told["metadata"] = metadata
        if self._has_ended(job):
            told |= {"output": [{"url": url} for url in self.links(job)],
                     "credits_used": credits_of(job.net_micros(self.now)),
                     "completed_at": moment(job.finishes_at)}
            if job.error:
                told["error"] = {"code": "generation_failed", "message": job.error}
        return told

    def _llms(self, job: RemoteJob) -> dict[str, Any]:
        links = self.links(job)
        told = {"jobId": self._id(job), "status": self.status(job), "model": job.model,
                "prompt": job.prompt, "createdAt": moment(job.created_at),
                "assetUrl": links[0] if links else None, "assets": [{"url": u} for u in links]}
        return {**told, "error": job.error} if job.error and self._has_ended(job) else told

    def _client(self, job: RemoteJob) -> dict[str, Any]:
        ended, links = self._has_ended(job), self.links(job)
        return {"mediaJobId": self._id(job), "type": job.kind, "status": self.status(job),
                "provider": None, "model": job.model, "inputParams": {"prompt": job.prompt},
                "outputUrl": links[0] if links else None,
                "errorMessage": (job.error or None) if ended else None,
                "estimatedCostCents": credits_of(job.charge_micros * CENTS_PER_CREDIT),
                "createdAt": moment(job.created_at),
                "completedAt": moment(job.finishes_at) if ended else None}

    def models(self, rows: Iterable[CatalogRow]) -> list[dict[str, Any]]:
        """The models and their credit cost for one asset."""
        return [{"id": row.id, "type": row.kind, "name": row.public["display_name"],
                 "description": row.public.get("description", ""),
                 "credits": credits_of(row.flat.micros)} for row in rows]


def moment(unix_s: float) -> str:
    """A time as Media Engine writes it: ISO 8601, UTC, to the millisecond."""
    told = datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")
    return told.replace("+00:00", "Z")


def credits_of(micros: int) -> int | float:
    """Credits as a JSON number, whole where they are."""
    return micros // MICROS if micros % MICROS == 0 else micros / MICROS
