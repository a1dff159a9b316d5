"""How a doubt is settled: by the list, by absence with a control, by the balance, or by a person.

Goal: nothing is bought twice and nothing paid for is forgotten, whatever the evidence that there is
(SAFETY 2.5). Method: whole runs in simulated worlds with one fault each; the service's own books
are the truth they are held against.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from executor_bench import START_S, Bench, at_bench, told

from pipeline.core.errors import Exit
from pipeline.core.evidence import Doubt, Reading
from pipeline.core.job import Accepted, Deferred, Doubted, Event, Job, State
from pipeline.core.money import NOTHING, Money
from pipeline.executor.doubts import ROOM, Open
from pipeline.ledger.connection import open_for_reading
from pipeline.ledger.questions import Questions
from pipeline.providers.registry import SANDBOX_TERMS
from pipeline.simulation.clock import run_jumping
from pipeline.simulation.demand import Demand
from pipeline.simulation.ground import KEY
from pipeline.simulation.life import Life
from pipeline.simulation.process import RUN, run_process
from pipeline.simulation.world import Script, World

QUIET_S = SANDBOX_TERMS.quiet_s
LIST = "/v1/generations"


@dataclass(frozen=True)
class Told:
    """How one run ended: its code, its jobs with their stories, and what the service sold."""

    code: Exit | None
    jobs: list[Job]
    stories: dict[str, list[tuple[float, str, str]]]
    sold: int
    charged: str

    def kinds(self, what: str) -> list[str]:
        """The story, event by event, of the job of which this is part."""
        (story,) = [story for story in self.stories.values()
                    if any(kind == what for _, kind, _ in story)]
        return [kind for _, kind, _ in story]

    def moment(self, what: str) -> float:
        """When an event of that kind first happened to any job."""
        return min(at_s for story in self.stories.values() for at_s, kind, _ in story
                   if kind == what)


def run(folder: Path, faults: dict[str, Any], *, subjects: int = 2, processes: int = 1,
        **script: Any) -> Told:
    """One process after the other in a world with these faults."""
    async def main(wall: Callable[[], float]) -> Told:
        async with anyio.create_task_group() as tasks:
            world = World(Script(demand=Demand(subjects=subjects), faults=faults, **script),
                          folder, wall, tasks)
            for _ in range(processes):
                code = await run_process(world, Life())
                await anyio.sleep(60)
            told = _tell(world, code)
            world.close()
        return told

    return run_jumping(main, START_S)


def _tell(world: World, code: Exit | None) -> Told:
    connection = open_for_reading(world.state)
    assert connection is not None
    ask = Questions(connection)
    jobs = [entry.job for entry in ask.entries(RUN)]
    stories = {job.key: ask.events(job.key) for job in jobs}
    charged = sum((Money(job.charge_micros) for job in world.books.jobs()), NOTHING)
    ask.close()
    return Told(code, jobs, stories, len(world.sales), str(charged))


def test_a_purchase_whose_answer_was_lost_is_found_and_adopted(tmp_path: Path) -> None:
    told = run(tmp_path, {"lost_reply": {"first": 1, "calls": "start"}}, subjects=3)
    assert told.code == Exit.DONE and told.sold == 3
    assert told.kinds("Doubted") == ["Intended", "Doubted", "Accepted", "Produced", "Saved"]
    assert str(sum((job.charged for job in told.jobs), NOTHING)) == told.charged


def test_alike_jobs_in_doubt_are_adopted_together(tmp_path: Path) -> None:
    told = run(tmp_path, {"lost_reply": {"first": 2, "calls": "start"}}, subjects=1)
    assert told.code == Exit.DONE and told.sold == 1
    both = Demand(subjects=1, variants=3)

    async def main(wall: Callable[[], float]) -> Told:
        async with anyio.create_task_group() as tasks:
            script = Script(demand=both, faults={"lost_reply": {"first": 2, "calls": "start"}})
            world = World(script, tmp_path / "both", wall, tasks)
            found = _tell(world, await run_process(world, Life()))
            world.close()
        return found

    told = run_jumping(main, START_S)
    assert told.code == Exit.DONE and told.sold == 3
    assert len({job.remote_ids for job in told.jobs}) == 3


def test_a_request_that_never_arrived_is_absent_after_the_quiet_time_and_bought_once(
        tmp_path: Path) -> None:
    told = run(tmp_path, {"lost_request": {"first": 1, "calls": "start"}}, subjects=3)
    assert told.code == Exit.DONE and told.sold == 3
    kinds = told.kinds("Doubted")
    assert kinds[:4] == ["Intended", "Doubted", "Deferred", "Intended"]
    assert told.moment("Deferred") - told.moment("Doubted") >= QUIET_S


def test_without_a_control_the_balance_is_the_evidence(tmp_path: Path) -> None:
    told = run(tmp_path, {"lost_request": {"first": 1, "calls": "start"}}, subjects=1)
    assert told.code == Exit.DONE and told.sold == 1
    assert told.kinds("Doubted")[:4] == ["Intended", "Doubted", "Deferred", "Intended"]
    assert told.moment("Deferred") - told.moment("Doubted") >= QUIET_S


SCOPES = {KEY.reveal(): ["generate:media", "read:balance"]}


@pytest.mark.parametrize("fault", ["lost_reply", "lost_request"])
def test_without_a_list_a_person_is_asked_and_nothing_is_bought_again(tmp_path: Path,
                                                                     fault: str) -> None:
    faults = {fault: {"first": 1, "calls": "start"}, "keys": SCOPES}
    told = run(tmp_path, faults, subjects=1, processes=3)
    assert told.code == Exit.DOUBT
    assert told.sold == (fault == "lost_reply")
    assert [job.state for job in told.jobs] == [State.IN_DOUBT]
    assert told.jobs[0].held == told.jobs[0].quote.worst


def test_a_list_that_lags_proves_no_absence(tmp_path: Path) -> None:
    told = run(tmp_path, {"lost_reply": {"first": 1, "calls": "start"},
                          "history_lag_s": SANDBOX_TERMS.list_lag_s}, subjects=3)
    assert told.code == Exit.DONE and told.sold == 3


def test_a_list_that_is_away_for_a_while_is_asked_again(tmp_path: Path) -> None:
    told = run(tmp_path, {"lost_reply": {"first": 1, "calls": "start"},
                          "html_edge_page": {"first": 6, "calls": ["history"], "status": 502}},
               subjects=3)
    assert told.code == Exit.DONE and told.sold == 3


async def doubtful(bench: Bench, count: int = 1) -> list[Job]:
    """Jobs whose answers were lost."""
    jobs = []
    for job in bench.admit(count):
        sending = await bench.intend(job)
        jobs.append(await bench.ledger.record(sending, Doubted("reply_lost")))
    return jobs


async def evidence(bench: Bench, job: Job) -> tuple[Event | None, float]:
    """What comes of one doubt, and when."""
    found: list[tuple[Event | None, float]] = []

    async def wait() -> None:
        found.append((await bench.lane.doubts.wait_evidence(job), anyio.current_time()))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.lane.doubts.run)
        async with anyio.create_task_group() as waiting:
            waiting.start_soon(wait)
        tasks.cancel_scope.cancel()
    return found[0]


def rows(*prompts: str, at: str = "2027-01-15T08:00:01Z") -> Any:
    return told({"generations": [
        {"id": f"s{n}", "status": "processing", "model": "m", "prompt": prompt, "created_at": at}
        for n, prompt in enumerate(prompts)]}, headers={"date": "Fri, 15 Jan 2027 08:00:01 GMT"})


@pytest.mark.parametrize(("seen", "event"), [
    (rows("kite 0"), Accepted(("s0",))), (rows("kite 0", "kite 9"), Accepted(("s0",))),
    (rows("kite 0", "kite 0"), None), (rows("kite 0", at="2027-01-15T07:00:00Z"), None),
    (rows("kite 0", at="2027-01-15T12:00:00Z"), None), (rows("Kite 0"), None), (rows(), None)])
def test_a_row_is_adopted_only_if_it_can_be_nothing_else(tmp_path: Path, seen: Any,
                                                         event: Event | None) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.odd.append((LIST, lambda at_s: seen))
        (job,) = await doubtful(bench)
        found, when_s = await evidence(bench, job)
        assert found == event
        assert when_s < 10 if event else when_s >= QUIET_S

    at_bench(tmp_path, act)


@pytest.mark.parametrize(("balance", "event"), [
    ("100", Deferred("never_arrived")), ("90", None), ("95", None), ("110", None)])
def test_the_balance_proves_absence_only_when_it_did_not_move(tmp_path: Path, balance: str,
                                                              event: Event | None) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.odd.append((LIST, lambda at_s: rows()))
        bench.bakery.odd.append(("/v1/balance", lambda at_s: told({"credits": int(balance)})))
        await bench.ledger.remember_balance("sandbox", Reading(Money.parse("100"), NOTHING))
        (job,) = await doubtful(bench)
        found, when_s = await evidence(bench, job)
        assert found == event and when_s >= QUIET_S

    at_bench(tmp_path, act)


def test_the_balance_says_nothing_while_another_job_is_under_way(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.odd.append((LIST, lambda at_s: rows()))
        bench.bakery.odd.append(("/v1/balance", lambda at_s: told({"credits": 100})))
        await bench.ledger.remember_balance("sandbox", Reading(Money.parse("100"), NOTHING))
        doubt, other = bench.admit(2)
        await bench.ledger.record(await bench.intend(other), Accepted(("r9",)))
        job = await bench.ledger.record(await bench.intend(doubt), Doubted("reply_lost"))
        found, _ = await evidence(bench, job)
        assert found is None

    at_bench(tmp_path, act)


def test_a_doubt_of_an_earlier_process_is_counted_from_its_restart(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.odd.append((LIST, lambda at_s: rows("kite 0")))
        (job,) = bench.admit(1)
        sending = await bench.intend(job)
        await anyio.sleep(5000)
        job = await bench.ledger.record(sending, Doubted("interrupted"))
        found, when_s = await evidence(bench, job)
        assert found == Accepted(("s0",)) and when_s < 5010

    at_bench(tmp_path, act)


def test_while_a_doubt_is_open_no_more_is_started_than_the_list_can_show(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        doubts = bench.lane.doubts
        for _ in range(100):
            doubts.started(bench.wall())
        assert doubts.has_room()
        await anyio.sleep(10)
        (job,) = await doubtful(bench)
        doubts.open[job.key] = Open(Doubt(job, bench.wall()))
        started = 0
        while doubts.has_room():
            doubts.started(bench.wall())
            started += 1
        assert started == SANDBOX_TERMS.list_rows - ROOM

    at_bench(tmp_path, act)


def test_a_run_that_is_left_leaves_its_doubts_to_the_next(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        (job,) = await doubtful(bench)
        bench.control.on_leave(bench.lane.leave)

        async def leave() -> None:
            await anyio.sleep(3)
            bench.control.leave(Exit.INTERRUPTED)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(leave)
            assert await evidence(bench, job) == (None, 3.0)
        assert bench.job(job.key).state is State.IN_DOUBT

    at_bench(tmp_path, act, terms=replace(SANDBOX_TERMS, list_rows=25))
