"""The watch and the gate over a whole simulated service: few reads, soon noticed, never refused.

Goal: under every kind of rate window no call is refused and the list is read a few times a burst; a
list that fails, lies or shows nothing costs time, never a job; a kill in mid-window changes none of
it. Method: bursts of short jobs through the real executor, ledger and sandbox, in virtual time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from executor_bench import Bench, at_bench

from pipeline.providers.registry import SANDBOX_TERMS
from pipeline.sandbox.windows import KINDS
from pipeline.simulation.demand import FILMS, PICTURES, Demand
from pipeline.simulation.story import Story, Watcher, play
from pipeline.simulation.world import START_S, Kill, Script, World

IMAGE = {PICTURES[0]: {"estimated_time_seconds": 12}}
LIST = "/v1/generations"


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a world: how it stood with each job, and what was called."""

    states: Mapping[str, int]
    lags: list[float]
    refused: int
    lists: int
    looks: int
    end_s: float


def play_through(script: Script, folder: Path) -> Seen:
    """The figures of a world that came to rest."""
    found: list[Seen] = []

    def rested(world: World, story: Story) -> None:
        with world.ground.reading() as connection:
            assert connection is not None
            states = dict(connection.execute("select state, count(*) from jobs group by 1"))
            made = dict(connection.execute(
                "select json_extract(taken.body, '$.remote_ids[0]'), made.at_s from events made "
                "join events taken using (job) where made.type in ('Produced', 'Failed') "
                "and taken.type = 'Accepted'"))
        lags = sorted(made[job.id] - job.finishes_at for job in world.books.jobs()
                      if job.id in made)
        calls = world.wire.calls
        found.append(Seen(
            states, lags, sum(call.status == 429 for call in calls),
            sum(call.path == LIST for call in calls),
            sum(call.method == "GET" and call.path.startswith("/v1/generate/") for call in calls),
            max(made.values()) - START_S))

    play(script, folder, Watcher(rested=rested))
    return found[0]


def images(count: int, *, slots: int = 99, **faults: object) -> Script:
    """So many pictures of twelve seconds, thirty starts a minute."""
    return Script(demand=Demand(subjects=count, ratios=("16:9",)),
                  faults={"models": IMAGE, **faults}, limits={"media_in_flight": slots})


@pytest.mark.parametrize("kind", KINDS)
def test_bursts_are_never_refused_and_their_ends_soon_known(kind: str, tmp_path: Path) -> None:
    seen = play_through(images(75, windows=kind), tmp_path)
    assert seen.states == {"done": 75}
    assert seen.refused == 0
    assert seen.lists + seen.looks <= 0.6 * 75
    assert seen.lags[75 // 2] < 1.5 and seen.lags[-1] < 12.0


def test_a_kill_in_mid_window_brings_no_refusal_and_loses_no_end(tmp_path: Path) -> None:
    script = replace(images(75, windows="counting"),
                     kills=(Kill(effect=12, of="answered GET", down_s=7.0),))
    seen = play_through(script, tmp_path)
    assert seen.states == {"done": 75}
    assert seen.refused == 0
    assert seen.lists + seen.looks <= 0.7 * 75
    assert seen.end_s < 120 + 40


def test_slots_that_come_free_are_used_soon(tmp_path: Path) -> None:
    script = Script(demand=Demand(models=(), subjects=30, extras=("opener",)),
                    faults={"models": {FILMS: {"estimated_time_seconds": 120}}})
    seen = play_through(script, tmp_path)
    assert seen.states == {"done": 30} and seen.refused == 0
    assert seen.lags[15] < 4.0
    assert seen.lists + seen.looks <= 4 * 30


def test_a_list_that_cannot_be_read_for_a_while_is_asked_seldom(tmp_path: Path) -> None:
    script = images(40, error_before_charge={"calls": ["history"], "first": 6, "status": 503})
    seen = play_through(script, tmp_path)
    assert seen.states == {"done": 40}
    assert seen.lists <= 40


def test_a_list_that_shows_jobs_late_is_not_waited_for(tmp_path: Path) -> None:
    seen = play_through(images(40, history_lag_s=600.0), tmp_path)
    assert seen.states == {"done": 40}
    assert seen.lags[20] < 25.0


def test_jobs_that_broke_are_found_though_the_list_of_made_ones_hides_them(tmp_path: Path) -> None:
    seen = play_through(images(60, fail={"every": 6}), tmp_path)
    assert seen.states == {"done": 50, "failed": 10}
    assert seen.lags[-1] < 60.0


def test_without_a_filter_the_list_serves_as_far_as_it_reaches(tmp_path: Path) -> None:
    script = replace(images(60), terms=replace(SANDBOX_TERMS, made_filter={}))
    seen = play_through(script, tmp_path)
    assert seen.states == {"done": 60} and seen.refused == 0
    assert seen.lists + seen.looks <= 60


def test_few_reads_are_shared_out(tmp_path: Path) -> None:
    script = images(60)
    seen = play_through(replace(script, limits={**script.limits, "reads_per_minute": 12}), tmp_path)
    assert seen.states == {"done": 60} and seen.refused == 0
    assert seen.lists + seen.looks <= 0.5 * 60
    assert seen.lags[30] < 5.0


@pytest.mark.parametrize(("truth_s", "most"), [(5, 1.0), (20, 1.2)])
def test_the_catalog_may_be_wrong(truth_s: int, most: float, tmp_path: Path) -> None:
    seen = play_through(images(60, models={PICTURES[0]: {"estimated_time_seconds": truth_s}}),
                        tmp_path)
    assert seen.states == {"done": 60} and seen.refused == 0
    assert seen.lists + seen.looks <= most * 60
    assert seen.lags[30] < 2.0


def test_a_refusal_that_was_not_ours_is_waited_for_and_then_forgotten(tmp_path: Path) -> None:
    seen = play_through(images(60, throttle={"calls": ["start"], "nth": [3], "seconds": 20.0}),
                        tmp_path)
    assert seen.states == {"done": 60}
    assert seen.refused == 1
    assert seen.end_s < 120 + 30  # the refused call took a turn, as it would where refusals count


def test_who_was_refused_waits_in_the_queue_in_front_of_all_others(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        fresh, again = bench.admit(2)
        again = replace(again, attempts=1, not_before_s=bench.wall() + 30.0)
        assert bench.lane.may_buy(fresh) and not bench.lane.may_buy(again)
        bench.lane.gate.throttle("media", 30.0)
        assert bench.lane.may_buy(again)
        assert bench.lane.rank(again) < bench.lane.rank(fresh)

    at_bench(tmp_path, act)
