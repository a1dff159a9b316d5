"""The caps of a run, as they are and as the ledger keeps them.

Law: a run is bound by the caps it began with; an account's own are those of today.
"""

from collections.abc import Mapping

from pipeline.core.caps import Caps
from pipeline.core.money import Money
from pipeline.core.report import RunInfo
from pipeline.wiring.accounts import Account

OF_CAMPAIGN = "campaign "
"""Before a campaign's name, among the caps of a run."""


def caps_as_text(caps: Caps) -> dict[str, str]:
    """A run's caps as the ledger keeps them."""
    said = {"credits": caps.credits, "per_day": caps.per_day, "per_month": caps.per_month,
            "max_jobs": caps.max_jobs,
            **{OF_CAMPAIGN + name: cap for name, cap in caps.campaigns.items()}}
    return {name: str(value) for name, value in said.items() if value is not None}


def caps_of_run(run: RunInfo, accounts: Mapping[str, Account]) -> Caps:
    """The caps a run began with, and the accounts' own of today."""
    def amount(name: str) -> Money | None:
        return Money.parse(run.caps[name]) if name in run.caps else None

    max_jobs = run.caps.get("max_jobs")
    return Caps(amount("credits"), amount("per_day"), amount("per_month"),
                {name: account.settings.budget for name, account in accounts.items()},
                int(max_jobs) if max_jobs else None,
                {name.removeprefix(OF_CAMPAIGN): Money.parse(said)
                 for name, said in run.caps.items() if name.startswith(OF_CAMPAIGN)})
