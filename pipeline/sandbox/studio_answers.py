"""The JSON that Artificial Studio answers with (facts/media_apis.md 1.1 and 1.2)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pipeline.sandbox.jobs import COMPLETED, PROCESSING, QUEUED, RemoteJob
from pipeline.sandbox.kubeez_answers import number
from pipeline.sandbox.pieces import THUMBNAIL, path_of
from pipeline.sandbox.service import RemoteService

UPLOADING_SHARE = 0.1
"""The last part of a making, in which REST calls the file on its way to the host `uploading`."""
POLL_AFTER_S = {"image": 3.0, "video": 5.0}
SHORTEST_POLL_S = 3.0


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells jobs at one moment to one client: `root` is what its links begin with."""

    service: RemoteService
    root: str

    def status(self, job: RemoteJob) -> str:
        """The status word at this moment."""
        now = self.service.now()
        phase = job.phase(now)
        if phase == PROCESSING:
            left_s = job.finishes_at - now
            near = left_s < UPLOADING_SHARE * (job.finishes_at - job.starts_at)
            return "uploading" if near else "processing"
        if phase == COMPLETED:
            return "success" if job.is_linked(now) else "uploading"
        return "pending" if phase == QUEUED else "error"

    def row(self, job: RemoteJob) -> dict[str, Any]:
        """One row of the list, which shows no payload."""
        status = self.status(job)
        [output] = job.output_ids()
        thumbnail = path_of(job, output, THUMBNAIL if job.kind == "video" else "")
        made = status == "success"
        return {
            "id": name_of(job), "status": status, "tool": job.generation_type, "type": job.kind,
            "output": self.root + path_of(job, output) if made else None,
            "thumbnail": self.root + thumbnail if made else None,
            "error": job.error if status == "error" else None,
            "createdAt": moment(job.created_at),
        }

    def record(self, job: RemoteJob) -> dict[str, Any]:
        """The whole record, with the input as it was sent."""
        return {**self.row(job), "payload": job.details["payload"]}

    def started(self, job: RemoteJob) -> dict[str, Any]:
        """The answer of REST to an accepted start."""
        return {"id": name_of(job), "status": "processing", "tool": job.generation_type,
                "createdAt": moment(job.created_at)}

    def generating(self, job: RemoteJob, eta_s: float) -> dict[str, Any]:
        """The answer of MCP to an accepted start."""
        return {
            "job_id": name_of(job), "status": "processing", "tool": job.generation_type,
            "type": job.kind, "eta_seconds": self._seconds(eta_s),
            "poll_after_seconds": self._seconds(POLL_AFTER_S.get(job.kind, SHORTEST_POLL_S)),
            "message": "The job runs. Call check_generation with its job_id until done is true.",
        }

    def checked(self, job: RemoteJob) -> dict[str, Any]:
        """The answer of MCP to a question for a job."""
        row = self.row(job)
        word = {"uploading": "processing"}.get(row["status"], row["status"])
        told = {"job_id": row["id"], "status": word, "done": word in ("success", "error"),
                "tool": row["tool"], "type": row["type"], "payload": job.details["payload"],
                "createdAt": row["createdAt"]}
        if word == "success":
            return {**told, "output": row["output"], "thumbnail": row["thumbnail"]}
        if word == "error":
            return {**told, "error": row["error"]}
        pause_s = POLL_AFTER_S.get(job.kind, SHORTEST_POLL_S)
        return {**told, "poll_after_seconds": self._seconds(pause_s)}

    def account(self) -> dict[str, Any]:
        """The account: its credits, as a JSON number, and its plan."""
        return {"id": "000000000000000000000001", "email": "someone@example.com",
                "credits": number(self.service.balance().micros), "plan": "free",
                "createdAt": moment(0.0)}

    def _seconds(self, seconds: float) -> float:
        """A wait as a client of this clock has to make it."""
        told_s = round(seconds / self.service.speed, 3)
        return int(told_s) if told_s == int(told_s) else told_s


def name_of(job: RemoteJob) -> str:
    """The id of a job: hex digits without dashes."""
    return UUID(job.id).hex


def job_id_of(name: str) -> str:
    """The id that the books have for it; "" for what is none."""
    try:
        return str(UUID(hex=name))
    except ValueError:
        return ""


def moment(unix_s: float) -> str:
    """A time as Artificial Studio writes it: UTC, milliseconds, Z."""
    told = datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")
    return told.replace("+00:00", "Z")
