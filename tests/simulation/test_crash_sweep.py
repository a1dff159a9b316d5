"""Goal: a process may die, or fail, at any of its effects. Method: a small fixed campaign is
stopped at its first effect, its second, and so on until a run gets through; then again with a
second death at each effect of the recovery. One campaign is two pictures and a clip from each, the
other has all kinds that there are, chained to what they start from.

The default run takes every k-th effect; PIPELINE_SWEEP=full takes all.
"""

from dataclasses import dataclass
from itertools import count

import pytest
from kept_ground import kept_ground
from worlds import FULL, broken, went

from pipeline.simulation.demand import EXTRAS, Demand
from pipeline.simulation.world import Kill, Script


@dataclass(frozen=True)
class Campaign:
    """What is stopped at every `step`-th of its effects, of which there are about `effects`; and
    every `pairs`-th time again."""

    demand: Demand
    effects: int
    step: int
    pairs: int


PICTURES = Campaign(Demand(ratios=("1:1", "16:9"), clips=True), 235, *((1, 3) if FULL else (9, 99)))
EVERY_KIND = Campaign(Demand(extras=tuple(EXTRAS)), 550, *((1, 29) if FULL else (29, 1301)))
PARTS = 4
"""The sweep is cut into parts that run side by side."""
RECOVERY = 30
"""Effects of a recovery that are tried."""
LONGEST = 1000
"""No run of a campaign has so many effects."""

campaigns = pytest.mark.parametrize("campaign", [PICTURES, EVERY_KIND], ids=["pictures", "every"])
parts = pytest.mark.parametrize("part", range(PARTS))


def sweep(campaign: Campaign, part: int, *, fails: bool) -> list[str]:
    """What is broken by one stop, at every `step`-th effect until a run gets through."""
    told = []
    for effect in count(1 + part * campaign.step, PARTS * campaign.step):
        story = went(Script(demand=campaign.demand, kills=(Kill(effect, fails=fails),)))
        if isinstance(story, str):
            told.append(f"stopped at effect {effect}: {story}")
        elif story.last_words[0] == "":
            return told
        assert effect < LONGEST
    return told


@campaigns
@parts
def test_a_process_may_die_at_any_effect(campaign: Campaign, part: int) -> None:
    assert not sweep(campaign, part, fails=False)


@campaigns
@parts
def test_any_effect_may_fail(campaign: Campaign, part: int) -> None:
    assert not sweep(campaign, part, fails=True)


@campaigns
@parts
def test_the_next_process_may_die_as_well(campaign: Campaign, part: int) -> None:
    told = []
    for place in range(1 + part * campaign.pairs, campaign.effects * RECOVERY,
                       PARTS * campaign.pairs):
        first, second = divmod(place, RECOVERY)
        kills = (Kill(1 + first), Kill(1 + second, down_s=60.0))
        with kept_ground() as ground:
            error = broken(Script(demand=campaign.demand, kills=kills), ground)
        if error:
            told.append(f"stopped at {1 + first}, then at {1 + second}: {error}")
    assert not told
