"""What this machine must offer before anything is bought: a right clock, room for the files.

Goal: what is missing stops the buying with the reason said once, and what is bought already comes
home all the same (SAFETY 2.7, 2.9). Method: lanes on a bench whose service tells another time, or
whose disks are nearly full.
"""

from email.utils import formatdate
from pathlib import Path

import httpx
import pytest
from executor_bench import RUN, START_S, Bench, at_bench, blob, png, told

from pipeline.core.errors import Exit
from pipeline.core.job import Job, State
from pipeline.executor.drive import run_lane
from pipeline.executor.footing import FARTHEST_AHEAD_S, LARGEST_BYTES, RESERVE_BYTES, lack

MIB = 1024**2


async def work(bench: Bench) -> list[Job]:
    bench.bakery.odd.append(("/images/", lambda at_s: blob(png())))
    await run_lane(bench.lane, RUN)
    return [entry.job for entry in bench.ledger.ask.entries(RUN)]


@pytest.mark.parametrize(("skew_s", "kind", "under_way", "free_mib", "says"), [
    (0.0, "image", 1, 1000, ""), (FARTHEST_AHEAD_S, "image", 1, 1000, ""),
    (86_400.0, "image", 1, 1000, ""), (-FARTHEST_AHEAD_S, "image", 1, 1000, ""),
    (-301.0, "image", 1, 1000, "clock is 301 s ahead"), (0.0, "image", 1, 48, ""),
    (0.0, "image", 1, 47, "has 47 MiB left, and what is under way may need 48 MiB"),
    (0.0, "image", 10, 191, "may need 192 MiB"), (0.0, "video", 2, 128, ""),
    (0.0, "video", 2, 127, "may need 128 MiB"), (0.0, "captions", 3, 35, "")])
def test_what_is_missing_is_said_in_figures(skew_s: float, kind: str, under_way: int,
                                            free_mib: int, says: str) -> None:
    told = lack(skew_s, kind, under_way, free_mib * MIB)
    assert bool(told) is bool(says)
    assert says in told


def dated(ahead_s: float) -> httpx.Response:
    """A balance from a service whose clock is so much ahead of the machine's."""
    return told({"credits": 1000}, headers={"date": formatdate(START_S + ahead_s, usegmt=True)})


@pytest.mark.parametrize(("ahead_s", "buys"), [(-3600.0, False), (3600.0, True), (-200.0, True)])
def test_a_clock_that_runs_ahead_of_the_services_stops_the_buying(
        tmp_path: Path, ahead_s: float, buys: bool) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.odd.append(("/v1/balance", lambda at_s: dated(ahead_s)))
        bench.admit(3)
        jobs = await work(bench)
        assert {job.state for job in jobs} == {State.DONE if buys else State.PENDING}
        assert bench.control.reasons == (set() if buys else {Exit.USAGE})
        assert len(bench.said) == (not buys)
        assert bench.lane.gate.windows["media"].under_way == 0

    at_bench(tmp_path, act)


def test_a_clock_that_is_found_wrong_on_the_way_stops_what_is_still_to_be_bought(
        tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        late = {"date": formatdate(START_S - 7200, usegmt=True)}
        bench.bakery.odd.append(("/v1/generations", lambda at_s: told(
            {"generations": []}, headers=late) if at_s > 3 else None))
        bench.admit(25)
        jobs = await work(bench)
        assert {job.state for job in jobs} == {State.DONE, State.PENDING}
        assert bench.control.reasons == {Exit.USAGE}
        assert "this machine's clock is" in bench.said[0]

    at_bench(tmp_path, act)


def test_a_cached_answer_is_as_old_as_the_cache_says(tmp_path: Path) -> None:
    async def act(bench: Bench) -> float:
        headers = {"date": formatdate(START_S - 7200, usegmt=True), "age": "7200"}
        bench.bakery.odd.append(("/v1/balance", lambda at_s: told({"credits": 1}, 200, headers)))
        await bench.provider.balance()
        return bench.provider.skew_s

    assert at_bench(tmp_path, act) == 0.0


def test_where_the_files_have_no_room_what_is_bought_comes_home(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        running = await bench.running(1)
        bench.free_bytes = RESERVE_BYTES + 2 * LARGEST_BYTES["image"] - 1
        bench.admit(3)
        jobs = await work(bench)
        assert [job.state for job in jobs] == [State.DONE, State.PENDING, State.PENDING]
        assert jobs[0].key == running[0].key
        assert bench.control.reasons == {Exit.USAGE}
        assert bench.said == ["the disk for the files has 63 MiB left, and what is under way may "
                              "need 64 MiB: nothing more is bought until that is mended"]

    at_bench(tmp_path, act)


def test_where_the_ledger_has_no_room_what_is_bought_comes_home(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await bench.running(1)
        bench.admit(3)
        bench.ledger.ballast.give_up()
        jobs = await work(bench)
        assert [job.state for job in jobs] == [State.DONE, State.PENDING, State.PENDING]
        assert bench.control.reasons == {Exit.USAGE}
        assert len(bench.said) == 1 and "is full" in bench.said[0]
        assert bench.lane.gate.windows["media"].under_way == 0 and not bench.lane.leaves

    at_bench(tmp_path, act)
