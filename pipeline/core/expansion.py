"""A whole manifest expanded: campaigns in the author's order, counted before any cell is built."""

from collections.abc import Mapping, Sequence

from pipeline.core.cells import Cells, Expansion, Offer
from pipeline.core.chains import Bases, most_bases
from pipeline.core.errors import Problem
from pipeline.core.grower import Grower
from pipeline.core.manifest import Campaign, Manifest
from pipeline.core.matrix import count_combos

MAX_JOBS = 1_000_000
"""More cells than this are refused before any is built; a setting can lower or raise it."""

COUNTABLE = 10**18


def expand(manifest: Manifest, offers: Mapping[str, Offer], *,
           max_jobs: int = MAX_JOBS) -> Expansion:
    """Multiply every campaign and hold every cell against its account's catalog."""
    expansion = Expansion()
    if problem := _too_many(manifest, max_jobs):
        expansion.problems.append(problem)
        return expansion
    by_campaign: dict[str, Cells] = {}
    for campaign in _sources_first(manifest.campaigns):
        source = by_campaign.get(campaign.source_campaign)
        bases = None if source is None else Bases(source, campaign)
        by_campaign[campaign.name] = Grower(campaign, manifest, offers, bases, expansion).grow()
    expansion.cells = cells = Cells()
    for campaign in manifest.campaigns:
        cells.append(by_campaign.pop(campaign.name, Cells()))
    _find_twins(manifest, cells, expansion.problems)
    return expansion


def _too_many(manifest: Manifest, max_jobs: int) -> Problem | None:
    counts: dict[str, int] = {}
    by_name = {campaign.name: campaign for campaign in manifest.campaigns}
    for campaign in _sources_first(manifest.campaigns):
        source = by_name.get(campaign.source_campaign)
        starts = counts.get(source.name, 1) * most_bases(source, campaign) if source else 1
        counts[campaign.name] = count_combos(campaign, starts)
    total = sum(counts.values())
    if total <= max_jobs:
        return None
    largest = max(manifest.campaigns, key=lambda campaign: counts[campaign.name])
    return Problem(f"{_told(total)} jobs, of which {_told(counts[largest.name])} in campaign "
                   f"{largest.name!r}: more than the {max_jobs:,} allowed", largest.at(),
                   "shorten an axis, or raise max_jobs in pipeline.toml")


def _told(number: int) -> str:
    """A number as far as anybody reads it."""
    return f"{number:,}" if number < COUNTABLE else f"more than {COUNTABLE:,}"


def _sources_first(campaigns: Sequence[Campaign]) -> list[Campaign]:
    """Every campaign after the one it starts from; what starts from nothing known comes last."""
    ordered: list[Campaign] = []
    waiting = list(campaigns)
    while waiting:
        placed = {campaign.name for campaign in ordered}
        ready = [c for c in waiting if not c.source_campaign or c.source_campaign in placed]
        ready = ready or waiting
        ordered += ready
        waiting = [c for c in waiting if c not in ready]
    return ordered


def _find_twins(manifest: Manifest, cells: Cells, problems: list[Problem]) -> None:
    first: dict[str, int] = {}
    told: set[tuple[str, str]] = set()
    places = {campaign.name: campaign.at() for campaign in manifest.campaigns}
    for number in cells.repeated():
        [key] = cells.keys(number, number + 1)
        twin = cells.patterns[cells.pattern[first.setdefault(key, number)]]
        own = cells.patterns[cells.pattern[number]]
        if first[key] != number and (twin.campaign, own.campaign) not in told:
            told.add((twin.campaign, own.campaign))
            problems.append(Problem(
                f"campaign {own.campaign!r} asks twice for the same job: {own.spec.model}"
                + (f" {own.spec.aspect_ratio}" if own.spec.aspect_ratio else "")
                + (f", already in campaign {twin.campaign!r}"
                   if twin.campaign != own.campaign else ""),
                places[own.campaign],
                "a variable that the prompt does not use makes no difference; "
                "`variants: 2` buys the same cell twice on purpose"))
