"""Commands that look back: status, runs, jobs, show. They only read the ledger."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from pipeline.cli.options import Common, everywhere, print_json
from pipeline.core.errors import Exit, Halt
from pipeline.core.job import AT_REST, State
from pipeline.core.outcome import judge_run
from pipeline.core.report import Entry, RunInfo, Totals
from pipeline.ledger.connection import open_for_reading
from pipeline.ledger.standing import Standing

if TYPE_CHECKING:
    from pipeline.ledger.questions import Questions

STATES = click.Choice([state.value for state in State])


@contextmanager
def ledger(common: Common) -> Iterator["Questions"]:
    """The ledger, for questions; raises `Halt` (2) where there is none."""
    from pipeline.ledger.questions import Questions  # `status` does without

    with standing(common) as ask:
        yield Questions(ask.connection)


@contextmanager
def standing(common: Common) -> Iterator[Standing]:
    """The ledger, for what is asked of whole runs; raises `Halt` (2) where there is none."""
    connection = open_for_reading(common.state)
    if connection is None:
        raise Halt(Exit.USAGE, f"there is no run in {common.state}", code="no_run",
                   hint="`pipeline run MANIFEST` begins one")
    ask = Standing(connection)
    try:
        yield ask
    finally:
        ask.close()


def find_run(ask: Standing, name: str) -> RunInfo:
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
    with standing(common) as ask:
        found, totals = _standing(ask, find_run(ask, run))
        seconds = ask.worked_s(found.id)
    if common.as_json:
        from pipeline.outputs.status_document import status_document  # a program needs no screen

        print_json(status_document(found, totals, seconds, _exit_code(found, totals)))
    else:
        from pipeline.outputs.status_view import show_status  # each command pays for its own view

        show_status(_screen(common), found, totals, seconds=seconds)
    return 0


def _standing(ask: Standing, run: RunInfo) -> tuple[RunInfo, Totals]:
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
    with standing(common) as ask:
        runs = [_standing(ask, run) for run in ask.runs()]
    if common.as_json:
        from pipeline.outputs.status_document import runs_document  # a program needs no screen

        print_json(runs_document(runs))
    else:
        from pipeline.outputs.status_view import show_runs  # each command pays for its own view

        show_runs(_screen(common), runs)
    return 0


@click.command("jobs")
@click.argument("run", default="")
@click.option("--in", "within", type=STATES, default=None, help="Only jobs in this state.")
@everywhere
def jobs_command(run: str, *, within: str | None, common: Common) -> int:
    """The jobs of a run; with --json one object a line."""
    with ledger(common) as ask:
        found = find_run(ask, run)
        entries = ask.entries(found.id, within or "")
        if not common.as_json:
            from pipeline.outputs.job_view import show_jobs  # each command pays for its own view

            totals = ask.totals(found.id)
            show_jobs(_screen(common), entries,
                      totals.states[State(within)] if within else totals.total)
            return 0
        from pipeline.outputs.job_document import job_document  # a program needs no screen

        for entry in entries:
            print_json(job_document(entry, ""))
    return 0


@click.command("show")
@click.argument("job")
@everywhere
def show_command(job: str, *, common: Common) -> int:
    """One job's whole story. JOB is its id, or the beginning of it."""
    # each command pays for its own view
    from pipeline.outputs.job_document import job_document
    from pipeline.outputs.job_view import show_job

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


def _one(ask: "Questions", prefix: str) -> Entry:
    from pipeline.ledger.questions import FOUND  # `status` does without

    found = ask.find_entries(prefix)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Halt(Exit.USAGE, f"no job {prefix!r}", code="no_job",
                   hint="`pipeline jobs` lists them")
    number = f"{len(found)}{' or more' if len(found) == FOUND else ''}"
    raise Halt(Exit.USAGE, f"{number} jobs begin with {prefix!r}", code="ambiguous_job",
               hint="give a few more characters: " + ", ".join(e.job.key[:12] for e in found[:5]))


def _screen(common: Common):  # type: ignore[no-untyped-def] # its class is what the import saves
    from pipeline.outputs.console import open_screen  # each command pays for its own view

    return open_screen(sys.stdout, color=common.color)
