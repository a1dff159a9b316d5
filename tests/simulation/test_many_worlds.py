"""Goal: tens of thousands of crashes, none of which breaks an invariant. Method: small drawn runs,
each stopped at its effects, and its recoveries stopped again; the real executor and ledger on a
kept ground, below the HTTP client, which larger worlds go through.

    PIPELINE_SEED=123 pytest -n0 tests/simulation/test_many_worlds.py   all worlds of one seed
"""

import os
import sys
from collections.abc import Callable

import pytest
from branches import Broken, Grove, Tally
from kept_ground import kept_ground
from small_scripts import draw_small
from worlds import log_of

WORLDS = 20_000
PARTS = 8
"""The worlds are cut into parts that run side by side."""
DEATHS, AGAIN = 0.15, 0.02
"""Of so many of a run's effects, and of so many of a recovery's, there is a world that dies there.
"""
REACHED = (
    "adoption", "absence", "false doubt", "cap", "throttled", "late arrival", "refund",
    "second purchase", "death of a process", "death during recovery",
    "death between receipt and commit", "death between intent and its line",
    "late arrival after death", "interrupted", "reply_lost", "generation_failed", "image", "music",
)


def replay(seed: int) -> str:
    return f"PIPELINE_SEED={seed} pytest -n0 tests/simulation/test_many_worlds.py"


@pytest.mark.skipif("PIPELINE_SEED" in os.environ, reason="one seed is asked for")
@pytest.mark.parametrize("part", range(PARTS))
def test_no_crash_of_a_small_world_breaks_an_invariant(
        part: int, record_property: Callable[[str, object], None]) -> None:
    tally, seed = Tally(), part
    with kept_ground() as ground:
        grove = Grove(ground, tally, DEATHS, AGAIN)
        while tally.worlds < WORLDS / PARTS:
            try:
                grove.grow(draw_small(seed))
            except Broken as error:
                pytest.fail(f"seed {seed}: {error}\nreplay it: {replay(seed)}", pytrace=False)
            seed += PARTS
    record_property("worlds with crashes", tally.worlds)
    missed = [what for what in REACHED if not tally.seen[what]]
    assert not missed, f"{tally.worlds} worlds never came through: {', '.join(missed)}"


@pytest.mark.skipif("PIPELINE_SEED" not in os.environ, reason="no seed is asked for")
def test_all_worlds_of_the_seed_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ["PIPELINE_SEED"])
    tally = Tally()
    with kept_ground() as ground, capsys.disabled():
        try:
            Grove(ground, tally, DEATHS, AGAIN).grow(draw_small(seed))
        except Broken as error:
            sys.stdout.write(f"{error.script}\n{log_of(error.script, ground)}\n")
            raise
        sys.stdout.write(f"{draw_small(seed)}\n{tally.worlds} worlds, {dict(tally.seen)}\n")
