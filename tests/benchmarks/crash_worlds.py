"""The crash worlds of the suite, so many of them, shared out to so many cores: `bench_world`.

    crash_worlds.py grown 1200 2     from the moments of their deaths, as the suite does
    crash_worlds.py played 1200 2    each from its very beginning
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from beside import Stopwatch, tell

TESTS = Path(__file__).parent.parent
sys.path += [str(TESTS), str(TESTS / "simulation")]

from branches import Grove, Tally  # noqa: E402 - they lie where the path has just been led
from kept_ground import kept_ground  # noqa: E402
from small_scripts import draw_small  # noqa: E402
from test_many_worlds import AGAIN, DEATHS  # noqa: E402
from worlds import happen  # noqa: E402

from pipeline.simulation.world import Script  # noqa: E402

SEEDS = 10**8
"""The first seeds of two cores lie so far apart."""


def grow(first: int, worlds: int) -> None:
    """So many small worlds, of the seeds from `first` on: what the suite does."""
    tally = Tally()
    with kept_ground() as ground:
        grove = Grove(ground, tally, DEATHS, AGAIN)
        while tally.worlds < worlds:
            grove.grow(draw_small(first))
            first += 1


def scripts(first: int, worlds: int) -> list[Script]:
    """The scripts of the worlds that `grow` comes through, their deaths in them."""
    found: list[Script] = []
    with kept_ground() as ground:
        grove = Grove(ground, Tally(), DEATHS, AGAIN, lambda world: found.append(world.script))
        while len(found) < worlds:
            grove.grow(draw_small(first))
            first += 1
    return found[:worlds]


def play(found: Sequence[Script]) -> None:
    """Each of these worlds from its beginning, on a ground of its own."""
    for script in found:
        happen(script)


def grown(size: int, cores: int) -> None:
    """So many worlds, shared out."""
    with Stopwatch() as watch, ProcessPoolExecutor(cores) as pool:
        list(pool.map(grow, range(0, cores * SEEDS, SEEDS), [size // cores] * cores))
    tell_rate(watch, size)


def played(size: int, cores: int) -> None:
    """The same worlds; what it takes to know them does not count."""
    found = [scripts(first, size // cores) for first in range(0, cores * SEEDS, SEEDS)]
    with Stopwatch() as watch, ProcessPoolExecutor(cores) as pool:
        list(pool.map(play, found))
    tell_rate(watch, size)


def tell_rate(watch: Stopwatch, size: int) -> None:
    """The figures, on the last line."""
    tell(wall_s=watch.wall_s, cpu_s=watch.cpu_s, worlds_per_s=size / watch.wall_s)


if __name__ == "__main__":
    {"grown": grown, "played": played}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
