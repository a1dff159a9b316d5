"""The caps of a run and the scopes they are counted in.

Law: a paid try is counted in every scope it falls under, in the commit that intends it; and a day
that was once reached never comes back, so a clock that is set back reopens no day's budget.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from pipeline.core.manifest import Budget
from pipeline.core.money import NOTHING, Money


@dataclass(frozen=True, slots=True)
class Caps:
    """Every cap that holds for a run; None is no cap. Accounts have budgets of their own, and so
    may campaigns."""

    credits: Money | None = None
    per_day: Money | None = None
    per_month: Money | None = None
    accounts: Mapping[str, Budget] = field(default_factory=dict)
    max_jobs: int | None = None
    campaigns: Mapping[str, Money] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """One sum that a paid try counts in: its name in the ledger, and its cap."""

    name: str
    cap: Money | None
    says: str


def scopes(caps: Caps, *, run: str, manifest: str, account: str, at_s: float,
           campaign: str = "") -> list[Scope]:
    """The scopes of a try that is intended at `at_s` (seconds of UTC, never going back); without a
    campaign, those that all tries of the run share."""
    moment = datetime.fromtimestamp(at_s, UTC)
    day, month = f"{moment:%Y-%m-%d}", f"{moment:%Y-%m}"
    own = caps.accounts.get(account, Budget())
    return [
        Scope(f"run:{run}", caps.credits, "the budget of the run"),
        Scope(f"manifest:{manifest}:{day}", caps.per_day, f"the manifest's budget of {day}"),
        Scope(f"manifest:{manifest}:{month}", caps.per_month, f"the manifest's budget of {month}"),
        Scope(account_scope(account), None, f"everything on {account}"),
        Scope(f"account:{account}:{day}", own.per_day, f"the budget of {account} for {day}"),
        Scope(f"account:{account}:{month}", own.per_month, f"the budget of {account} for {month}"),
        *([campaign_scope(caps, run, campaign)] if campaign else ()),
    ]


def campaign_scope(caps: Caps, run: str, campaign: str) -> Scope:
    """What a run takes for one of its campaigns."""
    return Scope(f"campaign:{run}:{campaign}", caps.campaigns.get(campaign),
                 f"the budget of the campaign {campaign}")


def account_scope(account: str) -> str:
    """The scope that every paid try of an account counts in."""
    return f"account:{account}"


def smallest(*amounts: Money | None) -> Money | None:
    """The tightest of several caps, None if there is none."""
    stated = [amount for amount in amounts if amount is not None]
    return min(stated) if stated else None


class Candidate(NamedTuple):
    """A job that a cap may reach for: its key, its worst price, the keys it starts from."""

    key: str
    worst: Money
    waits_for: tuple[str, ...] = ()
    campaign: str = ""


def choose(candidates: Iterable[Candidate], left: Money | None, places: int | None,
           campaigns: Mapping[str, Money] = MappingProxyType({})) -> set[str]:
    """Which jobs fit under the caps, in the author's order. `left` is for all of them together,
    `campaigns` what some campaigns have for themselves.

    A job that does not fit is passed over, and so is what starts from it; a smaller one after it
    may still fit.
    """
    return {job.key for job, fits in fitting(candidates, left, places, campaigns) if fits}


def fitting(candidates: Iterable[Candidate], left: Money | None, places: int | None,
            campaigns: Mapping[str, Money] = MappingProxyType({}),
            ) -> Iterator[tuple[Candidate, bool]]:
    """The same, each candidate in its turn and whether it fits."""
    passed_over: set[str] = set()
    chosen = 0
    used = NOTHING
    used_by: dict[str, Money] = {}
    for job in candidates:
        after, own = used + job.worst, used_by.get(job.campaign, NOTHING) + job.worst
        fits = (left is None or after <= left) \
            and own <= campaigns.get(job.campaign, own) \
            and (places is None or chosen < places) \
            and passed_over.isdisjoint(job.waits_for)
        if fits:
            chosen += 1
            used, used_by[job.campaign] = after, own
        else:
            passed_over.add(job.key)
        yield job, fits
