"""Death at one system call after another of a small run, the paid calls in their midst.

The tracer kills the process on entry to its N-th write, sync or send. The default takes a sample;
`PIPELINE_SWEEP=full` takes every N of every call, and a second death on the way back.
"""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes_books import check_books, rows
from processes_kit import FULL, Place, sandbox

STRACE = shutil.which("strace")
SAMPLE = {"sendto": (4, 5, 7, 9, 12), "fdatasync": (14, 17, 20), "fsync": (3, 5),
          "pwrite64": (250,), "linkat": (1,)}
COUNTS = {"sendto": 15, "fdatasync": 34, "fsync": 12, "pwrite64": 380, "linkat": 1, "unlink": 8,
          "rename": 6, "openat": 900, "ftruncate": 4}
"""How often one thread of the run makes each call; a point past its last ends the run unharmed."""


def points(call: str) -> list[int]:
    """The N of this call that are tried."""
    if not FULL:
        return list(SAMPLE.get(call, ()))
    return list(range(1, COUNTS[call] + 1, 1 if COUNTS[call] < 100 else 3))


def killing(call: str, number: int) -> tuple[str, ...]:
    """The tracer before the command's own words."""
    return (str(STRACE), "-f", "-qq", "-e", f"trace={call}", "-e",
            f"inject={call}:signal=KILL:when={number}", "-o", os.devnull)


def die_and_go_on(folder: Path, call: str, number: int) -> str:
    """Run, die at the point, go on (in full dying once more), finish; where it had died."""
    with sandbox(folder / "books") as served:
        place = Place(folder / "work")
        place.small()
        place.settle_on(served)
        died = place.run("run", "small.yaml", "--yes", before=killing(call, number))
        if FULL and died.code:
            place.run("run", "small.yaml", "--yes", before=killing(call, 1 + number // 2))
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert (said.code, said.document["jobs"]["done"]) == (0, 3), (call, number, said)
        assert check_books(place, served) == 3
        charges = rows(place, "select count(*) as n from attempts where state = 'paid'")
        assert charges[0]["n"] == 3
        return "unharmed" if died.code == 0 else "died"


@pytest.mark.skipif(not STRACE and not os.environ.get("PIPELINE_REQUIRE_STRACE"),
                    reason="strace is not installed")
@pytest.mark.parametrize("calls", [("sendto",), ("fdatasync", "linkat", "ftruncate"),
                                   ("fsync", "pwrite64", "unlink", "rename", "openat")])
def test_no_death_around_a_paid_call_pays_twice_or_loses_a_file(tmp_path: Path,
                                                                calls: tuple[str, ...]) -> None:
    assert STRACE, "PIPELINE_REQUIRE_STRACE is set and strace is missing"
    wanted = [(call, number) for call in calls for number in points(call)]
    with ThreadPoolExecutor(3) as pool:
        fates = list(pool.map(lambda point: die_and_go_on(
            tmp_path / f"{point[0]}{point[1]}", *point), wanted))
    assert fates.count("died") >= len(wanted) // 3
