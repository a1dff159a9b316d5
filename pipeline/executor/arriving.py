"""A file on its way: its bytes as they come, hashed, and folders whose syncs are shared.

Law: bytes are gathered and written in pieces off the loop; a file that fits into one piece is
opened, written, synced and named in one go. What several files need of one folder is synced once.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from pipeline.ledger.durable import make_folder, sync, sync_path

PIECE_BYTES = 1 << 20
"""Large enough that a thread's hop costs nothing beside it; eight of them fit into memory."""


class Arriving:
    """A `.part` and the digest of what was written to it; what an earlier try left is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.length = 0
        self._digest = hashlib.sha256()
        self._stream: BinaryIO | None = None

    def take(self, chunks: Iterable[bytes]) -> None:
        """Write some more; raises `OSError`."""
        self._stream = self._stream or _open_anew(self.path)
        for chunk in chunks:
            self._stream.write(chunk)
            self._digest.update(chunk)
            self.length += len(chunk)

    def flush(self) -> None:
        """Whoever opens the file sees what was written."""
        if self._stream is not None:
            self._stream.flush()

    def sync(self) -> str:
        """What was written is on the medium: its digest; raises `OSError`."""
        if self._stream is not None:
            sync(self._stream.fileno())
        return self._digest.hexdigest()

    def close(self) -> None:
        """Let go of it, whole or not."""
        if self._stream is not None:
            self._stream.close()


def _open_anew(path: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.fdopen(os.open(path, flags, 0o644), "wb")
    except FileExistsError:
        path.unlink()
    except FileNotFoundError:
        make_folder(path.parent)
    return os.fdopen(os.open(path, flags, 0o644), "wb")


class FolderSyncs:
    """Syncs of folders, asked for by many threads at once and made once for all that wait."""

    def __init__(self, make: Callable[[Path], None] = sync_path) -> None:
        self._make = make
        self._folders: dict[Path, _FolderSync] = {}

    def sync(self, folder: Path) -> None:
        """All names that the folder has by now are on the medium; raises `OSError`."""
        self._folders.setdefault(folder, _FolderSync(folder, self._make)).sync()


class _FolderSync:
    """One folder: who comes while a sync is under way waits for the next, and shares it."""

    def __init__(self, folder: Path, make: Callable[[Path], None]) -> None:
        self._folder = folder
        self._make = make
        self._turn = Lock()
        self._numbers = count(1)
        self._asked = 0
        self._covered = 0
        self._failed: OSError | None = None

    def sync(self) -> None:
        self._asked = mine = next(self._numbers)
        with self._turn:
            if self._failed is not None:
                raise self._failed  # the kernel may have dropped what it could not write
            if mine <= self._covered:
                return
            covers = self._asked
            try:
                self._make(self._folder)
            except OSError as error:
                self._failed = error
                raise
            self._covered = covers
