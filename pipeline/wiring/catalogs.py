"""Catalogs, fetched and remembered.

Law: what is bought is priced from a catalog that was fetched for it; a remembered one serves
questions only, and says its age.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pipeline.core.catalog import Catalog
from pipeline.core.cells import Offer
from pipeline.core.errors import Barred, Exit, Halt, ProviderFailure
from pipeline.inputs.catalog_cache import CatalogCache
from pipeline.providers.strangers import find_entry
from pipeline.wiring.accounts import Account


def cache_name(account: Account) -> str:
    """A sandbox started for a command has a new port each time and the same catalog."""
    entry = find_entry(account.settings.provider)
    if entry and entry.dialect and not account.settings.base_url:
        return account.name
    return f"{account.name}@{urlsplit(account.address).netloc.replace(':', '_')}"


async def fetch_offer(account: Account, cache: CatalogCache, now_s: float) -> Offer:
    """The account's catalog, live; raises `Halt` (4, 5) when it cannot be had."""
    try:
        payload = await account.provider.fetch_catalog()
        fetched_at = iso(now_s)
        catalog = account.provider.read_catalog(payload, fetched_at)
    except Barred as failure:
        raise Halt(Exit.KEY, f"{account.name}: {failure.message}",
                   hint="" if account.has_key else account.remedy) from None
    except ProviderFailure as failure:
        raise Halt(Exit.REFUSED, f"{account.name} cannot be reached: {failure.message}",
                   code="unreachable",
                   hint=f"is {account.address} right, and is the network there?") from None
    with suppress(OSError):  # a home that cannot be written is no reason not to work
        cache.write(cache_name(account), payload, fetched_at)
    return _offer(account, catalog)


def _offer(account: Account, catalog: Catalog) -> Offer:
    return Offer(account.settings.provider, catalog, account.settings.prices,
                 account.provider.terms.kinds, terms=account.provider.terms)


def cached_offer(account: Account, cache: CatalogCache) -> Offer | None:
    """The account's catalog as it was last fetched."""
    found = cache.read(cache_name(account))
    if found is None:
        return None
    payload, fetched_at = found
    try:
        catalog = account.provider.read_catalog(payload, fetched_at)
    except ProviderFailure:
        return None
    return _offer(account, catalog)


async def offers(accounts: Iterable[Account], cache: CatalogCache, now_s: float, *,
                 live: bool) -> Mapping[str, Offer]:
    """The offers of all accounts; without `live` the remembered ones, where there are any."""
    found = {}
    for account in accounts:
        offer = None if live else cached_offer(account, cache)
        found[account.name] = offer or await fetch_offer(account, cache, now_s)
    return found


def iso(at_s: float) -> str:
    """A stored moment as people and programs read it: UTC, to the second."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
