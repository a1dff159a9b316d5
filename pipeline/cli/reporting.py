"""The command that shows a run to others: the contact sheet, or the ledger as a table."""

import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import TextIO

import click

from pipeline.cli.looking import find_run, ledger
from pipeline.cli.options import Common, everywhere, print_json
from pipeline.core.report import Entry, RunInfo
from pipeline.ledger.questions import Questions


@click.command("report")
@click.argument("run", default="")
@click.option("-o", "--output", type=click.Path(path_type=Path),
              help="The folder of the sheet, or the file of --format.")
@click.option("--format", "form", type=click.Choice(["html", "csv", "jsonl", "md"]),
              default="html", show_default=True, help="The contact sheet, or the ledger.")
@click.option("--thumbs", type=click.IntRange(0), metavar="N",
              help="Draw at most N new small pictures; the others are shown as they are until the "
                   "next report.  [default: 20000]")
@everywhere
def report_command(run: str, *, output: Path | None, form: str, thumbs: int | None,
                   common: Common) -> int:
    """The contact sheet of a run, finished or not; it opens from disk with no network."""
    with ledger(common) as ask:
        found = find_run(ask, run)
        written = _write_sheet(common, ask, found, output, thumbs) if form == "html" \
            else _write_ledger(ask, found, form, output)
    if common.as_json and written:
        print_json({"schema_version": 1, "run": found.id, "report": str(written)})
    elif written:
        sys.stdout.write(f"{written}\n")
    return 0


def _write_sheet(common: Common, ask: Questions, run: RunInfo, output: Path | None,
                 thumbs: int | None) -> Path:
    # each command pays for its own view
    from pipeline.outputs.sheet import write_sheet
    from pipeline.outputs.thumbs import MOST, Easel

    folder = output or Path(run.outputs) / "report"
    easel = Easel(MOST if thumbs is None else thumbs)
    written = write_sheet(folder, run=run, rows=RunRows(ask, run.id), totals=ask.totals(run.id),
                          outputs=Path(run.outputs).parent, base=Path(), now_s=time.time(),
                          easel=easel)
    if easel.waiting and not common.quiet:
        sys.stderr.write(f"{easel.waiting:,} pictures are shown as they are; the next report draws "
                         "small ones of them\n")
    return written


class RunRows:
    """The rows of a run for its sheet, read as often as it asks."""

    def __init__(self, ask: Questions, run: str) -> None:
        self._ask = ask
        self._run = run

    def __iter__(self) -> Iterator[Entry]:
        return self._ask.entries(self._run)

    def find(self, keys: Collection[str]) -> Iterable[Entry]:
        """Those of these jobs."""
        return self._ask.entries_of(self._run, keys)


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
