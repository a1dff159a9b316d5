"""How time and memory grow from a thousand jobs to a million, question by question.

Each question is asked of all sizes in one interleaved run; the smallest is the measure, so a ratio
of 1000 at a thousand times the jobs is linear, and one of 1 does not grow at all. `admit` and
`plan` look at every job; `status`, `jobs` and `resume` (up to the first page of jobs that may be
bought) should not.
"""

import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import bench_planning
import bench_store
from pairing import Contender, Line, race, say

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ROUNDS = 2
OFTEN = 3
"""Rounds for the questions that take no time."""
QUICK = ("status", "jobs", "resume")


def main(sizes: Sequence[int], rounds: int) -> None:
    """All questions at all sizes, then what they take more at the largest than at the smallest."""
    folder = Path(tempfile.mkdtemp(prefix="bench-growth-"))
    found: dict[str, list[Line]] = {}
    try:
        states = {size: folder / str(size) for size in sizes}
        for size, state in states.items():
            bench_store.fill_aside(state, size)
        for question in ("plan", "admit", *QUICK):
            contenders = [_contender(question, size, state) for size, state in states.items()]
            found[question] = race(f"growth: {question}", contenders, [max(sizes)],
                                   max(rounds, OFTEN) if question in QUICK else rounds)
    finally:
        shutil.rmtree(folder)
    tell(found, max(sizes) / min(sizes))


def _contender(question: str, size: int, state: Path) -> Contender:
    """One question of one size, whatever size the race is told."""
    if question == "plan":
        words: Sequence[str] = (sys.executable, bench_planning.__file__, "ours", str(size))
    elif question == "admit":
        words = bench_store.child("admit", state / "new")(size)
    else:
        words = bench_store.child(question, state)(size)
    return Contender(f"{size:,} jobs", lambda _: words)


def tell(found: Mapping[str, Sequence[Line]], jobs: float) -> None:
    """One table: what each question takes more of, from the smallest size to the largest."""
    first, last = found["plan"][0], found["plan"][-1]
    say(f"\ngrowth: from {first.name} to {last.name}, × {jobs:,.0f}\n")
    say("| question | × time | × CPU | × time a job | MB |")
    say("| --- | ---: | ---: | ---: | ---: |")
    for question, lines in found.items():
        first, last = lines[0], lines[-1]
        say(f"| {question} | {last.ratio:,.2f} | {last.cpu_ratio:,.2f} | {last.ratio / jobs:.3f} "
            f"| {first.peak_mb:.0f} → {last.peak_mb:.0f} |")
