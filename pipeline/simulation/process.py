"""One simulated process: the real executor and ledger at work in a world, perhaps until it dies."""

from collections.abc import Callable
from functools import partial

from pipeline.core.caps import Candidate, choose, scopes
from pipeline.core.errors import Exit
from pipeline.core.job import AT_REST, Job, State
from pipeline.core.money import Money
from pipeline.core.outcome import judge_run
from pipeline.core.provider import Provider
from pipeline.core.report import RunInfo, Totals
from pipeline.executor import lane as executor
from pipeline.executor.assets import AssetStore, in_place
from pipeline.executor.control import Control
from pipeline.executor.lane import Lane
from pipeline.executor.run import Bounds, run_all
from pipeline.ledger.ledger import Ledger
from pipeline.providers.registry import PROVIDERS
from pipeline.sandbox.chance import stream
from pipeline.simulation.demand import ACCOUNT, PROVIDER, plan_of
from pipeline.simulation.disk import EndlessBallast, endless, living
from pipeline.simulation.life import Life
from pipeline.simulation.memory import MortalReceipts
from pipeline.simulation.wire import Caller
from pipeline.simulation.witness import WitnessedProvider
from pipeline.simulation.world import World

RUN = "simulated-run"
TICK_S = 15.0
"""Nobody looks on, so there is little to draw."""


async def run_process(world: World, life: Life, *, longest_s: float | None = None,
                      clock_s: float = 0.0) -> Exit | None:
    """Work until nothing is left to do, or for so long; the exit code, None after a death.

    Raises whatever a process raises that nothing was done to: a bug of ours, or a `Halt`.
    """
    world.births.append(world.wall())
    try:
        with living(life):
            return await Process(world, life, clock_s).work(longest_s)
    except BaseException:
        if not (life.dead or life.failed):
            raise
        return None
    finally:
        life.bury()


class Process:
    """What a process holds in its hands; all of it is lost when it dies."""

    def __init__(self, world: World, life: Life, clock_s: float) -> None:
        def now() -> float:
            return world.wall() + clock_s

        self.world = world
        self.now = now
        self.number = len(world.births)
        self.ledger = Ledger(world.state, now,
                             connection=world.ground.memory(life, world.check),
                             receipts=partial(MortalReceipts, life=life),
                             ballast=EndlessBallast, anywhere=world.ground.anywhere)
        life.at_death(self.ledger.lock.release)
        http = world.ground.http(Caller(world.wire, life, self.number), now)
        inner = PROVIDERS[PROVIDER].build(http, world.terms, True)
        self.provider: Provider = WitnessedProvider(inner, self.ledger, self.number,
                                                    world.payments.append)
        self.store = AssetStore(in_place, endless)
        self._chance = stream(world.script.seed, "tags", self.number)

    async def work(self, longest_s: float | None) -> Exit:
        """Take up the run, or begin it, and leave it as far as it can be brought."""
        began_s, world = self.now(), self.world
        run = self._take_up()
        control = Control()
        first = True
        while control.staying and (self._choose() or (first and self._open())):
            first = False
            before = self._totals()
            shared = executor.World(self.ledger, self.store, control, Quiet(world.said.append),
                                    self.now, self._new_tag, world.wall)
            lanes = [Lane(ACCOUNT, self.provider, shared)]
            await run_all(self.ledger, RUN, lanes, control, Quiet(self.world.said.append),
                          bounds=Bounds(longest_s), signals=False, tick_s=_tick_s(longest_s))
            if self._totals() == before or control.reasons:
                break
        await self.provider.close()
        return self._end(run, control, began_s)

    def _take_up(self) -> RunInfo:
        world, ledger = self.world, self.ledger
        run = ledger.ask.find_run(RUN)
        folder = world.outputs.as_posix()
        if run is None or world.script.reruns:
            plan = plan_of(world.script.demand, ledger.ask.known)
            run = run or RunInfo(RUN, plan.manifest, plan.file, ACCOUNT, self.now(),
                                 outputs=folder)
            ledger.begin(run, plan, world.caps, folder)
        ledger.go_on(run, world.caps)
        ledger.start()
        return run

    def _choose(self) -> bool:
        """Mark what the cap reaches for; True if anything is."""
        pending = [entry.job for entry in self.ledger.ask.entries(RUN, State.PENDING)]
        chosen = choose([Candidate(job.key, job.quote.worst, job.spec.waits_for)
                         for job in pending],
                        self._left(), None)
        self.ledger.choose(chosen)
        return bool(chosen)

    def _left(self) -> Money | None:
        if self.world.caps.credits is None:
            return None
        scope, *_ = scopes(self.world.caps, run=RUN, manifest="", account=ACCOUNT, at_s=0.0)
        held, charged, refunded = self.ledger.ask.sums(scope.name)
        return self.world.caps.credits.less(Money(max(0, held + charged - refunded)))

    def _open(self) -> bool:
        return bool(self.ledger.ask.open_jobs(ACCOUNT))

    def _totals(self) -> Totals:
        return self.ledger.ask.totals(RUN)

    def _new_tag(self) -> str:
        return f"{self._chance.getrandbits(128):032x}"

    def _end(self, run: RunInfo, control: Control, began_s: float) -> Exit:
        totals = self._totals()
        code = judge_run(totals, control.reasons)
        ended = not any(totals.states[state] for state in State if state not in AT_REST)
        self.ledger.finish(run, int(code), self.now() - began_s, ended=ended)
        self.ledger.close()
        return code


def _tick_s(longest_s: float | None) -> float:
    """Bounds are looked at every fourth tick."""
    return TICK_S if longest_s is None else min(TICK_S, longest_s / 8)


class Quiet:
    """Nobody looks on; what is said to a person goes to `said`."""

    def __init__(self, said: Callable[[str], None]) -> None:
        self.said = said

    def started(self, totals: Totals) -> None:
        """Nobody looks on."""

    def changed(self, job: Job, totals: Totals) -> None:
        """Nobody looks on."""

    def waiting(self, what: str) -> None:
        """Nobody looks on."""

    def tick(self, now_s: float) -> None:
        """Nobody looks on."""

    def finished(self) -> None:
        """Nobody looks on."""
