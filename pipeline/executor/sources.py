"""How the files that a job starts from reach the service.

Law: the same content is uploaded once while its address lives. A file that changed since the plan
is another file, and the job that names it is not bought.
"""

from enum import Enum
from pathlib import Path

import anyio

from pipeline.core.causes import says
from pipeline.core.errors import Barred, Refused, Throttled, Unreachable, Vanished
from pipeline.core.job import Job, State
from pipeline.core.naming import KEY_SHOWN
from pipeline.core.provider import Provider
from pipeline.core.spec import SourceRef
from pipeline.core.verdict import backoff_s
from pipeline.executor.assets import sha256_of
from pipeline.executor.gate import UPLOADS, Gate
from pipeline.ledger.ledger import Ledger

ADDRESS_LIVES_S = 45 * 60.0
"""Signed addresses of the library live an hour (llms.txt); an upload's is trusted for less."""


class Sources:
    """The sources of one account's jobs."""

    def __init__(self, account: str, provider: Provider, gate: Gate, ledger: Ledger,
) -> None:
        self.account = account
        self.provider = provider
        self.gate = gate
        self.ledger = ledger
        self._uploading: dict[str, anyio.Lock] = {}

    async def bring(self, job: Job) -> list[str] | None:
        """The addresses of a job's sources, in order; None when the run stops meanwhile.

        Raises `FileNotFoundError` for a file that is gone or changed.
        """
        urls = []
        for source in job.spec.sources:
            if source.kind == "url":
                urls.append(source.value)
                continue
            path, digest = self._file(source)
            url = await self._uploaded(path, digest)
            if url is None:
                return None
            urls.append(url)
        return urls

    def _file(self, source: SourceRef) -> tuple[Path, str]:
        if source.kind == "file":
            path, digest = Path(source.path), source.value
        else:
            made = self.ledger.ask.job(source.value)
            if made is None or not made.files:
                raise FileNotFoundError("the job that it starts from has no file")
            path, digest = Path(made.files[0].path), made.files[0].sha256
        if not path.is_file() or sha256_of(path) != digest:
            raise FileNotFoundError(f"{path.name} is gone, or is no longer what was planned")
        return path, digest

    async def _uploaded(self, path: Path, digest: str) -> str | None:
        lock = self._uploading.setdefault(digest, anyio.Lock())
        async with lock:
            since_s = self.ledger.now() - ADDRESS_LIVES_S
            if url := self.ledger.ask.upload(self.account, digest, since_s):
                return url
            tries = 0
            while self.gate.control.buying:
                try:
                    with self.gate.control.until_left():
                        async with self.gate.turn(UPLOADS):
                            url = await self.provider.upload(str(path))
                        await self.ledger.remember_upload(self.account, digest, url)
                        return url
                except Throttled as refusal:
                    self.gate.throttle(UPLOADS, refusal.retry_after_s)
                except Unreachable:
                    await self.gate.control.pause(backoff_s(tries))
                    tries += 1
                except (Refused, Barred, Vanished) as failure:
                    raise FileNotFoundError(f"{path.name} cannot be uploaded: "
                                            f"{failure.message}") from None
            return None


class Readiness(Enum):
    """Whether the files that a job starts from are there."""

    READY = "ready"
    LATER = "later"
    NEVER = "never"


def readiness(job: Job, ledger: Ledger) -> tuple[Readiness, str]:
    """Whether a job can start, and if it never will, why."""
    found = Readiness.READY
    for key in job.spec.waits_for:
        made = ledger.ask.job(key)
        if made is None or made.state in (State.FAILED, State.CANCELLED):
            why = f"{made.state}: {says(made.cause)}" if made else "it is in no run"
            return Readiness.NEVER, f"job {key[:KEY_SHOWN]} {why}"
        if made.state is not State.DONE:
            found = Readiness.LATER
    return found, ""
