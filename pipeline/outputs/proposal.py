"""A plan and everything that a person weighs before approving it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.core.errors import Problem
from pipeline.core.forecast import Forecast
from pipeline.core.money import NOTHING, Money
from pipeline.core.plan import Lot, Plan, Rows, Status
from pipeline.core.reach import Reach, within_caps


@dataclass(frozen=True)
class Proposal:
    """A plan in front of its reader.

    `models` and `fetched_at` (UTC, ISO 8601) are of the catalogs behind the prices. `budget_left`
    is what the tightest cap of all still has, `campaigns_left` what campaigns with a cap of their
    own have, `max_jobs` is the run's cap on jobs; None is no cap. `balance`
    is None where the service does not say. `notices` are what moved since the last run, in words.
    `reached` is what the caps and the time reach, where that was found already.
    """

    plan: Plan
    models: int = 0
    fetched_at: str = ""
    forecast: Forecast | None = None
    balance: Money | None = None
    budget_left: Money | None = None
    max_jobs: int | None = None
    problems: Sequence[Problem] = ()
    notices: Sequence[str] = ()
    campaigns_left: Mapping[str, Money] = field(default_factory=dict)
    reached: Reach | None = None

    @cached_property
    def reach(self) -> Reach:
        """What would be bought and is within the caps, and in time."""
        return self.reached or within_caps(Rows.of(self.plan.rows), self.budget_left,
                                           self.max_jobs, self.campaigns_left)


@dataclass(frozen=True, slots=True)
class Share:
    """What one campaign has in a plan."""

    name: str
    kind: str
    lots: Sequence[Lot]

    @property
    def jobs(self) -> int:
        """How many rows it has."""
        return sum(lot.number for lot in self.lots)

    @property
    def models(self) -> list[str]:
        """Its models in the author's order."""
        return list(dict.fromkeys(lot.pattern.spec.model for lot in self.lots))

    @property
    def buys(self) -> int:
        """How many jobs would be bought."""
        return sum(lot.buys for lot in self.lots)

    @property
    def expected(self) -> Money:
        """What they should take."""
        return sum((lot.expected for lot in self.lots), NOTHING)

    @property
    def worst(self) -> Money:
        """The most they can take."""
        return sum((lot.worst for lot in self.lots), NOTHING)

    def count(self, status: Status) -> int:
        """How many rows have this status."""
        return sum(lot.number for lot in self.lots if lot.status is status)


def shares(plan: Plan) -> list[Share]:
    """The plan by campaign, in the author's order."""
    lots: dict[str, list[Lot]] = {}
    for lot in plan.lots:
        lots.setdefault(lot.pattern.campaign, []).append(lot)
    return [Share(name, group[0].pattern.spec.kind, group) for name, group in lots.items()]


def reasons(lots: Iterable[Lot], status: Status) -> dict[str, int]:
    """Why rows have this status, each reason with how many it holds for, the commonest first."""
    found: dict[str, int] = {}
    for lot in lots:
        if lot.status is status:
            found[lot.why] = found.get(lot.why, 0) + lot.number
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def bases(lots: Iterable[Lot]) -> dict[str, int]:
    """What the prices of the rows to buy rest on, where it is more than one amount a job; each with
    how many it holds for, the commonest first."""
    found: dict[str, int] = {}
    for lot in lots:
        quote = lot.pattern.quote
        if lot.buys and quote.basis and quote.basis != f"{quote.expected} a job":
            found[quote.basis] = found.get(quote.basis, 0) + lot.number
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))
