"""What the service's list of recent jobs, and its balance, say about the jobs in doubt.

Law: a row is adopted only if it can belong to nothing else; absence is believed only after the
quiet time, in a scan that began after it, that reaches back past the paid call, and that shows a
job of ours known to be there. Whatever is left goes to a person. (Kubeez's list is cut to the
newest rows, names no shape and echoes nothing of ours: facts 3.4. Where a list gives our marks
back, a mark alone decides, and only a list that is seen to do so proves absence: SAFETY E3.)
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.core.job import Accepted, Deferred, Event, Job
from pipeline.core.likeness import Likeness, likeness
from pipeline.core.marks import chosen_mark, marks_of
from pipeline.core.money import NOTHING, Money
from pipeline.core.provider import Finished, Scan, Sighting
from pipeline.core.terms import Terms
from pipeline.core.verdict import judge_broken

TOGETHER_S = 600.0
"""Doubts that come up within so long are one trouble, and more may be on their way."""

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
    """The doubts that rows of the list settle, by job key.

    `sending` are jobs whose paid call is under way: a row may be theirs before its answer is here,
    so nothing that looks like one of them is adopted until then. Nor is a row that would fit two
    groups of doubts.
    """
    events = _marked(doubts, scan, owned)
    if terms.echo:
        return events
    doubts = [doubt for doubt in doubts if doubt.job.key not in events]
    under_way = {likeness(job.spec) for job in sending}
    found = [(group, _candidates(alike, group, scan, owned, terms))
             for alike, group in _groups(doubts).items() if alike not in under_way]
    claims = Counter(row.remote_id for _, rows in found for row in rows)
    for group, rows in found:
        if any(claims[row.remote_id] > 1 for row in rows):
            continue
        for doubt, ids in _pairs(group, rows):
            events[doubt.job.key] = Accepted(ids)
    return events


def _marked(doubts: Sequence[Doubt], scan: Scan, owned: Collection[str]) -> dict[str, Event]:
    """The doubts whose own mark a row bears. Of two such rows the oldest is the job, the other an
    orphan charge: somebody sent our request again."""
    rows: dict[str, Sighting] = {}
    for row in sorted(scan.sightings, key=lambda row: row.created_s):
        if row.tag and row.remote_id not in owned:
            rows.setdefault(row.tag, row)
    return {doubt.job.key: Accepted((rows[mark].remote_id,))
            for doubt in doubts for mark in marks_of(doubt.job) if mark in rows}


def _echoes(scan: Scan, owned: Collection[str]) -> bool:
    """Whether this very list is seen to give marks back, by a row that is known to be ours."""
    return any(row.tag and row.remote_id in owned for row in scan.sightings)


def _groups(doubts: Sequence[Doubt]) -> dict[Likeness, list[Doubt]]:
    """Doubts that the list cannot tell apart, but for those that no list shows."""
    groups: dict[Likeness, list[Doubt]] = {}
    for doubt in doubts:
        if (alike := likeness(doubt.job.spec)) is not None:
            groups.setdefault(alike, []).append(doubt)
    return groups


def _candidates(alike: Likeness, group: list[Doubt], scan: Scan, owned: Collection[str],
                terms: Terms) -> list[Sighting]:
    return [row for row in _unowned(alike, group, scan, owned)
            if any(_in_window(row, doubt, scan, terms) for doubt in group)]


def _unowned(alike: Likeness, group: list[Doubt], scan: Scan,
             owned: Collection[str]) -> list[Sighting]:
    """Rows that show what the group asked for and belong to nobody, whenever they were made; one
    that bears a mark belongs to the attempt of that mark, unless the group's authors chose it."""
    known = {"", *(chosen_mark(doubt.job) for doubt in group)}
    return [row for row in scan.sightings
            if row.remote_id not in owned and row.tag in known and alike.fits(row)]


def _pairs(group: list[Doubt],
           rows: list[Sighting]) -> Iterable[tuple[Doubt, tuple[str, ...]]]:
    """As many rows as doubts, alike jobs in the order of time (each its own row, though perhaps one
    alone is recorded), unlike ones told apart by their shape; all rows of one start, where it
    makes several."""
    alike = likeness(group[0].job.spec)
    if alike is not None and alike.rows > 1:
        whole = len(group) == 1 and len(rows) == alike.rows
        return [(group[0], tuple(row.remote_id for row in rows))] if whole else []
    return [(doubt, (row.remote_id,)) for doubt, row in _one_each(group, rows)]


def _one_each(group: list[Doubt], rows: list[Sighting]) -> Iterable[tuple[Doubt, Sighting]]:
    if len(rows) != len(group):
        return []
    pairs: list[tuple[Doubt, Sighting]] = []
    for ratio in dict.fromkeys(doubt.job.spec.aspect_ratio for doubt in group):
        alike = [doubt for doubt in group if doubt.job.spec.aspect_ratio == ratio]
        fitting = [row for row in rows if _may_have(row, ratio, alone=len(alike) == len(group))]
        if len(fitting) == len(alike) and len({_looks(doubt) for doubt in alike}) == 1:
            pairs += zip(sorted(alike, key=lambda doubt: doubt.job.sent_s or doubt.last_byte_s),
                         sorted(fitting, key=lambda row: row.created_s), strict=True)
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
    """Whether the row's shape or size fits; one that shows neither, where nothing else could."""
    if row.shape:
        return row.shape == ratio
    shape = SHAPE.fullmatch(ratio or "")
    if isinstance(row.news, Finished) and shape:
        wanted = float(shape[1]) / float(shape[2])
        for output in row.news.outputs:
            if output.width and output.height:
                return abs(output.width / output.height - wanted) <= RATIO_TOLERANCE * wanted
    return alone


def too_many(moments: Iterable[float], most: int) -> bool:
    """Whether so many doubts came up within ten minutes: then nothing more is bought until they are
    settled, so that no more money is at risk than of these and of the calls that were under way
    (SAFETY 1.2).

    >>> too_many([0.0, 599.0], 2), too_many([0.0, 601.0], 2), too_many([0.0], 1), too_many([], 1)
    (True, False, True, False)
    """
    ordered = sorted(moments)
    return any(last - first <= TOGETHER_S
               for first, last in zip(ordered, ordered[most - 1:], strict=False))


def settles_s(doubt: Doubt, terms: Terms) -> float:
    """When absence can be believed; a call that brings its result itself may take longer."""
    return doubt.last_byte_s + terms.quiet_s + terms.at_once_s.get(doubt.job.spec.kind, 0.0)


def absent(doubts: Sequence[Doubt], scan: Scan, scan_began_s: float, owned: Mapping[str, float],
           terms: Terms) -> dict[str, Event]:
    """The doubts of which this scan proves that they never became a job, by job key.

    `owned` are the service's jobs that are surely ours, and when we learned of them. One of them
    must be in view: a list that does not show what is known to be there proves nothing by what else
    it does not show. Nor does one with a row that could not be read. One that we knew before the
    paid call shows that the list reaches back past it, and no two clocks need to agree on that.
    A call that was answered, with an id of another job, is not called absent: it did arrive. And of
    a kind that the list may not show at all, it proves nothing.
    """
    known_s = [owned[row.remote_id] for row in scan.sightings if row.remote_id in owned]
    if scan.unread or not known_s or (terms.echo and not _echoes(scan, owned)):
        return {}
    events: dict[str, Event] = {}
    for alike, group in _groups(doubts).items():
        if not terms.echo and _unowned(alike, group, scan, owned):
            continue
        for doubt in group:
            if doubt.job.spec.kind not in terms.listed:
                continue
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


def unexplained(before: Reading, now: Reading) -> Money | None:
    """By how much more the balance fell than what is known to be charged; None if the figures tell
    nothing. It takes an account that nobody else uses and nobody filled up in between."""
    if now.balance > before.balance or now.charged < before.charged:
        return None
    fell, known = before.balance.less(now.balance), now.charged.less(before.charged)
    return fell.less(known) if fell >= known else None


def judge_balance(doubts: Sequence[Doubt], missing: Money, terms: Terms) -> dict[str, Event]:
    """What the balance alone says of all doubts that are left, by job key.

    Nothing is missing: none of them was bought. All their prices are: all of them were, and of a
    kind whose answer is the result, that is gone for good. Anything else is for a person.
    """
    if not missing:
        return {doubt.job.key: Deferred("never_arrived") for doubt in doubts}
    held = sum((doubt.job.held for doubt in doubts), NOTHING)
    if missing == held and all(doubt.job.spec.kind in terms.at_once_s for doubt in doubts):
        return {doubt.job.key: judge_broken(doubt.job, cause="answer_gone", message="",
                                             charged=doubt.job.held)
                for doubt in doubts}
    return {}
