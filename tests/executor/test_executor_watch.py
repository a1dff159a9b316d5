"""Who waits and who reads: news of jobs under way.

Goal: few reads bring all the news; a service without a list, or with a poor one, still brings
them; silence is no end. Method: running jobs in a real ledger, a bakery, the jumping clock.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import pytest
from executor_bench import PRICE, START_S, Bench, at_bench, told

from pipeline.core.errors import Exit
from pipeline.core.job import Deferred, Doubted, Event, Failed, Produced
from pipeline.core.money import NOTHING
from pipeline.executor.watch import LOST_AFTER_S
from pipeline.providers.registry import SANDBOX_TERMS

LIST = "/v1/generations"
LOOK = "/v1/generate/media/"


async def wait_all(bench: Bench, count: int, ready_s: float = 30.0, *,
                   leave_s: float = 5 * 86_400.0) -> list[tuple[Event | None, float]]:
    """The news of so many running jobs, and when each came."""
    jobs = await bench.running(count, ready_s)
    found: dict[str, tuple[Event | None, float]] = {}
    watch = bench.lane.watch

    async def wait(number: int) -> None:
        event = await watch.wait_news(jobs[number])
        found[jobs[number].key] = (event, anyio.current_time())

    async def leave() -> None:
        await anyio.sleep(leave_s)
        watch.leave()

    async with anyio.create_task_group() as readers:
        readers.start_soon(watch.run)
        readers.start_soon(leave)
        async with anyio.create_task_group() as waiting:
            for number in range(count):
                waiting.start_soon(wait, number)
        readers.cancel_scope.cancel()
    return [found[job.key] for job in jobs]


def made(news: list[tuple[Event | None, float]]) -> bool:
    return all(isinstance(event, Produced) for event, _ in news)


def odd(bench: Bench, path: str, answer: Callable[[float], httpx.Response | Exception | None],
        ) -> None:
    bench.bakery.odd.append((path, answer))


def test_one_reading_of_the_list_brings_news_of_many_jobs(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        assert made(await wait_all(bench, 12))
        assert not bench.bakery.times(LOOK)
        assert len(bench.bakery.times(LIST)) <= 12

    at_bench(tmp_path, act)


def test_a_single_job_is_looked_at_and_not_searched_for(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        ((event, when_s),) = await wait_all(bench, 1)
        assert isinstance(event, Produced) and 30 <= when_s <= 40
        assert event.outputs[0].url and event.charged
        assert not bench.bakery.times(LIST)

    at_bench(tmp_path, act)


def test_a_list_without_links_falls_to_single_looks(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.links = False
        news = await wait_all(bench, 4)
        assert made(news) and max(when_s for _, when_s in news) < 60
        assert len(bench.bakery.times(LOOK)) >= 3

    at_bench(tmp_path, act)


@pytest.mark.parametrize("answer", [
    told({"error": "missing_scope", "message": "scope"}, 403), told({"detail": "no"}, 404),
    told({"error": "invalid_request", "message": "no"}, 400)])
def test_a_list_that_is_not_to_be_had_falls_back_to_single_looks(
        tmp_path: Path, answer: httpx.Response) -> None:
    async def act(bench: Bench) -> None:
        odd(bench, LIST, lambda at_s: answer)
        news = await wait_all(bench, 5)
        assert made(news) and max(when_s for _, when_s in news) < 90
        assert len(bench.bakery.times(LIST)) == 1
        assert bench.lane.barred is None

    at_bench(tmp_path, act)


def test_a_job_too_new_to_be_seen_keeps_waiting(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        odd(bench, LOOK, lambda at_s: told({}, 404) if at_s < 200 else None)
        odd(bench, LIST, lambda at_s: told({"generations": []}) if at_s < 200 else None)
        ((event, when_s),) = await wait_all(bench, 1)
        assert isinstance(event, Produced) and when_s >= 200

    at_bench(tmp_path, act)


def test_a_single_job_that_only_the_list_knows_is_found_there(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        odd(bench, LOOK, lambda at_s: told({}, 404))
        ((event, when_s),) = await wait_all(bench, 1)
        assert isinstance(event, Produced) and when_s < 60

    at_bench(tmp_path, act)


def test_a_job_that_the_service_has_lost_is_a_doubt_and_no_purchase(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        odd(bench, LOOK, lambda at_s: told({}, 404))
        odd(bench, LIST, lambda at_s: told({"generations": []}))
        ((event, when_s),) = await wait_all(bench, 1)
        assert event == Doubted("overdue", "the service does not know the job")
        assert when_s > LOST_AFTER_S

    at_bench(tmp_path, act)


def test_a_job_without_an_end_is_overdue_in_the_end(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        ((event, when_s),) = await wait_all(bench, 1, ready_s=1e9)
        assert isinstance(event, Doubted) and event.cause == "overdue"
        assert SANDBOX_TERMS.overdue_s < when_s < SANDBOX_TERMS.overdue_s + 1000

    at_bench(tmp_path, act)


@pytest.mark.parametrize("count", [1, 4])
def test_a_closed_account_ends_the_wait_and_closes_the_lane(tmp_path: Path, count: int) -> None:
    async def act(bench: Bench) -> None:
        odd(bench, "/v1/", lambda at_s: told({"error": "unauthorized"}, 401))
        news = await wait_all(bench, count)
        assert [event for event, _ in news] == [None] * count
        assert bench.lane.barred is not None and bench.lane.barred.cause == "bad_key"
        assert bench.control.reasons == {Exit.KEY} and not bench.lane.buying

    at_bench(tmp_path, act)


@pytest.mark.parametrize("count", [1, 3])
def test_a_throttled_reader_waits_as_it_is_told(tmp_path: Path, count: int) -> None:
    async def act(bench: Bench) -> None:
        no = {"retry-after": "100"}
        odd(bench, "/v1/", lambda at_s: told({}, 429, no) if at_s < 90 else None)
        news = await wait_all(bench, count)
        first, second, *_ = sorted(at_s for at_s, _ in bench.bakery.calls)
        assert made(news) and second - first >= 100

    at_bench(tmp_path, act)


@pytest.mark.parametrize("count", [1, 3])
def test_an_outage_of_three_days_loses_nothing_and_asks_seldom(tmp_path: Path, count: int) -> None:
    async def act(bench: Bench) -> None:
        odd(bench, "/v1/", lambda at_s: httpx.ConnectError("down") if at_s < 3 * 86_400 else None)
        news = await wait_all(bench, count)
        assert made(news)
        assert len(bench.bakery.calls) < 3 * 86_400 / 60 + 50

    at_bench(tmp_path, act, terms=replace(SANDBOX_TERMS, overdue_s=1e9))


@pytest.mark.parametrize(("taken", "end"), [
    (10, Failed("generation_failed", "it fell", PRICE)),
    (None, Failed("generation_failed", "it fell", PRICE, assumed=True)),
    (0, Deferred("generation_failed", 0.0, NOTHING, "it fell"))])
def test_a_job_that_broke_counts_as_charged_unless_the_service_says_not(
        tmp_path: Path, taken: int | None, end: Event) -> None:
    async def act(bench: Bench) -> None:
        row = {"id": "r0", "status": "failed", "error_message": "it fell",
               "credits_deducted": taken}
        odd(bench, LOOK, lambda at_s: told(row) if at_s > 30 else None)
        ((event, _),) = await wait_all(bench, 1, ready_s=1e9)
        assert event == end

    at_bench(tmp_path, act)


def test_an_answer_about_another_job_is_no_news(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        other = {"id": "r9", "status": "completed", "outputs": [{"url": "/images/r9"}]}
        odd(bench, LOOK, lambda at_s: told(other) if at_s < 100 else None)
        ((event, when_s),) = await wait_all(bench, 1)
        assert isinstance(event, Produced) and when_s >= 100
        assert event.outputs[0].url is not None and event.outputs[0].url.endswith("r0")

    at_bench(tmp_path, act)


def test_a_run_that_is_left_takes_no_news_along(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        news = await wait_all(bench, 3, ready_s=1e9, leave_s=40)
        assert news == [(None, 40.0)] * 3

    at_bench(tmp_path, act)


def test_what_was_learned_of_a_model_moves_the_next_first_look(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.lane.watch.lengths.learn("m", 200.0)
        await wait_all(bench, 1, ready_s=190)
        assert bench.bakery.times(LOOK)[0] == pytest.approx(180, abs=1)
        assert bench.lane.watch.learned[0][0] == "m"
        assert bench.wall() < START_S + 260

    at_bench(tmp_path, act)
