"""Signals, closed streams and a crowd at the door."""

import os
import signal
import time
from pathlib import Path

import pytest
from processes_books import check_books, rows
from processes_kit import Place, Process, Sandbox, sandbox, wait_for

SLOW = """\
slow_reply: {{calls: [start], seconds: {seconds}}}
limits: {{media_in_flight: 2}}
"""


def begin(place: Place, served: Sandbox, *words: str) -> Process:
    """A run of four jobs, two at a time, with its first paid calls charged and unanswered."""
    place.settle_on(served, speed=60, more="[accounts.sandbox.limits]\nmedia_in_flight = 2\n")
    place.small("a", "b", "c", "d")
    run = place.start("run", "small.yaml", "--yes", *words)
    wait_for(lambda: served.books()["jobs"] == 2, "two paid calls are under way")
    return run


@pytest.mark.parametrize(("number", "code"), [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_the_first_signal_settles_what_is_paid_and_resume_goes_on(
        place: Place, tmp_path: Path, number: signal.Signals, code: int) -> None:
    with sandbox(tmp_path / "books", speed=60, faults=SLOW.format(seconds=60)) as served:
        run = begin(place, served, "--json")
        run.send_signal(number)
        said = place.end(run)
        assert said.code == code
        assert "pipeline resume" in said.err
        assert served.books()["jobs"] == 2
        states = said.document["jobs"]
        assert states["submitting"] == states["in_doubt"] == 0
        assert states["running"] + states["produced"] + states["done"] == 2
        assert states["pending"] == 2
        assert place.run("status", "--json").document["exit_code"] == code
        again = place.run("resume", "--json")
        assert (again.code, again.document["jobs"]["done"]) == (0, 4)
        assert check_books(place, served) == 4


def test_the_second_signal_leaves_at_once_and_nothing_is_paid_twice(place: Place,
                                                                   tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", speed=60, faults=SLOW.format(seconds=900)) as served:
        run = begin(place, served)
        run.send_signal(signal.SIGINT)
        wait_for(lambda: "stopping" in place.said(run)[1], "the first signal is heard")
        began_s = time.monotonic()
        run.send_signal(signal.SIGINT)
        said = place.end(run, 10)
        assert time.monotonic() - began_s < 5
        assert said.code == 130
        cut = [row["key"][:8] for row in rows(place, "select key from jobs where state = ?",
                                              "submitting")]
        assert len(cut) == 2 and all(key in said.err for key in cut)
        assert "in doubt until `pipeline resume`" in said.err
        assert served.books()["jobs"] == 2
    with sandbox(tmp_path / "books", speed=60) as served:
        place.settle_on(served, speed=60)
        again = place.run("resume", "--json")
        assert (again.code, again.document["jobs"]["done"]) == (0, 4)
        assert check_books(place, served) == 4


def test_a_signal_before_anything_is_bought_leaves_no_trace(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults="slow_reply: {calls: [catalog], seconds: 6000}"
                 ) as served:
        place.settle_on(served)
        place.small()
        run = place.start("run", "small.yaml", "--yes")
        wait_for(lambda: established(run.pid, served.port), "the catalog is asked for")
        run.send_signal(signal.SIGINT)
        said = place.end(run, 10)
        assert said.code == 130
        assert not (place.folder / "state").exists()
        run = place.start("run", "small.yaml", "--yes")
        wait_for(lambda: established(run.pid, served.port), "the catalog is asked for")
        run.terminate()
        assert place.run("plan", "nowhere.yaml").code == 2
        assert run.wait(10) in (143, -signal.SIGTERM)


def established(pid: int, port: int) -> bool:
    """Whether a process of this machine has a connection to the port."""
    try:
        lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()
    except OSError:
        return False
    return any(line.split()[2] == f"0100007F:{port:04X}" and line.split()[3] == "01"
               for line in lines[1:])


@pytest.mark.parametrize("closed", ["stdout", "stderr", "both"])
def test_a_reader_that_goes_away_does_not_stop_a_run(place: Place, shared: Sandbox,
                                                     closed: str) -> None:
    place.settle_on(shared)
    place.small(f"unread {closed}", f"unheard {closed}")
    end, pipe = os.pipe()
    os.close(end)
    streams = {name: pipe for name in ("stdout", "stderr") if closed in (name, "both")}
    run = place.start("run", "small.yaml", "--yes", **streams)
    os.close(pipe)
    assert run.wait(30) == 0
    assert [row["state"] for row in rows(place, "select state from jobs")] == ["done", "done"]
    assert "Traceback" not in place.said(run)[1]


def test_of_twenty_that_start_at_once_one_works(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", speed=1) as served:
        place.settle_on(served, speed=1)
        place.small("lamp")
        crowd = [place.start("run", "small.yaml", "--yes", "--json", "-q") for _ in range(20)]
        wait_for(lambda: sum(one.poll() is None for one in crowd) == 1, "nineteen are gone")
        winner = next(one for one in crowd if one.poll() is None)
        for loser in crowd:
            if loser is winner:
                continue
            said = place.end(loser)
            assert (said.code, said.out) == (11, "")
            assert said.complaint["code"] == "state_held"
            assert f"process {winner.pid} " in said.complaint["message"]
        late_s = time.monotonic()
        late = place.run("resume")
        assert late.code == 11
        assert time.monotonic() - late_s < 3
        for words in (("status",), ("jobs",), ("plan", "small.yaml"), ("report",)):
            assert place.run(*words).code == 0, words
        assert place.run("doctor").code == 11
        winner.send_signal(signal.SIGINT)
        assert place.end(winner).code == 130
        assert served.books()["jobs"] == 1
        assert len(rows(place, "select * from attempts")) == 1


def test_a_frozen_holder_keeps_the_state_and_goes_on_when_it_thaws(place: Place,
                                                                   tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", speed=20) as served:
        place.settle_on(served, speed=20)
        place.small()
        run = place.start("run", "small.yaml", "--yes")
        wait_for(lambda: served.books()["jobs"] == 3, "all is sold")
        run.send_signal(signal.SIGSTOP)
        (place.folder / "state/lock").chmod(0o600)
        assert place.run("run", "small.yaml", "--yes").code == 11
        assert place.run("cancel").code == 0
        run.send_signal(signal.SIGCONT)
        assert place.end(run).code == 0
        assert check_books(place, served) == 3
