"""An answer on its way back from the simulated service to a simulated process.

Law: an answer is read when it is whole, but for a stream of events, which is read as it is told.
The dead read nothing more.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import anyio
import httpx
from starlette.types import Message

from pipeline.sandbox.door import ConnectionCut
from pipeline.simulation.life import Life

FILES = ("/images/", "/audio/")
EVENTS = b"text/event-stream"


@dataclass(slots=True)
class Answer:
    """What the service sent back, and whether the line was cut in the end (and how).

    It takes `back_s` to come back. `more` is set when more of it can be read than could be before:
    all of it, or of a stream one event.
    """

    back_s: float
    more: anyio.Event
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)
    whole: bool = False
    cut: ConnectionCut | None = None

    @property
    def streams(self) -> bool:
        """Whether it is a stream of events."""
        return any(value.startswith(EVENTS) for _, value in self.headers)

    async def take(self, message: Message) -> None:
        """ASGI's `send`. A stream's way back is waited for at its head: the rest follows it."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
            if self.streams:
                await anyio.sleep(self.back_s)
        elif message.get("body"):
            self.body.append(message["body"])
        if self.streams:
            self.more.set()

    async def end(self) -> None:
        """The service has sent everything, or cut the line."""
        if not self.streams:
            await anyio.sleep(self.back_s)
        self.whole = True
        self.more.set()


class Delivery(httpx.AsyncByteStream):
    """The body of an answer on its way; a file comes in two pieces, a stream as it is told."""

    def __init__(self, answer: Answer, life: Life, request: httpx.Request) -> None:
        self._answer = answer
        self._life = life
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces as they come."""
        if self._answer.streams:
            async for event in self._events():
                yield event
        else:
            body = b"".join(self._answer.body)
            if self._request.url.path.startswith(FILES):
                half = len(body) // 2
                yield body[:half]
                self._life.touch("half a file")
                body = body[half:]
            yield body
        if self._answer.cut is not None:
            raise broken_off(self._answer.cut)

    async def _events(self) -> AsyncIterator[bytes]:
        """Each event when it is there; raises httpx's own error for a stream that is silent."""
        told = 0
        while told < len(self._answer.body) or not self._answer.whole:
            if told == len(self._answer.body):
                await self._more()
            for event in self._answer.body[told:]:
                told += 1
                yield event

    async def _more(self) -> None:
        with self._life.alarm() as more:
            self._answer.more = more
            with anyio.move_on_after(self._request.extensions["timeout"]["read"]):
                await more.wait()
            self._life.touch("told an event")
            if not more.is_set():
                raise httpx.ReadTimeout("nothing more in time", request=self._request)


def broken_off(cut: ConnectionCut) -> httpx.TransportError:
    """What a client is told of a line that was cut."""
    if cut.reset:
        return httpx.ReadError("the line was reset")
    return httpx.RemoteProtocolError("the line was closed before the answer was whole")
