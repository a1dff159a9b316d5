"""Runs and jobs as people and programs read them. Method: one run with every state, and
hostile text in every field that comes from outside."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outputs_samples import (
    HOSTILE,
    NOW_S,
    make_entry,
    make_job,
    make_odd,
    make_shown,
)
from outputs_studio import make_studio

from pipeline.core.catalog import Capability, Catalog, Model
from pipeline.core.job import State
from pipeline.core.money import Money
from pipeline.core.price_rule import Flat, PerSecond
from pipeline.core.report import Totals
from pipeline.outputs.console import Screen, open_screen
from pipeline.outputs.job_document import job_document
from pipeline.outputs.job_view import show_job, show_jobs
from pipeline.outputs.model_choice import Choice
from pipeline.outputs.models_view import models_document, show_models
from pipeline.outputs.status_document import runs_document, status_document, summary_line
from pipeline.outputs.status_view import show_runs, show_status, state_widths

HARMFUL = set("\x00\x07\x1b\x9b\u202e\u2066\u2028\ud800")


def make_screen(width: int = 80) -> Screen:
    return open_screen(StringIO(), color=False, width=width)


def text_of(screen: Screen) -> str:
    assert isinstance(screen.file, StringIO)
    return screen.file.getvalue()


def test_the_status_document_is_the_one_of_the_contract(tmp_path: Path) -> None:
    shown = make_shown(tmp_path)
    assert status_document(shown.run, shown.totals, 531.24, 3) == {
        "schema_version": 1, "run": "20260312-140203-7f3a",
        "manifest": "spring-launch",
        "jobs": {"total": 30, "pending": 2, "submitting": 1, "in_doubt": 1, "running": 2,
                 "produced": 1, "done": 20, "failed": 2, "cancelled": 1, "kept": 3},
        "credits": {"charged": "346.5", "held": "187", "in_doubt": "8.5", "refunded": "0"},
        "seconds": 531.2, "outputs": "outputs/spring-launch", "exit_code": 3}


def test_a_line_of_jobs_is_the_one_of_the_contract(tmp_path: Path) -> None:
    entry = make_shown(tmp_path).entries[0]
    document = job_document(entry, "outputs")
    assert document["job"] == entry.job.key
    assert document["vars"] == {"brand": "Acme", "product": "headphones"}
    assert (document["quoted"], document["charged"], document["attempts"]) == ("14", "14", 1)
    assert document["created_at"] == "2026-03-12T13:53:40Z"
    assert document["finished_at"] == "2026-03-12T13:57:00Z"
    assert "remote_ids" not in document
    files = document["files"]
    assert isinstance(files, list)
    assert files[0]["path"] == f"outputs/{entry.job.files[0].path}"
    assert files[0]["width"] == 512
    json.dumps(document)


def test_several_ids_of_one_start_are_all_told() -> None:
    job = replace(make_job(state=State.RUNNING), remote_ids=("a", "b"))
    document = job_document(make_entry(0, job), "")
    assert (document["remote_id"], document["remote_ids"]) == ("a", ["a", "b"])
    assert document["finished_at"] is None


def test_a_run_in_one_line_leaves_out_what_is_not_there() -> None:
    totals = Totals({State.DONE: 2}, 0, Money.parse("28"))
    assert summary_line(totals, 9) == "2 of 2 done; 28 credits charged; 9.0 s"


@given(st.lists(st.integers(0, 10**6), min_size=8, max_size=8), st.integers(8, 200))
def test_the_bar_is_full_and_hides_no_state(numbers: list[int], columns: int) -> None:
    totals = Totals(dict(zip(State, numbers, strict=True)))
    widths = state_widths(totals, columns)
    assert sum(widths) == columns
    assert sum(width > 0 for width in widths) >= sum(number > 0 for number in numbers)


def test_the_story_of_a_job_hides_addresses_and_tells_the_rest(tmp_path: Path) -> None:
    entry = make_shown(tmp_path).entries[0]
    screen = make_screen(120)
    show_job(screen, entry, [
        (NOW_S - 400, "Intended", '{"tag":"t","hold":14000000}'),
        (NOW_S - 399.5, "Accepted", '{"remote_ids":["gen-1"]}'),
        (NOW_S - 340, "Produced", '{"outputs":[{"url":"https://signed"}],"charged":14000000}'),
        (NOW_S - 339, "Deferred", '{"cause":"throttled","message":"slow down"}'),
        (NOW_S - 338, "Saved", "not json at all")])
    text = text_of(screen)
    assert "signed" not in text
    for part in ("14 held", "gen-1", "+1 min 00 s", "14 charged", "come back later, slow down"):
        assert part in text


def test_several_files_are_told_by_their_labels_and_lengths(tmp_path: Path) -> None:
    entries = {(e.campaign, e.job.key): e for e in make_studio(tmp_path).entries}
    screen = make_screen(100)
    show_jobs(screen, entries.values(), len(entries))
    text = text_of(screen)
    for part in ("vocals, instrumental · 3 min 11 s", "2 files · 3 min 11 s, 3 min 10 s", "3 files",
                 "2 files, 2 of 3 ads came; the third was refused", "voice Rachel · 4.0 s"):
        assert part in text, part
    stems = next(entry for entry in entries.values() if entry.campaign == "stems")
    assert [file["label"] for file in job_document(stems, "")["files"]] == [  # type: ignore[attr-defined]
        "vocals", "instrumental"]
    assert "label" not in job_document(next(iter(entries.values())), "")["files"][0]  # type: ignore[index]


def test_the_whole_story_of_a_job_that_came_in_part(tmp_path: Path) -> None:
    entry = next(e for e in make_studio(tmp_path).entries if e.campaign == "ads")
    screen = make_screen(120)
    show_job(screen, entry, [])
    text = text_of(screen)
    for part in ("2 of 3 ads came; the third was refused", "150 credits  150 a job", "ad-1", "ad-2",
                 "ad-3", "ad1.png  512 × 640", "ad2.png  512 × 640"):
        assert part in text, part
    assert text.count("Remote ids") == 1
    stems = next(e for e in make_studio(tmp_path).entries if e.campaign == "stems")
    screen = make_screen(120)
    show_job(screen, stems, [])
    assert "instrumental.wav  instrumental, 3 min 11 s, 80 kB" in text_of(screen)


def test_a_long_list_of_jobs_is_cut_and_says_so() -> None:
    screen = make_screen()
    show_jobs(screen, (make_entry(n, make_job()) for n in range(1203)), 1203)
    assert "and 703 more" in text_of(screen)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_every_view_fits_its_terminal_and_harms_nobody(tmp_path: Path, width: int) -> None:
    odd = make_odd(tmp_path)
    screen = make_screen(width)
    show_status(screen, odd.run, odd.totals, seconds=5)
    show_runs(screen, [(odd.run, odd.totals)])
    show_jobs(screen, odd.entries, len(odd.entries))
    for entry in odd.entries:
        show_job(screen, entry, [(NOW_S, HOSTILE, json.dumps({"message": HOSTILE})),
                                 (NOW_S, "Failed", HOSTILE)])
    text = text_of(screen)
    assert not HARMFUL & set(text)
    assert max(map(len, text.splitlines())) <= width


def test_without_colour_there_is_no_escape_sequence(tmp_path: Path) -> None:
    shown = make_shown(tmp_path)
    screen = make_screen()
    show_status(screen, shown.run, shown.totals, seconds=5)
    assert "\x1b" not in text_of(screen)


def test_runs_are_listed_with_their_figures(tmp_path: Path) -> None:
    shown = make_shown(tmp_path)
    document = runs_document([(shown.run, shown.totals)])
    runs = document["runs"]
    assert isinstance(runs, list)
    assert runs[0]["ended_at"] is None
    screen = make_screen()
    show_runs(screen, [])
    assert text_of(screen) == "no runs yet\n"


def make_catalog() -> Catalog:
    models = [
        Model("nano-banana-2", "image", "Nano Banana 2", Flat(Money.parse("14")), typical_s=42,
              capability=Capability(20000, ("1:1",), max_images=8)),
        Model("kling-3-0-std", "video", "Kling", PerSecond(Money.parse("17"))),
        Model("odd", "video", HOSTILE, None, price_note=HOSTILE)]
    return Catalog("sandbox", "2026-03-12T12:02:03Z", {model.id: model for model in models})


def test_the_models_document_is_the_one_of_the_contract() -> None:
    document = models_document("kubeez", make_catalog())
    models = document["models"]
    assert isinstance(models, list)
    assert document["fetched_at"] == "2026-03-12T12:02:03Z"
    assert models[0].items() >= {"model": "nano-banana-2", "kind": "image",
                                 "name": "Nano Banana 2", "typical_seconds": 42,
                                 "price": {"credits": "14", "per": "job"}}.items()
    assert models[0]["capabilities"].items() >= {
        "aspect_ratios": ["1:1"], "durations": [], "resolutions": [], "max_sources": 8,
        "prompt_max_chars": 20000}.items()
    assert models[1]["price"]["per"] == "second"
    assert models[2]["price"] is None


def test_models_are_shown_by_kind_with_their_prices() -> None:
    screen = make_screen()
    show_models(screen, make_catalog(), now_s=NOW_S)
    text = text_of(screen)
    for part in ("14 a job", "17 a second", "no price", "3 models of sandbox", "1 h 59 min ago"):
        assert part in text
    screen = make_screen()
    show_models(screen, make_catalog(), Choice(kind="image"), now_s=NOW_S)
    assert "kling" not in text_of(screen)
