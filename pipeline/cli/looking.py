"""Commands that look back: status, runs, jobs, show, report. They only read the ledger."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import click

from pipeline.cli.options import Common, everywhere, print_json
from pipeline.core.errors import Exit, Halt
from pipeline.core.job import AT_REST, State
from pipeline.core.outcome import judge_run
from pipeline.core.report import Entry, RunInfo, Totals
from pipeline.ledger.connection import open_for_reading
from pipeline.ledger.questions import Questions

STATES = click.Choice([state.value for state in State])


@contextmanager
def ledger(common: Common) -> Iterator[Questions]:
    """The ledger, for questions; raises `Halt` (2) where there is none."""
    connection = open_for_reading(common.state)
    if connection is None:
        raise Halt(Exit.USAGE, f"there is no run in {common.state}", code="no_run",
                   hint="`pipeline run MANIFEST` begins one")
    ask = Questions(connection)
    try:
        yield ask
    finally:
        ask.close()


def find_run(ask: Questions, name: str) -> RunInfo:
    """The run a person means; raises `Halt` (2) for none."""
    run = ask.find_run(name)
    if run is None:
        raise Halt(Exit.USAGE, f"no run {name!r}" if name else "there is no run yet",
                   code="no_run", hint="`pipeline runs` lists them")
    return run


@click.command("status")
@click.argument("run", default="")
@everywhere
def status_command(run: str, *, common: Common) -> int:
    """Where a run stands: its jobs by state, and its credits."""
    with ledger(common) as ask:
        found, totals = _standing(ask, find_run(ask, run))
        seconds = ask.worked_s(found.id)
    # each command pays for its own view
    from pipeline.outputs.status_view import show_status, status_document

    if common.as_json:
        print_json(status_document(found, totals, seconds, _exit_code(found, totals)))
    else:
        show_status(_screen(common), found, totals, seconds=seconds)
    return 0


def _standing(ask: Questions, run: RunInfo) -> tuple[RunInfo, Totals]:
    """A run and its figures; a code that it ended with for doubts holds as long as they do."""
    totals = ask.totals(run.id)
    settled = run.exit_code == Exit.DOUBT and not totals.states[State.IN_DOUBT]
    return replace(run, exit_code=None) if settled else run, totals


def _exit_code(run: RunInfo, totals: Totals) -> int:
    """How the run ended; for one that was cut off, how it stands."""
    if run.exit_code is not None:
        return run.exit_code
    cut_off = {Exit.INTERRUPTED} if any(
        number for state, number in totals.states.items() if state not in AT_REST) else set()
    return judge_run(totals, cut_off)


@click.command("runs")
@everywhere
def runs_command(*, common: Common) -> int:
    """All runs, the latest first."""
    with ledger(common) as ask:
        runs = [_standing(ask, run) for run in ask.runs()]
    # each command pays for its own view
    from pipeline.outputs.status_view import runs_document, show_runs

    if common.as_json:
        print_json(runs_document(runs))
    else:
        show_runs(_screen(common), runs)
    return 0


@click.command("jobs")
@click.argument("run", default="")
@click.option("--in", "within", type=STATES, default=None, help="Only jobs in this state.")
@everywhere
def jobs_command(run: str, *, within: str | None, common: Common) -> int:
    """The jobs of a run; with --json one object a line."""
    # each command pays for its own view
    from pipeline.outputs.job_view import job_document, show_jobs

    with ledger(common) as ask:
        found = find_run(ask, run)
        entries = ask.entries(found.id, within or "")
        if not common.as_json:
            totals = ask.totals(found.id)
            show_jobs(_screen(common), entries,
                      totals.states[State(within)] if within else totals.total)
            return 0
        for entry in entries:
            print_json(job_document(entry, ""))
    return 0


@click.command("show")
@click.argument("job")
@everywhere
def show_command(job: str, *, common: Common) -> int:
    """One job's whole story. JOB is its id, or the beginning of it."""
    # each command pays for its own view
    from pipeline.outputs.job_view import job_document, show_job

    with ledger(common) as ask:
        entry = _one(ask, job)
        events = ask.events(entry.job.key)
    if common.as_json:
        story = [{"at": at_s, "event": kind, **json.loads(body)} for at_s, kind, body in events]
        print_json({"schema_version": 1, **job_document(entry, ""),
                    "basis": entry.job.quote.basis, "events": _clean(story)})
    else:
        show_job(_screen(common), entry, events)
    return 0


def _clean(story: list[dict[str, object]]) -> list[dict[str, object]]:
    """Result links may be signed; they are for the downloader only."""
    return [{name: value for name, value in event.items() if name != "outputs"}
            for event in story]


def _one(ask: Questions, prefix: str) -> Entry:
    found = ask.find_entries(prefix)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Halt(Exit.USAGE, f"no job {prefix!r}", code="no_job",
                   hint="`pipeline jobs` lists them")
    raise Halt(Exit.USAGE, f"{len(found)} jobs begin with {prefix!r}", code="ambiguous_job",
               hint="give a few more characters: " + ", ".join(e.job.key[:12] for e in found[:5]))


@click.command("report")
@click.argument("run", default="")
@click.option("-o", "--output", type=click.Path(path_type=Path),
              help="The folder of the sheet, or the file of --format.")
@click.option("--format", "form", type=click.Choice(["html", "csv", "jsonl", "md"]),
              default="html", show_default=True, help="The contact sheet, or the ledger.")
@everywhere
def report_command(run: str, *, output: Path | None, form: str, common: Common) -> int:
    """The contact sheet of a run, finished or not; it opens from disk with no network."""
    with ledger(common) as ask:
        found = find_run(ask, run)
        written = _write_sheet(ask, found, output) if form == "html" \
            else _write_ledger(ask, found, form, output)
    if common.as_json and written:
        print_json({"schema_version": 1, "run": found.id, "report": str(written)})
    elif written:
        sys.stdout.write(f"{written}\n")
    return 0


def _write_sheet(ask: Questions, run: RunInfo, output: Path | None) -> Path:
    from pipeline.core.report import tally  # each command pays for its own view
    from pipeline.outputs.sheet import write_sheet

    folder = output or Path(run.outputs) / "report"
    entries = (_with_absolute_paths(entry) for entry in ask.entries(run.id))
    return write_sheet(folder, run=run, sections=tally(entries), totals=ask.totals(run.id),
                       outputs=Path(run.outputs).parent, now_s=time.time())


def _with_absolute_paths(entry: Entry) -> Entry:
    files = tuple(replace(file, path=str(Path(file.path).absolute())) for file in entry.job.files)
    return replace(entry, job=replace(entry.job, files=files))


def _write_ledger(ask: Questions, run: RunInfo, form: str, output: Path | None) -> Path | None:
    # each command pays for its own view
    from pipeline.outputs.ledger_export import export_jsonl, export_markdown

    write: Callable[[Iterator[Entry], TextIO], None] = _export_csv(ask, run) if form == "csv" \
        else {"jsonl": export_jsonl, "md": export_markdown}[form]
    if output is None:
        write(ask.entries(run.id), sys.stdout)
        return None
    with output.open("w", encoding="utf-8", newline="") as stream:
        write(ask.entries(run.id), stream)
    return output


def _export_csv(ask: Questions, run: RunInfo) -> Callable[[Iterator[Entry], TextIO], None]:
    # each command pays for its own view
    from pipeline.outputs.ledger_export import export_csv, names_of_vars

    variables = names_of_vars(ask.entries(run.id))
    return lambda entries, stream: export_csv(entries, stream, variables=variables)


def _screen(common: Common):  # type: ignore[no-untyped-def] # its class is what the import saves
    from pipeline.outputs.console import open_screen  # each command pays for its own view

    return open_screen(sys.stdout, color=common.color)
