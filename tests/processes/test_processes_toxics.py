"""A line that is slow, torn, silent or lying, on each kind of call (SAFETY F21 to F28, F57).

Goal: whatever the line does to paid calls, to looks, to lists and to files, the run ends in time
and well: every job is done, nothing is bought twice, the books agree, no file is wrong and no
`.part` stays. Method: the program, a proxy with real sockets, and a sandbox with books.
"""

import time
from pathlib import Path

import pytest
from processes_books import books_of, check_books, rows
from processes_kit import FULL, Place, sandbox
from processes_toxics import TOXICS, BadLine

LONGEST_S = 30.0
ROUTES = ("start", "look", "file", "list")
CASES = [(route, name) for route in ROUTES for name in TOXICS]
"""The lists are only read where a paid call's answer was lost: those have two toxics at once."""
SAMPLE = [case for number, case in enumerate(CASES) if FULL or number % 5 == 0]
FOR_EVER = 10_000


def lines(route: str, name: str) -> dict[str, str]:
    """The toxics of a case."""
    return {"list": name, "start": "dropped"} if route == "list" else {route: name}


@pytest.mark.parametrize(("route", "name"), SAMPLE)
def test_no_line_makes_it_pay_twice_or_lose_a_file(place: Place, tmp_path: Path, route: str,
                                                   name: str) -> None:
    with sandbox(tmp_path / "books", speed=120) as served, \
            BadLine(served.port, lines(route, name), times=1 if route == "list" else 2) as line:
        place.write("pipeline.toml", f'[accounts.sandbox]\nbase_url = "{line.url}"\nspeed = 120\n')
        place.small("lamp", "chair")
        began_s = time.monotonic()
        said = place.run("run", "small.yaml", "--yes", "--json", longest_s=LONGEST_S)
        assert time.monotonic() - began_s < LONGEST_S
        assert line.met[route], line.met
        assert said.code == 0, said
        assert said.document["jobs"]["done"] == 2
        assert said.document["credits"] == {"charged": "26", "held": "0", "in_doubt": "0",
                                            "refunded": "0"}
        assert check_books(place, served) == 2
        assert not list(place.folder.rglob("*.part"))


def test_a_line_that_loses_every_file_for_ever_ends_and_says_so(place: Place,
                                                                tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", speed=120) as served:
        with BadLine(served.port, {"file": "truncated"}, times=FOR_EVER) as line:
            place.write("pipeline.toml",
                        f'[accounts.sandbox]\nbase_url = "{line.url}"\nspeed = 120\n')
            place.small("lamp", "chair")
            said = place.run("run", "small.yaml", "--yes", "--json", "--max-duration", "2s",
                             longest_s=LONGEST_S)
            assert said.code in (3, 10), said
            assert len(books_of(served.folder)) == 2
        place.settle_on(served, speed=120)
        assert place.run("resume").code in (0, 3)
        assert place.run("fetch").code == 0
        assert check_books(place, served) == 2


def test_a_line_that_swallows_every_paid_call_buys_nothing_and_leaves_doubts(
        place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", speed=120) as served:
        with BadLine(served.port, {"start": "reset before it is read"}, times=FOR_EVER) as line:
            place.write("pipeline.toml",
                        f'[accounts.sandbox]\nbase_url = "{line.url}"\nspeed = 120\n')
            place.small("lamp", "chair")
            said = place.run("run", "small.yaml", "--yes", "--json", "--max-duration", "2s",
                             longest_s=LONGEST_S)
            assert said.code in (4, 10, 12), said
            assert books_of(served.folder) == []
        place.settle_on(served, speed=120)
        again = place.run("run", "small.yaml", "--yes", "--json", longest_s=LONGEST_S)
        assert (again.code, again.document["jobs"]["done"]) == (0, 2)
        assert check_books(place, served) == 2
        assert all(row["state"] in ("paid", "free")
                   for row in rows(place, "select state from attempts"))
