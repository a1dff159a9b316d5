"""Doubts that come together stop the buying until they are settled (SAFETY 1.2).

Goal: no more money is at risk than two doubts' and that of the calls that were under way with them;
what time and evidence settle lets the buying go on, what only a person can settle ends the run with
12. Method: whole runs in simulated worlds, a few jobs in flight; a lane on a bench.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from executor_bench import RUN as BENCH_RUN
from executor_bench import START_S, Bench, at_bench, blob, png, told

from pipeline.core.errors import Exit
from pipeline.core.job import Doubted, Job, State
from pipeline.core.terms import Limit
from pipeline.executor.doubts import ROOM
from pipeline.executor.drive import run_lane
from pipeline.ledger.connection import open_for_reading
from pipeline.ledger.questions import Questions
from pipeline.providers.registry import SANDBOX_TERMS
from pipeline.simulation.clock import run_jumping
from pipeline.simulation.demand import Demand
from pipeline.simulation.life import Life
from pipeline.simulation.process import RUN, run_process
from pipeline.simulation.world import Script, World

AT_ONCE = 3


@dataclass(frozen=True)
class Told:
    """How a run ended, its jobs, and every event: when, of which job, what."""

    code: Exit | None
    jobs: list[Job]
    events: list[tuple[float, str, str]]
    sold: int

    def states(self) -> list[State]:
        return [job.state for job in self.jobs]

    def most_at_risk(self) -> int:
        """How many jobs at once were submitting or in doubt, so that their money could be lost."""
        open_jobs: set[str] = set()
        most = 0
        for _, key, kind in self.events:
            open_jobs.add(key) if kind in ("Intended", "Doubted") else open_jobs.discard(key)
            most = max(most, len(open_jobs))
        return most


def run(folder: Path, faults: dict[str, Any], subjects: int = 12) -> Told:
    """A run of so many jobs, a few at once."""
    async def main(wall: Callable[[], float]) -> Told:
        async with anyio.create_task_group() as tasks:
            script = Script(demand=Demand(subjects=subjects), faults=faults,
                            limits={"media_in_flight": AT_ONCE})
            world = World(script, folder, wall, tasks)
            code = await run_process(world, Life())
            connection = open_for_reading(world.state)
            assert connection is not None
            ask = Questions(connection)
            jobs = [entry.job for entry in ask.entries(RUN)]
            events = [(at_s, job.key, kind) for job in jobs
                      for at_s, kind, _ in ask.events(job.key)]
            ask.close()
            sold = len(world.sales)
            world.close()
        return Told(code, jobs, sorted(events), sold)

    return run_jumping(main, START_S)


def test_nothing_is_intended_while_two_doubts_that_came_together_are_open(tmp_path: Path) -> None:
    told = run(tmp_path, {"lost_request": {"nth": [4, 5], "calls": "start"}})
    assert (told.code, told.states(), told.sold) == (Exit.DONE, [State.DONE] * 12, 12)
    doubts = [(at_s, key) for at_s, key, kind in told.events if kind == "Doubted"]
    ends = [min(at_s for at_s, other, kind in told.events
                if other == key and at_s > since_s and kind in ("Deferred", "Accepted"))
            for since_s, key in doubts]
    closed = max(since_s for since_s, _ in doubts), min(ends)
    assert closed[1] - closed[0] > 10
    assert not [at_s for at_s, _, kind in told.events
                if kind == "Intended" and closed[0] < at_s < closed[1]]


def test_one_doubt_alone_stops_nothing(tmp_path: Path) -> None:
    told = run(tmp_path, {"lost_request": {"nth": [4], "calls": "start"}})
    assert told.code == Exit.DONE
    [since_s] = [at_s for at_s, _, kind in told.events if kind == "Doubted"]
    assert [at_s for at_s, _, kind in told.events
            if kind == "Intended" and since_s < at_s < since_s + 15]


def test_however_many_answers_are_lost_the_money_at_risk_is_bounded(tmp_path: Path) -> None:
    told = run(tmp_path, {"lost_reply": {"rate": 1.0, "calls": "start"}, "history_lag_s": 1e6},
               subjects=20)
    assert told.code == Exit.DOUBT
    assert told.most_at_risk() <= AT_ONCE + 2
    assert told.states().count(State.PENDING) >= 20 - AT_ONCE - 2


@pytest.mark.parametrize(("apart_s", "buys"), [(500.0, False), (700.0, True)])
def test_doubts_left_to_a_person_stop_the_next_process_if_they_came_together(
        tmp_path: Path, apart_s: float, buys: bool) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.odd.append(("/v1/generations", lambda at_s: told({"generations": []})))
        bench.bakery.odd.append(("/v1/balance", lambda at_s: told({})))
        bench.bakery.odd.append(("/images/", lambda at_s: None))
        first, second, _ = bench.admit(3)
        for job in (first, second):
            await bench.ledger.record(await bench.intend(job), Doubted("reply_lost"))
            await anyio.sleep(apart_s)
        await run_lane(bench.lane, BENCH_RUN)
        states = [entry.job.state for entry in bench.ledger.ask.entries(BENCH_RUN)]
        assert states[:2] == [State.IN_DOUBT, State.IN_DOUBT]
        assert (states[2] is not State.PENDING) is buys
        assert bench.control.reasons == (set() if buys else {Exit.DOUBT})
        assert any("only a person can tell" in line for line in bench.said) is not buys

    at_bench(tmp_path, act, terms=replace(SANDBOX_TERMS, link_wait_s=5.0))


def test_where_no_list_can_be_had_one_doubt_ends_the_buying(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.odd.append(("/v1/generations", lambda at_s: told({"error": "not_found"}, 404)))
        bench.bakery.odd.append(("/images/", lambda at_s: blob(png())))
        lost, _, _ = bench.admit(3)
        await bench.ledger.record(await bench.intend(lost), Doubted("reply_lost"))
        await run_lane(bench.lane, BENCH_RUN)
        states = [entry.job.state for entry in bench.ledger.ask.entries(BENCH_RUN)]
        assert states[0] is State.IN_DOUBT and State.PENDING in states[1:]
        assert bench.control.reasons == {Exit.DOUBT}

    at_bench(tmp_path, act, terms=replace(SANDBOX_TERMS, in_flight={"media": 2}))


def test_a_call_without_an_answer_keeps_its_row_in_view(tmp_path: Path) -> None:
    """What may yet be a doubt is paced like one: its row must be there to be found (SAFETY 2.5)."""
    terms = replace(SANDBOX_TERMS, list_rows=8, starts={"media": Limit(1000)},
                    in_flight={"media": 1000})

    async def act(bench: Bench) -> None:
        started: list[float] = []

        async def silent() -> Any:
            await anyio.sleep(40)
            yield b'{"generation_id": "slow"}'

        def answer(at_s: float) -> httpx.Response | None:
            started.append(at_s)
            return httpx.Response(200, content=silent()) if len(started) == 1 else None

        bench.bakery.odd.append(("/v1/generate/media", lambda at_s: answer(at_s)))
        bench.bakery.odd.append(("/images/", lambda at_s: blob(png())))
        bench.bakery.ready["slow"] = bench.wall() + 60
        jobs = bench.admit(20)
        await run_lane(bench.lane, BENCH_RUN)
        assert {bench.job(job.key).state for job in jobs} == {State.DONE}
        posts = [at_s - START_S for at_s, path in bench.bakery.calls
                 if path == "/v1/generate/media" and at_s - START_S < 40]
        assert len(posts) <= terms.list_rows - ROOM
        assert not bench.lane.doubts.sending

    at_bench(tmp_path, act, terms=terms)


def test_moments_are_counted_as_they_lie(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        doubts = bench.lane.doubts
        for moments, most in (([0.0, 900.0, 1800.0], True), ([0.0, 900.0, 1400.0], False)):
            doubts.left = {str(at_s): at_s for at_s in moments}
            assert all(later > earlier for earlier, later in pairwise(moments))
            assert doubts.has_room() is most
            assert doubts.needs_person() is not most

    at_bench(tmp_path, act)
