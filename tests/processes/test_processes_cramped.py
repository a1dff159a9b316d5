"""A process that the system gives too little, or whose folder is taken away under it.

Goal: it ends with a code and in words, and the next run loses nothing and pays nothing twice
(SAFETY F81). Method: real limits on open files, and a state folder that is deleted under a run.
"""

import shutil
from pathlib import Path

import pytest
from processes_books import check_books
from processes_kit import Place, sandbox, wait_for

NEEDS_PRLIMIT = pytest.mark.skipif(not shutil.which("prlimit"), reason="limits are set by prlimit")


@NEEDS_PRLIMIT
def test_with_too_few_open_files_nothing_is_lost_and_nothing_is_paid_twice(
        place: Place, tmp_path: Path) -> None:
    """The limit is the pipeline's alone: a service with too few says that its files are gone."""
    with sandbox(tmp_path / "books", speed=60) as served:
        place.settle_on(served, speed=60)
        place.small()
        for most in (6, 8, 9, 10, 11, 12, 13, 14, 16, 18):
            said = place.run("run", "small.yaml", "--yes", before=("prlimit", f"--nofile={most}"))
            assert said.code in (0, 2, 12, 13), (most, said)
            assert said.err.strip() or said.code == 0
        assert place.run("run", "small.yaml", "--yes").code == 0
        assert check_books(place, served) == 3


def test_a_run_whose_state_is_deleted_stops_buying_and_says_so(place: Place,
                                                               tmp_path: Path) -> None:
    limits = "limits: {media_in_flight: 2}\n"
    with sandbox(tmp_path / "books", speed=20, faults=limits) as served:
        place.settle_on(served, speed=20, more="[accounts.sandbox.limits]\nmedia_in_flight = 2\n")
        place.small(*(f"thing {n}" for n in range(12)))
        run = place.start("run", "small.yaml", "--yes")
        wait_for(lambda: served.books()["jobs"] >= 2, "two are bought")
        shutil.rmtree(place.folder / "state")
        said = place.end(run)
        assert said.code == 13, said
        assert "moved or deleted" in said.err
        assert served.books()["jobs"] < 12
