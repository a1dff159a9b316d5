"""From a manifest's path to a plan with everything a person decides by.

Law: read-only. No paid call, and no write but the catalog cache.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.core.caps import Caps, smallest
from pipeline.core.cells import Expansion, Offer
from pipeline.core.difference import Difference, compare
from pipeline.core.errors import AuthorError, Halt, ProviderFailure
from pipeline.core.expansion import expand
from pipeline.core.forecast import BUDGET, Forecast, forecast
from pipeline.core.loads import Lengths
from pipeline.core.manifest import Manifest
from pipeline.core.money import Money
from pipeline.core.moved import Moved, moved
from pipeline.core.plan import Plan, Rows, draw_plan
from pipeline.core.reach import Reach, within_caps, within_time
from pipeline.core.report import RunInfo
from pipeline.core.selection import select
from pipeline.inputs.catalog_cache import CatalogCache
from pipeline.inputs.manifest import survey_manifest
from pipeline.inputs.settings import Settings
from pipeline.wiring.accounts import Account, Accounts, need_keys, open_accounts
from pipeline.wiring.catalogs import offers
from pipeline.wiring.past import Past
from pipeline.wiring.previews import preview
from pipeline.wiring.rooms import Rooms
from pipeline.wiring.still import still_accounts


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked to have planned; `compared` with what the last run wanted, row by row.

    `looks` where nothing but the plan is asked for: no account is called with it afterwards.
    `longest_s` is how long the run may take.
    """

    manifest: Path
    state: Path
    account: str = ""
    only: str = ""
    limit: int | None = None
    max_credits: Money | None = None
    max_jobs: int | None = None
    live: bool = True
    read_only: bool = True
    compared: bool = False
    looks: bool = False
    longest_s: float | None = None


@dataclass(slots=True)
class Drawing:
    """A plan, and what it was drawn from. `accounts` are open until somebody closes them."""

    manifest: Manifest
    plan: Plan
    offers: Mapping[str, Offer]
    accounts: Accounts
    caps: Caps
    unfinished: RunInfo | None
    balance: Money | None
    rooms: Rooms
    forecast: Forecast
    lengths: Lengths
    reach: Reach
    since: Difference | None
    notices: Sequence[str] = ()


def _foresee(plan: Plan, left: Rooms, wish: Wish, accounts: Accounts,
             lengths: Lengths) -> tuple[Reach, Forecast]:
    """What the caps and the time reach, and when that is done."""
    terms = {name: account.provider.terms for name, account in accounts.by_name.items()}
    reach = within_caps(Rows.of(plan.rows), left.left, wish.max_jobs, left.campaigns)
    if wish.longest_s is not None:
        reach = within_time(reach, wish.longest_s, terms, lengths)
    found = forecast(reach.rows, terms, lengths)
    return reach, replace(found, bottleneck=BUDGET) if reach.beyond.jobs else found


def names_of(manifest: Manifest) -> list[str]:
    """Every account that a manifest names, its default first."""
    names = [manifest.account] if _uses_default(manifest) else []
    for campaign in manifest.campaigns:
        names += [*campaign.accounts, *(ref.account for ref in campaign.models if ref.account)]
    return list(dict.fromkeys(names)) or [manifest.account]


def _uses_default(manifest: Manifest) -> bool:
    return any((not campaign.accounts and any(not ref.account for ref in campaign.models))
               or not campaign.models for campaign in manifest.campaigns)


def on_account(manifest: Manifest, account: str) -> Manifest:
    """The manifest with every campaign on one account (`--account`)."""
    if not account:
        return manifest
    campaigns = [replace(campaign, accounts=(), models=tuple(
        replace(ref, account="") for ref in campaign.models)) for campaign in manifest.campaigns]
    return replace(manifest, account=account, campaigns=campaigns)


async def draw(wish: Wish, settings: Settings, cache: CatalogCache,
               now: Callable[[], float]) -> Drawing:
    """Read, fetch, check, price, compare. Raises `AuthorError` with every problem, or `Halt`."""
    survey, told = survey_manifest(wish.manifest)
    manifest = on_account(survey, wish.account)
    accounts = _open(manifest, told, wish, settings, now)
    try:
        if not wish.read_only and told is None:
            need_keys(accounts.by_name.values())
        found = await _offers(accounts, cache, now, told, live=wish.live)
        past = Past(wish.state, manifest.name)
        try:
            changes = moved(past.jobs(), found)
            expansion = _expand(manifest, _with_gone(found, changes), told, settings)
            await preview(expansion, manifest, accounts.by_name)
            plan = draw_plan(manifest.name, manifest.file, manifest.account, expansion,
                             known=past.known, budget=manifest.budget,
                             catalogs={n: o.catalog.digest() for n, o in found.items()})
            plan = select(plan, wish.only, wish.limit)
            caps = _caps(manifest, accounts, wish)
            left = past.rooms(caps, manifest, now())
            since = compare(past.wanted(), plan) if wish.compared else None
            notices = [*_notices(changes, past.latest), *past.surprises(plan)]
            lengths = past.lengths(accounts.by_name)
        finally:
            past.close()
        reach, finish = _foresee(plan, left, wish, accounts, lengths)
        return Drawing(manifest, plan, found, accounts, caps, past.unfinished,
                       await _balance(accounts.by_name.get(manifest.account)), left,
                       finish, lengths, reach, since, notices)
    except BaseException:
        await accounts.close()
        raise


async def check(wish: Wish, settings: Settings, cache: CatalogCache,
                now: Callable[[], float]) -> int:
    """Expand and check a manifest; how many jobs it asks for. Raises `AuthorError`."""
    survey, told = survey_manifest(wish.manifest)
    manifest = on_account(survey, wish.account)
    accounts = still_accounts(settings, names_of(manifest), wish.state, now, purse=False) \
        or _open(manifest, told, wish, settings, now)
    try:
        found = await _offers(accounts, cache, now, told, live=wish.live)
    finally:
        await accounts.close()
    return len(_expand(manifest, found, told, settings).cells)


def _open(manifest: Manifest, told: AuthorError | None, wish: Wish, settings: Settings,
          now: Callable[[], float]) -> Accounts:
    """The accounts of a manifest; for one with problems, those that can be opened at all."""
    names = names_of(manifest)
    try:
        still = still_accounts(settings, names, wish.state, now) if wish.looks else None
        return still or open_accounts(settings, names, state=wish.state, now=now,
                                      read_only=wish.read_only)
    except Halt as halt:
        raise told or halt from None


async def _offers(accounts: Accounts, cache: CatalogCache, now: Callable[[], float],
                  told: AuthorError | None, *, live: bool) -> Mapping[str, Offer]:
    try:
        return await offers(accounts.by_name.values(), cache, now(), live=live)
    except Halt as halt:
        raise told or halt from None


def _expand(manifest: Manifest, found: Mapping[str, Offer], told: AuthorError | None,
            settings: Settings) -> Expansion:
    """Every cell; raises `AuthorError` with the file's problems and the catalog's together."""
    expansion = expand(manifest, found, max_jobs=settings.max_jobs)
    problems = list(told.problems) if told else []
    spoiled = {(problem.at.file, problem.at.line) for problem in problems if problem.at}
    problems += [problem for problem in expansion.problems
                 if not told or (problem.at and (problem.at.file, problem.at.line) not in spoiled)]
    if problems:
        raise AuthorError(sorted(problems, key=lambda problem: (
            (problem.at.file, problem.at.line, problem.at.column) if problem.at else ("", 0, 0))))
    return expansion


def _with_gone(found: Mapping[str, Offer], changes: Sequence[Moved]) -> Mapping[str, Offer]:
    """The offers, each with the models that it has no more."""
    return {name: replace(offer, gone={change.model: str(change) for change in changes
                                       if change.account == name and change.gone})
            for name, offer in found.items()}


def _notices(changes: Sequence[Moved], latest: RunInfo | None) -> list[str]:
    since = f", since run {latest.id}" if latest else ""
    return [f"{change}{since}" for change in changes]


def _caps(manifest: Manifest, accounts: Accounts, wish: Wish) -> Caps:
    budget = manifest.budget
    own = {name: account.settings.budget for name, account in accounts.by_name.items()}
    return Caps(smallest(budget.credits, wish.max_credits), budget.per_day, budget.per_month, own,
                wish.max_jobs, budget.campaigns)


async def _balance(account: Account | None) -> Money | None:
    if account is None or not account.has_key:
        return None
    try:
        return await account.provider.balance()
    except ProviderFailure:
        return None
