"""Rows of the service's list that look like ours and belong to no job: perhaps charges of ours.

Law: a row is called ours by a person alone, because anybody with the account may ask for the same
words. What is looked for here no care of ours can prevent: a proxy that sent a request twice, a
request that arrived when it had been called absent, a state folder that was copied (SAFETY 2.5).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pipeline.core.job import Job
from pipeline.core.likeness import Likeness, likeness
from pipeline.core.marks import seed_mark, seed_of
from pipeline.core.money import Money
from pipeline.core.provider import Broken, Finished, News, Scan, Sighting
from pipeline.core.spec import JobSpec
from pipeline.core.terms import Terms

LATEST_S = 3600.0
"""So much longer than its sheet says a request may have been on its way, and be looked for: it had
been called absent by then, and perhaps bought again."""


@dataclass(frozen=True, slots=True)
class Try:
    """One paid call that was intended: for which job, when, and whether its charge is booked though
    nobody knows its id (a person wrote it off, or the balance told); `tag` is the attempt's."""

    key: str
    spec: JobSpec
    sent_s: float
    nameless: bool = False
    tag: str = ""

    @property
    def marks(self) -> set[str]:
        """What a row that it made may bear."""
        return {self.tag, seed_mark(self.spec.params.get("seed", seed_of(self.tag)))}


@dataclass(frozen=True, slots=True)
class Orphan:
    """A row that belongs to no job, and the job that it looks like. `created_s` is by our clock;
    `charged` is None where the service does not say, or not yet."""

    account: str
    remote_id: str
    job: str
    created_s: float
    charged: Money | None = None


def find_orphans(account: str, scan: Scan, owned: Collection[str], tries: Iterable[Try],
                 unsettled: Iterable[Job], *, terms: Terms) -> list[Orphan]:
    """The rows that no job explains.

    `unsettled` are jobs whose paid call may have made a row that nobody owns yet: nothing that
    looks like one of them is an orphan before they are settled. A charge that is booked without an
    id has a row somewhere, so as many are passed over. A row that bears a mark is ours by its mark
    alone, and where the list gives marks back, no other row is.
    """
    tries, unsettled = list(tries), list(unsettled)
    found = _marked(account, scan, owned, tries, {job.key for job in unsettled})
    if terms.echo:
        return list(found.values())
    open_yet = {likeness(job.spec) for job in unsettled}
    groups: defaultdict[Likeness, list[Try]] = defaultdict(list)
    for each in tries:
        alike = likeness(each.spec)
        if alike is not None and alike not in open_yet and each.spec.kind in terms.listed:
            groups[alike].append(each)
    for alike, group in groups.items():
        marks = {"", *(mark for each in group for mark in each.marks)}
        rows = [(row, made_by) for row in scan.sightings
                if row.remote_id not in owned and row.tag in marks and alike.fits(row)
                and not _was_free(row.news)
                and (made_by := _made_by(row, group, scan, terms))]
        explained = sum(each.nameless for each in group) * alike.rows
        for row, made_by in rows[explained:]:
            found.setdefault(row.remote_id, Orphan(account, row.remote_id, made_by.key,
                                                   row.created_s - scan.skew_s,
                                                   charge_of(row.news)))
    return list(found.values())


def _marked(account: str, scan: Scan, owned: Collection[str], tries: Iterable[Try],
            open_yet: Collection[str]) -> dict[str, Orphan]:
    """The rows that bear the tag of an attempt and belong to no job: its request came twice."""
    made_by = {each.tag: each for each in tries if each.tag and each.key not in open_yet}
    explained = {tag for tag, each in made_by.items() if each.nameless}
    found = {}
    for row in sorted(scan.sightings, key=lambda row: row.created_s):
        if row.remote_id in owned or row.tag not in made_by or _was_free(row.news):
            continue
        if row.tag in explained:
            explained.remove(row.tag)
            continue
        found[row.remote_id] = Orphan(account, row.remote_id, made_by[row.tag].key,
                                      row.created_s - scan.skew_s, charge_of(row.news))
    return found


def charge_of(news: News) -> Money | None:
    """What the service says that it took, None where it does not."""
    return news.charged if isinstance(news, Finished | Broken) else None


def _was_free(news: News) -> bool:
    charged = charge_of(news)
    return charged is not None and not charged


def _made_by(row: Sighting, group: Iterable[Try], scan: Scan, terms: Terms) -> Try | None:
    """A paid call that the row may have come of: a request lingers for a while, and no more."""
    created_s = row.created_s - scan.skew_s
    longest_s = terms.linger_s + terms.ingest_max_s + terms.skew_s + LATEST_S
    return next((each for each in group
                 if each.sent_s - terms.skew_s <= created_s <= each.sent_s + longest_s), None)
