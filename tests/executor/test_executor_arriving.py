"""Files on their way, and syncs of a folder that many files share.

Goal: what is called synced was synced after its name was there; a sync that failed is never tried
again; what an earlier try left is no part of the next.
Method: real files; syncs that a test lets through one by one, asked for by real threads.
"""

import errno
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from pipeline.executor.arriving import Arriving, FolderSyncs

HERE = Path("somewhere")


class SlowDisk:
    """Makes each sync wait until it is let through, and counts them."""

    def __init__(self) -> None:
        self.begun = Event()
        self.go_on = Event()
        self.syncs = 0

    def sync(self, folder: Path) -> None:
        self.syncs += 1
        self.begun.set()
        assert self.go_on.wait(20)


def test_all_that_come_while_a_sync_is_under_way_share_the_next() -> None:
    disk = SlowDisk()
    syncs = FolderSyncs(disk.sync)
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(syncs.sync, HERE)
        assert disk.begun.wait(20)
        others = [threads.submit(syncs.sync, HERE) for _ in range(8)]
        assert not first.done() and not any(other.done() for other in others)
        disk.go_on.set()
        for future in (first, *others):
            future.result(20)
    assert 2 <= disk.syncs <= 3  # one of them may have asked before the others did


def test_a_later_name_is_not_covered_by_an_earlier_sync() -> None:
    made: list[Path] = []
    syncs = FolderSyncs(made.append)
    syncs.sync(HERE)
    syncs.sync(HERE)
    syncs.sync(HERE / "inside")
    assert made == [HERE, HERE, HERE / "inside"]


def test_a_sync_that_failed_is_not_tried_again() -> None:
    tries: list[Path] = []

    def fail(folder: Path) -> None:
        tries.append(folder)
        raise OSError(errno.EIO, "ill")

    syncs = FolderSyncs(fail)
    for _ in range(3):
        with pytest.raises(OSError, match="ill"):
            syncs.sync(HERE)
    assert tries == [HERE]


def test_bytes_are_hashed_as_they_are_written(tmp_path: Path) -> None:
    arriving = Arriving(tmp_path / "new" / "a.part")  # the folder may have gone meanwhile
    arriving.take([b"o", b"ne"])
    arriving.take([b"two"])
    arriving.flush()
    assert arriving.path.read_bytes() == b"onetwo" and arriving.length == 6
    assert arriving.sync() == hashlib.sha256(b"onetwo").hexdigest()
    arriving.close()


def test_what_an_earlier_try_left_is_gone_and_a_planted_link_is_not_followed(
        tmp_path: Path) -> None:
    part, precious = tmp_path / "a.part", tmp_path / "precious"
    precious.write_text("mine")
    part.symlink_to(precious)
    for content in (b"first try, longer", b"second"):
        arriving = Arriving(part)
        arriving.take([content])
        arriving.close()
        assert part.read_bytes() == content and not part.is_symlink()
    assert precious.read_text() == "mine"


def test_nothing_is_on_disk_before_the_first_bytes(tmp_path: Path) -> None:
    Arriving(tmp_path / "a.part").close()
    assert list(tmp_path.iterdir()) == []
