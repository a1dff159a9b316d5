"""Jobs as a table, as JSON, and the whole story of one.

Law: no address of a file at a service is ever shown, for it may be signed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.core.job import File, Job
from pipeline.core.money import Money
from pipeline.core.report import Entry, describe
from pipeline.outputs.console import foreign, said
from pipeline.outputs.phrases import amount, count, priced, reason, size, span, why
from pipeline.outputs.printable import visible, visible_lines

JOBS_SHOWN = 500
KEY_CHARS = 8
"""As much of a key as a table shows; commands take any beginning that is unique."""

PROMPT_CHARS = 4000
SHORT_CHARS = 24
"""A parameter longer than this is a text, and none that tells jobs apart at a glance."""


def show_jobs(console: Console, entries: Iterable[Entry], total: int) -> None:
    """Print jobs as a table, the first few hundred of so many."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for entry in islice(entries, JOBS_SHOWN):
        job = entry.job
        table.add_row(job.key[:KEY_CHARS], said(job.state), _what(entry),
                      amount(job.charged) if job.charged else "–")
    console.print(table if table.row_count else "no jobs")
    if (more := total - table.row_count) > 0:
        console.print(Text(f"and {more:,} more; `--json` gives them all", "dim"))


def _what(entry: Entry) -> Text:
    """Where a job stands in the matrix, and under it why it has brought nothing."""
    spec, job = entry.job.spec, entry.job
    parts = [entry.campaign, spec.model, spec.aspect_ratio or "",
             *(describe(value) for value in entry.vars.values()),
             *(f"{name} {value}" for name, value in spec.params.items()
               if len(str(value)) <= SHORT_CHARS),
             f"variant {spec.variant}" if spec.variant > 1 else "",
             *(span(file.seconds) for file in job.files if file.seconds and len(job.files) == 1)]
    text = foreign(" · ".join(part for part in parts if part), limit=160)
    if told := why(job, chosen=entry.chosen):
        text.append(f"\n{told}", "dim")
    elif told := ", ".join(part for part in (_brought(job), visible(job.message, 160)) if part):
        text.append(f"\n{told}", "yellow" if job.message else "dim")
    return text


def _brought(job: Job) -> str:
    """The files of a job that has several, by their labels, and how long they are."""
    if len(job.files) < 2:
        return ""
    labels = ", ".join(visible(file.label, 40) for file in job.files if file.label)
    lengths = ", ".join(dict.fromkeys(span(file.seconds) for file in job.files if file.seconds))
    return " · ".join(part for part in (labels or count(len(job.files), "file"), lengths) if part)


def show_job(console: Console, entry: Entry,
             events: Sequence[tuple[float, str, str]]) -> None:
    """Print one job's whole story. `events` are (when, what, its body in JSON), oldest first."""
    job, spec = entry.job, entry.job.spec
    console.print(Text.assemble(foreign(job.key, "bold"), "  ", said(job.state)))
    console.print(foreign(" · ".join(part for part in (
        entry.campaign, spec.model, spec.aspect_ratio or "", job.account) if part), "dim"))
    console.print()
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in _facts(entry):
        facts.add_row(name, text)
    console.print(Padding(facts, (0, 0, 1, 2)))
    console.print(Padding(_timeline(job, events), (0, 0, 0, 2)))


def _facts(entry: Entry) -> Iterable[tuple[str, Text]]:
    job, spec = entry.job, entry.job.spec
    if spec.prompt:
        yield "Prompt", Text(visible_lines(spec.prompt, PROMPT_CHARS))
    for name, values in (("Varies", entry.vars), ("Sends", spec.params), ("Tags", entry.tags)):
        if values:
            yield name, foreign(_pairs(values), limit=400)
    if spec.variant > 1:
        yield "Variant", Text(str(spec.variant))
    yield "Quoted", Text.assemble(priced(job.quote.expected), (_basis(job), "dim"))
    if job.held:
        yield "Held", Text(priced(job.held), "yellow")
    if job.charged:
        yield "Charged", Text(priced(job.charged))
    if told := why(job, chosen=entry.chosen):
        yield "Because", foreign(f"{told}: {job.message}" if job.message else told, limit=600)
    elif job.message:
        yield "Note", foreign(job.message, "yellow", 600)
    for index, remote_id in enumerate(job.remote_ids):
        yield "" if index else f"Remote id{'s' * (len(job.remote_ids) > 1)}", foreign(remote_id)
    for index, file in enumerate(job.files):
        yield "" if index else "Files", _file_line(file)


def _basis(job: Job) -> str:
    return f"  {visible(job.quote.basis, 120)}" if job.quote.basis else ""


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {describe(value)}" for name, value in values.items())


def _file_line(file: File) -> Text:
    shape = f"{file.width} × {file.height}" if file.width and file.height else ""
    length = span(file.seconds) if file.seconds else ""
    facts = ", ".join(part for part in (visible(file.label, 40), shape, length, size(file.bytes))
                      if part)
    return Text.assemble(foreign(file.path, limit=300), (f"  {facts}", "dim"))


def _timeline(job: Job, events: Sequence[tuple[float, str, str]]) -> Table:
    """One line an event, with the time since the one before."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(style="dim", justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", style="dim")
    before_s, day = job.created_s, ""
    for at_s, kind, body in [(job.created_s, "wanted", "{}"), *events]:
        at = datetime.fromtimestamp(at_s, UTC)
        if f"{at:%Y-%m-%d}" != day:
            day = f"{at:%Y-%m-%d}"
            table.add_row(day, "UTC")
        gap = f"+{span(at_s - before_s)}" if at_s > before_s else ""
        table.add_row(f"{at:%H:%M:%S}", gap, visible(kind.lower(), 20), _told(body))
        before_s = at_s
    return table


def _told(body: str) -> Text:
    try:
        facts = json.loads(body)
    except ValueError:
        return foreign(body, limit=200)
    if not isinstance(facts, dict):
        return Text()
    parts: list[str] = []
    if remote_ids := facts.get("remote_ids"):
        parts.append(", ".join(map(str, remote_ids)))
    if hold := facts.get("hold"):
        parts.append(f"{amount(Money(hold))} held")
    if charged := facts.get("charged"):
        parts.append(f"{amount(Money(charged))} charged")
    if account := facts.get("account"):
        parts.append(f"from {facts.get('was')} to {account}")
    if back := facts.get("amount"):
        parts.append(f"{amount(Money(back))} given back")
    if files := facts.get("files"):
        parts.append(", ".join(str(file.get("path", "")) for file in files))
    parts += [reason(facts.get("cause")), f"by {facts['by']}" if facts.get("by") else "",
              *(str(facts.get(name) or "") for name in ("message", "note"))]
    return foreign(", ".join(part for part in parts if part), limit=300)
