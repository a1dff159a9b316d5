"""One owner for a state folder, and a name for whoever asks who it is.

Law: the kernel is the only judge of whether the owner lives. The file is never unlinked and the
lock never broken by a clock: a holder that was merely asleep would wake up and buy.
"""

import fcntl
import json
import os
import socket
import sys
import time
from pathlib import Path

from pipeline.core.errors import Exit, Halt

PASSERS_BY = 1000
PASSING_S = 0.001
"""Who only asks whether the lock is held has it for far less than this."""


class Lock:
    """An exclusive flock on `state/lock`, held until the process ends or `release` is called."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._descriptor: int | None = None

    def take(self, started_at: str) -> None:
        """Own the folder; raises `Halt` with exit code 11 and the holder's name if it is owned."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW,
                             0o600)
        if not _locked(descriptor):
            content = os.read(descriptor, 4096)
            os.close(descriptor)
            raise _held(self.path.parent, content)
        self._descriptor = descriptor
        says = {"pid": os.getpid(), "host": socket.gethostname(), "started": started_at,
                "command": " ".join(Path(part).name if n == 0 else part
                                    for n, part in enumerate(sys.argv))[:300]}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(says).encode(), 0)

    def release(self) -> None:
        """Give the folder up. The file stays: unlinking it would let two owners in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _locked(descriptor: int) -> bool:
    """Whether the lock was had. Who only asks if it is held has it for a moment: try again then."""
    for _ in range(PASSERS_BY):
        if _flock(descriptor, fcntl.LOCK_EX):
            return True
        if not _flock(descriptor, fcntl.LOCK_SH):
            return False
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        time.sleep(PASSING_S)
    return False


def _flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def refuse_if_held(folder: Path) -> None:
    """Raises `Halt` (11) at once when another process owns the folder; makes nothing."""
    if not (folder / "lock").exists():
        return
    with (folder / "lock").open("rb") as stream:
        if not _flock(stream.fileno(), fcntl.LOCK_SH):
            raise _held(folder, stream.read(4096))


def _held(folder: Path, content: bytes) -> Halt:
    return Halt(Exit.HELD, f"another run holds {folder}: {_describe(content)}",
                hint="wait for it, or stop it; one run at a time works on a state folder",
                code="state_held")


def _describe(content: bytes) -> str:
    try:
        says = json.loads(content)
        return (f"process {says['pid']} on {says['host']}, since {says['started']} "
                f"({says['command']})")
    except (ValueError, KeyError, TypeError):
        return "a process that has not said its name"
