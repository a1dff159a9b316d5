"""The receipt log: a second, append-only memory of what was intended and what was accepted.

Law: a line is synced before the world moves on: the intent before the request, the acceptance
before the database hears of it. Each line carries the digest of all lines before it. The log shows
whether the database has gone back in time, and brings home an id that the database never heard of.
After a line that could not be synced there is none: the next process reads what stayed.
"""

import errno
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.core.errors import Exit, Halt
from pipeline.ledger.durable import allocate, sync

START = "0" * 16
ROOM_BYTES = 64 * 1024
"""The disk keeps so much for lines to come, and more when half of it is used: an answer that was
paid for finds its room even when somebody else has filled the disk."""


@dataclass(slots=True)
class Found:
    """What the log says since the last time it was read: tags intended, and ids accepted."""

    intended: dict[str, str] = field(default_factory=dict)
    accepted: dict[str, tuple[str, ...]] = field(default_factory=dict)


Line = Mapping[str, object]
"""What one line says."""


def intent(tag: str, job: str, at: str) -> Line:
    """The paid call of this attempt is about to be made."""
    return {"what": "intent", "tag": tag, "job": job, "at": at}


def acceptance(tag: str, remote_ids: Sequence[str], at: str) -> Line:
    """The service accepted this attempt."""
    return {"what": "accepted", "tag": tag, "ids": list(remote_ids), "at": at}


class Receipts:
    """The log beside the database, open for appending."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1
        self._digest = START
        self._lost: OSError | None = None
        self.length = 0
        self._end = 0

    def open(self, offset: int, digest: str) -> Found:
        """Read what was written since `offset`, cut a line torn by a crash, and go on from there.

        Raises `Halt` (13) for a log that is shorter than it was, or was edited.
        """
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._descriptor).st_size
        if size < offset:
            raise self._damaged("is shorter than it was")
        self._digest, self.length = digest, offset
        found, last = Found(), b""
        for line in os.pread(self._descriptor, size - offset, offset).splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            self._take(line, found)
            last = line
        os.ftruncate(self._descriptor, self.length)
        self._end = self.length
        if last:  # its sync may have failed: it is written once more, not only synced
            os.pwrite(self._descriptor, last, self.length - len(last))
            sync(self._descriptor)
        return found

    def reserve(self) -> None:
        """See that the lines to come have their room; raises `OSError`, and then nothing has
        changed."""
        if self._end - self.length < ROOM_BYTES // 2:
            allocate(self._descriptor, self._end, ROOM_BYTES)
            self._end += ROOM_BYTES

    def trim(self) -> None:
        """Give back the room that no line came for: what is left is text."""
        if self._end > self.length:
            os.ftruncate(self._descriptor, self.length)
            self._end = self.length

    def _take(self, line: bytes, found: Found) -> None:
        mark, _, body = line.decode(errors="replace").rstrip("\n").partition(" ")
        if mark != _next_digest(self._digest, body):
            raise self._damaged("was edited")
        try:
            says = json.loads(body)
            if says["what"] == "intent":
                found.intended[says["tag"]] = says["job"]
            else:
                found.accepted[says["tag"]] = tuple(says["ids"])
        except (ValueError, LookupError, TypeError, RecursionError):
            raise self._damaged("was edited") from None
        self._digest = mark
        self.length += len(line)

    def mark(self) -> tuple[int, str]:
        """How far the log has come: an offset and the digest there."""
        return self.length, self._digest

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def write(self, lines: Sequence[Line]) -> None:
        """Append lines and sync them together; raises `OSError`, and then none of them is there."""
        if self._lost is not None:
            raise self._lost
        digest, text = self._digest, b""
        for line in lines:
            body = json.dumps(line, separators=(",", ":"))
            digest = _next_digest(digest, body)
            text += f"{digest} {body}\n".encode()
        if os.pwrite(self._descriptor, text, self.length) < len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        try:
            sync(self._descriptor)
        except OSError as error:
            self._lost = error
            raise
        self._digest = digest
        self.length += len(text)
        self._end = max(self._end, self.length)

    def _damaged(self, how: str) -> Halt:
        return Halt(Exit.DAMAGED, f"the receipt log {self.path} {how}",
                    hint="put back the state folder as it was when the last run ended; "
                         "buying on from here could pay twice", code="receipts_damaged")


def _next_digest(digest: str, body: str) -> str:
    return hashlib.sha256((digest + body).encode()).hexdigest()[:16]
