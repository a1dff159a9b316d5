"""The forecast: what `plan` foretells, beside what the real executor then takes in virtual time.

Sizes are jobs, rounds are the hundreds of jobs that are rehearsed for each line: of a small
manifest many nights, because its few lengths scatter. Ratios are foretold over happened, on the
mean of the nights; "±" is how much that mean itself may still be off.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pairing import keep, say

sys.path.insert(0, str(Path(__file__).parents[1] / "wiring"))

from nights import CASES, SLOTS, WIDE, Held, held

SIZES = (5, 60, 400)
ROUNDS = 1
FEWEST, MOST = 1, 60


def main(sizes: Sequence[int], rounds: int) -> None:
    """A line for each case, size and number of slots."""
    rows = ["| case | jobs | slots | foretold s | happened s | ratio | ± | nights | refused "
            "| holds back: foretold, rehearsed |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    say("\n".join(rows))
    for jobs in sizes:
        for case in CASES:
            for slots in (SLOTS, WIDE) if jobs > SLOTS else (SLOTS,):
                nights = min(MOST, max(FEWEST, rounds * 100 // jobs))
                with tempfile.TemporaryDirectory() as folder:
                    rows.append(_row(held(Path(folder), case, jobs, slots, range(nights)), slots))
                say(rows[-1])
    keep("forecast", rows)


def _row(one: Held, slots: int) -> str:
    nights = len(one.nights_s)
    return (f"| {one.case} | {one.jobs} | {slots} | {one.forecast_s:.0f} | {one.mean_s:.0f} "
            f"| {one.ratio:.3f} | {one.scatter / nights**0.5:.3f} | {nights} | {one.refused} "
            f"| {', '.join(dict.fromkeys(one.bottlenecks))} |")
