"""A world from its first process to its rest: chaos first, then calm.

Law: chaos has an end. After it every fault is off and one healthy process follows another until one
finds nothing to do; a world that needs more than a few never comes to rest.
"""

import errno
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx

from pipeline.core.errors import Exit
from pipeline.sandbox.faults import FAULTS
from pipeline.simulation.clock import run_jumping
from pipeline.simulation.ground import Ground
from pipeline.simulation.life import Life
from pipeline.simulation.process import run_process
from pipeline.simulation.wire import CALM
from pipeline.simulation.world import START_S, Script, World

CHAOS_S = 3 * 3600.0
"""How long a process that nobody kills works on while things go wrong."""
HEALTHY = 8
"""So many healthy processes bring any world to rest."""


class Restless(Exception):
    """Healthy processes go on finding something to do."""


@dataclass(slots=True)
class Story:
    """What happened: how each process ended; the last one changed nothing."""

    exits: list[Exit | None] = field(default_factory=list)
    effects: list[int] = field(default_factory=list)
    last_words: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who looks on: at the world before its first process, after each death, and in the end."""

    opened: Callable[[World], None] = lambda world: None
    died: Callable[[World, Life], None] = lambda world, life: None
    rested: Callable[[World, Story], None] = lambda world, story: None


def play(script: Script, folder: Path, watcher: Watcher, ground: Ground | None = None) -> Story:
    """Let a script happen in an empty folder, in no time; raises what its processes raise."""
    async def main(wall: Callable[[], float]) -> Story:
        async with anyio.create_task_group() as tasks:
            world = World(script, folder, wall, tasks, ground)
            watcher.opened(world)
            story = Story()
            await _suffer(world, story, watcher)
            world.calm()
            await rest(world, story)
        story.seconds = wall() - START_S
        watcher.rested(world, story)
        world.close()
        return story

    return run_jumping(main, START_S)


async def _suffer(world: World, story: Story, watcher: Watcher) -> None:
    clock_s = 0.0
    for kill in world.script.kills:
        life = Life(kill.effect, kill.of, _failure if kill.fails else None)
        await live(world, story, life, kill.leave_s or CHAOS_S, clock_s)
        watcher.died(world, life)
        await anyio.sleep(kill.down_s)
        clock_s = kill.clock_s
    if clock_s or is_rough(world):
        await live(world, story, Life(), clock_s=clock_s)


def is_rough(world: World) -> bool:
    """Whether anything goes wrong by itself: the service's faults, or the line's."""
    script = world.script
    return script.weather != CALM or any(name in FAULTS for name in script.faults)


def _failure(effect: str) -> Exception:
    """The error of an effect that did not come about: of the database, of the line, of the disk."""
    kind = effect.rpartition(" ")[2]
    if kind in ("begin", "commit"):
        return sqlite3.OperationalError("disk I/O error")
    if kind in ("GET", "POST", "file"):
        return httpx.ReadError("the line was cut")
    return OSError(errno.ENOSPC, "No space left on device")


async def rest(world: World, story: Story) -> None:
    """One healthy process after another, until one finds nothing to do; raises `Restless`."""
    for _ in range(HEALTHY):
        before, late = world.moved(), world.wire.in_the_air
        await live(world, story, Life())
        await world.wire.wait_empty()
        left = story.exits[-1] is Exit.TIME
        if world.moved() == before and not late and not left:
            return
    raise Restless(f"not at rest after {HEALTHY} healthy processes")


async def live(world: World, story: Story, life: Life, longest_s: float = CHAOS_S,
                clock_s: float = 0.0) -> None:
    """One process, to its end."""
    story.exits.append(await run_process(world, life, longest_s=longest_s, clock_s=clock_s))
    story.effects.append(life.effects)
    story.last_words.append(life.last_words)
