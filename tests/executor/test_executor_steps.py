"""One step a state: what an intent, a paid call and a download come to.

Goal: a stale intent is not sent, a refusal closes what it should close and nothing more, a paid
call is never cut short by us, and a download ends in a whole file or in words.
Method: single steps of jobs in a real ledger, over a bakery that answers as it is told.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from executor_bench import PRICE, START_S, Bench, at_bench, blob, png, told

from pipeline.core.errors import Exit
from pipeline.core.job import (
    Accepted,
    Deferred,
    Doubted,
    Event,
    Failed,
    Intended,
    Job,
    Produced,
    Saved,
)
from pipeline.core.provider import Output
from pipeline.core.spec import SourceRef
from pipeline.executor.lane import GIVE_UP_S
from pipeline.executor.steps import BROKEN_DOWNLOADS, LEAVE_TO_SEND_S, fetch, intend, submit
from pipeline.providers.registry import SANDBOX_TERMS

START = "/v1/generate/media"
Answer = Callable[[float], httpx.Response | Exception | None]


async def ready(bench: Bench) -> Job:
    """A job whose intent is on disk, with leave to send."""
    (job,) = bench.admit(1)
    event = await intend(bench.lane, job)
    assert isinstance(event, Intended) and event.hold == PRICE
    return await bench.ledger.record(job, event)


def bought(tmp_path: Path, answer: Answer, wait_s: float = 0.0) -> tuple[Event | None, Bench]:
    """What one paid call comes to."""
    async def act(bench: Bench) -> tuple[Event | None, Bench]:
        bench.bakery.odd.append((START, answer))
        job = await ready(bench)
        await anyio.sleep(wait_s)
        event = await submit(bench.lane, job)
        if event is not None:
            await bench.ledger.record(job, event)
        assert bench.lane.gate.windows["media"].under_way == 0
        return event, bench

    return at_bench(tmp_path, act)


def test_a_fresh_intent_is_sent_once_and_accepted(tmp_path: Path) -> None:
    event, bench = bought(tmp_path, lambda at_s: None, wait_s=LEAVE_TO_SEND_S - 1)
    assert event == Accepted(("g0",))
    assert len(bench.bakery.times(START)) == 1


def test_an_intent_that_is_too_old_is_not_sent(tmp_path: Path) -> None:
    event, bench = bought(tmp_path, lambda at_s: None, wait_s=LEAVE_TO_SEND_S + 1)
    assert isinstance(event, Deferred) and event.cause == "unreachable" and not event.charged
    assert not bench.bakery.calls
    assert not bench.lane.gate.windows["media"].answered


@pytest.mark.parametrize(("answer", "cause", "code"), [
    (told({"error": "insufficient_credits"}, 402), "insufficient_credits", Exit.NO_CREDITS),
    (told({"error": "insufficient_credits"}, 400), "insufficient_credits", Exit.NO_CREDITS),
    (told({"error": "unauthorized"}, 401), "bad_key", Exit.KEY),
    (told({"error": "missing_scope"}, 403), "missing_scope", Exit.KEY)])
def test_a_closed_account_bars_its_lane_and_leaves_the_job_pending(
        tmp_path: Path, answer: httpx.Response, cause: str, code: Exit) -> None:
    event, bench = bought(tmp_path, lambda at_s: answer)
    assert isinstance(event, Deferred) and event.cause == cause
    assert bench.lane.barred is not None and not bench.lane.buying
    assert bench.control.buying and bench.control.reasons == {code}
    assert len(bench.said) == 1


def test_a_throttled_purchase_closes_its_bucket_until_then(tmp_path: Path) -> None:
    event, bench = bought(tmp_path, lambda at_s: told({}, 429, {"retry-after": "33"}))
    assert isinstance(event, Deferred) and event.cause == "throttled"
    assert event.not_before_s == START_S + 33
    assert bench.lane.gate.windows["media"].closed_until_s == 33
    assert bench.lane.gate.windows["reads"].closed_until_s == 0


@pytest.mark.parametrize("answer", [
    httpx.ReadTimeout("x"), httpx.ReadError("x"), told({}, 500), told({}, 200), blob(b"<html>"),
    told({"error": "conflict"}, 409)], ids=str)
def test_an_answer_that_is_lost_is_a_doubt(tmp_path: Path,
                                           answer: httpx.Response | Exception) -> None:
    event, bench = bought(tmp_path, lambda at_s: answer)
    assert isinstance(event, Doubted) and event.cause == "reply_lost"
    assert len(bench.bakery.times(START)) == 1
    assert bench.lane.buying


@pytest.mark.parametrize(("took", "wanted"), [
    (10, Failed("generation_failed", "no sound", PRICE)),
    (None, Failed("generation_failed", "no sound", PRICE, assumed=True)),
    (0, Deferred("generation_failed", message="no sound"))])
def test_a_call_may_bring_the_outcome_that_there_is_none(tmp_path: Path, took: int | None,
                                                         wanted: Event) -> None:
    async def act(bench: Bench) -> Event | None:
        answer = told({"status": "failed", "error_message": "no sound", "credits_deducted": took})
        bench.bakery.odd.append(("/v1/generate/captions", lambda at_s: answer))
        film = SourceRef("url", "https://cdn.example/a.mp4")
        (job,) = bench.admit(1, sources=(film,), kind="captions")
        event = await intend(bench.lane, job)
        assert isinstance(event, Intended)
        return await submit(bench.lane, await bench.ledger.record(job, event))

    assert at_bench(tmp_path, act) == wanted


def test_a_refused_job_ends_and_closes_nothing(tmp_path: Path) -> None:
    no = told({"error": "content_policy_violation", "message": "not that"}, 400)
    event, bench = bought(tmp_path, lambda at_s: no)
    assert event == Failed("content_refused", "not that")
    assert bench.lane.buying and not bench.control.reasons


def test_a_service_that_is_away_is_tried_later_and_given_up_after_ten_minutes(
        tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.odd.append((START, lambda at_s: httpx.ConnectError("down")))
        job = bench.admit(1)[0]
        while bench.lane.buying:
            event = await intend(bench.lane, job)
            assert isinstance(event, Intended)
            sending = await bench.ledger.record(job, event)
            event = await submit(bench.lane, sending)
            assert isinstance(event, Deferred) and event.cause == "unreachable"
            job = await bench.ledger.record(sending, event)
        assert GIVE_UP_S < anyio.current_time() < GIVE_UP_S + 120
        assert len(bench.bakery.times(START)) < 30
        assert bench.control.reasons == {Exit.REFUSED}

    at_bench(tmp_path, act)


def test_a_paid_call_is_not_cut_short_by_anybody(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        async def slow() -> Any:
            await anyio.sleep(20)
            yield b'{"generation_id": "g1"}'

        bench.bakery.odd.append((START, lambda at_s: httpx.Response(200, content=slow())))
        job = await ready(bench)
        found: list[Event | None] = []

        async def go() -> None:
            found.append(await submit(bench.lane, job))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(go)
            await anyio.sleep(5)
            bench.control.leave(Exit.INTERRUPTED)
            tasks.cancel_scope.cancel()
        assert found == [Accepted(("g1",))] and anyio.current_time() == 20

    at_bench(tmp_path, act)


def test_nothing_is_intended_once_the_buying_stops(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        (job,) = bench.admit(1)
        bench.control.stop_buying()
        assert await intend(bench.lane, job) is None
        assert not bench.lane.leaves

    at_bench(tmp_path, act)


def test_a_job_is_not_intended_before_its_time(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        (job,) = bench.admit(1)
        event = await intend(bench.lane, replace(job, not_before_s=START_S + 77))
        assert isinstance(event, Intended) and anyio.current_time() == 77

    at_bench(tmp_path, act)


async def produced(bench: Bench) -> Job:
    """A job that is made, its link known and its file at the bakery."""
    bench.bakery.files["r0"] = png()
    (job,) = await bench.running(1, ready_s=0)
    link = f"{bench.http.base_url}/images/r0"
    return await bench.ledger.record(job, Produced((Output(link),), PRICE))


def fetched(tmp_path: Path, answer: Answer, terms: Any = SANDBOX_TERMS,
            ) -> tuple[Event | None, float, Bench]:
    """What bringing a made file home comes to, and when."""
    async def act(bench: Bench) -> tuple[Event | None, float, Bench]:
        bench.bakery.odd.append(("/images/", answer))
        job = await produced(bench)
        return await fetch(bench.lane, job), anyio.current_time(), bench

    return at_bench(tmp_path, act, terms=terms)


def test_a_file_is_brought_home_with_its_sidecar(tmp_path: Path) -> None:
    event, _, _ = fetched(tmp_path, lambda at_s: None)
    assert isinstance(event, Saved)
    path = Path(event.files[0].path)
    assert path.read_bytes() == png() and Path(f"{path}.json").exists()


@pytest.mark.parametrize("answer", [
    told({}, 403), told({}, 404), told({}, 503), httpx.ReadError("cut"),
    blob(png()[:30]), blob(b"<html>soon</html>"), blob(png(), 200, {"content-length": "9999"})],
    ids=["403", "404", "503", "cut", "torn", "page", "length"])
def test_a_download_that_fails_begins_again(tmp_path: Path,
                                            answer: httpx.Response | Exception) -> None:
    event, when_s, _ = fetched(tmp_path, lambda at_s: answer if at_s < 2 else None)
    assert isinstance(event, Saved) and when_s >= 2


def test_a_link_that_is_gone_is_asked_for_anew(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        job = await produced(bench)
        stale = replace(job, outputs=(Output(f"{bench.http.base_url}/images/expired"),))
        event = await fetch(bench.lane, stale)
        assert isinstance(event, Saved)
        assert bench.bakery.times(START) and anyio.current_time() < 5

    at_bench(tmp_path, act)


def test_links_that_stay_gone_are_given_up_in_the_end(tmp_path: Path) -> None:
    event, when_s, _ = fetched(tmp_path, lambda at_s: told({}, 404))
    assert isinstance(event, Failed) and event.cause == "links_gone"
    assert SANDBOX_TERMS.link_wait_s < when_s < SANDBOX_TERMS.link_wait_s + 120


def test_a_file_that_stays_damaged_is_given_up_after_so_many_tries(tmp_path: Path) -> None:
    event, _, bench = fetched(tmp_path, lambda at_s: told({"error": "expired"}))
    assert isinstance(event, Failed) and event.cause == "links_gone"
    assert len(bench.bakery.times("/images/")) == BROKEN_DOWNLOADS


def test_a_service_that_is_away_for_days_costs_no_file(tmp_path: Path) -> None:
    event, when_s, bench = fetched(
        tmp_path, lambda at_s: httpx.ConnectError("down") if at_s < 2 * 86_400 else None)
    assert isinstance(event, Saved) and when_s >= 2 * 86_400
    assert len(bench.bakery.times("/images/")) < 2 * 86_400 / 60 + 30


def test_a_download_is_dropped_when_the_run_is_left(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        async def endless() -> Any:
            while True:
                await anyio.sleep(1)
                yield b"x" * 5000

        bench.bakery.odd.append(("/images/", lambda at_s: httpx.Response(200, content=endless())))
        job = await produced(bench)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(leave, bench)
            assert await fetch(bench.lane, job) is None
        assert anyio.current_time() < 52

    at_bench(tmp_path, act)


async def leave(bench: Bench) -> None:
    await anyio.sleep(50)
    bench.control.leave(Exit.INTERRUPTED)
