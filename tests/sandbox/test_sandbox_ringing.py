"""Webhooks of the sandbox: rung when a job ends, again until answered, and never elsewhere.

Goal: a client meets webhooks as services send them: late, twice, never, after a failure. Method: a
service in memory whose clock is turned by hand rings a small listener on loopback; one that is
served as a program rings by itself.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import SocketAttribute, SocketStream
from sandbox_program import served
from sandbox_world import World, make_cheap

from pipeline.sandbox.books import Books
from pipeline.sandbox.mediaengine import BELL, PAUSES_S, make_app
from pipeline.sandbox.ringing import deliver
from pipeline.sandbox.rings import may_be_rung

PATIENCE_S = 20


class Listener:
    """Takes calls, answers with the statuses it was given, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses or (204,))
        self.calls: list[tuple[str, Any]] = []
        self.rung = anyio.Event()
        self.url = ""

    async def answer(self, line: SocketStream) -> None:
        async with line:
            head, _, body = (await line.receive()).partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            while len(body) < length:
                body += await line.receive()
            self.calls.append((head.split(b" ")[1].decode(), json.loads(body)))
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            await line.send(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
            self.rung.set()


@asynccontextmanager
async def listening(*statuses: int) -> AsyncIterator[Listener]:
    """A listener for the length of a block."""
    found = Listener(*statuses)
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as socket, \
            anyio.create_task_group() as tasks:
        port = socket.extra(SocketAttribute.local_port)
        found.url = f"http://127.0.0.1:{port}/hook?token=1"
        tasks.start_soon(socket.serve, found.answer)
        yield found
        tasks.cancel_scope.cancel()


class Rung(World):
    """One Media Engine service that is rung by hand."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.app = make_app(self.service, make=make_cheap, threaded=False)
        self.key = {"Authorization": "Bearer k"}

    async def order(self, url: str) -> None:
        """A job that rings at an address, and waits until it has ended."""
        body = {"type": "image", "model": "flux2-turbo", "prompt": "a kite", "webhook_url": url}
        answer = await self.ask_now("POST", "/v1/jobs", json=body)
        assert answer.status_code == 201, answer.text
        self.wait(3600)

    async def ring(self) -> float | None:
        """Make the call that is due; how long until it is due again, None for never."""
        owed = self.service.rings.next()
        assert owed is not None and owed.due_at <= self.clock()
        await deliver(self.service, BELL, owed)
        left = self.service.rings.next()
        return None if left is None else left.due_at - self.clock()


def test_a_finished_job_rings_once_with_its_files() -> None:
    async def go() -> None:
        world = Rung()
        async with listening() as listener:
            await world.order(listener.url)
            assert await world.ring() is None
            [(path, told)] = listener.calls
        assert path == "/hook?token=1"
        assert told["event"] == "job.succeeded"
        assert told["job"]["output"][0]["url"].startswith("http://sandbox/cdn/job_")

    anyio.run(go)


def test_a_failed_job_rings_as_well() -> None:
    async def go() -> None:
        world = Rung(faults={"fail": True})
        async with listening() as listener:
            await world.order(listener.url)
            await world.ring()
            assert [told["event"] for _, told in listener.calls] == ["job.failed"]

    anyio.run(go)


@pytest.mark.parametrize("speed", [1.0, 50.0])
def test_a_call_without_success_is_made_again_after_the_pauses_and_given_up(speed: float) -> None:
    async def go() -> None:
        world = Rung(speed=speed)
        async with listening(500) as listener:
            await world.order(listener.url)
            pauses = []
            while (left_s := await world.ring()) is not None:
                pauses.append(left_s)
                world.wait(left_s)
        assert pauses == pytest.approx([pause / speed for pause in PAUSES_S])
        assert len(listener.calls) == len(PAUSES_S) + 1

    anyio.run(go)


def test_it_ends_with_the_first_success() -> None:
    async def go() -> None:
        world = Rung()
        async with listening(503, 302, 200) as listener:
            await world.order(listener.url)
            for _ in range(2):
                world.wait(await world.ring() or 0)
            assert await world.ring() is None
            assert len(listener.calls) == 3

    anyio.run(go)


def test_nobody_there_is_no_success() -> None:
    async def go() -> None:
        world = Rung()
        async with listening() as listener:
            url = listener.url
        await world.order(url)
        assert await world.ring() == pytest.approx(PAUSES_S[0])

    anyio.run(go)


@pytest.mark.parametrize(("fault", "calls", "again_s"), [
    ("lost_ring", 0, None), ("double_ring", 2, None), ("late_ring", 0, 60.0)])
def test_faults_lose_a_call_or_send_it_twice_or_late(fault: str, calls: int,
                                                     again_s: float | None) -> None:
    async def go() -> None:
        world = Rung(faults={fault: True})
        async with listening() as listener:
            await world.order(listener.url)
            assert await world.ring() == again_s
            assert len(listener.calls) == calls
            if again_s:
                world.wait(again_s)
                assert await world.ring() is None
                assert len(listener.calls) == 1

    anyio.run(go)


def test_what_is_owed_outlives_the_service(tmp_path: Path) -> None:
    async def go() -> None:
        world = Rung(folder=tmp_path)
        await world.order("https://example.com/hook")
        owed = world.service.rings.next()
        world.books.close()
        books = Books.open(tmp_path)
        again = Rung(folder=tmp_path).service.rings.next()
        books.close()
        assert owed is not None and owed == again

    anyio.run(go)


@pytest.mark.parametrize("url", [
    "http://example.com/h", "ftp://127.0.0.1/h", "https://", "https://a:b@example.com/h",
    "https://example.com/a b", "https://example.com/\r\nX: y", "http://127.0.0.1:99999/", "x",
    "http://127.0.0.1.example.com/", "https://example.com/" + "x" * 3000])
def test_nothing_else_is_called(url: str) -> None:
    assert not may_be_rung(url)


def test_the_program_rings_by_itself() -> None:
    async def go() -> None:
        async with listening() as listener:
            with served("--provider", "mediaengine", "--speed", "1000") as sandbox:
                headers = {"authorization": "Bearer k"}
                body = {"type": "image", "model": "flux2-turbo", "prompt": "a kite",
                        "webhook_url": listener.url}
                async with httpx.AsyncClient(trust_env=False) as client:
                    await client.post(f"{sandbox.told['url']}/mediaengine/v1/jobs", json=body,
                                      headers=headers)
                with anyio.fail_after(PATIENCE_S):
                    await listener.rung.wait()
        [(_, told)] = listener.calls
        assert told["event"] == "job.succeeded"

    anyio.run(go)
