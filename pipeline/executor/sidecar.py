"""What lies beside a delivered file: where it came from and what it took.

Law: no key and no signed address is ever in it.
"""

import re
from datetime import UTC, datetime

from pipeline.core.job import File, Job


def sidecar(job: Job, file: File) -> dict[str, object]:
    """The content of `a.png.json`."""
    spec = job.spec
    return {
        "file": file.path.rpartition("/")[2], "sha256": file.sha256, "bytes": file.bytes,
        "media_type": file.media_type, "width": file.width, "height": file.height,
        "seconds": file.seconds, "label": file.label,
        "job": job.key, "run": job.run, "account": job.account, "provider": spec.provider,
        "kind": spec.kind, "model": spec.model, "prompt": spec.prompt,
        "aspect_ratio": spec.aspect_ratio, "params": dict(spec.params),
        "sources": [{"kind": source.kind,
                     "value": re.split("[?#]", source.value)[0] if source.kind == "url"
                     else source.value} for source in spec.sources],
        "vars": dict(job.labels), "variant": spec.variant, "remote_ids": list(job.remote_ids),
        "quoted": str(job.quote.expected), "charged": str(job.charged),
        "note": job.message,
        "submitted_at": None if job.sent_s is None else
        datetime.fromtimestamp(job.sent_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
