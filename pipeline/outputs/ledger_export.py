"""The rows of a run for a spreadsheet, for a program, for a document.

Law: no cell of a table that we write is a formula to the program that opens it.
"""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from pipeline.core.report import Entry, describe
from pipeline.outputs.job_document import job_document
from pipeline.outputs.phrases import WORDS, amount, why
from pipeline.outputs.printable import shorten, visible, visible_lines

COLUMNS = ("frame", "job", "run", "campaign", "state", "kept", "kind", "account", "model",
           "aspect_ratio", "variant", "quoted", "charged", "attempts", "remote_id", "cause",
           "message", "created_at", "submitted_at", "finished_at", "files", "prompt")

CELL_CHARS = 32_000
"""A cell of a spreadsheet holds 32 767 characters."""

PROMPT_CHARS = 160
"""How much of a prompt a table in a document shows."""

_RISKY = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*"
                    r"[=+\-@\t\r\n＝＋－＠]")
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def guard(value: object) -> str:
    """A cell that is text to every spreadsheet: an apostrophe goes before what could be a formula.

    >>> guard("=1+1"), guard("plain")
    ("'=1+1", 'plain')
    """
    text = str(value)
    risky = _RISKY.match(text)
    shown = visible_lines(text, CELL_CHARS)
    return f"'{shown}" if risky else shown


def names_of_vars(entries: Iterable[Entry]) -> list[str]:
    """The variables of all rows, in the author's order: a first pass for `export_csv`."""
    return list(dict.fromkeys(name for entry in entries for name in entry.vars))


def export_csv(entries: Iterable[Entry], stream: TextIO, outputs: str = "",
               variables: Sequence[str] = ()) -> None:
    """One row a job. Each of `variables` has a column of its own, after the fixed ones."""
    writer = csv.writer(stream)
    writer.writerow([*COLUMNS, *(guard(f"var.{name}") for name in variables)])
    for entry in entries:
        document = job_document(entry, outputs)
        cells = [_cell(entry, name, document) for name in COLUMNS]
        cells += [describe(entry.vars[name]) if name in entry.vars else "" for name in variables]
        writer.writerow([guard(cell) for cell in cells])


def _cell(entry: Entry, name: str, document: Mapping[str, object]) -> object:
    if name == "frame":
        return entry.seq + 1
    if name == "files":
        return "\n".join(file.path for file in entry.job.files)
    if name == "remote_id":
        return "\n".join(entry.job.remote_ids)
    value = document[name]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value


def export_jsonl(entries: Iterable[Entry], stream: TextIO, outputs: str = "") -> None:
    """One line a job, as `jobs --json`."""
    for entry in entries:
        stream.write(json.dumps(job_document(entry, outputs)) + "\n")


def export_markdown(entries: Iterable[Entry], stream: TextIO) -> None:
    """A table for each campaign, to paste into a document."""
    campaign = None
    for entry in entries:
        if entry.campaign != campaign:
            stream.write(f"{'' if campaign is None else chr(10)}## {_plain(entry.campaign, 64)}\n\n"
                         "| frame | what | model | shape | state | credits | prompt |\n"
                         "| ---: | --- | --- | --- | --- | ---: | --- |\n")
            campaign = entry.campaign
        stream.write(_markdown_row(entry))


def _markdown_row(entry: Entry) -> str:
    job, spec = entry.job, entry.job.spec
    what = " · ".join(describe(value) for value in entry.vars.values())
    told = why(job, chosen=entry.chosen)
    state = f"{WORDS[job.state]}: {told}" if told else WORDS[job.state]
    cells = [str(entry.seq + 1), _plain(what, 120), _plain(spec.model, 80),
             _plain(spec.aspect_ratio or "", 20), _plain(state, 120), amount(job.charged),
             _plain(spec.prompt, PROMPT_CHARS)]
    return f"| {' | '.join(cells)} |\n"


def _plain(text: object, limit: int) -> str:
    """A text that is only text in Markdown: one line, no mark, no markup."""
    return _MARKS.sub(r"\\\1", shorten(visible(text, limit), limit))
