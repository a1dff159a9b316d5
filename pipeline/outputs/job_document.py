"""A job as programs read it; no screen is loaded for it.

Law: no address of a file at a service is ever in it, for it may be signed.
"""

from pipeline.core.job import AT_REST, File
from pipeline.core.report import Entry
from pipeline.outputs.phrases import iso


def job_document(entry: Entry, outputs: str) -> dict[str, object]:
    """One line of `jobs --json`. `outputs` is the folder that the paths of files start from."""
    job, spec = entry.job, entry.job.spec
    document: dict[str, object] = {
        "job": job.key, "run": job.run, "campaign": entry.campaign, "state": job.state.value,
        "kind": spec.kind, "account": job.account, "model": spec.model,
        "aspect_ratio": spec.aspect_ratio, "vars": dict(entry.vars), "variant": spec.variant,
        "params": dict(spec.params), "tags": dict(entry.tags), "kept": entry.kept,
        "prompt": spec.prompt, "remote_id": job.remote_ids[0] if job.remote_ids else None,
        "attempts": job.attempts, "quoted": str(job.quote.expected), "held": str(job.held),
        "charged": str(job.charged), "files": [_file(file, outputs) for file in job.files],
        "cause": job.cause, "message": job.message, "created_at": iso(job.created_s),
        "submitted_at": iso(job.sent_s),
        "finished_at": iso(job.changed_s) if job.state in AT_REST else None,
    }
    if len(job.remote_ids) > 1:
        document["remote_ids"] = list(job.remote_ids)
    return document


def _file(file: File, outputs: str) -> dict[str, object]:
    document: dict[str, object] = {
        "path": f"{outputs.rstrip('/')}/{file.path}" if outputs else file.path,
        "sha256": file.sha256, "bytes": file.bytes, "media_type": file.media_type,
        "width": file.width, "height": file.height}
    further = {"seconds": file.seconds, "label": file.label or None}
    return document | {name: value for name, value in further.items() if value is not None}
