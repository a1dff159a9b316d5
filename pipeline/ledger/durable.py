"""What makes bytes stay: synced to the medium, or given their room before they come.

Law: a sync that failed is not tried again: the kernel may have dropped what it could not write, and
would call the second one good (SAFETY 0.6).
"""

import errno
import fcntl
import os
from pathlib import Path

TO_THE_MEDIUM = getattr(fcntl, "F_FULLFSYNC", None)
"""On macOS a plain fsync ends at the disk's own cache (SAFETY 2.12)."""
UNKNOWN_THERE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""macOS has no such call, and not every file system that has it knows it."""
PIECE = 1 << 20


def sync(descriptor: int) -> None:
    """Everything written so far is on the medium; raises `OSError`."""
    if TO_THE_MEDIUM is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, TO_THE_MEDIUM)


def sync_path(path: Path) -> None:
    """The bytes of a file, or the names in a folder, are on the medium; raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """A folder and those above it, whose names are on the medium: what is synced in a folder whose
    own name is lost is lost with it. Raises `OSError`."""
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=mode)
    for each in reversed(made):
        sync_path(each.parent)


def allocate(descriptor: int, start: int, length: int) -> None:
    """Give a file so many bytes more from `start`, its end, on; the disk keeps their room.

    Raises `OSError` (ENOSPC) where there is none.
    """
    try:
        os.posix_fallocate(descriptor, start, length)
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in UNKNOWN_THERE:
            raise
        _write_zeros(descriptor, start, length)


def _write_zeros(descriptor: int, start: int, length: int) -> None:
    while length:
        written = os.pwrite(descriptor, bytes(min(length, PIECE)), start)
        start, length = start + written, length - written
