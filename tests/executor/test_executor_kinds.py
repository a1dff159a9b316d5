"""Jobs that are more than one call and one file: several generations, clips that go on, streams.

Goal: what one start made is one job, whatever becomes of its parts; news may come on a stream, and
its absence is nobody's trouble; a service that finds no credit is held against its own balance.
Method: the real lane on a bench, a bakery of a few lines, simulated time.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from executor_bench import ADDRESS, Bench, at_bench, blob, png, told

from pipeline.core.errors import Exit
from pipeline.core.job import Deferred, Event, Failed, Job, Produced, State
from pipeline.core.money import Money
from pipeline.core.spec import SourceRef
from pipeline.executor.assets import sha256_of
from pipeline.executor.lane import Lane, Leave
from pipeline.executor.steps import MOST_CONTESTED, fetch, submit
from pipeline.executor.streams import MOST_STREAMS
from pipeline.providers.registry import SANDBOX_TERMS

LOOK = "/v1/generate/media/"
LIST = "/v1/generations"
DAY_S = 86_400.0


async def news_of(bench: Bench, jobs: list[Job]) -> list[tuple[Event | None, float]]:
    """What ends the wait of each job, and when."""
    found: dict[str, tuple[Event | None, float]] = {}
    watch = bench.lane.watch

    async def wait(job: Job) -> None:
        found[job.key] = (await watch.wait_news(job), anyio.current_time())

    with anyio.fail_after(DAY_S):
        async with anyio.create_task_group() as readers:
            readers.start_soon(watch.run)
            async with anyio.create_task_group() as waiting:
                for job in jobs:
                    waiting.start_soon(wait, job)
            readers.cancel_scope.cancel()
    return [found[job.key] for job in jobs]


def row(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "model": "m", "prompt": "x", "created_at": "2027-01-15T08:00:00Z",
            "status": status, "credits_deducted": 10, **more}


def say(bench: Bench, path: str, answer: Callable[[float], httpx.Response | Exception | None],
        ) -> None:
    bench.bakery.odd.append((path, answer))


def test_a_job_of_three_parts_ends_with_the_last(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        [job] = await bench.running(1, 30, parts=3, kind="ad-copy")
        bench.bakery.ready["r0-2"] += 60
        [(event, when_s)] = await news_of(bench, [job])
        assert isinstance(event, Produced) and when_s >= 90
        assert [output.url for output in event.outputs] == [
            f"{ADDRESS}/images/{name}" for name in ("r0", "r0-1", "r0-2")]
        assert event.charged == Money.parse("30") and not event.note

    at_bench(tmp_path, act)


def test_one_reading_of_the_list_brings_news_of_all_parts(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        jobs = await bench.running(3, 30, parts=3, kind="ad-copy")
        assert all(isinstance(event, Produced) for event, _ in await news_of(bench, jobs))
        assert not bench.bakery.times(LOOK) and len(bench.bakery.times(LIST)) <= 12

    at_bench(tmp_path, act)


def test_parts_that_come_are_delivered_though_one_does_not(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        [job] = await bench.running(1, 5, parts=2, kind="ad-copy")
        lost = row("r0-1", "failed", credits_deducted=0, error_message="no luck")
        say(bench, LOOK + "r0-1", lambda _: told(lost))
        say(bench, LIST, lambda _: told({"error": "not_found"}, 404))
        [(event, _)] = await news_of(bench, [job])
        assert isinstance(event, Produced) and len(event.outputs) == 1
        assert (event.charged, event.note) == (Money.parse("10"), "1 of 2 came: no luck")
        made = await bench.ledger.record(job, event)
        assert made.message == "1 of 2 came: no luck" and made.cause is None

    at_bench(tmp_path, act)


def test_a_part_that_ended_is_not_asked_about_again(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        [job] = await bench.running(1, 5, parts=2, kind="ad-copy")
        bench.bakery.ready["r0-1"] += 120
        say(bench, LIST, lambda _: told({"error": "not_found"}, 404))
        await news_of(bench, [job])
        first = [path for _, path in bench.bakery.calls if path == LOOK + "r0"]
        assert len(first) == 1 < len(bench.bakery.times(LOOK + "r0-1"))

    at_bench(tmp_path, act)


def test_a_job_whose_parts_all_fail_fails_with_what_they_took(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        [job] = await bench.running(1, 5, parts=2, kind="ad-copy")
        say(bench, LOOK, lambda _: None)
        for name in job.remote_ids:
            ended = row(name, "failed", credits_deducted=5, error_message="no luck")
            bench.bakery.odd.insert(0, (LOOK + name, lambda _, ended=ended: told(ended)))
        say(bench, LIST, lambda _: told({"error": "not_found"}, 404))
        [(event, _)] = await news_of(bench, [job])
        assert event == Failed("generation_failed", "no luck", Money.parse("10"))

    at_bench(tmp_path, act)


def stream(*events: tuple[str, object]) -> httpx.Response:
    text = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    return blob(text.encode(), headers={"content-type": "text/event-stream"})


def test_the_end_comes_on_the_stream_where_there_is_one(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        [job] = await bench.running(1, 1e9)
        made = row("r0", "completed", outputs=[{"url": "/images/r0"}])
        say(bench, LOOK + "r0/stream", lambda _: stream(("heartbeat", {}), ("result", made)))
        [(event, when_s)] = await news_of(bench, [job])
        assert isinstance(event, Produced) and when_s < 60
        assert bench.bakery.calls[-1][1] == LOOK + "r0/stream"

    at_bench(tmp_path, act, terms=replace(SANDBOX_TERMS, streams=("image",)))


@pytest.mark.parametrize("answer", [
    lambda: told({"error": "not_found", "message": "no"}, 404), lambda: told({"error": "x"}, 500),
    lambda: blob(b"<html>", headers={"content-type": "text/html"}),
    lambda: stream(("heartbeat", {})), lambda: stream(("error", {"message": "no"})),
    lambda: httpx.ReadError("cut"),
    lambda: told({"error": "missing_scope", "message": "scope"}, 403)])
def test_without_a_stream_a_job_is_looked_at_and_nobody_is_told(
        tmp_path: Path, answer: Callable[[], httpx.Response | Exception]) -> None:
    async def act(bench: Bench) -> None:
        jobs = await bench.running(2, 30)
        say(bench, LOOK + "r0/stream", lambda _: answer())
        say(bench, LOOK + "r1/stream", lambda _: answer())
        events = await news_of(bench, jobs)
        assert all(isinstance(event, Produced) and when_s < 120 for event, when_s in events)
        assert not bench.said and bench.lane.barred is None

    at_bench(tmp_path, act, terms=replace(SANDBOX_TERMS, streams=("image",)))


def test_an_account_without_streams_is_asked_for_one_once(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        for job in await bench.running(3, 30):
            await news_of(bench, [job])
        assert sum(path.endswith("/stream") for _, path in bench.bakery.calls) == 1

    at_bench(tmp_path, act, terms=replace(SANDBOX_TERMS, streams=("image",)))


def test_many_jobs_are_read_from_the_list_and_not_followed(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        await news_of(bench, await bench.running(MOST_STREAMS + 6, 30))
        assert not any(path.endswith("/stream") for _, path in bench.bakery.calls)

    terms = replace(SANDBOX_TERMS, streams=("image",))
    at_bench(tmp_path, act, terms=terms)


async def bought(bench: Bench, lane: Lane, job: Job) -> Event | None:
    """The outcome of one paid call."""
    window = await lane.gate.wait_turn("media")
    assert window is not None
    lane.leaves[job.key] = Leave(window, [], lane.boot_s())
    return await submit(lane, await bench.intend(job))


def no_credit(bench: Bench, balance: str) -> None:
    refusal = {"error": "insufficient_credits", "message": "top up"}
    say(bench, "/v1/generate/media", lambda _: told(refusal, 402))
    say(bench, "/v1/balance", lambda _: told({"credits": float(balance)}))


def test_no_credit_against_the_balance_is_tried_again(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        no_credit(bench, "1000")
        event = await bought(bench, bench.lane, bench.admit()[0])
        assert isinstance(event, Deferred) and event.cause == "credits_contested"
        assert not event.charged and event.not_before_s > bench.wall()
        assert bench.lane.barred is None

    at_bench(tmp_path, act)


def test_no_credit_that_the_balance_confirms_closes_the_account(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        no_credit(bench, "9")
        event = await bought(bench, bench.lane, bench.admit()[0])
        assert isinstance(event, Deferred) and event.cause == "insufficient_credits"
        assert bench.control.reasons == {Exit.NO_CREDITS}

    at_bench(tmp_path, act)


def test_a_service_that_insists_is_believed(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        no_credit(bench, "1000")
        [job] = bench.admit()
        for _ in range(MOST_CONTESTED):
            intended = await bench.intend(job)
            window = await bench.lane.gate.wait_turn("media")
            assert window is not None and bench.lane.barred is None
            bench.lane.leaves[job.key] = Leave(window, [], bench.lane.boot_s())
            event = await submit(bench.lane, intended)
            assert event is not None
            job = await bench.ledger.record(intended, event)
        assert (job.state, job.cause) == (State.PENDING, "insufficient_credits")
        assert bench.control.reasons == {Exit.NO_CREDITS} and not job.charged

    at_bench(tmp_path, act)


async def clip(bench: Bench, task: str) -> Job:
    """A film that the service made, and what it says of it."""
    [made] = await bench.running(1, 0, kind="video")
    say(bench, LOOK + "r0", lambda _: told(row("r0", "completed", source_task_id=task, outputs=[
        {"url": "/images/r0"}])))
    return made


def test_a_clip_is_gone_on_from_by_the_name_that_the_service_gave_it(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        made = await clip(bench, "task-7")
        [job] = bench.admit(1, kind="extend", sources=(SourceRef("job", made.key, "video"),))
        assert await bench.lane.sources.bring(job) == ["task-7"]
        assert not bench.bakery.uploads

    at_bench(tmp_path, act)


def test_a_clip_without_a_task_is_not_gone_on_from(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        made = await clip(bench, "")
        [job] = bench.admit(1, kind="extend", sources=(SourceRef("job", made.key, "video"),))
        with pytest.raises(FileNotFoundError, match="names no task"):
            await bench.lane.sources.bring(job)

    at_bench(tmp_path, act)


def test_a_library_link_is_used_while_it_is_good_for_long_enough(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        def shelf(_: float) -> httpx.Response:
            until_s = bench.wall() + 3600
            return told({"assets": [{"id": "a", "name": "logo", "url": f"{ADDRESS}/{until_s:.0f}",
                                     "url_expires_at": _iso(until_s)}]})

        say(bench, "/v1/assets", shelf)
        [job] = bench.admit(1, sources=(SourceRef("asset", "logo"),))
        first = await bench.lane.sources.bring(job)
        await anyio.sleep(40 * 60)
        assert await bench.lane.sources.bring(job) == first
        await anyio.sleep(15 * 60)
        assert await bench.lane.sources.bring(job) != first
        assert len(bench.bakery.times("/v1/assets")) == 2

    at_bench(tmp_path, act)


@pytest.mark.parametrize(("lives_s", "later_s", "uploads"), [
    (3 * 86_400, 86_400, 1), (600, 300, 1), (600, 500, 2), (600, 700, 2)])
def test_an_upload_is_used_as_long_as_its_address_says(tmp_path: Path, lives_s: float,
                                                       later_s: float, uploads: int) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(png())
    ref = SourceRef("file", sha256_of(path), "image", str(path))

    async def act(bench: Bench) -> None:
        def sign(_: float) -> httpx.Response:
            bench.bakery.uploads += 1
            until_s = bench.wall() + lives_s
            return told({"urls": [f"{ADDRESS}/u?expires={until_s:.0f}&signature=x"]})

        say(bench, "/v1/upload/media", sign)
        [job] = bench.admit(1, sources=(ref,))
        await bench.lane.sources.bring(job)
        await anyio.sleep(later_s)
        await bench.lane.sources.bring(job)
        assert bench.bakery.uploads == uploads

    at_bench(tmp_path, act)


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()


def test_the_second_file_of_a_job_is_a_source_and_the_third_is_not_there(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        [made] = await bench.running(1, 0, parts=2, kind="ad-copy")
        bench.bakery.files = {"r0": _png(1), "r0-1": _png(2)}
        [(event, _)] = await news_of(bench, [made])
        assert isinstance(event, Produced)
        produced = await bench.ledger.record(made, event)
        saved = await fetch(bench.lane, produced)
        assert saved is not None
        await bench.ledger.record(produced, saved)
        jobs = bench.admit(1, sources=(SourceRef("job", f"{made.key}#2", "image"),))
        assert await bench.lane.sources.bring(jobs[0]) == [f"{ADDRESS}/u/1"]
        [third] = bench.admit(1, sources=(SourceRef("job", f"{made.key}#3", "image"),))
        with pytest.raises(FileNotFoundError, match="brought 2 files, and this one needs number 3"):
            await bench.lane.sources.bring(third)

    at_bench(tmp_path, act)


def _png(shade: int) -> bytes:
    return png(color=(shade, shade, shade))
