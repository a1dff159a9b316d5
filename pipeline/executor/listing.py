"""The service's list of recent jobs, as the watch reads it: what it shows, and how far it reaches.

Law: a row is news; the want of one is none. How far the list reaches decides only who is asked
about one by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.core.errors import Barred, Refused, Vanished
from pipeline.core.job import Job
from pipeline.core.provider import News, Provider, Scan
from pipeline.executor.waiting import Waiting

EVERYTHING = float("-inf")
INSTANT_S = 1e-3
MOST_MISSED = 2
"""After so many made jobs that the list of made jobs should have shown and did not it is not asked
for any more."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading brought: news by the service's ids, and since when by our clock each job has
    been there. It may not show what is older than `reach_s`."""

    news: Mapping[str, News]
    made_s: Mapping[str, float]
    reach_s: float = EVERYTHING

    def places(self, waiting: Waiting, *, settled: bool) -> bool:
        """Whether a list of everything says when a job was made: its row does, or that it is full
        says that it was before all rows. A `settled` job that it leaves out is hidden for now."""
        known = [self.made_s[name] for name in waiting.job.remote_ids if name in self.made_s]
        full = self.reach_s > EVERYTHING
        waiting.hidden = settled and not known and not full
        if full and not known:
            known = [waiting.made_s, self.reach_s - INSTANT_S]
        waiting.made_s = min(known, default=waiting.made_s)
        return bool(known)


class Listing:
    """The list of one account. `works` is False where there is none, or none may be read."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._filter: Mapping[str, str] = dict(provider.terms.made_filter)
        self._missed = 0
        self._last = Reading({}, {})
        self._reach_s = EVERYTHING
        self.works = True
        self.filtered = False

    def lists(self, job: Job) -> bool:
        """Whether there is a list that shows jobs such as this one."""
        return self.works and job.spec.kind in self._provider.terms.listed

    def may_show(self, waiting: Waiting) -> bool:
        """Whether the next reading may bring news of this job."""
        return self.lists(waiting.job) and not waiting.hidden and (
            waiting.made_s >= self._reach_s
            or self._last.news.keys() >= set(waiting.job.remote_ids))

    async def read(self, *, crowded: bool) -> Reading:
        """One reading. With a `crowded` list only made jobs are asked for, where the service can do
        so: those under way would push them out of it."""
        self.filtered = crowded and bool(self._filter)
        self._last = _reading(await self._scan(self._filter if self.filtered else {}),
                              self._provider.terms.list_rows)
        decides = self.filtered or not self._filter
        self._reach_s = self._last.reach_s if decides else EVERYTHING
        return self._last

    async def _scan(self, filters: Mapping[str, str]) -> Scan:
        try:
            return await self._provider.scan(filters)
        except (Barred, Refused, Vanished) as failure:
            if isinstance(failure, Barred) and failure.cause != "missing_scope":
                raise
            if filters:
                self._filter = {}
            else:
                self.works = False
            return Scan([], complete=False)

    def missed(self, waiting: Waiting) -> None:
        """A look found this job made, and the reading just before it did not show it."""
        self._missed += self.filtered and self.may_show(waiting)
        if self._missed >= MOST_MISSED:
            self._filter = {}


def _reading(scan: Scan, most_rows: int) -> Reading:
    made_s = {row.remote_id: row.created_s - scan.skew_s for row in scan.sightings}
    full = len(scan.sightings) >= most_rows
    return Reading({row.remote_id: row.news for row in scan.sightings}, made_s,
                   min(made_s.values(), default=EVERYTHING) if full else EVERYTHING)
