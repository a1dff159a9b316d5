"""Server-sent events as they come over a line (the HTML standard, section 9.2).

Law: what a service sends without end never gathers in memory: a line or an event that is longer
than any answer should be breaks the stream off. That is why the parser is our own: those at hand
(httpx-sse among them) gather a line for as long as it goes on.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from pipeline.core.errors import Unreachable
from pipeline.providers.reply import LARGEST_REPLY

_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
"""A line's end. A CR that comes last waits: an LF may follow it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name ("message" where it has none) and its data."""

    name: str
    data: str


class Events:
    """Takes pieces of a stream, gives the events that they complete."""

    def __init__(self, largest: int = LARGEST_REPLY) -> None:
        self._largest = largest
        self._line = bytearray()
        self._begun = False
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[Event]:
        """The events that end in this piece; raises `Unreachable` for a stream too long to keep."""
        searched = max(0, len(self._line) - 1)
        self._line += piece
        found, start = [], 0
        for end in _END.finditer(self._line, searched):
            event = self._take(bytes(self._line[start:end.start()]))
            start = end.end()
            if event is not None:
                found.append(event)
        del self._line[:start]
        if len(self._line) + self._size > self._largest:
            raise Unreachable("the stream's event is larger than any should be")
        return found

    def _take(self, line: bytes) -> Event | None:
        if not self._begun:
            line, self._begun = line.removeprefix(b"\xef\xbb\xbf"), True
        if not line:
            return self._dispatch()
        field, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._name = value
        elif field == "data":
            self._data.append(value)
            self._size += len(line)
        return None

    def _dispatch(self) -> Event | None:
        event = Event(self._name or "message", "\n".join(self._data)) if self._data else None
        self._name, self._data, self._size = "", [], 0
        return event


async def read_events(pieces: AsyncIterator[bytes]) -> AsyncGenerator[Event, None]:
    """The events of a stream as they come."""
    events = Events()
    async for piece in pieces:
        for event in events.feed(piece):
            yield event
