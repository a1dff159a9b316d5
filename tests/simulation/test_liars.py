"""Goal: a service that breaks its own sheet is found out. Method: three lies that no care of ours
can prevent: a start that a proxy sends twice, a row that the list hides for longer than it says, a
request that arrives later than one can. There may be a second charge; it must be detected and
reported: after the next run of the account it stands among the orphans, and a person was told.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import anyio
import anyio.lowlevel
import invariants
import pytest
from endings import files, origins
from kept_ground import KeptGround, kept_ground
from starlette.types import Message, Receive, Scope, Send
from truth import Truth, group

from pipeline.executor import drive
from pipeline.sandbox.faults import Faults
from pipeline.simulation.clock import run_jumping
from pipeline.simulation.demand import Demand
from pipeline.simulation.life import Life
from pipeline.simulation.story import Story, live, rest
from pipeline.simulation.wire import Weather
from pipeline.simulation.world import START_S, Script, World

PICTURES = Demand(subjects=2)
NEXT = Demand(subjects=3)
"""What is wanted a day later: the same, and one more."""
START = "/v1/generate/media"
ORPHANS = "select remote_id from orphans"
STILL_TRUE = (invariants.one_each, invariants.stories, invariants.receipts, invariants.keyless,
              files, origins)
"""What holds whatever the service does: our own books agree, and what is delivered is right."""


def second_charge(world: World) -> None:
    """A proxy sends each start twice."""
    app = world.wire.app

    async def doubled(scope: Scope, receive: Receive, send: Send) -> None:
        if (scope["method"], scope["path"]) == ("POST", START):
            asked = await receive()
            await app(scope, once(asked), nobody)
            await app(scope, once(asked), send)
        else:
            await app(scope, receive, send)

    world.wire.app = doubled


def once(message: Message) -> Receive:
    async def receive() -> Message:
        return message

    return receive


async def nobody(message: Message) -> None:
    """The first answer is lost."""


def nothing(world: World) -> None:
    """The lie is in the script."""


@dataclass(frozen=True)
class Lie:
    """What is said, and what is true."""

    script: Callable[[int], Script]
    tell: Callable[[World], None] = nothing


def hide_the_first(world: World) -> None:
    """The list shows the others, and this one ten minutes later than the sheet says."""
    recent, until_s = world.service.recent, world.wall() + 600.0
    world.service.recent = lambda search: [  # type: ignore[method-assign]
        job for job in recent(search) if job.seq > 1 or world.wall() > until_s]


def hidden_job(seed: int) -> Script:
    """The answer to the first start is lost."""
    return Script(seed, PICTURES, faults={"lost_reply": {"nth": [1]}})


def later_arrival(seed: int) -> Script:
    """Requests that arrive up to ten minutes after they were sent."""
    return Script(seed, PICTURES, weather=Weather(late=0.6, late_s=600.0))


LIES = {"second charge": Lie(lambda seed: Script(seed, PICTURES), second_charge),
        "hidden job": Lie(hidden_job, hide_the_first), "later arrival": Lie(later_arrival)}
SEEDS = range(12)


def told_of(lie: Lie, seed: int, ground: KeptGround) -> Counter[str]:
    """How many charges no job owns, and how many of them are reported a day later."""
    found: Counter[str] = Counter()
    script = lie.script(seed)

    async def main(wall: Callable[[], float]) -> None:
        async with anyio.create_task_group() as tasks:
            world = World(script, ground.folder, wall, tasks, ground)
            lie.tell(world)
            await live(world, Story(), Life())
            await anyio.sleep(900.0)
            _honest(world)
            await rest(world, Story())
            world.script = replace(script, demand=NEXT, reruns=True)
            await rest(world, Story())
        _hold(world, found)

    ground.wipe()
    run_jumping(main, START_S)
    return found


def _honest(world: World) -> None:
    """The list shows everything again, and requests arrive."""
    world.calm()
    world.service.faults = Faults.parse({"limits": {}})


def _hold(world: World, found: Counter[str]) -> None:
    """Our own books agree; every charge has an owner, or is one of a doubt that is open, which a
    person is asked about, or is reported."""
    invariants.check_rest(world, STILL_TRUE)
    with world.ground.reading() as connection:
        assert connection is not None
        truth = Truth(world, connection)
        reported = {row["remote_id"] for row in truth.ask(ORPHANS)}
        doubted = {group(job.spec) for job in truth.in_doubt()}
        for job in truth.unowned:
            if truth.net(job.id) and group(truth.bought(job)) not in doubted:
                found["charge without an owner"] += 1
                found["reported"] += job.id in reported
        found["told a person"] += any("`pipeline doubt` names them" in says for says in world.said)


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_detected_and_reported(name: str) -> None:
    total: Counter[str] = Counter()
    with kept_ground() as ground:
        for seed in SEEDS:
            found = told_of(LIES[name], seed, ground)
            assert found["reported"] >= found["charge without an owner"], f"seed {seed}: {found}"
            assert bool(found["reported"]) == bool(found["told a person"]), f"seed {seed}: {found}"
            total += found
    assert total["reported"], "nobody lied"


def test_a_runner_that_does_not_look_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def blind(lane: object) -> None:
        await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(drive, "sweep", blind)
    with kept_ground() as ground:
        found = told_of(LIES["second charge"], 0, ground)
    assert found["charge without an owner"] > found["reported"]
