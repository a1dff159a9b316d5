"""A reader of multipart/form-data that keeps no more than one chunk in memory.

Law: what is not well formed raises `MultipartError`; nothing is guessed.
"""

import tempfile
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from typing import IO

HEADERS_BYTES = 16_384
"""The most that the headers of one part may take."""

IN_MEMORY_BYTES = 1_000_000
"""A part longer than this goes to a temporary file."""

_EDGE = b"\r\n"
_GAP = b"\r\n\r\n"


class MultipartError(ValueError):
    """The body is no well-formed multipart/form-data."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form: its field, the file name and type it came with, its bytes."""

    field: str
    filename: str
    media_type: str
    content: IO[bytes]


class MultipartReader:
    """Takes a body in chunks and gives its parts; `finish` says whether it was whole."""

    def __init__(self, content_type: str) -> None:
        header = _headers(f"Content-Type: {content_type}")
        boundary = header.get_param("boundary")
        if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
            raise MultipartError("send multipart/form-data with a boundary")
        self._mark = b"\r\n--" + boundary.encode("latin-1")
        # The first boundary has no line end before it; one lent to it makes all boundaries alike.
        self._held = bytearray(_EDGE)
        self._step = self._skip
        self.parts: list[Part] = []

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        self._held += chunk
        while self._step():
            pass

    def finish(self) -> list[Part]:
        """All parts, each wound back to its start; raises where the body was cut short."""
        if self._step != self._end:
            raise MultipartError("the form ends too early")
        for part in self.parts:
            part.content.seek(0)
        return self.parts

    def close(self) -> None:
        """Drop the temporary files."""
        for part in self.parts:
            part.content.close()

    def _skip(self) -> bool:
        found = self._held.find(self._mark)
        if found < 0:
            del self._held[:-len(self._mark)]
            return False
        del self._held[:found + len(self._mark)]
        self._step = self._open
        return True

    def _open(self) -> bool:
        if len(self._held) < len(_EDGE):
            return False
        if self._held.startswith(b"--"):
            self._held.clear()
            self._step = self._end
            return False
        end = self._held.find(_GAP)
        if end < 0:
            if len(self._held) > HEADERS_BYTES:
                raise MultipartError("the headers of a part are too long")
            return False
        self._begin(_headers(self._held[:end].decode("utf-8", "replace").lstrip()))
        del self._held[:end + len(_GAP)]
        self._step = self._copy
        return True

    def _begin(self, headers: Message) -> None:
        field = headers.get_param("name", header="content-disposition")
        filename = headers.get_filename() or ""
        media_type = headers.get_content_type() if headers.get("content-type") else ""
        content = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - see `close`
        self.parts.append(Part(str(field or ""), filename, media_type, content))

    def _copy(self) -> bool:
        part = self.parts[-1].content
        found = self._held.find(self._mark)
        if found < 0:
            safe = len(self._held) - len(self._mark)
            if safe > 0:
                part.write(self._held[:safe])
                del self._held[:safe]
            return False
        part.write(self._held[:found])
        del self._held[:found + len(self._mark)]
        self._step = self._open
        return True

    def _end(self) -> bool:
        self._held.clear()
        return False


def _headers(text: str) -> Message:
    return HeaderParser().parsestr(text, headersonly=True)
