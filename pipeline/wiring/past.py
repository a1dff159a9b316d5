"""What the ledger knows of a manifest before it is planned again."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

from pipeline.core.caps import Caps
from pipeline.core.difference import Wanted
from pipeline.core.job import Job
from pipeline.core.loads import ENOUGH, Lengths
from pipeline.core.manifest import Manifest
from pipeline.core.plan import Known, Plan
from pipeline.core.report import RunInfo
from pipeline.ledger.connection import open_for_reading
from pipeline.ledger.questions import Questions
from pipeline.ledger.recall import Recall
from pipeline.ledger.surprises import surprises
from pipeline.wiring.rooms import Rooms, rooms


class Past:
    """What the ledger knows of a manifest, if there is a ledger."""

    def __init__(self, state: Path, manifest: str) -> None:
        connection = open_for_reading(state)
        self._ask = Questions(connection) if connection else None
        self._recall = Recall(connection) if connection else None
        self.unfinished: RunInfo | None = None
        runs = self._ask.runs(manifest) if self._ask else []
        self.latest = runs[0] if runs else None
        if self._ask and self.latest and self._ask.unfinished(self.latest.id):
            self.unfinished = self.latest

    def known(self, keys: Sequence[str]) -> Mapping[str, Known]:
        """What the ledger knows of some jobs, asked for in the plan's order."""
        return self._recall(keys) if self._recall else {}

    def jobs(self) -> Iterable[Job]:
        """A job of each pattern that the latest run of the manifest wanted."""
        return self._ask.samples(self.latest.id) if self._ask and self.latest else ()

    def wanted(self) -> Iterable[Wanted]:
        """What that run wanted."""
        return self._ask.wanted(self.latest.id) if self._ask and self.latest else ()

    def surprises(self, plan: Plan) -> list[str]:
        """Models of the plan that once took more than it quotes."""
        if self._ask is None:
            return []
        found = {}
        for account in {lot.pattern.account for lot in plan.lots}:
            taken = surprises(self._ask.connection, account)
            for lot in plan.lots:
                model = lot.pattern.spec.model
                if lot.buys and lot.pattern.account == account and model in taken \
                        and lot.pattern.quote.worst < taken[model]:
                    found[account, model] = taken[model]
        return [f"{model} once took {taken} credits, more than is quoted: it is not bought until "
                f"[accounts.{account}.prices] in pipeline.toml names a price that covers it"
                for (account, model), taken in sorted(found.items())]

    def lengths(self, accounts: Iterable[str]) -> Lengths:
        """How long jobs of each model took lately, where enough of them were seen."""
        return lengths_of(self._ask, accounts) if self._ask else {}

    def rooms(self, caps: Caps, manifest: Manifest, now_s: float) -> Rooms:
        """What the caps still allow, before this plan; where there are several accounts, each keeps
        its own caps when it buys."""
        account = manifest.account if len(caps.accounts) == 1 else ""
        return rooms(self._ask, caps, run=self.unfinished.id if self.unfinished else "",
                     manifest=manifest.name, account=account, at_s=now_s)

    def close(self) -> None:
        if self._ask:
            self._ask.close()


def lengths_of(ask: Questions, accounts: Iterable[str]) -> Lengths:
    """How long jobs took lately, by account and model: the median, where enough were seen."""
    return {name: {model: median(seconds) for model, seconds in ask.lengths(name).items()
                   if len(seconds) >= ENOUGH} for name in accounts}
