"""An answer on its way back from the simulated service to a simulated process.

Law: an answer is read when it is whole, but for a stream of events, which is read as it is told.
The dead read nothing more.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import anyio
from starlette.types import Message

from pipeline.sandbox.door import ConnectionCut
from pipeline.simulation.life import Life

FILES = ("/images/", "/audio/")
EVENTS = b"text/event-stream"


class NoAnswer(Exception):
    """The request left, and nothing (more) came back in time."""


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


async def pieces(answer: Answer, life: Life, path: str, silence_s: float) -> AsyncIterator[bytes]:
    """The body as it comes: a file in two pieces, a stream as it is told.

    Raises `ConnectionCut` where the line ends before the answer does, and `NoAnswer` for a stream
    that is silent for longer than `silence_s`.
    """
    if answer.streams:
        async for event in _events(answer, life, silence_s):
            yield event
    else:
        body = b"".join(answer.body)
        if path.startswith(FILES):
            half = len(body) // 2
            yield body[:half]
            life.touch("half a file")
            body = body[half:]
        yield body
    if answer.cut is not None:
        raise answer.cut


async def _events(answer: Answer, life: Life, silence_s: float) -> AsyncIterator[bytes]:
    told = 0
    while told < len(answer.body) or not answer.whole:
        if told == len(answer.body):
            await _more(answer, life, silence_s)
        for event in answer.body[told:]:
            told += 1
            yield event


async def _more(answer: Answer, life: Life, silence_s: float) -> None:
    with life.alarm() as more:
        answer.more = more
        with anyio.move_on_after(silence_s):
            await more.wait()
        life.touch("told an event")
        if not more.is_set():
            raise NoAnswer
