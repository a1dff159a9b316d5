"""The end of a job, told on a stream of its own: news without asking again and again.

Law: a stream is a convenience. Where there is none, or it breaks off, the job is looked at as if
there had never been one, and nobody is told.
"""

from collections.abc import Callable

import anyio

from pipeline.core.errors import ProviderFailure, Throttled, Unreachable
from pipeline.core.job import Job
from pipeline.core.provider import News, Provider
from pipeline.executor.gate import READS, Gate

MOST_STREAMS = 4
"""With more jobs under way one reading of the list costs less than a stream for each."""
PATIENCE_S = 60.0
"""A job that is followed is looked at all the same, as seldom as this."""


class Streams:
    """The open streams of one account."""

    def __init__(self, provider: Provider, gate: Gate) -> None:
        self.provider = provider
        self.gate = gate
        self.works = set(provider.terms.streams)
        self.proven = False
        self._tried: set[str] = set()
        self._open: dict[str, anyio.CancelScope] = {}

    def take(self, job: Job, under_way: int, due: int) -> bool:
        """Whether to follow this job, with so many under way and so many due for a look.

        The first stream shows whether there are any: it is opened where it is the only read.
        """
        knows = self.proven or (due == 1 and not self._open)
        if not (job.spec.kind in self.works and knows and under_way <= MOST_STREAMS
                and len(job.remote_ids) == 1 and job.key not in self._tried):
            return False
        self._tried.add(job.key)
        self._open[job.key] = anyio.CancelScope()
        return True

    async def follow(self, job: Job, tell: Callable[[News | None], None]) -> None:
        """Wait on the stream of a job that was taken; `tell` gets its end, or None for no end."""
        try:
            with self._open[job.key]:
                tell(await self._end(job))
        finally:
            self._open.pop(job.key, None)

    async def _end(self, job: Job) -> News | None:
        try:
            async with self.gate.turn(READS):
                news = await self.provider.follow(job.remote_ids[0], job.spec.kind)
            self.proven = True
            return news
        except Throttled as refusal:
            self.gate.throttle(READS, refusal.retry_after_s)
        except Unreachable:
            pass
        except ProviderFailure:
            self.works.discard(job.spec.kind)  # there is none, or the key may not open it
        return None

    def drop(self, job: Job) -> None:
        """The job's end is known by other means."""
        if scope := self._open.get(job.key):
            scope.cancel()
