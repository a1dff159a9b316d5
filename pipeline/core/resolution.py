"""A person's word on a job in doubt: what can be said, and the event that it means.

Law: nothing is resolved by default. An id is taken for the job's only where it is nobody else's,
the service knows it, and its row shows what the job asked for, made after the paid call; what could
not be held against it is written down beside the decision.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pipeline.core.job import Accepted, Deferred, Event, Failed, IllegalTransition, Job, State
from pipeline.core.likeness import likeness
from pipeline.core.provider import News, Scan, Sighting
from pipeline.core.terms import Terms

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
"""An id is taken only if it looks like one, because it becomes part of an address."""

PROMPT_SHOWN = 60


class Choice(StrEnum):
    """What a person can say of a doubt."""

    IS = "is"
    NOT_CHARGED = "not-charged"
    WRITE_OFF = "write-off"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person says: one choice, by whom, in which words; `remote_ids` go with `IS`."""

    choice: Choice
    by: str
    note: str = ""
    remote_ids: tuple[str, ...] = ()

    def and_also(self, words: str) -> "Ruling":
        """The same with something more to remember."""
        return replace(self, note="; ".join(part for part in (self.note, words) if part))


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the service says of a doubt: its list, and the ids that were looked up by themselves,
    None for one that it does not know. `silence` is why it could not be asked, as far as that goes.
    """

    scan: Scan | None = None
    looked: Mapping[str, News | None] = field(default_factory=dict)
    silence: str = ""

    def row(self, remote_id: str) -> Sighting | None:
        """The row of an id in the list."""
        rows = self.scan.sightings if self.scan else ()
        return next((row for row in rows if row.remote_id == remote_id), None)

    def denies(self, remote_id: str) -> bool:
        """Whether the service was asked for the id and does not know it."""
        return remote_id in self.looked and self.looked[remote_id] is None


def rule(job: Job, ruling: Ruling) -> Event:
    """The event that a ruling means; raises `IllegalTransition` for a job that is not in doubt."""
    if job.state is not State.IN_DOUBT:
        raise IllegalTransition(f"a person's word settles a doubt; this job is {job.state}")
    match ruling.choice:
        case Choice.IS:
            return Accepted(ruling.remote_ids, ruling.by, ruling.note)
        case Choice.NOT_CHARGED:
            return Deferred("not_charged", message=ruling.note, by=ruling.by)
        case Choice.WRITE_OFF:
            return Failed("written_off", ruling.note, job.held, ruling.by)


def read_ids(texts: Iterable[str]) -> tuple[str, ...]:
    """The ids that a person gave, one by one or with commas between; raises `ValueError` with the
    first that cannot be one.

    >>> read_ids(["a1, b2", "a1"])
    ('a1', 'b2')
    """
    ids = dict.fromkeys(part.strip() for text in texts for part in text.split(","))
    for each in ids:
        if not ID.fullmatch(each):
            raise ValueError(each)
    return tuple(ids)


def most_ids(job: Job) -> int:
    """How many ids one start of the job has at most."""
    alike = likeness(job.spec)
    return alike.rows if alike else 1


def lookalikes(job: Job, scan: Scan, owned: Collection[str], terms: Terms) -> list[Sighting]:
    """The rows that could be the job's: its own, and those of nobody that show the like of it."""
    listed = likeness(job.spec) is not None
    return [row for row in scan.sightings if row.remote_id in job.remote_ids
            or (listed and row.remote_id not in owned and not unlike(job, row, scan, terms))]


def unlike(job: Job, row: Sighting, scan: Scan, terms: Terms) -> str:
    """In which way a row is not the job's, "" where nothing speaks against it."""
    differs = []
    alike = likeness(job.spec)
    if alike and alike.model and row.model != alike.model:
        differs.append(f"it is of the model {row.model}, not {alike.model}")
    if alike and alike.words and row.prompt.strip() not in alike.words:
        differs.append(f"it shows another prompt, {row.prompt.strip()[:PROMPT_SHOWN]!r}")
    if row.created_s - scan.skew_s < (job.sent_s or 0.0) - terms.skew_s:
        differs.append("it was made before the paid call")
    return " and ".join(differs)


def grounds(remote_id: str, hearing: Hearing) -> str:
    """What an id was held against before it was taken, for the record."""
    if hearing.row(remote_id):
        return "the service lists it"
    if hearing.looked.get(remote_id):
        return "the service knows it, its list does not show it"
    return f"the service could not be asked: {hearing.silence}"
