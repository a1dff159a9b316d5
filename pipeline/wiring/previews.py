"""The service's own word on what a plan will take, where it gives one; free, and asked once a kind.

Law: a preview makes a plan surer, never bolder: what is set aside is the worse of both prices, and
one above the author's `max_price` is refused like a price of the catalog.
"""

from collections.abc import Mapping
from dataclasses import replace

from pipeline.core.cells import Cells, Expansion, Pattern
from pipeline.core.errors import AuthorError, Problem, ProviderFailure
from pipeline.core.manifest import Campaign, Manifest
from pipeline.core.pricing import confirmed
from pipeline.core.provider import Preview, Previewer
from pipeline.wiring.accounts import Account

MOST_ASKED = 60
"""Questions a plan: half of the 120 reads a minute (llms.txt, "Rate limits")."""


async def preview(expansion: Expansion, manifest: Manifest,
                  accounts: Mapping[str, Account]) -> None:
    """Ask for the price of every kind of cell, and quote it; silence leaves the catalog's price.

    Raises `AuthorError` for one that is above its campaign's `max_price`.
    """
    cells = Cells.of(expansion.cells)
    campaigns = {campaign.name: campaign for campaign in manifest.campaigns}
    problems: dict[Problem, None] = {}
    told: dict[object, Preview | None] = {}
    for number, pattern in enumerate(cells.patterns):
        account = accounts[pattern.account]
        if not isinstance(account.provider, Previewer) or pattern.spec.model in \
                account.settings.prices:
            continue
        asked = _asked(pattern)
        if asked not in told and len(told) < MOST_ASKED:
            told[asked] = await _ask(account.provider, pattern)
        if found := told.get(asked):
            cells.patterns[number] = replace(pattern, quote=confirmed(pattern.quote, found))
            problems |= dict.fromkeys(_too_dear(campaigns[pattern.campaign], pattern, found))
    if problems:
        raise AuthorError(list(problems))
    expansion.cells = cells


def _too_dear(campaign: Campaign, pattern: Pattern, found: Preview) -> list[Problem]:
    most = campaign.max_price
    if most is None or found.amount <= most:
        return []
    return [Problem(f"{pattern.model} costs {found.amount} credits by the service's own quote, "
                    f"over max_price {most}", campaign.at("max_price"),
                    "raise max_price, or choose a model or a length that fits")]


async def _ask(provider: Previewer, pattern: Pattern) -> Preview | None:
    try:
        return await provider.preview(pattern.spec)
    except ProviderFailure:
        return None


def _asked(pattern: Pattern) -> object:
    """What the price of a cell hangs on."""
    spec = pattern.spec
    return (pattern.account, spec.kind, spec.model, tuple(sorted(spec.params.items())),
            tuple((source.media, source.seconds, source.measured) for source in spec.sources))
