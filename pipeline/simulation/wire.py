"""The line between a simulated process and the simulated service.

Law: what was sent is on its way, whatever becomes of its sender: the service takes it, charges for
it and answers, though nobody may be left to listen. A client that waits too long gives up alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import anyio
import httpx
from anyio.abc import TaskGroup
from starlette.types import ASGIApp, Message

from pipeline.sandbox.chance import stream
from pipeline.sandbox.door import ConnectionCut
from pipeline.simulation.delivery import Answer, Delivery, broken_off
from pipeline.simulation.disk import elsewhere
from pipeline.simulation.life import Life

CLIENT = ("127.0.0.1", 50_000)


@dataclass(frozen=True, slots=True)
class Weather:
    """How the line behaves: seconds each way, and the shares of calls that fare worse.

    A `refused` call finds nobody listening and never leaves; a `late` one is on its way for up to
    `late_s` before it arrives.
    """

    fastest_s: float = 0.02
    slowest_s: float = 0.3
    refused: float = 0.0
    late: float = 0.0
    late_s: float = 0.0


CALM = Weather()


@dataclass(slots=True)
class Call:
    """One request as the world saw it. `status` is 0 for a call that was cut, or never arrived.

    A `late` one was held up on its way; a `stray` one arrived when its sender had given it up.
    """

    number: int
    process: int
    method: str
    path: str
    sent_s: float
    arrived_s: float | None = None
    status: int = 0
    words: bytes = b""
    late: bool = False
    stray: bool = False


class Wire:
    """All lines of one world. `now` is the loop's wall time, `tasks` outlive every process."""

    def __init__(self, app: ASGIApp, tasks: TaskGroup, now: Callable[[], float],
                 seed: object, weather: Weather) -> None:
        self.app = app
        self.weather = weather
        self.calls: list[Call] = []
        self.in_the_air = 0
        self._empty = anyio.Event()
        self._tasks = tasks
        self._now = now
        self._seed = seed

    def begin(self, request: httpx.Request, process: int) -> tuple[Call, Random]:
        """One more call, and the chance that decides how it fares."""
        call = Call(len(self.calls), process, request.method, request.url.path, self._now())
        self.calls.append(call)
        return call, stream(self._seed, "wire", call.number)

    def send(self, call: Call, request: httpx.Request, chance: Random,
             landed: anyio.Event) -> Answer:
        """The request leaves; the answer can be read when `landed` is set."""
        there_s, back_s = self._pause_s(chance), self._pause_s(chance)
        answer = Answer(back_s, landed)
        if call.method == "POST" and chance.random() < self.weather.late:
            call.late = True
            there_s += chance.uniform(0.0, self.weather.late_s)
        if not self.in_the_air:
            self._empty = anyio.Event()
        self.in_the_air += 1
        self._tasks.start_soon(self._fly, call, request, answer, there_s)
        return answer

    async def wait_empty(self) -> None:
        """Until the service has answered everything that was sent."""
        if self.in_the_air:
            await self._empty.wait()

    def _pause_s(self, chance: Random) -> float:
        return chance.uniform(self.weather.fastest_s, self.weather.slowest_s)

    async def _fly(self, call: Call, request: httpx.Request, answer: Answer,
                   there_s: float) -> None:
        elsewhere()
        await anyio.sleep(there_s)
        call.arrived_s = self._now()
        await _ask(self.app, request, answer)
        call.status, call.words = answer.status, b"".join(answer.body)[:200]
        self.in_the_air -= 1
        if not self.in_the_air:
            self._empty.set()
        await answer.end()


async def _ask(app: ASGIApp, request: httpx.Request, answer: Answer) -> None:
    messages = [{"type": "http.request", "body": request.content, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
             "method": request.method, "scheme": request.url.scheme, "path": request.url.path,
             "raw_path": request.url.raw_path.partition(b"?")[0], "root_path": "",
             "query_string": request.url.query, "client": CLIENT,
             "headers": [(name.lower(), value) for name, value in request.headers.raw],
             "server": (request.url.host, request.url.port), "state": {"cut": None}}
    try:
        await app(scope, receive, answer.take)
    except ConnectionCut as cut:
        answer.cut = cut


class SandboxTransport(httpx.AsyncBaseTransport):
    """One process's way to the service, in place of its sockets."""

    def __init__(self, wire: Wire, life: Life, process: int) -> None:
        self._wire = wire
        self._life = life
        self._process = process

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request; raises httpx's own errors for a line that is cut or too slow."""
        await request.aread()
        call, chance = self._wire.begin(request, self._process)
        self._life.touch(f"before {call.method}")
        if chance.random() < self._wire.weather.refused:
            await anyio.sleep(self._wire.weather.fastest_s)
            raise httpx.ConnectError("nobody is listening", request=request)
        if (trace := request.extensions.get("trace")) is not None:
            await trace("http11.send_request_headers.started", {})
        try:
            answer = await self._answer(call, request, chance)
        finally:
            call.stray = call.arrived_s is None
        if answer.cut is not None and not answer.status:
            raise broken_off(answer.cut)
        return httpx.Response(answer.status, headers=answer.headers, request=request,
                              stream=Delivery(answer, self._life, request))

    async def _answer(self, call: Call, request: httpx.Request, chance: Random) -> Answer:
        with self._life.alarm() as landed:
            answer = self._wire.send(call, request, chance, landed)
            self._life.touch(f"sent {call.method}")
            with anyio.move_on_after(request.extensions["timeout"]["read"]):
                await landed.wait()
            self._life.touch(f"answered {call.method}")
            if not landed.is_set():
                raise httpx.ReadTimeout("no answer in time", request=request)
        return answer
