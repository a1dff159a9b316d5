"""Goal: whatever rings at the door, however often, is a reason to look and nothing else (SAFETY
F114, F115). Method: the real server on loopback, called over sockets as a stranger would.
"""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import httpx
import pytest
from executor_bench import Bench, at_bench

from pipeline.core.errors import Exit, Halt
from pipeline.core.job import Accepted, Produced, State
from pipeline.core.webhooks import sign
from pipeline.executor.doorbell import LARGEST_BODY, QUIET_S, Doorbell, room_of

SECRET = b"the signing secret"
TAG = "5f" * 16
Act = Callable[[Doorbell, httpx.AsyncClient, list[str]], Awaitable[None]]


def at_the_door(act: Act, secrets: dict[str, bytes] | None = None) -> list[str]:
    """What was passed on while `act` rang."""
    rung: list[str] = []

    async def main() -> None:
        bell = Doorbell("127.0.0.1:0", "https://hooks.example.com/media/", secrets or {})
        bell.answer_for("studio", rung.append)
        with bell.open():
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{bell.port}",
                                         trust_env=False) as client:
                await act(bell, client, rung)
                await anyio.sleep(0.05)

    anyio.run(main)
    return rung


def path(address: str) -> str:
    return address.removeprefix("https://hooks.example.com")


def test_a_ring_at_an_attempt_s_own_path_is_passed_on_once() -> None:
    async def act(bell: Doorbell, client: httpx.AsyncClient, rung: list[str]) -> None:
        where = path(bell.address("studio", TAG))
        assert TAG not in where
        for body in (b'{"status": "success"}', b"no JSON at all", b""):
            assert (await client.post(where, content=body)).status_code == 204

    assert at_the_door(act) == [TAG]


@pytest.mark.parametrize("where", ["/", "/media", f"/media/{'0' * 32}", "/media/../../etc/passwd",
                                   f"/media/{TAG}", "/%00", "/" + "a" * 8000])
def test_any_other_path_is_nobody_s(where: str) -> None:
    async def act(bell: Doorbell, client: httpx.AsyncClient, rung: list[str]) -> None:
        bell.address("studio", TAG)
        assert (await client.post(where, content=b"{}")).status_code in (400, 404)
        assert (await client.get(where)).status_code in (400, 405)

    assert at_the_door(act) == []


def test_a_path_is_nobody_s_again_when_its_attempt_has_ended() -> None:
    async def act(bell: Doorbell, client: httpx.AsyncClient, rung: list[str]) -> None:
        where = path(bell.address("studio", TAG))
        bell.forget(TAG)
        assert (await client.post(where)).status_code == 404

    assert at_the_door(act) == []


def test_a_body_without_end_is_cut_off() -> None:
    async def act(bell: Doorbell, client: httpx.AsyncClient, rung: list[str]) -> None:
        where = path(bell.address("studio", TAG))
        whole = b"x" * LARGEST_BODY
        assert (await client.post(where, content=whole + b"x")).status_code == 413
        assert rung == []
        assert (await client.post(where, content=whole)).status_code == 204

    assert at_the_door(act) == [TAG]


def test_thousands_of_calls_are_one_reason_to_look() -> None:
    async def act(bell: Doorbell, client: httpx.AsyncClient, rung: list[str]) -> None:
        where = path(bell.address("studio", TAG))

        async def storm() -> None:
            for _ in range(50):
                assert (await client.post(where, content=b"{}")).status_code in (204, 503)

        began_s = anyio.current_time()
        async with anyio.create_task_group() as callers:
            for _ in range(20):
                callers.start_soon(storm)
        took.append(anyio.current_time() - began_s)

    took: list[float] = []
    rung = at_the_door(act)
    assert 1 <= len(rung) <= 2 + took[0] / QUIET_S


def test_where_calls_are_signed_an_unsigned_one_is_turned_away() -> None:
    body = b'{"type": "job.succeeded"}'

    def said(stamp_s: int, secret: bytes = SECRET) -> dict[str, str]:
        return {"webhook-id": "m1", "webhook-timestamp": str(stamp_s),
                "webhook-signature": sign(secret, "m1", stamp_s, body)}

    async def act(bell: Doorbell, client: httpx.AsyncClient, rung: list[str]) -> None:
        where, now_s = path(bell.address("studio", TAG)), int(time.time())
        for headers in ({}, said(now_s, b"another"), said(now_s - 400), said(now_s + 400)):
            assert (await client.post(where, content=body, headers=headers)).status_code == 401
        assert (await client.post(where, content=body[::-1], headers=said(now_s))
                ).status_code == 401
        assert rung == []
        assert (await client.post(where, content=body, headers=said(now_s))).status_code == 204

    assert at_the_door(act, {"studio": SECRET}) == [TAG]


@pytest.mark.parametrize("listen", ["256.0.0.1:1", "127.0.0.1:x", "127.0.0.1:99999", "nowhere"])
def test_an_address_that_cannot_be_listened_at_is_told(listen: str) -> None:
    async def main() -> None:
        with Doorbell(listen, "https://hooks.example.com", {}).open():
            pytest.fail("it listens")

    with pytest.raises(Halt) as told:
        anyio.run(main)
    assert (told.value.exit_code, told.value.code) == (Exit.USAGE, "webhooks_address")


def test_a_ring_is_looked_into_and_not_believed(tmp_path: Path) -> None:
    """The service says that it is done when it is not: the look shows that it works."""
    async def act(bench: Bench) -> None:
        job = await bench.ledger.record(await bench.intend(bench.admit(1)[0]), Accepted(("r0",)))
        bench.bakery.ready["r0"] = bench.wall() + 20
        watch, told = bench.lane.watch, []

        async def wait() -> None:
            told.append((await watch.wait_news(job), bench.wall()))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch.run)
            tasks.start_soon(wait)
            await anyio.sleep(1)
            watch.ring(job.tag)
            await anyio.sleep(1)
            assert not told and bench.bakery.times("/v1/generate/media/r0")[0] == 1.0
            await anyio.sleep(18.5)
            assert not told
            watch.ring(job.tag)
            await anyio.sleep(0.1)
            tasks.cancel_scope.cancel()
        event, _ = told[0]
        assert isinstance(event, Produced) and watch.bell_works

    at_bench(tmp_path, act)


def test_a_ring_before_we_know_of_the_acceptance_is_not_lost(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        job = await bench.intend(bench.admit(1)[0])
        bench.lane.watch.ring(job.tag)
        running = await bench.ledger.record(job, Accepted(("r0",)))
        assert running.state is State.RUNNING
        bench.bakery.ready["r0"] = bench.wall()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bench.lane.watch.run)
            assert isinstance(await bench.lane.watch.wait_news(running), Produced)
            assert bench.bakery.times("/v1/generate/media/r0")[0] < 0.1
            tasks.cancel_scope.cancel()

    at_bench(tmp_path, act)


def test_an_address_tells_nothing_of_its_attempt() -> None:
    assert room_of(TAG) != room_of(TAG[::-1])
    assert TAG not in room_of(TAG)
