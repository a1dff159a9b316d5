"""An hour of simulated worlds on every core, from fresh seeds: `make simulate MINUTES=60`.

Law: it ends at the first world that breaks an invariant, and says how to play it again. Of the
seeds two in three are small ones whose deaths are tried all over (`branches`), the others large
ones (`draw_script`), with everything that goes wrong, through the HTTP client.
"""

import argparse
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import count

from branches import Broken, Grove, Tally
from kept_ground import kept_ground
from small_scripts import draw_small
from worlds import happen

from pipeline.simulation.drawing import draw_script

BATCH_S = 20.0
"""So long a core works before it says how far it is."""
DEATHS, AGAIN = 0.25, 0.02
SHOWN = {"kills": "death of a process", "doubts": "doubt", "adoptions": "adoption",
         "absences": "absence"}
"""The lines of the table, and what they count."""
LARGE = "PIPELINE_SEED={seed} pytest -n0 tests/simulation/test_seeds.py"
SMALL = "PIPELINE_SEED={seed} pytest -n0 tests/simulation/test_many_worlds.py"


def work(seed: int, longest_s: float) -> tuple[Tally, str]:
    """The worlds of this seed and those after it, for so long; what they broke, "" for nothing."""
    tally, until_s = Tally(), time.monotonic() + longest_s
    with kept_ground() as ground:
        grove = Grove(ground, tally, DEATHS, AGAIN)
        while time.monotonic() < until_s:
            if error := _broken(grove, seed):
                return tally, error
            seed += 1
    return tally, ""


def _broken(grove: Grove, seed: int) -> str:
    tally = grove.tally
    try:
        if seed % 3:
            grove.grow(draw_small(seed))
        else:
            tally.virtual_s += happen(draw_script(seed), tally.seen).seconds
            tally.worlds += 1
    except Broken as error:
        return f"seed {seed}: {error}\nreplay it: {SMALL.format(seed=seed)}"
    except Exception as error:  # noqa: BLE001 - whatever it is, the seed must be told
        return (f"seed {seed}: {type(error).__name__}: {error}\n"
                f"replay it: {LARGE.format(seed=seed)}")
    return ""


def campaign(minutes: float, first: int, cores: int) -> str:
    """Work on all cores until the time is up, or something breaks: what, or ""."""
    began_s, total = time.monotonic(), Tally()
    until_s = began_s + 60.0 * minutes
    say(f"first seed {first}, {cores} cores, {minutes:g} minutes\n")
    with ProcessPoolExecutor(cores) as pool:
        for tally, error in _batches(pool, first, until_s, cores):
            total.worlds += tally.worlds
            total.virtual_s += tally.virtual_s
            total.seen += tally.seen
            if error:
                break
            say(f"\r{total.worlds} worlds, {total.worlds / (time.monotonic() - began_s):.0f} a "
                f"second; {total.seen['adoption']} adopted, {total.seen['absence']} absent ")
        else:
            error = ""
    say("\n" + table(total, time.monotonic() - began_s, bool(error)) + error + "\n" * bool(error))
    return error


def _batches(pool: ProcessPoolExecutor, first: int, until_s: float,
             cores: int) -> Iterator[tuple[Tally, str]]:
    """What each core came through, batch for batch; the seeds of no two are the same."""
    seeds = count(first, 1_000_000)

    def left_s() -> float:
        return min(BATCH_S, until_s - time.monotonic())

    at_work = {pool.submit(work, next(seeds), left_s()) for _ in range(cores)}
    while at_work:
        done = next(as_completed(at_work))
        at_work.remove(done)
        yield done.result()
        if left_s() > 0:
            at_work.add(pool.submit(work, next(seeds), left_s()))


def table(total: Tally, seconds: float, broke: bool) -> str:
    """What a campaign came through."""
    counted = Counter({name: total.seen[what] for name, what in SHOWN.items()})
    lines: Iterable[tuple[str, object]] = (
        ("worlds", total.worlds), ("worlds a second", f"{total.worlds / seconds:.0f}"),
        ("virtual hours", f"{total.virtual_s / 3600:.0f}"), *counted.items(),
        ("violations", int(broke)))
    return "".join(f"{name:<16}{value:>12}\n" for name, value in lines)


def say(text: str) -> None:
    """To whoever waits for it."""
    sys.stdout.write(text)
    sys.stdout.flush()


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float,
                        default=float(os.environ.get("PIPELINE_SIMULATE_MINUTES", "60")))
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9),
                        help="the first seed; a fresh one each time")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    sys.exit(bool(campaign(asked.minutes, asked.seed, asked.cores)))


if __name__ == "__main__":
    main()
