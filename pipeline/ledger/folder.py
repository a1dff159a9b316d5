"""Whether a folder may hold the state: a real one, ours alone, on a disk of this machine.

Law: what is refused here is refused before anything is written or bought (SAFETY 2.6).
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from pipeline.core.errors import Exit, Halt
from pipeline.ledger.durable import make_folder
from pipeline.ledger.mounts import Mount, holding, mounts_here

ANYWHERE = "PIPELINE_ALLOW_NETWORK_STATE"


def take_folder(folder: Path, *, anywhere: bool = False) -> None:
    """Make the folder where there is none; raises `Halt` (2) for one that cannot hold the state.

    `anywhere` takes one on a network file system: somebody swears that no other machine uses it.
    """
    make_folder(folder, 0o700)
    check_folder(folder, anywhere=anywhere)
    mode = stat.S_IMODE(folder.lstat().st_mode)
    if mode & stat.S_IWGRP:
        folder.chmod(mode & ~stat.S_IWGRP)


def check_folder(folder: Path, *, anywhere: bool = False) -> None:
    """Raises `Halt` (2) for a folder that cannot hold the state, or, where there is none yet, could
    not."""
    if os.path.lexists(folder) and (why := unfit(folder.lstat(), os.geteuid())):
        raise _refused(folder, *why)
    if not anywhere:
        check_mount(folder, mounts_here())


def check_mount(folder: Path, mounts: Iterable[Mount]) -> None:
    """Raises `Halt` (2) for a folder on a file system that another machine may have as well."""
    mount = holding(mounts, folder.resolve())
    if mount is not None and mount.is_shared:
        raise _refused(folder, f"lies on a file system of the kind {mount.kind}",
                       "name a folder on a disk of this machine with --state; if no other machine "
                       f"ever uses this one, {ANYWHERE}=1 takes it")


def unfit(says: os.stat_result, user: int) -> tuple[str, str] | None:
    """Why what stands at the folder's place cannot hold this user's state, and the way out."""
    if stat.S_ISLNK(says.st_mode):
        return "is a link", "name the folder that it leads to with --state"
    if not stat.S_ISDIR(says.st_mode):
        return "is no folder", "name another with --state"
    if says.st_uid != user:
        return (f"belongs to user {says.st_uid}, and this is user {user}",
                "run as its owner, or name another with --state")
    if says.st_mode & stat.S_IWOTH:
        return "can be written by everybody", "`chmod go-w` it, if what it holds is still yours"
    return None


class Files:
    """The files of a state folder as they were opened: what a path leads to now may be another."""

    def __init__(self, *paths: Path) -> None:
        self._inodes = {path: path.stat().st_ino for path in paths}

    def gone(self) -> Path | None:
        """The first that was moved, deleted or replaced since; what is written there is lost."""
        return next((path for path, inode in self._inodes.items()
                     if not path.exists() or path.stat().st_ino != inode), None)


def _refused(folder: Path, why: str, way_out: str) -> Halt:
    return Halt(Exit.USAGE, f"the state folder {folder} {why}", hint=way_out, code="state_place")
