"""What the service's list of recent jobs, and its balance, say about the jobs in doubt.

Law: a row is adopted only if it can belong to nothing else; absence is believed only after the
quiet time, in a scan that began after it, that reaches back past the paid call, and that shows a
job of ours known to be there. Whatever is left goes to a person. (The list is cut to the newest
rows, names no shape and echoes nothing of ours: Kubeez, facts 3.4.)
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.core.job import Accepted, Deferred, Event, Job
from pipeline.core.money import Money
from pipeline.core.provider import Finished, Scan, Sighting
from pipeline.core.terms import Terms

SHAPE = re.compile(r"([1-9]\d*(?:\.\d+)?):([1-9]\d*(?:\.\d+)?)")
RATIO_TOLERANCE = 0.03
"""Services round pixel sizes; 16:9 has come as 1344×768, which is 1.6 % off."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A job in doubt and when its request may have left last (a restart counts as last)."""

    job: Job
    last_byte_s: float


def adopt(doubts: Sequence[Doubt], scan: Scan, owned: Collection[str], terms: Terms,
          sending: Collection[Job] = ()) -> dict[str, Event]:
    """The doubts that a row of the list settles, by job key.

    `sending` are jobs whose paid call is under way: a row may be theirs before its answer is here,
    so nothing that looks like one of them is adopted until then.
    """
    events: dict[str, Event] = {}
    under_way = {_shown(job) for job in sending}
    for group in _groups(doubts):
        if _shown(group[0].job) in under_way:
            continue
        rows = _candidates(group, scan, owned, terms)
        for doubt, row in _pairs(group, rows):
            events[doubt.job.key] = Accepted((row.remote_id,))
    return events


def _groups(doubts: Sequence[Doubt]) -> Iterable[list[Doubt]]:
    """Doubts that the list cannot tell apart: the same model and the same prompt."""
    groups: dict[tuple[str, str], list[Doubt]] = {}
    for doubt in doubts:
        groups.setdefault(_shown(doubt.job), []).append(doubt)
    return groups.values()


def _shown(job: Job) -> tuple[str, str]:
    """What a row of the list shows of a job."""
    return job.spec.model, job.spec.prompt.strip()


def _candidates(group: list[Doubt], scan: Scan, owned: Collection[str],
                terms: Terms) -> list[Sighting]:
    return [row for row in _unowned(group, scan, owned)
            if any(_in_window(row, doubt, scan, terms) for doubt in group)]


def _unowned(group: list[Doubt], scan: Scan, owned: Collection[str]) -> list[Sighting]:
    """Rows that show what the group asked for and belong to nobody, whenever they were made."""
    return [row for row in scan.sightings if row.remote_id not in owned
            and (row.model, row.prompt.strip()) == _shown(group[0].job)]


def _pairs(group: list[Doubt], rows: list[Sighting]) -> Iterable[tuple[Doubt, Sighting]]:
    """As many rows as doubts, alike jobs in any order, unlike ones told apart by their shape."""
    if len(rows) != len(group):
        return []
    pairs: list[tuple[Doubt, Sighting]] = []
    for ratio in dict.fromkeys(doubt.job.spec.aspect_ratio for doubt in group):
        alike = [doubt for doubt in group if doubt.job.spec.aspect_ratio == ratio]
        fitting = [row for row in rows if _may_have(row, ratio, alone=len(alike) == len(group))]
        if len(fitting) == len(alike) and len({_looks(doubt) for doubt in alike}) == 1:
            pairs += zip(alike, fitting, strict=True)
    given = {row.remote_id for _, row in pairs}
    return pairs if len(given) == len(pairs) else []


def _looks(doubt: Doubt) -> str:
    """What a job asks for beside its variant: alike jobs are interchangeable."""
    spec = doubt.job.spec
    return f"{sorted(spec.params.items())} {spec.sources}"


def _in_window(row: Sighting, doubt: Doubt, scan: Scan, terms: Terms) -> bool:
    created_s = row.created_s - scan.skew_s
    sent_s = doubt.job.sent_s or doubt.last_byte_s
    latest_s = doubt.last_byte_s + terms.linger_s + terms.ingest_max_s + terms.skew_s
    return sent_s - terms.skew_s <= created_s <= latest_s


def _may_have(row: Sighting, ratio: str | None, *, alone: bool) -> bool:
    """Whether the row's size fits; an unfinished row fits only where nothing else could."""
    shape = SHAPE.fullmatch(ratio or "")
    if isinstance(row.news, Finished) and shape:
        wanted = float(shape[1]) / float(shape[2])
        for output in row.news.outputs:
            if output.width and output.height:
                return abs(output.width / output.height - wanted) <= RATIO_TOLERANCE * wanted
    return alone


def absent(doubts: Sequence[Doubt], scan: Scan, scan_began_s: float, owned: Mapping[str, float],
           terms: Terms) -> dict[str, Event]:
    """The doubts of which this scan proves that they never became a job, by job key.

    `owned` are the service's jobs that are surely ours, and when we learned of them. One of them
    must be in view: a list that does not show what is known to be there proves nothing by what else
    it does not show. Nor does one with a row that could not be read. One that we knew before the
    paid call shows that the list reaches back past it, and no two clocks need to agree on that.
    A call that was answered, with an id of another job, is not called absent: it did arrive.
    """
    known_s = [owned[row.remote_id] for row in scan.sightings if row.remote_id in owned]
    if scan.unread or not known_s:
        return {}
    events: dict[str, Event] = {}
    for group in _groups(doubts):
        if _unowned(group, scan, owned):
            continue
        for doubt in group:
            reaches = scan.complete or min(known_s) < (doubt.job.sent_s or 0.0)
            quiet = scan_began_s >= doubt.last_byte_s + terms.quiet_s
            if reaches and quiet and doubt.job.cause != "ambiguous":
                events[doubt.job.key] = Deferred("never_arrived")
    return events


@dataclass(frozen=True, slots=True)
class Reading:
    """A balance that was read while no paid call was open, and what was charged in all by then."""

    balance: Money
    charged: Money


def untouched(before: Reading, now: Reading) -> bool:
    """Whether the balance fell by what is known to be charged, and by no more: then none of the
    doubts was. It takes an account that nobody else uses and nobody filled up in between; whatever
    else the figures say is for a person."""
    if now.balance > before.balance or now.charged < before.charged:
        return False
    return before.balance.less(now.balance) == now.charged.less(before.charged)
