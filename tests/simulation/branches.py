"""All the worlds of a script that differ only in where its processes die.

Goal: every effect of a run is a place to die, and so is every effect of the recovery. Method: one
run is lived to its end and its moments are kept; from each a world goes on in which the process
died there; of its recovery some moments are kept again. Each branch is a whole world, the same as
if its script had been played from the beginning, and its invariants are watched to its rest.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

import anyio
from kept_ground import KeptGround
from moments import Moment, RememberedLife
from worlds import Watch, first_of

from pipeline.sandbox.chance import stream
from pipeline.simulation.clock import run_jumping
from pipeline.simulation.life import Life
from pipeline.simulation.story import Story, is_rough, live, rest
from pipeline.simulation.world import START_S, Kill, Script, World

DOWN_S = (0.1, 0.1, 0.1, 5.0, 60.0, 3600.0, 86_400.0)
"""From a death to the next process: at once mostly, or after a while, or a holiday."""


class Broken(Exception):
    """A world broke an invariant; the script plays it again, alone."""

    def __init__(self, script: Script, error: BaseException) -> None:
        super().__init__(f"{type(error).__name__}: {error}\n{script}")
        self.script = script


@dataclass
class Tally:
    """What a campaign came through."""

    worlds: int = 0
    virtual_s: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Branch:
    """A script whose processes died as its kills say, and the moment of the last death."""

    script: Script
    moment: Moment | None = None

    def died_at(self, moment: Moment, down_s: float) -> "Branch":
        """The world in which the latest process died at this moment."""
        kills = (*self.script.kills, Kill(moment.number, down_s))
        return Branch(replace(self.script, kills=kills), moment)


class Grove:
    """Grows the worlds of one script after another on one ground.

    `deaths` and `again` are the shares of the effects of a run, and of a recovery, of which a world
    is grown in which the process dies there; `rested` looks at each in the end.
    """

    def __init__(self, ground: KeptGround, tally: Tally, deaths: float, again: float,
                 rested: Callable[[World], None] = lambda world: None) -> None:
        self.ground = ground
        self.tally = tally
        self.shares = (deaths, again, 0.0)
        self.rested = rested

    def grow(self, script: Script) -> None:
        """Let all worlds of a script happen; raises `Broken` at the first that breaks."""
        chance = stream(script.seed, "branches")
        branches = [Branch(script)]
        while branches:
            branch = branches.pop()
            try:
                branches += self.live(branch, chance)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt | SystemExit):
                    raise
                raise Broken(branch.script, first_of(error)) from error

    def live(self, branch: Branch, chance: Random) -> list[Branch]:
        """One world; the branches of its first process that is not dead yet."""
        script, moment = branch.script, branch.moment
        share = self.shares[len(script.kills)]
        found: list[Branch] = []
        watch = Watch(self.tally.seen)

        async def main(wall: Callable[[], float]) -> None:
            async with anyio.create_task_group() as tasks:
                world = World(script, self.ground.folder, wall, tasks, self.ground)
                watch.opened(world)

                def keep(number: int, effect: str) -> None:
                    if chance.random() < share:
                        found.append(branch.died_at(Moment.of(world, self.ground, number, effect),
                                                    chance.choice(DOWN_S)))

                if moment is not None:
                    moment.put_back(world, self.ground)
                    watch.died(world, _dead(moment))
                    await anyio.sleep(script.kills[-1].down_s)
                await _last(world, story, RememberedLife(keep) if share else Life())
            watch.rested(world, story)
            self.rested(world)
            world.close()
            self.tally.worlds += 1
            self.tally.virtual_s += wall() - START_S

        story = Story()
        if moment is None:
            self.ground.wipe()
        run_jumping(main, START_S, now_s=moment.at_s if moment else 0.0)
        return found


def _dead(moment: Moment) -> Life:
    life = Life()
    life.end(moment.effect)
    return life


async def _last(world: World, story: Story, life: Life) -> None:
    """The process after the last death, and the healthy ones after it."""
    if not is_rough(world):
        world.calm()
    await live(world, story, life)
    world.calm()
    await rest(world, story)
