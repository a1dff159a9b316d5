"""A signal in each phase of a run (SAFETY 2.11, F89).

Goal: the run ends in time with the signal's own code, what is paid stays known, nothing is bought
twice, and the next one finishes. Method: SIGINT, SIGTERM and SIGHUP for real processes, each sent
once the sandbox's books and the ledger show that the phase has come.
"""

import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from processes_books import check_books, rows
from processes_kit import FULL, Place, Sandbox, sandbox, wait_for

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}
LONGEST_S = 20.0
PRODUCTS = ("lamp", "chair", "vase")

Sign = Callable[[Place, Sandbox], bool]


def states(place: Place) -> list[str]:
    """The states of all jobs, where there are any yet."""
    with suppress(sqlite3.OperationalError):
        return [row["state"] for row in rows(place, "select state from jobs")]
    return []


def one_done(place: Place, served: Sandbox) -> bool:
    return {"done", "pending"} <= set(states(place))


def two_open(place: Place, served: Sandbox) -> bool:
    return bool(served.books()["jobs"] >= 2) and "submitting" in states(place)


def all_running(place: Place, served: Sandbox) -> bool:
    return states(place) == ["running"] * 3


def one_made(place: Place, served: Sandbox) -> bool:
    return "produced" in states(place)


PHASES: dict[str, tuple[Sign, float, str, str]] = {
    "waiting for a turn": (one_done, 6, "", "media_per_minute = 1"),
    "a paid call is open": (two_open, 60, "slow_reply: {calls: [start], seconds: 60}", ""),
    "polling": (all_running, 4, "", ""),
    "downloading": (one_made, 60, "slow_reply: {calls: [download], seconds: 60}", ""),
}
"""By phase: its sign, the speed of time, what the sandbox does, a limit of the account."""

CASES = [(phase, number) for phase in PHASES for number in CODES]
SAMPLE = [case for place, case in enumerate(CASES) if FULL or place % 4 in (1,)]


@pytest.mark.parametrize(("phase", "number"), SAMPLE)
def test_a_signal_in_any_phase_loses_nothing_and_the_next_run_finishes(
        place: Place, tmp_path: Path, phase: str, number: signal.Signals) -> None:
    sign, speed, faults, limit = PHASES[phase]
    with sandbox(tmp_path / "books", speed=speed, faults=faults) as served:
        place.settle_on(served, speed=speed, more=f"[accounts.sandbox.limits]\n{limit}\n")
        place.small(*PRODUCTS)
        run = place.start("run", "small.yaml", "--yes", "--json")
        wait_for(lambda: sign(place, served), phase)
        began_s = time.monotonic()
        run.send_signal(number)
        said = place.end(run, LONGEST_S)
        assert time.monotonic() - began_s < LONGEST_S
        assert said.code == CODES[number], said
        assert said.document["jobs"]["submitting"] == said.document["jobs"]["in_doubt"] == 0
        assert place.run("status", "--json").document["exit_code"] == said.code
    with sandbox(tmp_path / "books", speed=600) as served:
        place.settle_on(served)
        again = place.run("resume", "--json")
        assert (again.code, again.document["jobs"]["done"]) == (0, 3), again
        assert check_books(place, served) == 3
        assert not list(place.folder.rglob("*.part"))


@pytest.mark.parametrize("number", list(CODES) if FULL else [signal.SIGHUP])
def test_a_signal_while_it_plans_leaves_nothing_behind(place: Place, tmp_path: Path,
                                                       number: signal.Signals) -> None:
    faults = "slow_reply: {calls: [catalog], seconds: 6000}"
    with sandbox(tmp_path / "books", faults=faults) as served:
        place.settle_on(served)
        place.small()
        run = place.start("run", "small.yaml", "--yes")
        began_s = time.monotonic()
        wait_for(lambda: time.monotonic() - began_s > 0.5, "it asks for the catalog")
        run.send_signal(number)
        assert place.end(run, LONGEST_S).code in (CODES[number], -number)
        assert not (place.folder / "state").exists()
        assert served.books()["jobs"] == 0
