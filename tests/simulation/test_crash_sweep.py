"""Goal: a process may die, or fail, at any of its effects. Method: a small fixed campaign (two
pictures and a clip from each) is stopped at its first effect, its second, and so on until a run
gets through; then again with a second death at each effect of the recovery.

The default run takes every k-th effect; PIPELINE_SWEEP=full takes all.
"""

from itertools import count

import pytest
from worlds import FULL, broken, happen

from pipeline.simulation.demand import Demand
from pipeline.simulation.world import Kill, Script

CAMPAIGN = Demand(ratios=("1:1", "16:9"), clips=True)
PARTS = 4
"""The sweep is cut into parts that run side by side."""
STEP, PAIRS = (1, 3) if FULL else (5, 41)
LONGEST = 1000
"""No run of the campaign has so many effects."""


def sweep(part: int, *, fails: bool) -> list[str]:
    """What is broken by one stop, at every `STEP`-th effect until a run gets through."""
    told = []
    for effect in count(1 + part * STEP, PARTS * STEP):
        script = Script(demand=CAMPAIGN, kills=(Kill(effect, fails=fails),))
        if error := broken(script):
            told.append(f"stopped at effect {effect}: {error}")
        elif happen(script).last_words[0] == "":
            return told
        assert effect < LONGEST
    return told


@pytest.mark.parametrize("part", range(PARTS))
def test_a_process_may_die_at_any_effect(part: int) -> None:
    assert not sweep(part, fails=False)


@pytest.mark.parametrize("part", range(PARTS))
def test_any_effect_may_fail(part: int) -> None:
    assert not sweep(part, fails=True)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_next_process_may_die_as_well(part: int) -> None:
    told = []
    for place in range(1 + part * PAIRS, 215 * 30, PARTS * PAIRS):
        first, second = divmod(place, 30)
        kills = (Kill(1 + first), Kill(1 + second, down_s=60.0))
        if error := broken(Script(demand=CAMPAIGN, kills=kills)):
            told.append(f"stopped at {1 + first}, then at {1 + second}: {error}")
    assert not told
