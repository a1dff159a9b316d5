"""The power goes after any call of a small run, and the disk keeps what it likes (SAFETY F78).

Goal: whatever was told to anybody holds, nothing is bought that the state does not know, nothing is
damaged. Method: the calls of a real run, images of the disk after them (`processes_images`), and
the real ledger on each. The images can fail: without one of the syncs they do. `make sweep` takes
every image.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from processes_disk import Step
from processes_falls import STRACE
from processes_images import look_at, record

EVERY = 14
LEFT_OUT: dict[str, Callable[[Step], bool]] = {
    "commits": lambda step: step.call == "fdatasync",
    "receipts": lambda step: step.call == "fsync" and step.texts[0].endswith(b"receipts.log"),
    "folders": lambda step: step.call == "fsync" and step.texts[0].endswith(b"work"),
    "files": lambda step: step.call == "fsync" and step.texts[0].endswith(b".part"),
}
"""Syncs that a careless program would not make."""

pytestmark = pytest.mark.skipif(
    not STRACE and not os.environ.get("PIPELINE_REQUIRE_STRACE"), reason="strace is not installed")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Step]]:
    """The calls of a run, and where it was made."""
    assert STRACE, "PIPELINE_REQUIRE_STRACE is set and strace is missing"
    return record(tmp_path_factory.mktemp("recorded"))


def test_no_power_cut_loses_what_was_told_or_bought(
        recorded: tuple[Path, list[Step]], record_property: Callable[[str, object], None]) -> None:
    [*_, seen] = look_at(*recorded, every=EVERY)
    record_property("images of a disk without power", seen.images)
    assert seen.images > 100
    assert seen.wrong == []


@pytest.mark.parametrize("what", LEFT_OUT)
def test_without_one_of_the_syncs_an_image_shows_it(recorded: tuple[Path, list[Step]],
                                                    what: str) -> None:
    root, steps = recorded
    kept = [step for step in steps if not LEFT_OUT[what](step)]
    assert len(kept) < len(steps)
    assert any(seen.wrong for seen in look_at(root, kept, every=EVERY, torn=0))
