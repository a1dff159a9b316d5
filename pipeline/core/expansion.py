"""A whole manifest expanded: campaigns in the author's order, counted before any cell is built."""

from collections.abc import Mapping, Sequence

from pipeline.core.cells import Cell, Expansion, Offer
from pipeline.core.chains import bases_of, most_bases
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
    by_campaign: dict[str, list[Cell]] = {}
    for campaign in _sources_first(manifest.campaigns):
        bases = bases_of(by_campaign.get(campaign.source_campaign, []), campaign)
        grower = Grower(campaign, manifest, offers, bases, expansion)
        by_campaign[campaign.name] = grower.grow()
    for campaign in manifest.campaigns:
        expansion.cells += by_campaign[campaign.name]
    _find_twins(manifest, expansion)
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


def _find_twins(manifest: Manifest, expansion: Expansion) -> None:
    first: dict[str, Cell] = {}
    told: set[tuple[str, str]] = set()
    places = {campaign.name: campaign.at() for campaign in manifest.campaigns}
    for cell in expansion.cells:
        twin = first.setdefault(cell.key, cell)
        if twin is not cell and (twin.campaign, cell.campaign) not in told:
            told.add((twin.campaign, cell.campaign))
            expansion.problems.append(Problem(
                f"campaign {cell.campaign!r} asks twice for the same job: {cell.spec.model}"
                + (f" {cell.spec.aspect_ratio}" if cell.spec.aspect_ratio else "")
                + (f", already in campaign {twin.campaign!r}"
                   if twin.campaign != cell.campaign else ""),
                places[cell.campaign],
                "a variable that the prompt does not use makes no difference; "
                "`variants: 2` buys the same cell twice on purpose"))
