"""The line between simulated processes and the simulated service: it delays, loses and outlives.

Law: once a request has left it arrives, whatever becomes of its sender; its answer may then find
nobody. What goes wrong with the answer is the service's own doing (its faults).
"""

from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from random import Random

import anyio
from anyio.abc import TaskGroup
from starlette.types import ASGIApp, Message

from pipeline.sandbox.chance import stream
from pipeline.sandbox.door import ConnectionCut
from pipeline.simulation.delivery import Answer, NoAnswer
from pipeline.simulation.disk import elsewhere
from pipeline.simulation.life import Life

CLIENT = ("127.0.0.1", 50_000)
SERVICE = ("127.0.0.1", 8787)


class NobodyListens(Exception):
    """No byte of the request left."""


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


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it leaves. `path` is plain, `query` as it is spelled; header names are in
    small letters."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""


@dataclass(slots=True)
class Call:
    """One request as the world saw it. `status` is 0 for a call that was cut, or never arrived.

    A `late` one was held up on its way; a `stray` one arrived when its sender had given it up. One
    is `heard` when its whole answer came back to its sender.
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
    heard: bool = False


@dataclass(frozen=True, slots=True)
class Flight:
    """A request on its way to the service, where it arrives at this moment of the loop; `context`
    is what its sender was about."""

    call: Call
    asked: Asked
    arrives_s: float
    context: Context


class Wire:
    """All lines of one world. `now` is the loop's wall time, `tasks` outlive every process."""

    def __init__(self, app: ASGIApp, tasks: TaskGroup, now: Callable[[], float],
                 seed: object, weather: Weather) -> None:
        self.app = app
        self.weather = weather
        self.calls: list[Call] = []
        self.flights: list[Flight] = []
        self.in_the_air = 0
        self._empty = anyio.Event()
        self._tasks = tasks
        self._now = now
        self._seed = seed

    def begin(self, asked: Asked, process: int) -> tuple[Call, Random]:
        """One more call, and the chance that decides how it fares."""
        call = Call(len(self.calls), process, asked.method, asked.path, self._now())
        self.calls.append(call)
        return call, stream(self._seed, "wire", call.number)

    def send(self, call: Call, asked: Asked, chance: Random, landed: anyio.Event) -> Answer:
        """The request leaves; the answer can be read when `landed` is set."""
        there_s, back_s = self._pause_s(chance), self._pause_s(chance)
        answer = Answer(back_s, landed)
        if call.method == "POST" and chance.random() < self.weather.late:
            call.late = True
            there_s += chance.uniform(0.0, self.weather.late_s)
        flight = Flight(call, asked, anyio.current_time() + there_s, copy_context())
        self.launch(flight, answer)
        return answer

    def launch(self, flight: Flight, answer: Answer) -> None:
        """Nobody can call this request back."""
        if not self.in_the_air:
            self._empty = anyio.Event()
        self.in_the_air += 1
        self.flights.append(flight)
        self._tasks.start_soon(self._fly, flight, answer)

    async def wait_empty(self) -> None:
        """Until the service has answered everything that was sent."""
        if self.in_the_air:
            await self._empty.wait()

    def _pause_s(self, chance: Random) -> float:
        return chance.uniform(self.weather.fastest_s, self.weather.slowest_s)

    async def _fly(self, flight: Flight, answer: Answer) -> None:
        elsewhere()
        await anyio.sleep_until(flight.arrives_s)
        self.flights.remove(flight)
        call = flight.call
        call.arrived_s = self._now()
        await _ask(self.app, flight.asked, answer)
        call.status, call.words = answer.status, b"".join(answer.body)[:200]
        self.in_the_air -= 1
        if not self.in_the_air:
            self._empty.set()
        await answer.end()


async def _ask(app: ASGIApp, asked: Asked, answer: Answer) -> None:
    messages = [{"type": "http.request", "body": asked.body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
             "method": asked.method, "scheme": "http", "path": asked.path,
             "raw_path": asked.path.encode(), "root_path": "", "query_string": asked.query,
             "client": CLIENT, "headers": asked.headers, "server": SERVICE,
             "state": {"cut": None}}
    try:
        await app(scope, receive, answer.take)
    except ConnectionCut as cut:
        answer.cut = cut


class Caller:
    """One process at its end of the line."""

    def __init__(self, wire: Wire, life: Life, process: int) -> None:
        self.life = life
        self._wire = wire
        self._process = process

    async def call(self, asked: Asked, patience_s: float) -> Answer:
        """One call; raises `NobodyListens`, `NoAnswer`, or `ConnectionCut` where nothing came."""
        self.life.check()  # the dead ask nothing, though their tasks may still run
        call, chance = self._wire.begin(asked, self._process)
        self.life.touch(f"before {call.method}")
        if chance.random() < self._wire.weather.refused:
            await anyio.sleep(self._wire.weather.fastest_s)
            raise NobodyListens
        try:
            answer = await self._answer(call, asked, chance, patience_s)
        finally:
            call.stray = call.arrived_s is None
        call.heard = answer.cut is None
        if answer.cut is not None and not answer.status:
            raise answer.cut
        return answer

    async def _answer(self, call: Call, asked: Asked, chance: Random,
                      patience_s: float) -> Answer:
        with self.life.alarm() as landed:
            answer = self._wire.send(call, asked, chance, landed)
            self.life.touch(f"sent {call.method}")
            with anyio.move_on_after(patience_s):
                await landed.wait()
            self.life.touch(f"answered {call.method}")
            if not landed.is_set():
                raise NoAnswer
        return answer
