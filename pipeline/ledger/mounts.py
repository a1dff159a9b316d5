"""On which kind of file system a folder lies, from what the kernel says of its mounts.

Law: a file system that another machine may mount as well is no place for the state: the lock and
SQLite's shared memory hold on one machine only (SAFETY 2.6).
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

MOUNTINFO = Path("/proc/self/mountinfo")
MOUNT_COMMAND = "/sbin/mount"
ANSWER_S = 5.0

SHARED = frozenset({
    "acfs", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse", "fuseblk", "gfs2",
    "glusterfs", "gpfs", "lustre", "macfuse", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs",
    "osxfuse", "prl_fs", "pvfs2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs", "webdav"})
"""Network, cluster and FUSE file systems, and folders of a host that its guests see."""

ESCAPED = re.compile(r"\\([0-7]{3})")
LINE = re.compile(r".+? on (?P<point>/.*) \((?P<kind>[^,)\s]+)")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount: where it is, of which kind, and what was said of it when it was made."""

    point: str
    kind: str
    options: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether another machine may have it mounted too, or a program stands behind it.

        9p is how a machine sees its host's folders, and how some container sandboxes see their own
        disk: over descriptors that were handed to them.
        """
        if self.kind == "9p":
            return "aname=drvfs" in self.options or "trans=fd" not in self.options
        return self.kind in SHARED or self.kind.startswith("fuse.")


def read_mountinfo(text: str) -> list[Mount]:
    """The mounts in Linux's words (proc(5)); a line that cannot be read is passed over."""
    mounts = []
    for line in text.splitlines():
        where, dash, what = line.partition(" - ")
        fields, says = where.split(" "), what.split(" ")
        if dash and len(fields) >= 5 and says[0]:
            mounts.append(Mount(_plain(fields[4]), says[0], " ".join(says[1:])))
    return mounts


def read_mount_command(text: str) -> list[Mount]:
    """The mounts in the words of `mount` on macOS."""
    found = (LINE.match(line) for line in text.splitlines())
    return [Mount(line["point"], line["kind"]) for line in found if line]


def _plain(text: str) -> str:
    return ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)


def holding(mounts: Iterable[Mount], path: PurePath) -> Mount | None:
    """The mount that a path lies on: the deepest around it, of several there the latest."""
    around = {str(path), *(str(parent) for parent in path.parents)}
    found = None
    for mount in mounts:
        if mount.point in around and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def mounts_here() -> list[Mount]:
    """The mounts of this machine; none where it does not say."""
    try:
        if sys.platform == "darwin":
            told = subprocess.run(  # noqa: S603 - our own words
                [MOUNT_COMMAND], capture_output=True, check=True, timeout=ANSWER_S)
            return read_mount_command(told.stdout.decode(errors="replace"))
        return read_mountinfo(MOUNTINFO.read_bytes().decode(errors="surrogateescape"))
    except (OSError, subprocess.SubprocessError):
        return []
