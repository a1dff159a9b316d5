"""Goal: simulated time is exact, cannot hang, and is the same each time. Method: the loop itself,
then whole worlds from one seed, compared line by line, in other interpreters too.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from worlds import log_of

from pipeline.simulation.clock import Endless, Stuck, run_jumping
from pipeline.simulation.drawing import draw_script
from pipeline.simulation.world import START_S

Wall = Callable[[], float]
SEEDS = (3, 11, 20, 34)


def test_an_hour_passes_at_once_and_exactly() -> None:
    async def main(wall: Wall) -> list[float]:
        seen = [wall()]
        async with anyio.create_task_group() as group:
            for minutes in (60, 20, 40):
                group.start_soon(note, seen, minutes)
        return seen

    async def note(seen: list[float], minutes: int) -> None:
        await anyio.sleep(60.0 * minutes)
        seen.append(anyio.current_time())

    assert run_jumping(main, START_S) == [START_S, 1200.0, 2400.0, 3600.0]


def test_a_deadline_passes_in_simulated_time() -> None:
    async def main(wall: Wall) -> float:
        with anyio.move_on_after(900.0):
            await anyio.sleep_forever()
        return wall() - START_S

    assert run_jumping(main, START_S) == 900.0


def test_everybody_waiting_for_somebody_is_told() -> None:
    async def main(wall: Wall) -> None:
        await anyio.Event().wait()

    with pytest.raises(Stuck):
        run_jumping(main, START_S)


def test_a_world_without_end_is_told() -> None:
    async def main(wall: Wall) -> None:
        for minute in count(1):
            await anyio.sleep_until(60.0 * minute)

    with pytest.raises(Endless):
        run_jumping(main, START_S, longest_s=3600.0)


def test_time_standing_still_is_told() -> None:
    async def main(wall: Wall) -> None:
        while True:
            await anyio.lowlevel.checkpoint()

    with pytest.raises(Endless):
        run_jumping(main, START_S)


def test_a_name_is_not_looked_up_in_a_thread() -> None:
    async def main(wall: Wall) -> None:
        await anyio.getaddrinfo("localhost", 80)

    with pytest.raises(RuntimeError, match="no thread"):
        run_jumping(main, START_S)


def digest(seeds: tuple[int, ...] = SEEDS) -> str:
    """Everything that happens in the worlds of these seeds, in few letters."""
    text = "\n".join(log_of(draw_script(seed)) for seed in seeds)
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_same_seed_tells_the_same_story() -> None:
    assert digest() == digest()
    assert digest((3,)) != digest((11,))


def test_the_story_does_not_hang_on_the_interpreter_s_hashes() -> None:
    code = "import test_simulation_clock as t; print(t.digest())"
    told = set()
    for hash_seed in ("0", "1", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed,
                       "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent,
                              env=environment, capture_output=True, text=True, check=True)
        told.add(done.stdout)
    assert told == {digest() + "\n"}
