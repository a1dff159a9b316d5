"""A lane's work from one end to the other: recovered, fed, driven, left.

Goal: what a dead process left is taken up as its receipts say, doubts before purchases; what is
pending starts as slots come free; a cap or a lost source stops one job and no other.
Method: a real ledger and adapter on the bench, in simulated time.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from executor_bench import PRICE, RUN, Bench, at_bench, blob, png

from pipeline.core.caps import Caps
from pipeline.core.cells import Cell
from pipeline.core.errors import Exit
from pipeline.core.job import Accepted, Doubted, Job, State
from pipeline.core.money import Money
from pipeline.core.plan import Plan, Row, Status
from pipeline.core.pricing import Quote
from pipeline.core.report import RunInfo
from pipeline.core.spec import JobSpec, SourceRef
from pipeline.executor.drive import Driver, run_lane
from pipeline.ledger.receipts import acceptance

Act = Callable[[Bench], Awaitable[Any]]


async def work(bench: Bench) -> list[Job]:
    """Everything the lane can do; the jobs in the plan's order."""
    bench.bakery.odd.append(("/images/", lambda at_s: blob(png())))
    await run_lane(bench.lane, RUN)
    return [entry.job for entry in bench.ledger.ask.entries(RUN)]


def take_up(bench: Bench) -> None:
    """The run of an earlier process."""
    run = bench.ledger.ask.find_run(RUN)
    assert isinstance(run, RunInfo)
    bench.ledger.go_on(run, Caps())
    bench.tags = 100


def left_by(folder: Path, act: Act) -> None:
    """A process that died after an act."""
    at_bench(folder, act)


def story(bench: Bench, job: Job) -> list[str]:
    return [name for _, name, _ in bench.ledger.ask.events(job.key)]


def test_a_plan_is_driven_to_its_end(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.admit(3)
        jobs = await work(bench)
        assert [job.state for job in jobs] == [State.DONE] * 3
        assert bench.bakery.times("/v1/generate/media")[:3] == pytest.approx([0.0] * 3, abs=0.01)
        assert [await bench.lane.store.damage(job.files[0]) for job in jobs] == [None] * 3
        assert bench.lane.gate.in_flight == {"media": 0}
        assert story(bench, jobs[0]) == ["Intended", "Accepted", "Produced", "Saved"]

    at_bench(tmp_path, act)


def test_a_call_that_was_cut_by_death_is_accepted_if_its_receipt_says_so(tmp_path: Path) -> None:
    async def dying(bench: Bench) -> None:
        job = await bench.intend(bench.admit(1)[0])
        bench.ledger.receipts.write([acceptance(job.tag, ("r0",), "now")])

    async def next_life(bench: Bench) -> None:
        take_up(bench)
        bench.bakery.ready["r0"] = bench.wall()
        [job] = await work(bench)
        assert (job.state, job.remote_ids, job.attempts) == (State.DONE, ("r0",), 1)
        assert "Doubted" not in story(bench, job)

    left_by(tmp_path, dying)
    at_bench(tmp_path, next_life)


def test_a_call_that_was_cut_by_death_without_a_receipt_is_a_doubt(tmp_path: Path) -> None:
    async def dying(bench: Bench) -> None:
        await bench.intend(bench.admit(1)[0])

    async def next_life(bench: Bench) -> None:
        take_up(bench)
        [job] = await work(bench)
        assert (job.state, job.cause, job.attempts) == (State.IN_DOUBT, "interrupted", 1)
        assert bench.bakery.times("/v1/generate/media") == []

    left_by(tmp_path, dying)
    at_bench(tmp_path, next_life)


def test_a_receipt_for_what_another_job_owns_is_a_doubt_and_no_crash(tmp_path: Path) -> None:
    async def dying(bench: Bench) -> None:
        first, second = bench.admit(2)
        await bench.ledger.record(await bench.intend(first), Accepted(("r0",)))
        cut = await bench.intend(second)
        bench.ledger.receipts.write([acceptance(cut.tag, ("r0",), "now")])

    async def next_life(bench: Bench) -> None:
        take_up(bench)
        bench.bakery.ready["r0"] = bench.wall()
        first, second = await work(bench)
        assert first.state is State.DONE
        assert (second.state, second.cause) == (State.IN_DOUBT, "ambiguous")

    left_by(tmp_path, dying)
    at_bench(tmp_path, next_life)


def test_evidence_that_another_job_has_taken_meanwhile_settles_nothing(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        first, second = bench.admit(2)
        await bench.ledger.record(await bench.intend(first), Accepted(("r0",)))
        doubt = await bench.ledger.record(await bench.intend(second), Doubted("reply_lost"))
        async with anyio.create_task_group() as jobs:
            after = await Driver(bench.lane, RUN, jobs)._record(doubt, Accepted(("r0",)))
        assert after == doubt == bench.job(second.key)

    at_bench(tmp_path, act)


def test_no_more_jobs_are_in_flight_than_the_service_takes(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.admit(25)
        most = bench.lane.terms.in_flight["media"]
        seen: list[int] = []
        bench.ledger.moved = lambda before, after: seen.append(bench.lane.gate.in_flight["media"])
        jobs = await work(bench)
        assert {job.state for job in jobs} == {State.DONE}
        assert max(seen) == most

    at_bench(tmp_path, act)


def test_a_cap_stops_the_jobs_it_does_not_reach_for_and_no_other(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.admit(5)
        bench.ledger.caps = Caps(credits=Money.parse("30"))
        jobs = await work(bench)
        assert sorted(job.state for job in jobs) == [State.DONE] * 3 + [State.PENDING] * 2
        assert bench.control.reasons == {Exit.BUDGET}
        assert len(bench.control.passed_over) == 2
        assert "does not reach for" in bench.said[-1]
        assert bench.lane.gate.windows["media"].under_way == 0

    at_bench(tmp_path, act)


def admit_chain(bench: Bench) -> tuple[Job, Job]:
    """A picture, and a clip that starts from it; the clip is listed first."""
    hero = JobSpec("sandbox", "image", "m", "a kite", "1:1")
    clip = JobSpec("sandbox", "image", "m", "push in", "1:1", {},
                   (SourceRef("job", hero.key(), "image"),))
    rows = [Row(Cell(name, "sandbox", spec, spec.key(), Quote(PRICE, PRICE, "10"), {}, length_s),
                Status.NEW) for name, spec, length_s in (("clip", clip, 60.0), ("hero", hero, 9.0))]
    bench.ledger.begin(RunInfo(RUN, "m", "m.yaml", "sandbox", bench.wall()),
                       Plan("m", "m.yaml", "sandbox", rows), Caps(), str(bench.folder / "out"))
    return bench.job(hero.key()), bench.job(clip.key())


def test_a_chain_goes_on_from_what_is_made(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        hero, clip = admit_chain(bench)
        assert {job.state for job in await work(bench)} == {State.DONE}
        assert bench.bakery.uploads == 1
        assert bench.ledger.ask.events(clip.key)[0][0] >= bench.ledger.ask.events(hero.key)[-1][0]

    at_bench(tmp_path, act)


def test_a_chain_ends_with_what_is_not_made(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        hero, clip = admit_chain(bench)
        bench.ledger.cancel([hero])
        await work(bench)
        after = bench.job(clip.key)
        assert (after.state, after.cause) == (State.CANCELLED, "source_failed")
        assert hero.key[:8] in after.message
        assert bench.bakery.times("/v1/generate/media") == []

    at_bench(tmp_path, act)


def test_a_lane_that_is_left_while_it_works_leaves_what_the_service_makes_there(
        tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.admit(4)

        async def leave() -> None:
            await anyio.sleep(5.0)
            bench.control.leave(Exit.INTERRUPTED)
            bench.lane.leave()

        async with anyio.create_task_group() as group:
            group.start_soon(leave)
            jobs = await work(bench)
        assert {job.state for job in jobs} == {State.RUNNING}

    at_bench(tmp_path, act)


def test_what_was_learned_is_there_for_the_next_process(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.admit(2)
        await work(bench)
        assert len(bench.ledger.ask.lengths("sandbox")["m"]) == 2
        assert bench.ledger.ask.recent_turns("sandbox", bench.wall(), 10_000.0)["reads"]

    at_bench(tmp_path, act)
