"""Goal: nothing small is overlooked. Method: one job, and every placement of up to two things that
go wrong: a fault at its first or second chance, or a death at any effect. Then one job of each
other kind, with what it starts from, and every one thing that goes wrong.

The default run takes every k-th world; PIPELINE_SWEEP=full takes all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import pytest
from kept_ground import kept_ground
from worlds import FULL, broken

from pipeline.simulation.demand import Demand
from pipeline.simulation.world import Kill, Script

PARTS = 4
STEP, STEP_OF_KINDS = (1, 1) if FULL else (43, 19)
EFFECTS = 70
"""A run of one job has fewer effects."""
KINDS = {
    "music": Demand(models=(), extras=("song",)),
    "described music": Demand(models=(), extras=("anthem",)),
    "separation": Demand(models=(), extras=("song", "stems")),
    "dialogue": Demand(models=(), extras=("speech",)),
    "captions": Demand(models=(), extras=("speech", "words")),
    "extend": Demand(models=(), extras=("opener", "longer")),
    "ad-copy": Demand(extras=("ads",)),
}
"""The smallest demand of each kind but the first two."""


@dataclass(frozen=True)
class Slip:
    """One thing that goes wrong: a fault and its settings, or a death (no name)."""

    name: str
    settings: dict[str, object]


def slips(most: int = 2) -> Iterator[Slip]:
    """Every one thing that may go wrong, faults at their first chance and up to the `most`-th."""
    for nth in range(1, most + 1):
        for name in ("lost_request", "lost_reply", "error_before_charge", "error_after_charge"):
            yield Slip(name, {"nth": [nth], "calls": "start"})
        for call in ("status", "history", "balance", "download", "upload"):
            yield Slip("lost_request", {"nth": [nth], "calls": call})
            yield Slip("error_before_charge", {"nth": [nth], "calls": call, "body": "html"})
        yield Slip("throttle", {"nth": [nth], "seconds": 7, "calls": ["start", "reads"]})
        yield Slip("slow_reply", {"nth": [nth], "seconds": 70, "calls": "start"})
        for kind in ("truncated", "html", "reset", "empty"):
            yield Slip("broken_download", {"nth": [nth], "kind": kind})
        for refund in (False, True):
            yield Slip("fail", {"nth": [nth], "refund": refund})
        yield Slip("insufficient", {"nth": [nth]})
        yield Slip("late_links", {"nth": [nth], "seconds": 30})
        yield Slip("status_404", {"nth": [nth]})
        yield Slip("media_404", {"nth": [nth]})
        yield Slip("late_end", {"nth": [nth]})
        yield Slip("null_links", {"nth": [nth]})
    for effect in range(1, EFFECTS * most // 2):
        yield Slip("", {"effect": effect})


def worlds() -> list[tuple[Slip, ...]]:
    """Every world with one slip, and every pair that can be told apart by its names."""
    every = list(slips())
    found: list[tuple[Slip, ...]] = [(slip,) for slip in every]
    for one, other in combinations(every, 2):
        if one.name != other.name or not one.name:
            found.append((one, other))
    return found


def script_of(world: tuple[Slip, ...], demand: Demand) -> Script:
    faults = {slip.name: slip.settings for slip in world if slip.name}
    kills = tuple(Kill(int(str(slip.settings["effect"]))) for slip in world if not slip.name)
    return Script(demand=replace(demand, max_paid_attempts=2), faults=faults, kills=kills)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_two_slips_break_a_world_of_one_job(part: int) -> None:
    told = []
    with kept_ground() as ground:
        for world in worlds()[part * STEP::PARTS * STEP]:
            if error := broken(script_of(world, Demand()), ground):
                told.append(f"{world}: {error}")
    assert not told, "\n".join(told[:20])


@pytest.mark.parametrize("kind", KINDS)
def test_no_slip_breaks_a_world_of_one_job_of_any_kind(kind: str) -> None:
    """A list that shows no songs, as it may be, leaves the balance as the only evidence."""
    told = []
    with kept_ground() as ground:
        for number, slip in enumerate(list(slips(most=4))[::STEP_OF_KINDS]):
            script = script_of((slip,), KINDS[kind])
            faults = {**script.faults, "music_in_history": number % 2 == 0}
            if error := broken(replace(script, faults=faults), ground):
                told.append(f"{slip}: {error}")
    assert not told, "\n".join(told[:20])
