"""Death, or a disk that fails, at one system call after another of a small run (SAFETY F76, F79).

Goal: the next run finishes with every file, and nothing is bought twice. Method: the tracer lets
the process fall; the calls are counted first, so that the sample moves with the program. `make
sweep` takes every N of every call.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes_falls import KILL, STRACE, Fall, counts, fall_and_go_on, files_of

SAMPLE = (
    ("sendto", KILL, (0.25, 0.45, 0.6, 0.9)), ("recvfrom", KILL, (0.3, 0.6)),
    ("fdatasync", KILL, (0.5, 0.65)), ("pwrite64", KILL, (0.75,)), ("write", KILL, (0.4,)),
    ("fdatasync", "error=EIO", (0.55,)), ("fsync", "error=EIO", (0.6,)),
    ("pwrite64", "error=ENOSPC", (0.5,)), ("linkat", "error=EIO", (0.1,)),
)
"""A call, what befalls it, and how far into its calls: 1 is the last."""
ON_A_FILE = ("fsync", "linkat", "rename")
EVER = (("fsync", "error=EIO"), ("write", "error=ENOSPC"))
PARTS = 3

needs_tracer = pytest.mark.skipif(
    not STRACE and not os.environ.get("PIPELINE_REQUIRE_STRACE"), reason="strace is not installed")


@pytest.fixture(scope="module")
def falls(tmp_path_factory: pytest.TempPathFactory) -> list[Fall]:
    """The sample: falls of the whole run, on the last file, and of a disk that fails for ever."""
    assert STRACE, "PIPELINE_REQUIRE_STRACE is set and strace is missing"
    folder = tmp_path_factory.mktemp("counted")
    most = counts(folder, sorted({call for call, _, _ in SAMPLE}))
    sample = [Fall(call, fate, max(1, round(share * most[call])))
              for call, fate, shares in SAMPLE for share in shares]
    [*_, last] = files_of(folder).values()
    sample += [Fall(call, KILL, 1, paths=last) for call in ON_A_FILE]
    return sample + [Fall(call, fate, 1, ever=True) for call, fate in EVER]


@needs_tracer
@pytest.mark.parametrize("part", range(PARTS))
def test_no_fall_around_a_paid_call_pays_twice_or_loses_a_file(
        tmp_path: Path, falls: list[Fall], part: int,
        record_property: Callable[[str, object], None]) -> None:
    wanted = falls[part::PARTS]
    with ThreadPoolExecutor(3) as pool:
        fates = list(pool.map(lambda fall: fall_and_go_on(tmp_path / str(fall).replace(" ", "-"),
                                                          fall), wanted))
    assert [(fate.doubles, fate.lost, fate.wrong) for fate in fates] == [(0, 0, "")] * len(wanted)
    fell = sum(fate.fell for fate in fates)
    record_property("falls at a system call", fell)
    assert fell >= len(wanted) - 2


@needs_tracer
def test_a_point_past_the_last_call_is_told_from_one_that_fell(tmp_path: Path) -> None:
    fate = fall_and_go_on(tmp_path / "past", Fall("connect", KILL, 500))
    assert (fate.fell, fate.wrong) == (False, "")
