"""What only a person can settle: `doubt list`, `show` and `resolve` as they are typed.

Goal: a person sees all that is known of a doubt, says one thing, and that is what happens, with
their name on it; nothing else ever settles it, and nobody is asked. Method: a service that loses
answers and requests, hides its list, or is gone; real processes, and its own books at the end.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes_books import check_books, rows
from processes_kit import Place, Sandbox, sandbox, wait_for
from processes_shapes import CREDITS, ERROR, JOB, MOMENT, check

LOST = "lost_reply: {nth: [1]}\n"
HIDDEN = LOST + "history_lag_s: 1000000\n"
DOUBT = {"job": str, "run": str, "campaign": str, "account": str, "model": str, "prompt": str,
         "held": CREDITS, "cause": str, "since": MOMENT, "remote_ids": [str],
         "waits_until": (MOMENT, None)}
SERVICE = {"asked": bool, "silence": str, "looked": dict, "rows": [
    {"id": str, "model": str, "prompt": str, "status": str, "created_at": MOMENT,
     "charged": (CREDITS, None), "linked": bool}]}
RESOLVED = {"schema_version": 1, "job": str, "run": str, "state": str, "choice": str, "by": str,
            "note": str, "remote_ids": [str], "held": CREDITS, "charged": CREDITS, "doubts": int}


@pytest.fixture
def place(place: Place) -> Place:
    """A working folder of somebody with a name."""
    place.env["USER"] = "ana"
    return place


@pytest.fixture
def hidden(place: Place, tmp_path: Path) -> Iterator[Sandbox]:
    """A service that charged for the one lamp, lost its answer, and shows no list of its jobs."""
    with sandbox(tmp_path / "books", faults=HIDDEN) as served:
        place.settle_on(served)
        place.small("lamp")
        assert place.run("run", "small.yaml", "--yes", "--max-duration", "2s").code == 12
        yield served


def doubts(place: Place) -> list[dict[str, Any]]:
    """What `doubt --json` lists."""
    said = place.run("doubt", "--json")
    assert (said.code, said.err) == (0, "")
    check(said.document, {"schema_version": 1, "doubts": [DOUBT], "submitting": int})
    found: list[dict[str, Any]] = said.document["doubts"]
    return found


def remote_id(served: Sandbox, words: str = "lamp") -> str:
    """The id under which the service made what it was asked for."""
    [name] = [row["id"] for row in served.books()["rows"] if words in row["prompt"]]
    return str(name)


def refused(place: Place, code: str, *words: str) -> str:
    """What is said when a ruling is not taken; nothing has changed by it."""
    before = rows(place, "select * from jobs"), rows(place, "select count(*) from events")
    said = place.run("doubt", "resolve", *words, "--json")
    assert (said.code, said.out) == (2, ""), said
    check(said.complaint, ERROR)
    assert said.complaint["code"] == code
    after = rows(place, "select * from jobs"), rows(place, "select count(*) from events")
    assert [[tuple(row) for row in part] for part in before] == [
        [tuple(row) for row in part] for part in after]
    return str(said.complaint["message"])


def test_where_nothing_is_in_doubt_it_says_so(place: Place) -> None:
    said = place.run("doubt")
    assert (said.code, said.out.strip(), said.err) == (0, "nothing is in doubt", "")
    assert doubts(place) == []
    assert not (place.folder / "state").exists()
    for words in (("show", "a1"), ("resolve", "a1", "--write-off")):
        lost = place.run("doubt", *words, "--json")
        assert (lost.code, lost.complaint["code"]) == (2, "no_run")


def test_two_doubts_and_one_row_are_told_apart_by_a_person(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults=LOST + "lost_request: {nth: [2]}\n") as served:
        place.settle_on(served)
        manifest = place.small("lamp")
        manifest.write_text(manifest.read_text() + "    variants: 2\n")
        assert place.run("run", "small.yaml", "--yes").code == 12
        one, other = (doubt["job"] for doubt in doubts(place))
        assert "you: " in place.run("doubt", "list").out
        seen = place.run("doubt", "show", one[:8], "--json").document
        check(seen, {"schema_version": 1, **JOB, **DOUBT, "tag": str, "events": [{"event": str}],
                     "service": SERVICE})
        [row] = seen["service"]["rows"]
        assert (row["id"], row["linked"]) == (remote_id(served), True)
        plain = place.run("doubt", "show", one[:8]).out
        for word in (row["id"], seen["tag"], "a lamp on stone", "with its file", "--is",
                     "--not-charged", "--write-off", "paid for twice"):
            assert word in plain
        assert "http" not in plain
        said = place.run("doubt", "resolve", one, "--is", row["id"], "--note", "it is in the list")
        assert said.code == 0
        assert "1 job still in doubt" in said.err
        assert f"belongs to job {one[:8]}" in refused(place, "owned_id", other, "--is", row["id"])
        told = place.run("doubt", "resolve", other, "--not-charged", "--json")
        check(told.document, RESOLVED)
        assert (told.document["state"], told.document["doubts"]) == ("pending", 0)
        assert place.run("status", "--json").document["exit_code"] == 130
        assert place.run("resume", "--json").document["credits"]["charged"] == "26"
        assert place.run("status", "--json").document["exit_code"] == 0
        assert check_books(place, served) == 2
        story = place.run("show", one[:8]).out
        assert "by ana, it is in the list; the service lists it" in " ".join(story.split())
        assert "never charged for it, by ana" in " ".join(place.run("show", other[:8]).out.split())


def test_what_is_written_off_is_spent_and_can_be_bought_again(place: Place,
                                                              hidden: Sandbox) -> None:
    [doubt] = doubts(place)
    assert place.run("spend", "--json").document["total"]["in_doubt"] == "13"
    told = place.run("doubt", "resolve", doubt["job"][:6], "--write-off", "--note", "lost",
                     "--json").document
    assert (told["state"], told["charged"], told["held"]) == ("failed", "13", "0")
    assert (told["by"], told["note"]) == ("ana", "lost")
    status = place.run("status", "--json").document
    assert (status["exit_code"], status["credits"]["charged"]) == (3, "13")
    assert "exit 12" not in place.run("status").out
    assert [run["exit_code"] for run in place.run("runs", "--json").document["runs"]] == [None]
    again = place.run("retry", "--failed", "--yes", "--json").document
    assert (again["exit_code"], again["credits"]["charged"]) == (0, "26")
    assert hidden.books()["charged"] == "26"
    total = place.run("spend", "--json").document["total"]
    assert (total["jobs"], total["charged"], total["in_doubt"]) == (1, "26", "0")


def test_one_choice_is_said_and_an_id_that_looks_like_one(place: Place, hidden: Sandbox) -> None:
    key = doubts(place)[0]["job"]
    assert "its list is empty" in place.run("doubt", "show", key[:7]).out
    for words in ((), ("--not-charged", "--write-off"), ("--is", "a", "--write-off"),
                  ("--note", "so")):
        message = refused(place, "usage", key, *words)
        assert all(choice in message for choice in ("--is ID", "--not-charged", "--write-off"))
    for wrong in ("no id", "../x", ""):
        assert "cannot be an id" in refused(place, "usage", key, "--is", wrong)
    refused(place, "usage", key, "--write-off", "--note", "x" * 501)
    refused(place, "too_many_ids", key, "--is", f"{remote_id(hidden)},another")
    refused(place, "no_job", "zzz", "--write-off")


def test_an_id_is_held_against_what_the_service_shows(place: Place, tmp_path: Path) -> None:
    stranger = Place(tmp_path / "stranger")
    with sandbox(tmp_path / "books", faults="lost_request: {nth: [1]}\n") as served:
        for folder, what in ((place, "lamp"), (stranger, "boat")):
            folder.settle_on(served)
            folder.small(what)
        assert place.run("run", "small.yaml", "--yes", "--max-duration", "2s").code == 12
        assert stranger.run("run", "small.yaml", "--yes").code == 0
        key = doubts(place)[0]["job"]
        assert "none of the 1 row" in place.run("doubt", "show", key).out
        assert "knows no" in refused(place, "unknown_id", key, "--is", "nobody")
        boat = remote_id(served, "boat")
        assert "shows another prompt, 'a boat" in refused(place, "unlike", key, "--is", boat)
        forced = place.run("doubt", "resolve", key, "--is", boat, "--force", "--json").document
        assert forced["remote_ids"] == [boat]
        assert "although it shows another prompt" in forced["note"]
        done = refused(place, "not_in_doubt", key, "--is", boat)
        assert "it is running" in done


def test_a_service_that_cannot_be_asked_is_no_obstacle(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults=HIDDEN) as served:
        place.settle_on(served)
        place.small("lamp")
        assert place.run("run", "small.yaml", "--yes", "--max-duration", "2s").code == 12
        name, port = remote_id(served), served.port
    [doubt] = doubts(place)
    seen = place.run("doubt", "show", doubt["job"])
    assert seen.code == 0
    assert "it cannot be asked" in seen.out
    assert "--write-off" in seen.out
    for who in ("USER", "LOGNAME"):
        place.env.pop(who, None)
    told = place.run("doubt", "resolve", doubt["job"], "--is", name, "--json").document
    assert (told["state"], told["by"]) == ("running", "somebody")
    assert "could not be asked" in told["note"]
    with sandbox(tmp_path / "books", port=port) as served:
        assert place.run("resume", "--json").document["jobs"]["done"] == 1
        assert check_books(place, served) == 1


def test_while_evidence_may_come_it_says_until_when_and_a_run_has_the_state(
        place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults=HIDDEN) as served:
        place.settle_on(served)
        place.small("lamp")
        assert place.run("run", "small.yaml", "--yes", "--max-duration", "2s").code == 12
        place.settle_on(served, speed=1)
        [doubt] = doubts(place)
        assert doubt["waits_until"] > doubt["since"]
        listed = place.run("doubt")
        assert "evidence until" in listed.out
        assert "pipeline reconcile" in listed.out
        looking = place.start("reconcile")
        wait_for(lambda: "to go" in place.said(looking)[1], "the run has begun")
        for _ in range(2):
            held = place.run("doubt", "resolve", doubt["job"], "--write-off", "--json")
            assert (held.code, held.complaint["code"]) == (11, "state_held")
            assert place.run("doubt", "show", doubt["job"][:8]).code == 0
        looking.send_signal(signal.SIGINT)
        assert place.end(looking).code in (12, 130)
        early = place.run("doubt", "resolve", doubt["job"], "--not-charged", "--note", "sure")
        assert early.code == 0
        assert early.err.startswith("sure; said while it might still arrive, until ")


def test_a_paid_call_that_died_is_named_and_left_to_the_next_run(place: Place,
                                                                 tmp_path: Path) -> None:
    slow = "slow_reply: {nth: [1], calls: [start], seconds: 18000}\n"
    with sandbox(tmp_path / "books", faults=slow) as served:
        place.settle_on(served)
        place.small("lamp")
        run = place.start("run", "small.yaml", "--yes")
        wait_for(lambda: served.books()["jobs"], "the job is bought")
        run.send_signal(signal.SIGKILL)
        run.wait(10)
        said = place.run("doubt")
        assert "1 paid call under way" in said.out
        assert place.run("doubt", "--json").document["submitting"] == 1
        key = json.loads(place.run("jobs", "--json").out)["job"]
        assert "it is submitting" in refused(place, "not_in_doubt", key, "--write-off")
        assert place.run("resume").code == 0
        assert check_books(place, served) == 1
