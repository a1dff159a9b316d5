"""The look for charges that no job knows of, before and after a lane's work (SAFETY 2.5, F37).

Goal: what a proxy sent twice is found and said, once, and books nothing; where nothing went wrong
nothing is said, and nobody waits for the look. Method: a lane on a bench whose bakery lists rows
that nobody asked for.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from executor_bench import RUN, Bench, at_bench, blob, png, told

from pipeline.core.caps import Caps
from pipeline.core.errors import Exit
from pipeline.core.job import Doubted, Job, State
from pipeline.core.terms import Limit
from pipeline.executor.drive import run_lane
from pipeline.ledger.orphans import unruled
from pipeline.providers.registry import SANDBOX_TERMS

LIST = "/v1/generations"
START = "/v1/generate/media"


async def work(bench: Bench) -> list[Job]:
    bench.bakery.odd.append(("/images/", lambda at_s: blob(png())))
    await run_lane(bench.lane, RUN)
    return [entry.job for entry in bench.ledger.ask.entries(RUN)]


def list_also(bench: Bench, *names: str, prompt: str = "kite 0", **more: Any) -> None:
    """The service's list shows these beside the bakery's own rows."""
    def listed(at_s: float) -> Any:
        own = [bench.bakery._row(name, links=True) for name in bench.bakery.ready]
        rows = [{"id": name, "model": "m", "prompt": prompt, "status": "completed",
                 "created_at": "2027-01-15T08:00:01Z", "credits_deducted": 10, "outputs": [],
                 **more} for name in names]
        return told({"generations": [*own, *rows]})

    bench.bakery.odd.append((LIST, listed))


def names(bench: Bench) -> list[str]:
    return [orphan.remote_id for orphan in unruled(bench.ledger.connection)]


def test_a_charge_that_no_job_knows_of_is_found_said_and_not_booked(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.admit(2)
        list_also(bench, "twice")
        jobs = await work(bench)
        assert {job.state for job in jobs} == {State.DONE}
        assert names(bench) == ["twice"]
        assert bench.said == ["sandbox lists 1 more than the ledger knows of, and they look like "
                              "ours: `pipeline doubt` names them"]
        assert str(bench.ledger.ask.charged("sandbox")) == "20"

    at_bench(tmp_path, act)


@pytest.mark.parametrize("more", [
    {"prompt": "another's words"}, {"model": "another"}, {"credits_deducted": 0},
    {"created_at": "2027-01-15T07:00:00Z"}])
def test_what_cannot_be_ours_is_none(tmp_path: Path, more: dict[str, Any]) -> None:
    async def act(bench: Bench) -> None:
        bench.admit(2)
        list_also(bench, "stranger", **more)
        await work(bench)
        assert names(bench) == [] and bench.said == []

    at_bench(tmp_path, act)


def test_the_next_process_looks_before_it_buys_and_says_nothing_twice(tmp_path: Path) -> None:
    async def first(bench: Bench) -> None:
        bench.admit(2)
        await work(bench)
        assert names(bench) == []

    async def second(bench: Bench) -> list[str]:
        run = bench.ledger.ask.find_run(RUN)
        assert run is not None
        bench.ledger.go_on(run, Caps())
        list_also(bench, "late")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work, bench)
            await anyio.sleep(1)
        assert names(bench) == ["late"]
        return bench.said

    at_bench(tmp_path, first)
    said = [at_bench(tmp_path, second) for _ in range(2)]
    assert [len(lines) for lines in said] == [1, 0]


def test_what_may_be_a_doubts_is_left_to_it(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        (job,) = bench.admit(1)
        await bench.ledger.record(await bench.intend(job), Doubted("reply_lost"))
        list_also(bench, "one", "other")
        bench.control.stop_buying()
        [job] = await work(bench)
        assert (job.state, names(bench)) == (State.IN_DOUBT, [])

    at_bench(tmp_path, act)


def test_a_run_that_is_left_or_may_not_read_does_not_wait_for_the_look(tmp_path: Path) -> None:
    async def left(bench: Bench) -> None:
        bench.admit(1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work, bench)
            await anyio.sleep(0.5)
            bench.control.leave(Exit.INTERRUPTED)
            bench.lane.leave()
        assert anyio.current_time() == 0.5
        assert not bench.bakery.times(LIST)

    async def slow(bench: Bench) -> None:
        bench.admit(1)
        await work(bench)
        ended_s = max(at_s for at_s in bench.bakery.times("/images/"))
        assert anyio.current_time() - ended_s <= 5.0

    at_bench(tmp_path / "left", left)
    at_bench(tmp_path / "slow", slow, terms=replace(SANDBOX_TERMS, reads=Limit(3, 3600.0)))


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_list_that_cannot_be_had_is_no_trouble(tmp_path: Path, status: int) -> None:
    async def act(bench: Bench) -> None:
        bench.admit(1)
        bench.bakery.odd.append((LIST, lambda at_s: told({"error": "missing_scope"}, status)))
        [job] = await work(bench)
        assert (job.state, bench.said) == (State.DONE, [])

    at_bench(tmp_path, act)


def test_who_never_bought_does_not_look(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.admit(1)
        bench.control.stop_buying()
        await work(bench)
        assert not bench.bakery.times(LIST) and not bench.bakery.times(START)

    at_bench(tmp_path, act)
