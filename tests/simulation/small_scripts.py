"""Small scripts, drawn from a seed: one picture or two, little that goes wrong, and all that dies.

Goal: worlds that cost so little that tens of thousands can be tried. Method: most have one job that
is soon made; of what may go wrong by itself there is nothing, one thing or two, because the deaths
are what these worlds are for. Larger ones are drawn elsewhere (`draw_script`).
"""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from pipeline.core.money import Money
from pipeline.providers.registry import SANDBOX_TERMS
from pipeline.sandbox.chance import stream
from pipeline.simulation.demand import PICTURES, Demand, expanded
from pipeline.simulation.drawing import FAULTS
from pipeline.simulation.wire import CALM, Weather
from pipeline.simulation.world import Script

PICTURE, SONG = Demand(), Demand(models=(), extras=("song",))
DEMANDS = (*[PICTURE] * 10, Demand(max_paid_attempts=2), Demand(ratios=("1:1", "16:9")),
           Demand(variants=2), SONG)
QUICK_S = (2, 2, 2, 2, 2, 12)
"""How long a picture takes, in the words of the catalog: mostly less than a look's pause."""
SLIPS = (0, 0, 0, 0, 0, 0, 1, 2)
"""How many things go wrong by themselves."""
UNQUIET = Weather(slowest_s=1.0, refused=0.1, late=0.3,
                  late_s=SANDBOX_TERMS.linger_s + SANDBOX_TERMS.ingest_max_s - 1.0)
NO_STREAMS = replace(SANDBOX_TERMS, streams=())
"""What the sandbox has not unless a habit gives it to it: one question less."""
CORNERS: tuple[Mapping[str, Any], ...] = (
    {"demand": PICTURE, "faults": {"fail": {"nth": [1], "refund": True}}},
    {"demand": Demand(max_paid_attempts=2), "faults": {"fail": {"nth": [1]}}},
    {"demand": Demand(variants=2), "cap": Money.parse("8")},
    {"demand": PICTURE, "faults": {"throttle": {"nth": [1, 2], "seconds": 7.0}}},
    {"demand": PICTURE, "faults": {"lost_reply": {"nth": [1]}}},
    {"demand": PICTURE, "weather": replace(UNQUIET, late=0.8, refused=0.0)},
    {"demand": SONG, "faults": {}},
)
"""Scripts that chance alone would seldom draw, and every campaign must have come through."""
EIGHT, ROUND = 8, 40
"""Of each forty seeds that are eight apart the first are corners."""


def draw_small(seed: int) -> Script:
    """The small script of this seed; nobody dies in it yet."""
    corner = seed // EIGHT % ROUND
    if corner < len(CORNERS):
        return replace(Script(seed=seed, terms=NO_STREAMS), **CORNERS[corner])
    chance = stream("small", seed)
    demand = chance.choice(DEMANDS)
    faults: dict[str, object] = {
        "models": {PICTURES[0]: {"estimated_time_seconds": chance.choice(QUICK_S)}}}
    for name in chance.sample(sorted(FAULTS), chance.choice(SLIPS)):
        faults[name] = FAULTS[name](chance)
    if chance.random() < 0.2:
        faults["history_lag_s"] = chance.uniform(0.0, NO_STREAMS.list_lag_s)
    if "song" in demand.extras and chance.random() < 0.5:
        faults["music_in_history"] = False
    return Script(seed=seed, demand=demand, faults=faults, terms=NO_STREAMS,
                  weather=UNQUIET if chance.random() < 0.1 else CALM,
                  cap=_cap(chance, demand), reruns=chance.random() < 0.3)


def _cap(chance: Random, demand: Demand) -> Money | None:
    """Mostly none; one that is too small for all, or for a second try."""
    if chance.random() < 0.8:
        return None
    worst = sum(cell.quote.worst.micros for cell in expanded(demand).cells)
    return Money(int(worst * chance.choice((0.6, 1.0, 1.4))))
