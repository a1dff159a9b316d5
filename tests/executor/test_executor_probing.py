"""Probing over a simulated service: how soon work is done, and how often a call is refused.

Goal: under every kind of window and at every phase of it one deliberate call is refused at most,
and what is learned brings the work to its end as soon as somebody who knew the window from the
start; a service that lies costs one refusal more. Method: many calls through the gate on the
jumping clock, against the sandbox's own windows; then whole worlds with ledger and executor.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from random import Random

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.terms import Limit, Terms
from pipeline.executor.control import Control
from pipeline.executor.gate import Gate
from pipeline.providers.registry import SANDBOX_TERMS
from pipeline.sandbox.windows import KINDS, Windows
from pipeline.sandbox.windows import Limits as Allowed
from pipeline.simulation.clock import run_jumping
from pipeline.simulation.demand import PICTURES, Demand
from pipeline.simulation.life import Life
from pipeline.simulation.process import run_process
from pipeline.simulation.world import START_S, Kill, Script, World

CALLS, WINDOW_S = 30, 60.0
TERMS = Terms(provider="acme", starts={"media": Limit(CALLS, WINDOW_S)},
              reads=Limit(120), uploads=Limit(30), in_flight={}, bucket_of={"image": "media"},
              first_look_s={"image": 10.0}, probe=True)
TWELVE_S = {"models": {PICTURES[0]: {"estimated_time_seconds": 12}}}


def known_starts(kind: str, number: int, start_s: float, per_minute: int = CALLS) -> list[float]:
    """When somebody who knows the window, and whose calls take no time, makes so many of them."""
    kind = "sliding" if kind == "counting" else kind
    windows = Windows(Allowed({"media": per_minute}), kind=kind)
    at_s, found = start_s, list[float]()
    for _ in range(number):
        while wait_s := windows.take("key", "media", at_s):
            at_s += wait_s
        found.append(at_s - start_s)
    return found


Words = Callable[[float], float | None]
"""From the seconds until the next turn to what the service says of them."""


@dataclass
class Counter:
    """A service of one bucket, and what came of calling it."""

    kind: str
    phase_s: float = 0.0
    words: Words = lambda wait_s: float(max(1, ceil(wait_s)))
    slowest_s: float = 0.6
    per_minute: int = CALLS
    started_s: list[float] = field(default_factory=list)
    refused_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._windows = Windows(Allowed({"media": self.per_minute}), kind=self.kind)
        self._chance = Random(f"{self.kind} {self.phase_s}")

    async def work(self, gate: Gate, number: int) -> None:
        """So many jobs side by side, each called for until it is taken."""
        async with anyio.create_task_group() as jobs:
            for rank in range(number):
                jobs.start_soon(self._job, gate, rank)

    async def _job(self, gate: Gate, rank: int) -> None:
        while True:
            window = await gate.wait_turn("media", (rank,))
            assert window is not None
            await anyio.sleep(self._chance.uniform(0.02, self.slowest_s / 2))
            now_s = anyio.current_time()
            wait_s = self._windows.take("key", "media", now_s + self.phase_s)
            (self.refused_s if wait_s else self.started_s).append(now_s)
            await anyio.sleep(self._chance.uniform(0.02, self.slowest_s / 2))
            gate.end_turn(window)
            if not wait_s:
                return
            gate.throttle("media", self.words(wait_s))


def play(counter: Counter, number: int, terms: Terms = TERMS) -> Counter:
    """All of the work, on the jumping clock."""
    async def run(_: object) -> None:
        await counter.work(Gate(terms, Control()), number)

    run_jumping(run, 0.0)
    assert len(counter.started_s) == number
    return counter


@pytest.mark.parametrize("phase_s", [0.0, 7.0, 30.0, 45.5, 55.0])
@pytest.mark.parametrize("kind", KINDS)
def test_work_is_done_as_soon_as_by_who_knows_the_window(kind: str, phase_s: float) -> None:
    seen = play(Counter(kind, phase_s), 400)
    assert len(seen.refused_s) == 1
    assert max(seen.started_s) <= 1.01 * known_starts(kind, 400, phase_s)[-1]


def test_without_the_wish_nobody_goes_beyond_the_limit() -> None:
    seen = play(Counter("fixed", 30.0), 100, replace(TERMS, probe=False))
    assert not seen.refused_s
    assert max(seen.started_s) > 180.0


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(KINDS), st.floats(0, 60), st.integers(1, 12), st.floats(0.05, 8.0),
       st.integers(1, 60))
def test_at_every_phase_and_pace_work_goes_on_and_few_are_refused(
        kind: str, phase_s: float, calls: int, slowest_s: float, number: int) -> None:
    counter = Counter(kind, phase_s, slowest_s=slowest_s, per_minute=calls)
    seen = play(counter, number, replace(TERMS, starts={"media": Limit(calls, WINDOW_S)}))
    # A fixed window that ended just then passes for a bucket, which slow calls may find out.
    assert len(seen.refused_s) <= (2 if kind == "fixed" else 1)
    soonest_s = known_starts(kind, number, phase_s, calls)[-1]
    windows = number / calls + 2
    assert max(seen.started_s) <= soonest_s + WINDOW_S + windows * slowest_s * 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_that_names_no_time_is_called_by_the_safe_rule(kind: str) -> None:
    seen = play(Counter(kind, 30.0, words=lambda wait_s: None), 100)
    assert len(seen.refused_s) == 1
    assert 180.0 <= max(seen.started_s) < 185.0


def test_a_time_that_is_always_the_same_costs_one_refusal_more() -> None:
    seen = play(Counter("sliding", words=lambda wait_s: 25.0), 100)
    assert len(seen.refused_s) == 2
    assert max(seen.started_s) < 190.0


def test_a_service_whose_clock_runs_away_costs_one_refusal_more() -> None:
    class Slower(Counter):
        """Its minutes are longer than ours by a thousandth."""

        def __post_init__(self) -> None:
            super().__post_init__()
            self._windows = Windows(Allowed({"media": CALLS}), window_s=60.06, kind="fixed")

    seen = play(Slower("fixed", 30.0), 2000)
    assert 1 < len(seen.refused_s) <= 2


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a whole world: the last end, and how often each process was refused."""

    end_s: float
    soonest_s: float
    refused: list[int]


def told(script: Script, folder: Path, phase_s: float = 0.0) -> Told:
    """A world that begins so long after the service's minute did."""
    async def run(wall: Callable[[], float]) -> Told:
        async with anyio.create_task_group() as lines:
            world = World(script, folder, wall, lines)
            for kill in (*script.kills, Kill()):
                await run_process(world, Life(kill.effect, kill.of))
                await anyio.sleep(kill.down_s)
        jobs = sorted(world.books.jobs(), key=lambda job: job.seq)
        kind = str(script.faults["windows"])
        starts = known_starts(kind, len(jobs), START_S + phase_s)
        soonest_s = max(at_s + job.finishes_at - job.created_at
                        for at_s, job in zip(starts, jobs, strict=True))
        refused = [sum(call.status == 429 for call in world.wire.calls if call.process == number)
                   for number in range(1, len(world.births) + 1)]
        world.close()
        assert len(jobs) == script.demand.subjects
        end_s = max(job.finishes_at for job in jobs) - START_S - phase_s
        return Told(end_s, soonest_s, refused)

    return run_jumping(run, START_S + phase_s)


def images(number: int, kind: str, *kills: Kill) -> Script:
    """So many pictures of twelve seconds at a service with this kind of window."""
    return Script(demand=Demand(subjects=number, ratios=("16:9",)), kills=kills,
                  faults={**TWELVE_S, "windows": kind}, limits={"media_in_flight": 99},
                  terms=replace(SANDBOX_TERMS, probe=True))


@pytest.mark.parametrize(("kind", "phase_s"), [
    ("sliding", 0.0), ("counting", 0.0), ("bucket", 0.0), ("fixed", 40.0)])
def test_a_run_ends_as_soon_as_if_the_window_were_known(kind: str, phase_s: float,
                                                        tmp_path: Path) -> None:
    seen = told(images(100, kind), tmp_path, phase_s)
    assert seen.refused == [1]
    assert seen.end_s <= 1.01 * seen.soonest_s


def test_after_a_restart_nothing_is_believed_and_nothing_tried(tmp_path: Path) -> None:
    died = Kill(effect=45, of="answered POST", down_s=5.0)
    seen = told(images(90, "fixed", died), tmp_path, 20.0)
    assert seen.refused == [1, 0]
