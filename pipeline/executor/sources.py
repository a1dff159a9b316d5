"""How the files that a job starts from reach the service.

Law: the same content is uploaded once while its address lives. A file that changed since the plan
is another file, and the job that names it is not bought.
"""

from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import TypeVar

import anyio

from pipeline.core.causes import says
from pipeline.core.errors import Refused, Throttled, Unreachable, Vanished
from pipeline.core.job import Job, State
from pipeline.core.money import Money
from pipeline.core.naming import KEY_SHOWN
from pipeline.core.origins import TIMED
from pipeline.core.provider import Finished, News, Provider, Working
from pipeline.core.signed import signed_until_s
from pipeline.core.spec import SourceRef
from pipeline.core.verdict import backoff_s
from pipeline.executor.assets import sha256_of
from pipeline.executor.gate import READS, UPLOADS, Gate
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.questions import Questions

ADDRESS_LIVES_S = 45 * 60.0
"""Signed addresses of the library live an hour (llms.txt); an upload's is trusted for less, where
it does not say itself how long it lives."""
FETCH_MARGIN_S = 120.0
"""An address that says its end must live so much longer: the service fetches it after the start."""
LINK_MARGIN_S = 10 * 60.0
"""A link is used only while it is good for so much longer: the service fetches it when it likes."""

T = TypeVar("T")


class Sources:
    """The sources of one account's jobs."""

    def __init__(self, account: str, provider: Provider, gate: Gate, ledger: Ledger) -> None:
        self.account = account
        self.provider = provider
        self.gate = gate
        self.ledger = ledger
        self._uploading: dict[str, anyio.Lock] = {}
        self._links: dict[str, tuple[str, float]] = {}

    async def bring(self, job: Job) -> list[str] | None:
        """The addresses of a job's sources, in order; None when the run stops meanwhile.

        Raises `FileNotFoundError` for a file that is gone, changed, or not taken by the service,
        and `Barred` when the account is closed.
        """
        urls = []
        bring = self._clip if job.spec.kind == "extend" else self._address
        for source in job.spec.sources:
            url = await bring(source)
            if url is None:
                return None
            urls.append(url)
        return urls

    def outlived(self, urls: Sequence[str]) -> bool:
        """Whether a turn was so long in coming that one of these addresses is at its end."""
        ends_s = [signed_until_s(url) for url in urls]
        return any(end_s is not None and self.ledger.now() + FETCH_MARGIN_S > end_s
                   for end_s in ends_s)

    async def _address(self, source: SourceRef) -> str | None:
        if source.kind == "url":
            return source.value
        if source.kind == "asset":
            return await self._library_link(source.value)
        return await self._uploaded(*self._file(source))

    async def _clip(self, source: SourceRef) -> str | None:
        """The service's own name of a clip that it made for us, by which it goes on from it."""
        made = self.ledger.ask.job(source.job)
        if made is None or not made.remote_ids:
            raise FileNotFoundError("the clip that it goes on from is not known to the service")
        began_s = anyio.current_time()
        news = await self._had(READS, lambda: self._look_again(made, began_s))
        if news is not None and not (isinstance(news, Finished) and news.task_id):
            raise FileNotFoundError("the service names no task of the clip that it goes on from")
        return news.task_id if isinstance(news, Finished) else None

    async def _look_again(self, made: Job, began_s: float) -> News:
        """News of a job that is done: a read that does not show its end is behind, for a while."""
        try:
            news = await self.provider.look(made.remote_ids[0], made.spec.kind)
        except Vanished as failure:
            if anyio.current_time() - began_s > self.gate.terms.link_wait_s:
                raise
            raise Unreachable(failure.message) from None
        if isinstance(news, Working):
            raise Unreachable("a read shows it as under way")
        return news

    async def _library_link(self, name: str) -> str | None:
        """A link to a library file that is good for a while yet; they are signed for an hour."""
        url, until_s = self._links.get(name, ("", 0.0))
        if until_s > self.ledger.now() + LINK_MARGIN_S:
            return url
        if self.provider.library is None:
            raise FileNotFoundError("the account keeps no library")
        shelf = await self._had(READS, self.provider.library.shelf)
        if shelf is None:
            return None
        file = shelf.find(name)
        if file is None or not file.url:
            raise FileNotFoundError(f"the library has no file {name!r}")
        self._links[name] = (file.url, file.url_until_s or 0.0)
        return file.url

    def _file(self, source: SourceRef) -> tuple[Path, str]:
        if source.kind == "file":
            path, digest = Path(source.path), source.value
        else:
            made = self.ledger.ask.job(source.job)
            files = made.files if made else ()
            if source.index >= len(files):
                raise FileNotFoundError(f"the job that it starts from brought "
                                        f"{len(files) or 'no'} file{'s' * (len(files) > 1)}, "
                                        f"and this one needs number {source.index + 1}")
            path, digest = Path(files[source.index].path), files[source.index].sha256
        if not path.is_file() or sha256_of(path) != digest:
            raise FileNotFoundError(f"{path.name} is gone, or is no longer what was planned")
        return path, digest

    async def _uploaded(self, path: Path, digest: str) -> str | None:
        async with self._uploading.setdefault(digest, anyio.Lock()):
            had = self.ledger.ask.upload(self.account, digest)
            if had and _is_good(*had, self.ledger.now()):
                return had[0]
            url = await self._had(UPLOADS, lambda: self.provider.upload(str(path)))
            if url:
                await self.ledger.remember_upload(self.account, digest, url)
            return url

    async def _had(self, bucket: str, call: Callable[[], Awaitable[T]]) -> T | None:
        """A free answer, asked for until it comes; None when the run stops."""
        tries = 0
        while self.gate.control.buying:
            try:
                with self.gate.control.until_left():
                    async with self.gate.turn(bucket):
                        return await call()
            except Throttled as refusal:
                self.gate.throttle(bucket, refusal.retry_after_s)
            except Unreachable:
                await self.gate.control.pause(backoff_s(tries))
                tries += 1
            except (Refused, Vanished) as failure:
                raise FileNotFoundError(f"the service does not take it: {failure.message}") \
                    from None
        return None


def _is_good(url: str, uploaded_s: float, now_s: float) -> bool:
    """Whether the address of an upload can still be handed to the service."""
    until_s = signed_until_s(url)
    if until_s is None:
        return now_s <= uploaded_s + ADDRESS_LIVES_S
    return now_s + FETCH_MARGIN_S <= until_s


def held_for(job: Job, ask: Questions) -> Money:
    """What an attempt sets aside: the worst price, for the real length of what it starts from."""
    if job.quote.rate is None:
        return job.quote.worst
    measured_s = 0.0
    for source in job.spec.sources:
        if source.kind == "job" and source.media in TIMED:
            made = ask.job(source.job)
            file = made.files[source.index] if made and source.index < len(made.files) else None
            if file is None or file.seconds is None:
                return job.quote.worst
            measured_s += file.seconds
    return job.quote.held(measured_s)


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
