"""Charges that belong to no job, from the service to a person's word (SAFETY 2.5, 2.10, F37).

Goal: a proxy that sends a paid call twice is found out at the end of the run; the person is told,
and what is said of it is booked, or not, once. Method: the program before a sandbox whose books
tell the truth, through a door that repeats what it likes.
"""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
from processes_books import rows
from processes_front import DROPPED, Front
from processes_kit import Place, Sandbox, sandbox
from processes_shapes import ERROR, check

START = "/v1/generate/"
HIDDEN = "lost_reply: {nth: [1]}\nhistory_lag_s: 9999999\n"


class Stuttering(Front):
    """A door that sends the first paid call twice, and hands back the second answer."""

    def __init__(self, behind: str) -> None:
        super().__init__(behind)
        self.behind = behind
        self.stuttered = False

    def pass_on(self, visit: BaseHTTPRequestHandler, behind: str) -> None:
        """Ask the sandbox, once or twice."""
        if visit.path.startswith(START) and visit.command == "POST" and not self.stuttered:
            self.stuttered = True
            length = int(visit.headers.get("content-length") or 0)
            body = visit.rfile.read(length)
            headers = {name: value for name, value in visit.headers.items()
                       if name.lower() not in DROPPED}
            for _ in range(2):
                answer = httpx.post(behind + visit.path, content=body, headers=headers,
                                    trust_env=False, timeout=60)
            visit.send_response(answer.status_code)
            visit.send_header("content-type", "application/json")
            visit.send_header("content-length", str(len(answer.content)))
            visit.end_headers()
            visit.wfile.write(answer.content)
            return
        super().pass_on(visit, behind)


@pytest.fixture
def stuttered(place: Place, tmp_path: Path) -> Any:
    """A folder with a finished run, of whose two jobs one was bought twice on the way."""
    with sandbox(tmp_path / "books") as served, Stuttering(served.url) as front:
        place.write("pipeline.toml", f'[accounts.sandbox]\nbase_url = "{front.url}"\nspeed = 600\n')
        place.env["USER"] = "ana"
        place.small("lamp", "chair")
        said = place.run("run", "small.yaml", "--yes")
        assert said.code == 0
        assert "they look like ours" in said.err
        assert "1 listed by the service, like ours and unknown here" in said.err
        assert served.books()["jobs"] == 3
        yield served


def orphans(place: Place) -> list[dict[str, Any]]:
    said = place.run("doubt", "--json").document
    assert said["doubts"] == []
    found: list[dict[str, Any]] = said["orphans"]
    return found


def charged(place: Place) -> str:
    return str(place.run("spend", "--json").document["total"]["charged"])


def test_what_a_proxy_bought_twice_is_named_and_not_booked(place: Place,
                                                          stuttered: Sandbox) -> None:
    [orphan] = orphans(place)
    assert orphan["id"] in {row["id"] for row in stuttered.books()["rows"]}
    assert not rows(place, "select 1 from remotes where remote_id = ?", orphan["id"])
    assert (orphan["account"], orphan["state"], orphan["charged"]) == ("sandbox", "done", "13")
    plain = place.run("doubt").out
    for words in ("nothing is in doubt", "1 charge that may be ours", orphan["job"][:8],
                  "--write-off", "--not-charged"):
        assert words in plain
    assert (charged(place), stuttered.books()["charged"]) == ("26", "39")
    again = place.run("run", "small.yaml", "--yes")
    assert "they look like ours" not in again.err


def test_what_is_called_lost_is_booked_once(place: Place, stuttered: Sandbox) -> None:
    [orphan] = orphans(place)
    wrong = place.run("doubt", "resolve", orphan["id"], "--is", orphan["id"], "--json")
    assert (wrong.code, wrong.complaint["code"]) == (2, "orphan")
    check(wrong.complaint, ERROR)
    done = place.run("doubt", "resolve", orphan["job"], "--is", orphan["id"], "--json")
    assert (done.code, done.complaint["code"]) == (2, "not_in_doubt")
    said = place.run("doubt", "resolve", orphan["id"][:8], "--write-off", "--note", "the proxy",
                     "--json").document
    assert (said["booked"], said["by"], said["note"]) == ("13", "ana", "the proxy")
    assert orphans(place) == []
    assert charged(place) == stuttered.books()["charged"] == "39"
    assert place.run("status", "--json").document["credits"]["charged"] == "39"
    twice = place.run("doubt", "resolve", orphan["id"], "--write-off", "--json")
    assert (twice.code, twice.complaint["code"]) == (2, "no_job")
    assert place.run("run", "small.yaml", "--yes", "--json").document["credits"]["charged"] == "0"


def test_what_is_called_anothers_is_let_go(place: Place, stuttered: Sandbox) -> None:
    [orphan] = orphans(place)
    assert "none of ours" in place.run("doubt", "resolve", orphan["id"], "--not-charged").out
    assert orphans(place) == []
    assert charged(place) == "26"
    place.run("resume")
    assert orphans(place) == []


def test_what_was_written_off_and_is_found_comes_home_and_is_paid_for_once(
        place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults=HIDDEN) as served:
        place.settle_on(served)
        place.small("lamp")
        assert place.run("run", "small.yaml", "--yes", "--max-duration", "2s").code == 12
        [doubt] = place.run("doubt", "--json").document["doubts"]
        assert place.run("doubt", "resolve", doubt["job"], "--write-off").code == 0
        [row] = served.books()["rows"]
        said = place.run("doubt", "resolve", doubt["job"], "--is", row["id"], "--json").document
        assert (said["state"], said["remote_ids"]) == ("running", [row["id"]])
        assert "its list does not show it" in said["note"]
        done = place.run("resume", "--json").document
        assert done["jobs"]["done"] == 1
        assert (done["credits"]["charged"], done["credits"]["refunded"]) == ("26", "13")
        assert served.books()["charged"] == "13"
        story = [event["event"] for event in json.loads(
            place.run("show", doubt["job"], "--json").out)["events"]]
        assert story == ["Intended", "Doubted", "Failed", "Reopened", "Intended", "Accepted",
                         "Produced", "Saved"]
