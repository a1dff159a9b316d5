"""How the files that a job starts from reach the service.

Law: the same content is uploaded once while its address lives. A file that changed since the plan
is another file, and the job that names it is not bought.
"""

from collections.abc import Awaitable, Callable
from enum import Enum
from pathlib import Path

import anyio

from pipeline.core.causes import says
from pipeline.core.errors import Refused, Throttled, Unreachable, Vanished
from pipeline.core.job import Job, State
from pipeline.core.naming import KEY_SHOWN
from pipeline.core.provider import Provider
from pipeline.core.spec import SourceRef
from pipeline.core.verdict import backoff_s
from pipeline.executor.assets import sha256_of
from pipeline.executor.gate import READS, UPLOADS, Gate
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

        Raises `FileNotFoundError` for a file that is gone, changed, or not taken by the service,
        and `Barred` when the account is closed.
        """
        urls = []
        for source in job.spec.sources:
            url = await self._address(source)
            if url is None:
                return None
            urls.append(url)
        return urls

    async def _address(self, source: SourceRef) -> str | None:
        if source.kind == "url":
            return source.value
        if source.kind != "asset":
            return await self._uploaded(*self._file(source))
        url = await self._had(READS, lambda: self.provider.find_asset(source.value))
        if url == "":
            raise FileNotFoundError(f"the library has no file {source.value!r}")
        return url

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
        async with self._uploading.setdefault(digest, anyio.Lock()):
            since_s = self.ledger.now() - ADDRESS_LIVES_S
            if url := self.ledger.ask.upload(self.account, digest, since_s):
                return url
            url = await self._had(UPLOADS, lambda: self.provider.upload(str(path)))
            if url:
                await self.ledger.remember_upload(self.account, digest, url)
            return url

    async def _had(self, bucket: str, call: Callable[[], Awaitable[str | None]]) -> str | None:
        """A free answer, asked for until it comes: "" for none, None when the run stops."""
        tries = 0
        while self.gate.control.buying:
            try:
                with self.gate.control.until_left():
                    async with self.gate.turn(bucket):
                        return await call() or ""
            except Throttled as refusal:
                self.gate.throttle(bucket, refusal.retry_after_s)
            except Unreachable:
                await self.gate.control.pause(backoff_s(tries))
                tries += 1
            except (Refused, Vanished) as failure:
                raise FileNotFoundError(f"the service does not take it: {failure.message}") \
                    from None
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
