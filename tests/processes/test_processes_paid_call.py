"""Death, or a disk that fails, at one system call after another of a small run.

The tracer kills the process on entry to its N-th write, sync or send, or lets the call fail. The
default takes a sample around the paid calls; `PIPELINE_SWEEP=full` takes every N of every call, and
a second death on the way back.
"""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes_books import check_books, rows
from processes_kit import FULL, Place, sandbox

STRACE = shutil.which("strace")
KILL = "signal=KILL"
SAMPLE = (
    ("sendto", KILL, (4, 5, 7, 9)), ("fdatasync", KILL, (15, 18)), ("fsync", KILL, (3,)),
    ("pwrite64", KILL, (250,)), ("fdatasync", "error=EIO", (16,)), ("fsync", "error=EIO", (4,)),
    ("pwrite64", "error=ENOSPC", (177,)), ("linkat", "error=EIO", (1,)),
)
ALL = (
    ("sendto", KILL, range(1, 16)), ("recvfrom", KILL, range(1, 20)),
    ("fdatasync", KILL, range(1, 35)), ("fsync", KILL, range(1, 13)),
    ("pwrite64", KILL, range(1, 380, 3)), ("linkat", KILL, (1,)), ("rename", KILL, range(1, 7)),
    ("unlink", KILL, range(1, 9)), ("openat", KILL, range(300, 900, 10)),
    ("ftruncate", KILL, range(1, 5)),
    ("fdatasync", "error=EIO", range(1, 35)), ("fsync", "error=EIO", range(1, 13)),
    ("pwrite64", "error=ENOSPC", range(1, 380, 5)), ("linkat", "error=EIO", (1,)),
    ("rename", "error=EIO", range(1, 7)), ("unlink", "error=EIO", range(1, 9)),
)
"""How often one thread of the run makes each call; a point past its last ends the run unharmed."""

POINTS = [(call, fate, number) for call, fate, numbers in (ALL if FULL else SAMPLE)
          for number in numbers]
SLICES = 40 if FULL else 3


def injecting(call: str, fate: str, number: int) -> tuple[str, ...]:
    """The tracer before the command's own words."""
    return (str(STRACE), "-f", "-qq", "-e", f"trace={call}", "-e",
            f"inject={call}:{fate}:when={number}", "-o", os.devnull)


def fall_and_go_on(folder: Path, call: str, fate: str, number: int) -> int:
    """Run, fall at the point, go on (in full falling once more), finish; the first code."""
    with sandbox(folder / "books") as served:
        place = Place(folder / "work")
        place.small()
        place.settle_on(served)
        fell = place.run("run", "small.yaml", "--yes", before=injecting(call, fate, number))
        assert fell.code in (0, 2, 13, -9), (call, fate, number, fell)
        if FULL and fell.code:
            again = injecting(call, fate, 1 + number // 2)
            place.run("run", "small.yaml", "--yes", before=again)
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert (said.code, said.document["jobs"]["done"]) == (0, 3), (call, fate, number, said)
        assert check_books(place, served) == 3
        charges = rows(place, "select count(*) as n from attempts where state = 'paid'")
        assert charges[0]["n"] == 3
        return fell.code


@pytest.mark.skipif(not STRACE and not os.environ.get("PIPELINE_REQUIRE_STRACE"),
                    reason="strace is not installed")
@pytest.mark.parametrize("part", range(SLICES))
def test_no_fall_around_a_paid_call_pays_twice_or_loses_a_file(tmp_path: Path, part: int) -> None:
    assert STRACE, "PIPELINE_REQUIRE_STRACE is set and strace is missing"
    wanted = POINTS[part::SLICES]
    with ThreadPoolExecutor(3) as pool:
        codes = list(pool.map(lambda point: fall_and_go_on(
            tmp_path / "-".join(map(str, point)), *point), wanted))
    assert FULL or any(codes)
