"""A service that misbehaves over real HTTP: every run ends right, and the books agree."""

import json
from pathlib import Path

import pytest
from processes_books import books_of, check_books, rows
from processes_front import Front
from processes_kit import FULL, Place, sandbox

CHAOS = """\
lost_request: {rate: 0.1}
lost_reply: {rate: 0.1}
error_before_charge: {rate: 0.05}
error_after_charge: {rate: 0.1}
html_edge_page: {rate: 0.05}
throttle: {rate: 0.1, seconds: 60}
late_links: {rate: 0.3, seconds: 60}
status_404: {rate: 0.2}
media_404: {rate: 0.2}
broken_download: {rate: 0.2, kind: KIND}
relative_urls: true
first_status: pending
"""

HARMLESS = {
    "lost replies": "lost_reply: {nth: [2]}",
    "json 500 after the charge": "error_after_charge: {nth: [2], status: 500, body: json}",
    "5xx after the charge": "error_after_charge: {nth: [1, 2]}",
    "all replies lost": "lost_reply: {first: 2}",
    "no file at first": "media_404: {times: 2}",
    "late links": "late_links: {seconds: 300}",
    "cut downloads": "broken_download: {first: 3, kind: truncated}",
    "wrong lengths": "broken_download: {first: 3, kind: wrong_length}",
    "pages for pictures": "broken_download: {first: 3, kind: html}",
    "empty files": "broken_download: {first: 3, kind: empty}",
    "resets": "broken_download: {first: 3, kind: reset}",
    "unknown at first": "status_404: {times: 3}",
    "edge pages for reads": "html_edge_page: {every: 3, calls: [status, history, download]}",
    "relative links": "relative_urls: true\nfirst_status: pending",
    "reads refused for their pace": "throttle: {every: 2, calls: [status, history], seconds: 1}",
}


@pytest.mark.parametrize("name", list(HARMLESS)[::1 if FULL else 2])
def test_what_the_run_mends_by_itself(place: Place, tmp_path: Path, name: str) -> None:
    with sandbox(tmp_path / "books", faults=HARMLESS[name]) as served:
        place.settle_on(served)
        place.small("lamp", "chair")
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert said.code == 0, said
        assert said.document["credits"] == {"charged": "26", "held": "0", "in_doubt": "0",
                                            "refunded": "0"}
        assert check_books(place, served) == 2
        assert len(rows(place, "select * from attempts")) == 2


@pytest.mark.parametrize("faults", ["lost_request: {nth: [1, 3]}", "lost_request: {first: 3}",
                                    "error_before_charge: {nth: [2]}"][:3 if FULL else 1])
def test_a_lost_request_is_sent_again_once_and_only_after_the_quiet_time(
        place: Place, tmp_path: Path, faults: str) -> None:
    with sandbox(tmp_path / "books", faults=faults) as served:
        place.settle_on(served)
        place.small()
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert (said.code, said.document["credits"]["charged"]) == (0, "39")
        assert check_books(place, served) == 3
        attempts = rows(place, "select job, state, sent_s from attempts order by sent_s")
        lost = {row["job"]: row["sent_s"] for row in attempts if row["state"] == "free"}
        again = {row["job"]: row["sent_s"] for row in attempts if row["state"] == "paid"}
        assert len(attempts) == 3 + len(lost)
        assert lost
        assert all(again[job] - lost[job] > 5 for job in lost)


def test_no_start_comes_before_the_moment_that_a_refusal_names(place: Place,
                                                               tmp_path: Path) -> None:
    faults = "throttle: {first: 7, calls: [start], seconds: 500, header: seconds}\n"
    with sandbox(tmp_path / "books", faults=faults) as served, Front(served.url) as front:
        place.write("pipeline.toml", f'[accounts.sandbox]\nbase_url = "{front.url}"\nspeed = 600\n')
        place.small("a", "b", "c", "d", "e")
        assert place.run("run", "small.yaml", "--yes").code == 0
        starts = [call for call in front.calls if call.what == "POST /v1/generate/media"]
        refused = [call for call in starts if call.status == 429]
        assert len(refused) == 7
        for refusal in refused:
            wait_s = float(refusal.retry_after)
            early = [call for call in starts
                     if refusal.left_s + 0.2 < call.came_s < refusal.left_s + wait_s - 0.05]
            assert not early
        assert check_books(place, served) == 5


@pytest.mark.parametrize(("refund", "charged"), [("true", "26"), ("false", "39")])
def test_content_that_is_refused_fails_for_what_it_took(place: Place, tmp_path: Path,
                                                        refund: str, charged: str) -> None:
    faults = f"moderation: {{words: [chair], refund: {refund}}}\n"
    with sandbox(tmp_path / "books", faults=faults) as served:
        place.settle_on(served)
        manifest = place.small()
        manifest.write_text(manifest.read_text() + "    max_paid_attempts: 3\n")
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert (said.code, said.document["jobs"]["failed"]) == (3, 1)
        money = said.document["credits"]
        assert int(money["charged"]) - int(money["refunded"]) == int(charged)
        assert len(books_of(served.folder)) == 3
        assert served.books()["balance"] == str(10000 - int(charged))
        failed = json.loads(place.run("jobs", "--json", "--in", "failed").out)
        assert failed["cause"] == "content_refused"
        assert "moderation" in failed["message"]


def test_a_failed_generation_is_bought_again_as_often_as_the_author_allows(
        place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults="fail: {nth: [1, 2, 4, 5, 6, 7]}") as served:
        place.settle_on(served)
        manifest = place.small("lamp", "chair")
        manifest.write_text(manifest.read_text() + "    max_paid_attempts: 3\n")
        planned = place.run("plan", "small.yaml", "--json").document["credits"]
        assert planned == {"expected": "26", "worst": "78"}
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert said.code in (0, 3)
        sold = len(books_of(served.folder))
        assert sold <= 6
        assert said.document["credits"]["charged"] == str(13 * sold)


TWINS = ["", "insufficient_as_400: true\n"]
"""Out of credits has come as 402 and as 400 (facts, section 10)."""


@pytest.mark.parametrize("twin", TWINS)
def test_a_balance_that_is_said_to_be_short_and_is_not_stops_nothing(
        place: Place, tmp_path: Path, twin: str) -> None:
    with sandbox(tmp_path / "books", faults="insufficient: {nth: [2]}\n" + twin) as served:
        place.settle_on(served)
        place.small("a", "b", "c", "d")
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert (said.code, said.document["jobs"]["done"]) == (0, 4)
        assert check_books(place, served) == 4


@pytest.mark.parametrize("twin", TWINS)
def test_a_service_that_insists_stops_the_buying_and_not_the_files(
        place: Place, tmp_path: Path, twin: str) -> None:
    insists = f"insufficient: {{nth: {list(range(2, 60))}}}\n"
    with sandbox(tmp_path / "books", faults=insists + twin) as served:
        place.settle_on(served)
        place.small("a", "b", "c", "d")
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert (said.code, said.document["jobs"]["done"]) == (7, 1)
        assert said.document["jobs"]["pending"] == 3 and "credits" in said.err
        assert served.books()["jobs"] == 1


@pytest.mark.parametrize("seed", range(20) if FULL else [5])
def test_everything_at_once(place: Place, tmp_path: Path, seed: int) -> None:
    kind = ("truncated", "html", "reset", "wrong_length", "empty")[seed % 5]
    with sandbox(tmp_path / "books", faults=CHAOS.replace("KIND", kind), seed=str(seed)) as served:
        place.settle_on(served)
        place.small(*[f"thing {number}" for number in range(8)])
        for _ in range(4):
            said = place.run("run", "small.yaml", "--yes", "--json")
            if said.code == 0:
                break
            assert said.code in (4, 12), said
        assert (said.code, said.document["jobs"]["done"]) == (0, 8), said
        assert check_books(place, served) == 8
