"""A plan and everything that a person weighs before approving it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.core.caps import Candidate, choose
from pipeline.core.errors import Problem
from pipeline.core.forecast import Forecast
from pipeline.core.money import NOTHING, Money
from pipeline.core.plan import Plan, Row, Status


@dataclass(frozen=True)
class Proposal:
    """A plan in front of its reader.

    `models` and `fetched_at` (UTC, ISO 8601) are of the catalogs behind the prices. `budget_left`
    is what the tightest cap of all still has, `campaigns_left` what campaigns with a cap of their
    own have, `max_jobs` is the run's cap on jobs; None is no cap. `balance`
    is None where the service does not say. `notices` are what moved since the last run, in words.
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

    @cached_property
    def beyond(self) -> list[Row]:
        """The rows that would be bought and that the caps do not reach."""
        buys = [row for row in self.plan.rows if row.buys]
        reached = choose([Candidate(row.cell.key, row.worst, row.cell.spec.waits_for,
                                    row.cell.campaign) for row in buys],
                         self.budget_left, self.max_jobs, self.campaigns_left)
        return [row for row in buys if row.cell.key not in reached]


@dataclass(frozen=True, slots=True)
class Share:
    """What one campaign has in a plan."""

    name: str
    kind: str
    rows: Sequence[Row]

    @property
    def models(self) -> list[str]:
        """Its models in the author's order."""
        return list(dict.fromkeys(row.cell.spec.model for row in self.rows))

    @property
    def buys(self) -> int:
        """How many jobs would be bought."""
        return sum(row.buys for row in self.rows)

    @property
    def expected(self) -> Money:
        """What they should take."""
        return sum((row.expected for row in self.rows), NOTHING)

    @property
    def worst(self) -> Money:
        """The most they can take."""
        return sum((row.worst for row in self.rows), NOTHING)

    def count(self, status: Status) -> int:
        """How many rows have this status."""
        return sum(row.status is status for row in self.rows)


def shares(plan: Plan) -> list[Share]:
    """The plan by campaign, in the author's order."""
    rows: dict[str, list[Row]] = {}
    for row in plan.rows:
        rows.setdefault(row.cell.campaign, []).append(row)
    return [Share(name, group[0].cell.spec.kind, group) for name, group in rows.items()]


def reasons(rows: Sequence[Row], status: Status) -> dict[str, int]:
    """Why rows have this status, each reason with how many it holds for, the commonest first."""
    found: dict[str, int] = {}
    for row in rows:
        if row.status is status:
            found[row.why] = found.get(row.why, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def bases(rows: Iterable[Row]) -> dict[str, int]:
    """What the prices of the rows to buy rest on, where it is more than one amount a job; each with
    how many it holds for, the commonest first."""
    found: dict[str, int] = {}
    for row in rows:
        quote = row.cell.quote
        if row.buys and quote.basis and quote.basis != f"{quote.expected} a job":
            found[quote.basis] = found.get(quote.basis, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))
