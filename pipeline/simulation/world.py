"""One simulated world: a service that outlives every process, a state folder, and a script.

Law: the script alone decides what happens. The service and the line are never told of a crash; the
disk is a real one, with real SQLite, because nothing else forgets and keeps as it does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from anyio.abc import TaskGroup

from pipeline.core.caps import Caps
from pipeline.core.money import Money
from pipeline.core.terms import Terms
from pipeline.providers.registry import SANDBOX_TERMS
from pipeline.sandbox.faults import FAULTS, Faults
from pipeline.sandbox.kubeez import make_app
from pipeline.sandbox.strikes import Strikes
from pipeline.simulation.demand import Demand, small_catalog
from pipeline.simulation.goods import make_small
from pipeline.simulation.ground import Ground
from pipeline.simulation.life import Life
from pipeline.simulation.memory import Check
from pipeline.simulation.wire import CALM, Weather, Wire
from pipeline.simulation.witness import Payment, Sale, WitnessedService

START_S = 1_800_000_000.0
"""When simulated worlds begin: a morning in January 2027, in unix seconds."""
GRANTED = Money.parse("100000")


@dataclass(frozen=True, slots=True)
class Kill:
    """How a process ends, and how the next begins.

    It dies at its `effect`-th effect, or at the `effect`-th of a name (0: at none); with `fails`
    the effect fails instead, and the process must see to it. It may be told to leave after
    `leave_s`. The next one begins `down_s` later, by a clock that is off by `clock_s`.
    """

    effect: int = 0
    down_s: float = 0.1
    of: str = ""
    fails: bool = False
    leave_s: float | None = None
    clock_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that decides a world.

    `faults` are the service's switches, `limits` an account's (`media_per_minute`, …) which service
    and sheet both know. Processes that come after a crash `rerun` the manifest, or resume the run.
    """

    seed: int = 0
    demand: Demand = field(default_factory=Demand)
    faults: Mapping[str, object] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    weather: Weather = CALM
    terms: Terms = SANDBOX_TERMS
    kills: tuple[Kill, ...] = ()
    cap: Money | None = None
    reruns: bool = False
    granted: Money = GRANTED


class World:
    """A world under way. `check` looks at every transaction of a process before its commit.

    `epochs` are those of its writers, `cut` the paid calls that were cut by a death.
    """

    def __init__(self, script: Script, folder: Path, wall: Callable[[], float],
                 tasks: TaskGroup, ground: Ground | None = None) -> None:
        self.script = script
        self.ground = ground or Ground(folder)
        self.state = folder / "state"
        self.outputs = folder / "outputs"
        self.wall = wall
        self.books = self.ground.open_books(script.granted)
        self.service = WitnessedService(self.books, now=wall, seed=script.seed,
                                        faults=_faults({**script.faults}, script.limits))
        app = make_app(self.service, make=make_small, threaded=False, catalog=small_catalog())
        self.wire = Wire(app, tasks, wall, script.seed, script.weather)
        self.terms = script.terms.with_limits(script.limits)
        self.caps = Caps(credits=script.cap)
        self.payments: list[Payment] = []
        self.sales: list[Sale] = []
        self.said: list[str] = []
        self.births: list[float] = []
        self.epochs: dict[Life, int] = {}
        self.cut = 0
        self.check: Check | None = None
        self.service.sold = self.sales.append

    def calm(self) -> None:
        """From now on nothing goes wrong that is not on its way already; a habit stays."""
        habits = {name: as_is for name, as_is in self.script.faults.items() if name not in FAULTS}
        self.service.faults = _faults(habits, self.script.limits)
        self.service.strikes = Strikes(self.service.faults, self.books, self.script.seed)
        self.wire.weather = CALM

    def moved(self) -> tuple[int, int, int]:
        """How many paid calls there were, how many that change anything at the service, and how
        many events the ledger has."""
        changes = sum(call.method != "GET" for call in self.wire.calls)
        with self.ground.reading() as connection:
            events = connection and connection.execute("select count(*) from events").fetchone()[0]
        return len(self.payments), changes, int(events or 0)

    def close(self) -> None:
        """The end of the world."""
        self.ground.close_books(self.books)


def _faults(switches: dict[str, object], limits: Mapping[str, int]) -> Faults:
    return Faults.parse({**switches, "limits": dict(limits)})
