"""The jobs in doubt, and what a person who is to settle one must know.

Law: no address of a file at a service is ever shown, only whether there is one.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.core.job import Job
from pipeline.core.provider import Broken, Finished, News, Sighting
from pipeline.core.report import Entry
from pipeline.core.resolution import Hearing
from pipeline.outputs.console import foreign
from pipeline.outputs.job_document import job_document
from pipeline.outputs.job_view import KEY_CHARS, show_job
from pipeline.outputs.orphan_view import Likeness, orphan_rows, show_orphans
from pipeline.outputs.phrases import amount, count, iso, minute, priced, reason, span

Events = Sequence[tuple[float, str, str]]


@dataclass(frozen=True, slots=True)
class Open:
    """A job in doubt, and until when evidence may settle it; None where that time is over, or the
    account is not known any more."""

    entry: Entry
    waits_until_s: float | None


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one doubt: its story, what the service said, the rows it may be."""

    doubt: Open
    events: Events
    hearing: Hearing
    lookalikes: Sequence[Sighting]


def doubts_document(doubts: Sequence[Open], cut: int,
                    orphans: Sequence[Likeness] = ()) -> dict[str, object]:
    """`doubt list --json`: every job in doubt, the oldest first; `cut` counts the paid calls that
    are under way, or were when their run died; `orphans` are charges that no job knows of."""
    return {"schema_version": 1, "doubts": [_row(doubt) for doubt in doubts], "submitting": cut,
            "orphans": orphan_rows(orphans)}


def _row(doubt: Open) -> dict[str, object]:
    job = doubt.entry.job
    return {"job": job.key, "run": job.run, "campaign": doubt.entry.campaign,
            "account": job.account, "model": job.spec.model, "prompt": job.spec.prompt,
            "held": str(job.held), "cause": job.cause, "message": job.message,
            "since": iso(job.changed_s), "remote_ids": list(job.remote_ids),
            "waits_until": iso(doubt.waits_until_s)}


def case_document(case: Case) -> dict[str, object]:
    """`doubt show --json`: the job as `show --json` has it, and the service's side."""
    entry, hearing = case.doubt.entry, case.hearing
    story = [{"at": at_s, "event": kind, **json.loads(body)} for at_s, kind, body in case.events]
    for event in story:
        event.pop("outputs", None)
    looked = {name: None if news is None else _status(news)
              for name, news in hearing.looked.items()}
    return {"schema_version": 1, **job_document(entry, ""), **_row(case.doubt),
            "tag": entry.job.tag, "events": story,
            "service": {"asked": hearing.scan is not None, "silence": hearing.silence,
                        "looked": looked,
                        "rows": [_sighting(row) for row in case.lookalikes]}}


def _sighting(row: Sighting) -> dict[str, object]:
    charged = getattr(row.news, "charged", None)
    return {"id": row.remote_id, "model": row.model, "prompt": row.prompt,
            "status": _status(row.news), "created_at": iso(row.created_s),
            "charged": None if charged is None else str(charged), "linked": _linked(row.news)}


def _status(news: News) -> str:
    if isinstance(news, Finished):
        return "completed"
    return "failed" if isinstance(news, Broken) else news.status


def _linked(news: News) -> bool:
    return isinstance(news, Finished) and any(output.url for output in news.outputs)


def show_doubts(console: Console, doubts: Sequence[Open], cut: int,
                orphans: Sequence[Likeness] = ()) -> None:
    """Print the jobs in doubt, and what follows for each; the rest as in the document."""
    if doubts:
        console.print(_table(doubts))
        console.print()
    else:
        console.print("nothing is in doubt")
    for line in _legend(doubts, cut):
        console.print(Text(line, "dim"))
    show_orphans(console, orphans)


def _table(doubts: Sequence[Open]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("job", no_wrap=True)
    table.add_column("campaign · model", overflow="fold")
    table.add_column("held", justify="right", no_wrap=True)
    table.add_column("since (UTC)", no_wrap=True, style="dim")
    table.add_column("because", overflow="fold")
    table.add_column("settled by", no_wrap=True)
    for doubt in doubts:
        job = doubt.entry.job
        table.add_row(job.key[:KEY_CHARS],
                      foreign(f"{doubt.entry.campaign} · {job.spec.model}", limit=80),
                      Text(amount(job.held), "yellow"), minute(job.changed_s),
                      reason(job.cause), _settled_by(doubt))
    return table


def _settled_by(doubt: Open) -> str:
    if doubt.entry.job.remote_ids:
        return "the service"
    return "you" if doubt.waits_until_s is None else f"evidence until {_clock(doubt.waits_until_s)}"


def _legend(doubts: Sequence[Open], cut: int) -> Iterator[str]:
    told = {_settled_by(doubt).partition(" ")[0] for doubt in doubts}
    if told - {"you"}:
        yield "`pipeline reconcile` looks again and buys nothing; `pipeline resume` does too, " \
              "and goes on"
    if "you" in told:
        yield "you: `pipeline reconcile` may still find something; if not, " \
              "`pipeline doubt show JOB` tells what you can say"
    if cut:
        yield f"{count(cut, 'paid call')} under way; if no run is, one died over them, and " \
              "`pipeline resume` takes them up"


def _clock(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%H:%M:%S}"


def show_case(console: Console, case: Case) -> None:
    """Print all that is known of one doubt, and what each choice does and risks."""
    show_job(console, case.doubt.entry, case.events)
    for head, body in (("The doubt", _facts(case.doubt)), ("At the service", _service(case)),
                       ("What you can say", _choices(case.doubt.entry.job))):
        console.print()
        console.print(Text(head, "bold"))
        console.print(Padding(body, (0, 0, 0, 2)))


def _facts(doubt: Open) -> Table:
    job = doubt.entry.job
    waits = "" if doubt.waits_until_s is None else \
        f"may come until {_clock(doubt.waits_until_s)} UTC: `pipeline reconcile` looks"
    table = _pairs()
    table.add_row("Attempt", foreign(job.tag))
    table.add_row("Intended", f"{minute(job.sent_s or 0.0)} UTC, {priced(job.held)} held")
    table.add_row("Last byte", f"{minute(job.changed_s)}:"
                               f"{datetime.fromtimestamp(job.changed_s, UTC):%S} UTC at the latest")
    table.add_row("Evidence", waits or "has had its time; `pipeline reconcile` looks once more")
    return table


def _service(case: Case) -> Table | Text:
    hearing = case.hearing
    if hearing.scan is None and not hearing.looked:
        return foreign(f"it cannot be asked: {hearing.silence}", "yellow", 300)
    if not case.lookalikes and not hearing.looked:
        listed = len(hearing.scan.sightings) if hearing.scan else 0
        return Text(f"none of the {count(listed, 'row')} of its list could be this job" if listed
                    else "its list is empty")
    table = Table.grid(padding=(0, 2, 0, 0))
    for row in case.lookalikes:
        after_s = row.created_s - hearing.scan.skew_s - (case.doubt.entry.job.sent_s or 0.0) \
            if hearing.scan else 0.0
        table.add_row(foreign(row.remote_id), _clock(row.created_s),
                      f"{span(after_s)} after the intent", foreign(_status(row.news), limit=30),
                      "with its file" if _linked(row.news) else "no file")
    for name, news in hearing.looked.items():
        table.add_row(foreign(name), "", "", "unknown there" if news is None
                      else foreign(_status(news), limit=30), "")
    return table


def _choices(job: Job) -> Table:
    """What each choice does, and what it risks, in plain words."""
    money, key = priced(job.held), job.key[:KEY_CHARS]
    table = _pairs()
    table.add_row("--is ID", f"The service has it under this id. Its hold of {money} stays until "
                             "it has ended, and `pipeline resume` brings its file home; nothing "
                             "is bought. Risk: with a wrong id you get another job's file.")
    table.add_row("--not-charged", f"It took nothing. The hold of {money} is freed, and the next "
                                   "`pipeline resume` may buy it. Risk: if it was charged after "
                                   "all, it is paid for twice.")
    table.add_row("--write-off", f"It is paid for and lost. The hold of {money} is booked as spent "
                                 "and the job fails; `pipeline retry --failed` buys it again. "
                                 "Risk: if it took nothing, caps close that much too early.")
    table.add_row("", Text(f'pipeline doubt resolve {key} … --note "what you saw there"', "dim"))
    return table


def _pairs() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table
