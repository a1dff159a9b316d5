"""Every command against a sandbox of its own process: what it says, where, and in which shape."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from processes_books import check_files, rows
from processes_kit import FULL, Place, Sandbox
from processes_shapes import ERROR, JOB, MODELS, PLAN, STATUS, check

from pipeline.cli import COMMANDS


@pytest.fixture
def bought(place: Place, shared: Sandbox, request: pytest.FixtureRequest) -> Place:
    """A folder with a finished run of three pictures."""
    place.settle_on(shared)
    place.small(*[f"{name} {request.node.name}" for name in ("lamp", "chair", "vase")])
    assert place.run("run", "small.yaml", "--yes").code == 0
    return place


def listing(folder: Path) -> dict[str, str]:
    """Every file below a folder with its digest and mode, the logs of the commands left out."""
    return {str(path.relative_to(folder)):
            f"{path.stat().st_mode} {hashlib.sha256(path.read_bytes()).hexdigest()}"
            if path.is_file() else str(path.stat().st_mode)
            for path in folder.rglob("*") if not re.match(r"(out|err)\.\d+", path.name)}


def test_help_is_there_for_every_command_and_costs_little(place: Place) -> None:
    everything = place.run("--help")
    assert everything.code == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", everything.out, re.MULTILINE), name
    for name in COMMANDS if FULL else ("run", "jobs", "sandbox"):
        said = place.run(name, "--help")
        assert (said.code, said.err) == (0, "")
        assert said.out.startswith(f"Usage: pipeline {name} ")
    assert listing(place.folder) == {}


def test_without_a_word_the_program_shows_its_help(place: Place) -> None:
    said = place.run()
    assert said.code == 2
    assert "Usage: pipeline [OPTIONS] COMMAND" in said.err
    assert "\n  run " in said.err
    assert "error:" not in said.err


def test_init_writes_a_folder_that_runs_as_it_is(place: Place) -> None:
    said = place.run("init", "shop")
    assert said.code == 0
    shop = Place(place.folder / "shop")
    planned = shop.run("plan", "manifests/campaign.yaml", "--json")
    assert planned.code == 0
    assert planned.document["jobs"]["total"] == 12
    again = place.run("init", "shop", "--json")
    assert (again.code, again.out) == (2, "")
    check(again.complaint, ERROR)


def test_validate_is_offline_after_the_first_time(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small()
    assert place.run("validate", "small.yaml", "--live").code == 0
    place.write("pipeline.toml", '[accounts.sandbox]\nbase_url = "http://127.0.0.1:9"\n')
    (place.folder / "cache").rename(place.folder / "old")
    assert place.run("validate", "small.yaml").code == 4
    place.settle_on(shared)
    (place.folder / "cache").mkdir(exist_ok=True)
    assert place.run("validate", "small.yaml", "--live").code == 0
    said = place.run("validate", "small.yaml", "--json")
    assert said.code == 0
    assert said.document == {"schema_version": 1, "problems": [],
                             "manifests": [{"file": "small.yaml", "jobs": 3}]}


def test_every_problem_of_a_manifest_is_told_at_once_with_its_place(place: Place,
                                                                    shared: Sandbox) -> None:
    place.settle_on(shared)
    place.write("bad.yaml", """\
version: 1
name: bad
account: sandbox
campaigns:
  - name: one
    models: [imagen-44]
    aspect_ratios: ["1:1"]
    prompt: "a lamp"
    colour: red
  - name: two
    models: [imagen-4]
    aspect_ratios: ["5:1"]
    prompt: "{{ nobody }}"
""")
    for command in ("validate", "plan", "run"):
        said = place.run(command, "bad.yaml", "--json")
        assert (said.code, said.out) == (2, "")
        check(said.complaint, ERROR)
        check({"problems": said.complaint["problems"]}, {"problems": PLAN["problems"]})
        assert {problem["line"] for problem in said.complaint["problems"]} >= {6, 9, 12, 13}
    plain = place.run("plan", "bad.yaml")
    assert "bad.yaml:6:" in plain.err
    assert "imagen-4" in plain.err


def test_models_has_the_shape_of_the_contract(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    said = place.run("models", "--json")
    assert said.code == 0
    check(said.document, MODELS)
    assert len(said.document["models"]) == 112
    videos = place.run("models", "--kind", "video", "--json").document["models"]
    assert videos
    assert {model["kind"] for model in videos} == {"video"}
    assert "imagen-4" in place.run("models").out


def test_plan_has_the_shape_of_the_contract_and_writes_nothing_but_the_catalog(
        place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small().write_text(place.small().read_text().replace(
        "account: sandbox", "account: sandbox\nbudget: {credits: 500}"))
    before = listing(place.folder)
    said = place.run("plan", "small.yaml", "--json")
    assert (said.code, said.err) == (0, "")
    check(said.document, PLAN)
    assert said.document["jobs"] == {"total": 3, "new": 3, "keep": 0, "retry": 0, "held": 0,
                                     "excluded": 0}
    assert said.document["credits"] == {"expected": "39", "worst": "39"}
    after = listing(place.folder)
    assert {name for name in after if not name.startswith("cache")} == set(before)
    assert {name: mark for name, mark in after.items() if name in before} == before


def test_plan_changes_no_byte_of_a_state_that_is_there(bought: Place) -> None:
    before = listing(bought.folder)
    for words in (("plan", "small.yaml"), ("diff", "small.yaml"), ("status",), ("runs",),
                  ("jobs",), ("report", "--format", "csv")):
        assert bought.run(*words).code == 0
        after = listing(bought.folder)
        assert {name: mark for name, mark in after.items()
                if not name.startswith("cache/")} == {
                    name: mark for name, mark in before.items() if not name.startswith("cache/")}


def test_a_saved_plan_is_run_unasked_and_exactly(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small("saved lamp", "saved chair")
    assert place.run("plan", "small.yaml", "-o", "plan.json").code == 0
    check(json.loads((place.folder / "plan.json").read_text()), PLAN | {"budget": dict})
    said = place.run("run", "plan.json", "--json")
    assert said.code == 0
    check(said.document, STATUS)
    check_files(place)


def test_run_and_status_have_the_shape_of_the_contract(bought: Place) -> None:
    again = bought.run("run", "small.yaml", "--yes", "--json")
    assert again.code == 0
    check(again.document, STATUS)
    assert again.document["jobs"]["done"] == again.document["jobs"]["kept"] == 3
    assert again.document["credits"]["charged"] == "0"
    said = bought.run("status", "--json")
    assert (said.code, said.err) == (0, "")
    assert said.document == again.document
    first = rows(bought, "select id from runs order by started_s")[0]["id"]
    named = bought.run("status", first, "--json").document
    assert (named["run"], named["credits"]["charged"], named["exit_code"]) == (first, "39", 0)
    assert "3 done" in bought.run("status").out
    runs = bought.run("runs", "--json").document["runs"]
    assert [run["run"] for run in runs] == [again.document["run"], first]
    assert first in bought.run("runs").out


def test_jobs_is_one_object_a_line(bought: Place) -> None:
    said = bought.run("jobs", "--json")
    assert (said.code, said.err) == (0, "")
    jobs = [json.loads(line) for line in said.out.splitlines()]
    assert len(jobs) == 3
    for job in jobs:
        check(job, JOB)
        assert (bought.folder / job["files"][0]["path"]).is_file()
    assert bought.run("jobs", "--json", "--in", "failed").out == ""
    assert len(bought.run("jobs", "--in", "done").out.splitlines()) == 3
    wrong = bought.run("jobs", "--in", "nowhere")
    assert (wrong.code, wrong.out) == (2, "")
    assert "in_doubt" in wrong.err


def test_show_tells_the_whole_story_of_a_job(bought: Place) -> None:
    key = rows(bought, "select key from jobs")[0]["key"]
    said = bought.run("show", key[:8], "--json")
    assert said.code == 0
    check(said.document, {"schema_version": 1, **JOB, "basis": "13 a job",
                          "events": [{"event": str}]})
    assert [event["event"] for event in said.document["events"]] == [
        "Intended", "Accepted", "Produced", "Saved"]
    assert "http://" not in said.out
    plain = bought.run("show", key)
    assert key in plain.out
    assert "accepted" in plain.out
    for name in ("", "zzz"):
        lost = bought.run("show", name, "--json")
        assert lost.code == 2
        check(lost.complaint, ERROR)


def test_report_comes_in_four_forms(bought: Place) -> None:
    sheet = bought.run("report")
    assert sheet.code == 0
    page = bought.folder / sheet.out.strip()
    assert page == bought.folder / "outputs/small/report/index.html"
    assert "<html" in page.read_text()
    said = bought.run("report", "-o", "sheet", "--json").document
    assert said["report"] == "sheet/index.html"
    for form, mark in (("csv", "imagen-4"), ("jsonl", '"imagen-4"'), ("md", "| ")):
        told = bought.run("report", "--format", form)
        assert told.code == 0
        assert mark in told.out
        assert bought.run("report", "--format", form, "-o", f"ledger.{form}").code == 0
        assert (bought.folder / f"ledger.{form}").read_text() == told.out


def test_fetch_brings_back_what_is_gone_or_damaged_and_buys_nothing(
        bought: Place, shared: Sandbox) -> None:
    files = sorted((bought.folder / "outputs").rglob("*.png"))
    files[0].unlink()
    files[1].write_bytes(b"damaged")
    sold = shared.books()["jobs"]
    said = bought.run("fetch", "--json")
    assert said.code == 0
    assert said.document["whole"] == 1
    assert len(said.document["fetched"]) == 2
    assert said.document["lost"] == []
    assert shared.books()["jobs"] == sold
    again = bought.run("fetch", "--json").document
    assert (again["whole"], again["fetched"], again["lost"]) == (3, [], [])
    damaged = files[1].with_name(f"{files[1].stem}~damaged.png")
    assert damaged.read_bytes() == b"damaged"
    damaged.unlink()
    check_files(bought)


def test_balance_history_and_doctor_look_at_the_account(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    said = place.run("balance", "--json")
    assert said.code == 0
    check(said.document, {"schema_version": 1, "account": "sandbox", "balance": str})
    assert place.run("history", "--json").code == 0
    checked = place.run("doctor", "--json")
    assert checked.code == 0
    assert checked.document["ok"] is True
    assert {"lock", "disk", "catalog", "balance", "clock"} <= {
        line["check"] for line in checked.document["checks"]}
    assert not (place.folder / "state").exists()


def test_schema_and_completion_print_what_they_say(place: Place) -> None:
    schema = place.run("schema").document
    assert schema["properties"]["campaigns"]
    for shell in ("bash", "zsh", "fish"):
        said = place.run("completion", shell)
        assert said.code == 0
        assert "_PIPELINE_COMPLETE" in said.out


def test_diff_names_what_came_and_what_went(bought: Place) -> None:
    assert "nothing changed" in bought.run("diff", "small.yaml").out
    bought.small("quite another thing")
    said = bought.run("diff", "small.yaml", "--json")
    assert said.code == 0
    assert len(said.document["added"]) == 1
    assert len(said.document["removed"]) == 3
    assert said.document["credits"]["expected"] == "13"
    assert "1 job to add: 13 credits" in bought.run("diff", "small.yaml").out


def test_only_limit_and_variants_choose_what_is_bought(place: Place, shared: Sandbox) -> None:
    place.settle_on(shared)
    manifest = place.small("chosen lamp", "chosen chair", "chosen vase")
    manifest.write_text(manifest.read_text() + "    variants: 2\n")
    assert place.run("plan", "small.yaml", "--json").document["jobs"]["total"] == 6
    one = place.run("run", "small.yaml", "--yes", "--only", "product=chosen chair", "--json")
    assert (one.code, one.document["jobs"]["done"]) == (0, 2)
    some = place.run("run", "small.yaml", "--yes", "--limit", "3", "--json")
    assert (some.code, some.document["jobs"]["total"], some.document["jobs"]["kept"]) == (0, 3, 1)
    assert place.run("run", "small.yaml", "--yes", "--json").document["jobs"]["kept"] == 4
    prompts = [row["prompt"] for row in shared.books()["rows"] if "chosen" in row["prompt"]]
    assert sorted(prompts) == sorted(2 * sorted(set(prompts)))
    assert len(prompts) == 6
    check_files(place)
    wrong = place.run("run", "small.yaml", "--yes", "--only", "nothing")
    assert wrong.code == 2


def test_json_leaves_stdout_to_the_document_and_progress_to_stderr(place: Place,
                                                                   shared: Sandbox) -> None:
    place.settle_on(shared)
    place.small("quiet lamp")
    said = place.run("run", "small.yaml", "--yes", "--json", "--progress", "json")
    assert said.code == 0
    check(said.document, STATUS)
    events = [json.loads(line) for line in said.err.splitlines() if line.startswith("{")]
    assert [events[0]["event"], events[-1]["event"]] == ["started", "finished"]
    silent = place.run("run", "small.yaml", "--yes", "--json", "-q")
    assert silent.err == ""
    assert silent.document["jobs"]["kept"] == 1
