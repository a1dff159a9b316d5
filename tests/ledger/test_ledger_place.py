"""Where the state may lie: in a real folder of ours, on a disk of this machine.

Goal: a network, FUSE or host's file system, a link, a stranger's folder and one that everybody
writes to are refused before anything is made in them. Method: samples of what kernels say of their
mounts, and real folders (SAFETY 2.6, F95).
"""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ledger_samples import opened

from pipeline.core.errors import Exit, Halt
from pipeline.ledger.connection import check_wal
from pipeline.ledger.folder import ANYWHERE, check_mount, take_folder, unfit
from pipeline.ledger.mounts import Mount, holding, mounts_here, read_mount_command, read_mountinfo

LINUX = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 0:30 / /dev/shm rw,nosuid,nodev shared:4 - tmpfs tmpfs rw,inode64
31 27 0:31 / /srv/nfs rw,relatime shared:9 master:1 - nfs4 nas:/vol rw,vers=4.2,addr=10.0.0.9
32 27 0:32 / /mnt/with\040blank rw - cifs //nas/share rw,username=ana
33 27 0:33 / /mnt/c rw,noatime - 9p C:\134 rw,dirsync,aname=drvfs;path=C:\134;uid=1000,trans=fd
34 27 0:34 / /guest rw - 9p share rw,trans=virtio
35 27 0:35 / /sandbox rw - 9p none rw,trans=fd,rfdno=4,wfdno=4,aname=/,dfltuid=4294967294
36 27 0:36 / /ssh rw - fuse.sshfs ana@far:/ rw,user_id=1000
37 27 0:37 / /usb rw - fuseblk /dev/sdb1 rw
38 31 0:38 / /srv/nfs/local rw - ext4 /dev/vdb rw
39 27 0:39 / /merged rw - overlay overlay rw,lowerdir=/a,upperdir=/b,workdir=/c
40 27 0:40 / /btr rw - btrfs /dev/vdc rw
41 27 0:41 / /over rw - ext4 /dev/vdd rw
42 27 0:42 / /over rw - nfs nas:/over rw
this is no line of it
"""

MACOS = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect)
//ana@nas._smb._tcp.local/share on /Volumes/my share (2) (smbfs, nodev, nosuid, mounted by ana)
nas:/vol on /Volumes/nfs (nfs, nodev, nosuid)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
"""


@pytest.mark.parametrize(("path", "kind", "shared"), [
    ("/var/state", "ext4", False), ("/dev/shm/a", "tmpfs", False), ("/merged/a", "overlay", False),
    ("/btr", "btrfs", False), ("/srv/nfs", "nfs4", True), ("/srv/nfs/a/b", "nfs4", True),
    ("/srv/nfs/local/a", "ext4", False), ("/srv/nfsish", "ext4", False),
    ("/mnt/with blank/a", "cifs", True), ("/mnt/c/state", "9p", True), ("/guest/a", "9p", True),
    ("/sandbox/a", "9p", False), ("/ssh/a", "fuse.sshfs", True), ("/usb/a", "fuseblk", True),
    ("/over/a", "nfs", True)])
def test_what_linux_says_of_its_mounts_is_understood(path: str, kind: str, shared: bool) -> None:
    mount = holding(read_mountinfo(LINUX), PurePosixPath(path))
    assert mount is not None
    assert (mount.kind, mount.is_shared) == (kind, shared)


@pytest.mark.parametrize(("path", "kind", "shared"), [
    ("/Volumes/disk/state", "apfs", False), ("/Volumes/my share (2)/state", "smbfs", True),
    ("/Volumes/nfs/a", "nfs", True), ("/System/Volumes/Data/a", "apfs", False)])
def test_what_macos_says_of_its_mounts_is_understood(path: str, kind: str, shared: bool) -> None:
    mount = holding(read_mount_command(MACOS), PurePosixPath(path))
    assert mount is not None
    assert (mount.kind, mount.is_shared) == (kind, shared)


def test_this_machine_says_something_and_takes_its_own_disk(tmp_path: Path) -> None:
    assert holding(mounts_here(), tmp_path.resolve()) is not None
    take_folder(tmp_path / "state")
    assert (tmp_path / "state").is_dir()


def test_a_folder_on_a_network_is_refused_with_a_way_out(tmp_path: Path) -> None:
    mounts = [Mount("/", "ext4"), Mount(str(tmp_path.resolve()), "nfs4")]
    with pytest.raises(Halt, match="of the kind nfs4") as told:
        check_mount(tmp_path, mounts)
    assert (told.value.exit_code, told.value.code) == (Exit.USAGE, "state_place")
    assert "--state" in told.value.hint and ANYWHERE in told.value.hint
    check_mount(tmp_path, mounts[:1])
    check_mount(tmp_path, [])


def says(mode: int, user: int = 1000) -> os.stat_result:
    return os.stat_result((mode, 1, 1, 1, user, 1000, 0, 0, 0, 0))


@pytest.mark.parametrize(("found", "why"), [
    (says(stat.S_IFDIR | 0o700), None), (says(stat.S_IFDIR | 0o775), None),
    (says(stat.S_IFLNK | 0o777), "is a link"), (says(stat.S_IFREG | 0o600), "is no folder"),
    (says(stat.S_IFDIR | 0o700, user=0), "belongs to user 0, and this is user 1000"),
    (says(stat.S_IFDIR | 0o707), "can be written by everybody"),
    (says(stat.S_IFDIR | stat.S_ISVTX | 0o777), "can be written by everybody")])
def test_a_folder_that_is_not_ours_alone_cannot_hold_the_state(found: os.stat_result,
                                                              why: str | None) -> None:
    told = unfit(found, 1000)
    assert (told and told[0]) == why
    assert told is None or told[1]


def refused(folder: Path) -> str:
    """The words with which a folder is refused; nothing was made in it."""
    with pytest.raises(Halt) as told, opened(folder):
        pytest.fail("it was taken")
    assert (told.value.exit_code, told.value.code) == (Exit.USAGE, "state_place")
    assert not (folder / "pipeline.db").exists()
    return told.value.message


def test_a_link_in_the_folders_place_is_refused_and_one_on_the_way_is_not(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    assert "is a link" in refused(tmp_path / "link")
    with opened(tmp_path / "link" / "state"):
        assert (real / "state" / "pipeline.db").exists()


def test_a_folder_that_everybody_writes_to_is_refused_and_a_groups_is_closed(
        tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all").chmod(0o777)
    assert "written by everybody" in refused(tmp_path / "all")
    (tmp_path / "group").mkdir()
    (tmp_path / "group").chmod(0o775)
    with opened(tmp_path / "group"):
        assert stat.S_IMODE((tmp_path / "group").stat().st_mode) == 0o755


class Pretending(sqlite3.Connection):
    """A connection that only says that it switched to a write-ahead log."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql.startswith("pragma journal_mode"):
            return super().execute("select 'wal'")
        return super().execute(sql, *values)


def test_a_log_that_is_only_said_to_be_in_force_is_not_believed(tmp_path: Path) -> None:
    with pytest.raises(Halt, match="no write-ahead log") as told, \
            opened(tmp_path, connection=Pretending):
        pytest.fail("it was believed")
    assert (told.value.exit_code, told.value.code) == (Exit.USAGE, "state_place")
    with opened(tmp_path) as ledger:
        assert (tmp_path / "pipeline.db").read_bytes()[18:20] == b"\2\2"
        assert ledger.connection.execute("pragma journal_mode").fetchone()[0] == "wal"


WRITE = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=0).execute("begin immediate")
"""


def test_looking_at_the_header_costs_no_lock(tmp_path: Path) -> None:
    """SQLite's locks fall when any descriptor of the database is closed in its process."""
    def write() -> str:
        return subprocess.run([sys.executable, "-c", WRITE, str(tmp_path / "pipeline.db")],
                              capture_output=True, text=True, check=False).stderr

    with opened(tmp_path) as ledger:
        ledger.connection.execute("begin immediate")
        check_wal(ledger.connection, tmp_path / "pipeline.db")
        assert "database is locked" in write()
        ledger.connection.execute("rollback")
        assert write() == ""
