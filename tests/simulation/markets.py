"""Several accounts on one run, each with a service and books of its own, in virtual time.

Goal: what a ledger says of each account is what that account's service says. Method: the run is the
one of a person (planning, admission, `Runner`); a process may die at any effect, and the services
go on without it.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup
from worlds import empty_folder

from pipeline.core.caps import Caps
from pipeline.core.cells import Offer
from pipeline.core.errors import AuthorError
from pipeline.core.expansion import expand
from pipeline.core.job import Job, State
from pipeline.core.manifest import Axis, Budget, Campaign, Manifest, ModelRef
from pipeline.core.money import Money
from pipeline.core.plan import Plan, draw_plan
from pipeline.core.price_rule import Flat
from pipeline.executor.assets import AssetStore, in_place
from pipeline.inputs.settings import AccountSettings
from pipeline.ledger.connection import RECEIPTS, open_for_reading
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.questions import Questions
from pipeline.providers.http import Http
from pipeline.providers.registry import PROVIDERS, SANDBOX_TERMS
from pipeline.sandbox.books import Books
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.kubeez import make_app
from pipeline.sandbox.service import RemoteService
from pipeline.sandbox.strikes import Strikes
from pipeline.simulation.clock import run_jumping
from pipeline.simulation.demand import CLIPS, PICTURES, Words, offer, small_catalog
from pipeline.simulation.disk import EndlessBallast, endless, living
from pipeline.simulation.goods import make_small
from pipeline.simulation.ground import ADDRESS, KEY
from pipeline.simulation.life import Life
from pipeline.simulation.memory import MortalReceipts, mortal_connection
from pipeline.simulation.process import Quiet
from pipeline.simulation.transport import SandboxTransport
from pipeline.simulation.wire import CALM, Caller, Wire
from pipeline.simulation.world import GRANTED, START_S
from pipeline.wiring.accounts import Account
from pipeline.wiring.running import Ending, Limits, Manner, Runner, new_run

MODEL = PICTURES[0]
REVOKED = {"keys": {"sk_simulated_another": []}}
"""From now on the service knows no key but another."""

T = TypeVar("T")


@dataclass(frozen=True)
class Shop:
    """One account: its limits (`media_per_minute`, …), which its service knows as well; what goes
    wrong there; its credits, its own price of a picture, the caps that its owner put on it, and how
    long a picture really takes."""

    limits: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, object] = field(default_factory=dict)
    granted: Money = GRANTED
    price: str = "4"
    budget: Budget = field(default_factory=Budget)
    takes_s: float = 20.0


class Market:
    """Some shops, a state folder, and one process after another that buys."""

    def __init__(self, shops: Mapping[str, Shop], jobs: int, folder: Path,
                 wall: Callable[[], float], tasks: TaskGroup, *, clips: bool = False) -> None:
        self.shops, self.folder, self.wall = shops, folder, wall
        self.said: list[str] = []
        self.jobs, self.clips = jobs, clips
        self.births = 0
        self.books = {name: Books.open(None, granted=shop.granted) for name, shop in shops.items()}
        self.services = {name: RemoteService(self.books[name], now=wall, seed=7,
                                             faults=_faults(shop)) for name, shop in shops.items()}
        catalog = small_catalog()
        self.wires = {name: Wire(make_app(service, make=make_small, threaded=False,
                                          catalog=catalog.changed(_changes(shops[name]))),
                                 tasks, wall, name, CALM)
                      for name, service in self.services.items()}
        self.terms = {name: SANDBOX_TERMS.with_limits(shop.limits) for name, shop in shops.items()}

    def manifest(self) -> Manifest:
        """So many pictures on all accounts, and perhaps a clip from each."""
        subjects, accounts = Axis("subject", tuple(range(self.jobs))), tuple(self.shops)
        pictures = Campaign("pictures", Words("a picture of", "subject"), (ModelRef(MODEL),),
                            aspect_ratios=("1:1",), axes=(subjects,), accounts=accounts)
        clips = Campaign("clips", Words("slowly around", "subject"), (ModelRef(CLIPS),),
                         source_campaign="pictures", accounts=accounts)
        return Manifest("market", "market.yaml", accounts[0],
                        [pictures, *[clips] * self.clips])

    def plan(self, ledger: Ledger) -> Plan:
        """What is wanted, given what the ledger knows."""
        manifest = self.manifest()
        expansion = expand(manifest, {name: self._offer(name) for name in self.shops})
        if expansion.problems:
            raise AuthorError(expansion.problems)
        return draw_plan(manifest.name, manifest.file, manifest.account, expansion,
                         known=ledger.ask.known, catalogs={}, budget=manifest.budget)

    def _offer(self, name: str) -> Offer:
        price = self.shops[name].price
        return replace(offer(), prices={MODEL: Flat(Money.parse(price))}, terms=self.terms[name])

    async def process(self, life: Life | None = None, limits: Limits | None = None,
                      ) -> Ending | None:
        """One process from its birth to its end; None for one that died."""
        life = life or Life()
        self.births += 1
        try:
            with living(life):
                return await self._work(life, limits or Limits())
        except BaseException:
            if not life.dead:
                raise
            return None
        finally:
            life.bury()

    async def _work(self, life: Life, limits: Limits) -> Ending:
        ledger = Ledger(self.folder / "state", self.wall, connection=mortal_connection(life),
                        receipts=partial(MortalReceipts, life=life), ballast=EndlessBallast)
        life.at_death(ledger.lock.release)
        accounts = {name: self._account(name, life) for name in self.shops}
        plan = self.plan(ledger)
        caps = Caps(accounts={name: shop.budget for name, shop in self.shops.items()})
        run = ledger.ask.find_run() or new_run(plan, caps, (self.folder / "out").as_posix(),
                                               self.wall())
        ledger.begin(run, plan, caps, run.outputs)
        manner = Manner(AssetStore(in_place, endless), signals=False, tick_s=15.0)
        runner = Runner(ledger, run, accounts, caps, manner)
        ending = await runner.work(limits, Quiet(self.said.append))
        for account in accounts.values():
            await account.provider.close()
        ledger.close()
        return ending

    def _account(self, name: str, life: Life) -> Account:
        http = Http(ADDRESS, KEY, now=self.wall, transport=SandboxTransport(
            Caller(self.wires[name], life, self.births)))
        provider = PROVIDERS["sandbox"].build(http, self.terms[name], True)
        return Account(name, provider, AccountSettings(name, "sandbox"), True, ADDRESS)

    def changed(self, name: str, **switches: object) -> None:
        """From now on a service behaves otherwise."""
        self.services[name].faults = Faults.parse(
            {**self.shops[name].faults, **switches, "limits": dict(self.shops[name].limits)})

    def calm(self, name: str) -> None:
        """From now on nothing goes wrong by itself there."""
        service = self.services[name]
        service.faults = Faults.parse({"limits": dict(self.shops[name].limits)})
        service.strikes = Strikes(service.faults, self.books[name], 7)

    def spent(self, name: str) -> Money:
        """What an account is down by, as its service has it."""
        return self.shops[name].granted.less(Money(self.books[name].balance_micros(self.wall())))

    def bought(self) -> Counter[str]:
        """How many jobs each service was paid for."""
        return Counter({name: len(list(books.jobs())) for name, books in self.books.items()})

    async def wait_bought(self, number: int) -> None:
        """Until the services were paid for so many jobs."""
        while self.bought().total() < number:  # noqa: ASYNC110 - in no time, nobody tells
            await anyio.sleep(5)

    def check_once(self) -> None:
        """Whatever is still open: no picture was sold twice, by whomever, and no account is down by
        more than the ledger says of it."""
        sold = Counter(job.prompt for books in self.books.values() for job in books.jobs())
        assert max(sold.values(), default=1) == 1, f"sold twice: {sold.most_common(1)}"
        if not (self.folder / "state" / RECEIPTS).exists():
            assert not sold, "sold before there was a ledger"
            return
        connection = open_for_reading(self.folder / "state")
        assert connection is not None
        with closing(connection):
            for name in self.shops:
                held, charged, refunded = Questions(connection).sums(f"account:{name}")
                assert self.spent(name).micros <= held + charged - refunded, name

    def check(self) -> list[Job]:
        """Both sides agree: each charge has one attempt on the account that took it, each purchase
        one charge; the sums of each account are what its service took. The jobs, as they are."""
        self.check_once()
        connection = open_for_reading(self.folder / "state")
        assert connection is not None
        with closing(connection):
            ask = Questions(connection)
            owners = {(row["account"], row["remote_id"]): row["job"] for row in connection.execute(
                "select remotes.account, remote_id, job from remotes "
                "join attempts on attempts.tag = remotes.tag "
                "and attempts.account = remotes.account and attempts.state = 'paid'")}
            there = [(name, job.id) for name, books in self.books.items() for job in books.jobs()]
            assert sorted(owners) == sorted(there), "a charge that no attempt owns"
            assert max(Counter(owners.values()).values(), default=1) == 1, "a job was bought twice"
            for name in self.shops:
                held, charged, refunded = ask.sums(f"account:{name}")
                assert (held, Money(charged - refunded)) == (0, self.spent(name)), name
            run = ask.find_run()
            assert run is not None
            jobs = [entry.job for entry in ask.entries(run.id)]
            for job in jobs:
                moved = [name for _, name, _ in ask.events(job.key)]
                assert moved.count("Saved") == (job.state is State.DONE)
            return jobs


def _changes(shop: Shop) -> dict[str, dict[str, object]]:
    return {MODEL: {"estimated_time_seconds": shop.takes_s, "cost_per_generation": shop.price}}


def _faults(shop: Shop) -> Faults:
    return Faults.parse({**shop.faults, "limits": dict(shop.limits)})


def at_market(shops: Mapping[str, Shop], jobs: int, act: Callable[[Market], Awaitable[T]], *,
              clips: bool = False) -> T:
    """What an act on a market comes to, in no time."""
    async def main(wall: Callable[[], float]) -> T:
        async with anyio.create_task_group() as tasks:
            market = Market(shops, jobs, folder, wall, tasks, clips=clips)
            try:
                return await act(market)
            finally:
                for books in market.books.values():
                    books.close()
                tasks.cancel_scope.cancel()

    with empty_folder() as folder:
        return run_jumping(main, START_S)
