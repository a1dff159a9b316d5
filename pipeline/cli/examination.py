"""What an account answers before a run, as far as asking is free.

Law: a scope is called proven only by an answer to a free question; none is ever tried out on a
route that could take money.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.core.errors import Barred, Exit, ProviderFailure, Vanished
from pipeline.core.money import NOTHING, Money
from pipeline.core.plan import Plan
from pipeline.core.provider import Scan
from pipeline.wiring.accounts import Account

FARTHEST_CLOCK_S = 300.0
READS = {"balance": "the balance", "history": "the history", "library": "the library"}
"""The free questions, and what their answers are."""

HOMEMADE = frozenset({"file", "job"})
"""Sources that are uploaded, but for a clip that the service goes on from by its own name."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at, and what of it. `mark` is ok, warn or ?; an exit code is a failure."""

    name: str
    says: str
    exit_code: int = 0
    mark: str = "ok"
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Need:
    """What a plan asks of one account: for what it needs scopes, and its two prices.

    Without a plan nothing but the free questions is asked for.
    """

    uses: Sequence[str] = tuple(READS)
    expected: Money = NOTHING
    worst: Money = NOTHING
    planned: bool = False


def need_of(plan: Plan, account: str) -> Need:
    """What a plan asks of an account; every run reads the balance and the history."""
    rows = [row for row in plan.rows if row.cell.account == account]
    uses = ["balance", "history", *(row.cell.spec.kind for row in rows)]
    for row in rows:
        kinds = {source.kind for source in row.cell.spec.sources}
        uses += ["library"] if "asset" in kinds else []
        uses += ["upload"] if kinds & HOMEMADE and row.cell.spec.kind != "extend" else []
    return Need(list(dict.fromkeys(uses)), sum((row.expected for row in rows), NOTHING),
                sum((row.worst for row in rows), NOTHING), planned=True)


class Examination:
    """One account, asked everything that is free to ask."""

    def __init__(self, account: Account, need: Need) -> None:
        self.account = account
        self.need = need
        self.checks: list[Check] = []
        self.lacking: dict[str, str] = {}
        self.proven: dict[str, str] = {}

    async def carry_out(self) -> list[Check]:
        """Ask; what was found."""
        provider = self.account.provider
        if not self.account.has_key:
            return [Check("key", f"{self.account.name} has no key: {self.account.remedy}",
                          Exit.KEY)]
        await self._ask("balance", self._balance())
        await self._ask("history", self._history())
        if provider.library is not None:
            await self._ask("library", provider.library.shelf())
        self._scopes()
        return self.checks

    async def _ask(self, what: str, question: Awaitable[object]) -> None:
        scope = self.account.provider.terms.scopes.get(what, "")
        try:
            await question
        except Vanished:
            return  # a service without such a list proves nothing, and lacks nothing
        except ProviderFailure as failure:
            if failure.cause == "missing_scope":
                self.lacking.setdefault(scope, failure.message)
            else:
                code = Exit.KEY if isinstance(failure, Barred) else Exit.REFUSED
                self.checks.append(Check(what, failure.message, code))
            return
        self.proven.setdefault(scope, READS[what])

    async def _balance(self) -> None:
        left = await self.account.provider.balance()
        need = self.need
        if left is None:
            self.checks.append(Check("balance", "not told"))
            raise Vanished("the service tells no balance, so it proves nothing of the key")
        plan = f", plan expects {need.expected}, worst {need.worst}" if need.planned else ""
        short = ""
        if need.planned and left < need.worst:
            short = ": too little" if left < need.expected else ": short of the worst"
        broke = not left and (bool(need.expected) or not need.planned)
        self.checks.append(Check("balance", f"{left} {left.unit}{plan}{short}",
                                 Exit.NO_CREDITS if broke else 0, "warn" if short else "ok"))

    async def _history(self) -> None:
        scan: Scan = await self.account.provider.scan({})
        close = abs(scan.skew_s) < FARTHEST_CLOCK_S
        self.checks.append(Check("clock", f"{scan.skew_s:+.0f} s from the service's",
                                 0 if close else Exit.USAGE))

    def _scopes(self) -> None:
        """A line for each scope that is needed, with what it is needed for."""
        scopes = self.account.provider.terms.scopes
        if not scopes and self.proven:
            self.checks.append(Check("key", f"accepted: {self.proven['']} was read"))
        wanted: dict[str, list[str]] = {}
        for use in self.need.uses:
            answered = scopes.get(use) in {*self.proven, *self.lacking}
            if use in scopes and (answered or use not in READS):
                wanted.setdefault(scopes[use], []).append(use)
        self.checks += [self._scope(scope, uses) for scope, uses in wanted.items()]

    def _scope(self, scope: str, uses: Sequence[str]) -> Check:
        used = f"  ({', '.join(uses)})"
        facts = {"scope": scope, "for": list(uses), "proven": scope in self.proven}
        if scope in self.proven:
            return Check("scope", f"{scope} is there: {self.proven[scope]} was read{used}",
                         facts=facts)
        if scope not in self.lacking:
            return Check("scope", f"{scope} cannot be asked without paying; see the key's page"
                                  f"{used}", mark="?", facts=facts)
        stops = "history" in uses or (self.need.planned and uses != ["balance"])
        return Check("scope", f"{scope} is missing: {self.lacking[scope]}{used}",
                     Exit.KEY if stops else 0, "warn", facts)
