"""The caps of a run and the scopes they are counted in.

Law: a paid try is counted in every scope it falls under, in the commit that intends it; and a day
that was once reached never comes back, so a clock that is set back reopens no day's budget.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pipeline.core.manifest import Budget
from pipeline.core.money import NOTHING, Money


@dataclass(frozen=True, slots=True)
class Caps:
    """Every cap that holds for a run; None is no cap. Accounts have budgets of their own."""

    credits: Money | None = None
    per_day: Money | None = None
    per_month: Money | None = None
    accounts: Mapping[str, Budget] = field(default_factory=dict)
    max_jobs: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """One sum that a paid try counts in: its name in the ledger, and its cap."""

    name: str
    cap: Money | None
    says: str


def scopes(caps: Caps, *, run: str, manifest: str, account: str, at_s: float) -> list[Scope]:
    """The scopes of a try that is intended at `at_s` (seconds of UTC, never going back)."""
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
    ]


def account_scope(account: str) -> str:
    """The scope that every paid try of an account counts in."""
    return f"account:{account}"


def smallest(*amounts: Money | None) -> Money | None:
    """The tightest of several caps, None if there is none."""
    stated = [amount for amount in amounts if amount is not None]
    return min(stated) if stated else None


def choose(worsts: list[tuple[str, Money, tuple[str, ...]]], left: Money | None,
           places: int | None) -> set[str]:
    """Which jobs fit under a cap, in the author's order, as (key, worst, keys it waits for).

    A job that does not fit is passed over, and so is what starts from it; a smaller one after it
    may still fit.
    """
    chosen: set[str] = set()
    passed_over: set[str] = set()
    used = NOTHING
    for key, worst, waits_for in worsts:
        fits = left is None or used + worst <= left
        if not fits or (places is not None and len(chosen) >= places) \
                or passed_over.intersection(waits_for):
            passed_over.add(key)
            continue
        chosen.add(key)
        used = used + worst
    return chosen
