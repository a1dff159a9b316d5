"""What an account has left, and what its balance says: of doubts, and of refunds that are due.

Law: the balance is evidence only while nothing is open that may still move it. What is due goes on
counting as spent until a balance that was read at rest shows it, to the last fraction.
"""

from collections.abc import Callable, Sequence

from pipeline.core.errors import ProviderFailure
from pipeline.core.evidence import Reading, unexplained
from pipeline.core.job import Job, Refunded, State
from pipeline.core.money import Money
from pipeline.core.provider import Provider
from pipeline.core.refunds import came_back, total
from pipeline.executor.gate import READS, Gate
from pipeline.ledger.guesses import has_guesses
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.refunds import dues


class Purse:
    """The balance of one account; `say` tells the person what it shows."""

    def __init__(self, account: str, provider: Provider, gate: Gate, ledger: Ledger, *,
                 say: Callable[[str], None]) -> None:
        self.account = account
        self.provider = provider
        self.gate = gate
        self.ledger = ledger
        self.say = say

    async def note(self) -> None:
        """Remember the balance of an account that nothing is open on; last chance for what is due
        since it was remembered before."""
        if self.ledger.ask.open_jobs(self.account) or not (now := await self.read()):
            return
        owed = dues(self.ledger.connection, self.account)
        if owed and not await self._take_back(now):
            self.say(f"{self.account}: its balance does not show the {total(owed)} credits that it "
                     "gives back for what failed there: they count as spent")
        await self._remember(now)

    async def settle(self) -> None:
        """Look whether what is due has come back, once nothing is open."""
        if dues(self.ledger.connection, self.account) \
                and not self.ledger.ask.open_jobs(self.account) \
                and (now := await self.read()) and await self._take_back(now):
            await self._remember(now)

    async def _take_back(self, now: Reading) -> bool:
        """Book all that is due as come back, if the balance says so."""
        owed = dues(self.ledger.connection, self.account)
        before = self.ledger.ask.reading(self.account)
        if before is None or not came_back(before, now, total(owed)):
            return False
        for due in owed:
            if job := self.ledger.ask.job(due.job):
                await self.ledger.record(job, Refunded(due.tag, due.amount))
        self.say(f"{self.account} gave back {total(owed)} credits for what failed there")
        return True

    async def _remember(self, now: Reading) -> None:
        charged = self.ledger.ask.charged(self.account)
        await self.ledger.remember_balance(self.account, Reading(now.balance, charged))

    async def covers(self, job: Job) -> bool:
        """Whether the balance, read now, covers the job: under parallel starts a service has
        refused single ones for want of credit that was there (facts/kubeez.md 3.5)."""
        reading = await self.read()
        return reading is not None and reading.balance >= job.quote.worst

    async def missing(self, starts: Callable[[], Sequence[float]]) -> Money | None:
        """What left the account beside all that is known to be charged; None if none can tell."""
        before, began = self.ledger.ask.reading(self.account), starts()
        unsure = [job for job in self.ledger.ask.open_jobs(self.account)
                  if job.state in (State.SUBMITTING, State.RUNNING)
                  or (job.state is State.IN_DOUBT and job.remote_ids)]
        if before is None or unsure or has_guesses(self.ledger.connection, self.account):
            return None
        now = await self.read()
        if now is None or starts() != began:
            return None  # something was bought while the answer was on its way
        return unexplained(before, now)

    async def read(self) -> Reading | None:
        """The balance now; None where the service does not say."""
        try:
            async with self.gate.turn(READS):
                balance = await self.provider.balance()
        except ProviderFailure:
            return None
        return None if balance is None else Reading(balance, self.ledger.ask.charged(self.account))
