"""Room on the state's disk for what has already happened, whoever else fills it.

Law: the ballast is given up only to write down what is true already, once, and a process that gave
it up intends nothing more. It is made again at the next start, when there is room.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path

from pipeline.core.errors import Exit, Halt
from pipeline.ledger.durable import allocate, sync

BALLAST_BYTES = 4 * 1024**2
"""As much as SQLite's log takes before it begins anew (1 000 pages of 4 KiB)."""
LEAST_BYTES = 4 * BALLAST_BYTES
LEAST_FILES = 64
"""Below these nothing more is intended: what is under way has to be written down as well."""


class NoRoom(Halt):
    """Nothing was written: what is only wanted gets none of the room that is left."""

    def __init__(self, folder: Path, says: str) -> None:
        super().__init__(Exit.USAGE, f"the disk of {folder} {says}", code="no_room",
                         hint="make room, then `pipeline resume`: nothing is lost")


class Ballast:
    """A file of nothing beside the database, and the room around it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.given_up = False

    def make(self) -> None:
        """Take the room, where there is some; raises `OSError` for a disk that is ill."""
        with suppress(FileNotFoundError):
            if self.path.lstat().st_size == BALLAST_BYTES:
                return
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.path, flags, 0o600)
        try:
            allocate(descriptor, 0, BALLAST_BYTES)
            sync(descriptor)
        except OSError as error:
            os.ftruncate(descriptor, 0)
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
        finally:
            os.close(descriptor)

    def give_up(self) -> bool:
        """Free the room; False when there is none to free, now or any more."""
        if self.given_up:
            return False
        self.given_up = True
        try:
            size = self.path.lstat().st_size
            os.truncate(self.path, 0)
        except OSError:
            return False
        return size > 0

    def check(self) -> None:
        """Raises `NoRoom` where too little is left to intend anything more."""
        if self.given_up:
            raise NoRoom(self.path.parent, "is full")
        left = os.statvfs(self.path.parent)
        if left.f_bavail * left.f_frsize < LEAST_BYTES:
            raise NoRoom(self.path.parent, f"has less than {LEAST_BYTES >> 20} MiB left")
        if left.f_files and left.f_favail < LEAST_FILES:
            raise NoRoom(self.path.parent, f"has room for fewer than {LEAST_FILES} more files")
