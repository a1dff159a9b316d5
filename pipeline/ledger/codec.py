"""Rows of the ledger to values and back.

Law: what is written can be read by every later version; a field that is missing has its default.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any

from pipeline.core import job as machine
from pipeline.core.job import Event, File, Job, State
from pipeline.core.money import Money
from pipeline.core.pricing import Quote
from pipeline.core.provider import Output
from pipeline.core.report import Entry
from pipeline.core.sharing import Reassigned
from pipeline.core.spec import JobSpec, SourceRef

EVENTS: Mapping[str, type[Event]] = {
    kind.__name__: kind for kind in (
        machine.Intended, machine.Accepted, machine.Produced, machine.Deferred, machine.Failed,
        machine.Doubted, machine.Saved, machine.Cancelled, machine.Reopened,
        machine.Refunded, Reassigned)
}


def dump(value: object) -> str:
    """Compact JSON; Money becomes its micros."""
    return _ENCODER.encode(value)


_FIELDS: dict[type, tuple[str, ...]] = {}


def _flat(value: Any) -> dict[str, Any]:
    """The fields of a value that has no values of ours inside."""
    names = _FIELDS.get(type(value))
    if names is None:
        names = _FIELDS[type(value)] = tuple(field.name for field in fields(value))
    return {name: getattr(value, name) for name in names}


def _dump_all(values: Sequence[object]) -> str:
    return dump([_flat(value) for value in values]) if values else "[]"


def _plain(value: object) -> object:
    if isinstance(value, Money):
        return value.micros
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def dump_event(event: Event) -> str:
    """The body of an event's row."""
    body = _flat(event)
    for name in ("outputs", "files"):
        if name in body:
            body[name] = [_flat(part) for part in body[name]]
    if isinstance(event, Reassigned):
        body["quote"] = json.loads(dump_quote(event.quote))
    return dump(body)


def dump_spec(spec: JobSpec) -> str:
    """The body of a spec's column."""
    return dump({**_flat(spec), "sources": [_flat(source) for source in spec.sources]})


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)


def read_spec(text: str) -> JobSpec:
    """A spec from its column."""
    body = json.loads(text)
    body["sources"] = tuple(SourceRef(**source) for source in body["sources"])
    return JobSpec(**body)


def dump_quote(quote: Quote) -> str:
    """The body of a quote's column."""
    more = [quote.rate.micros, quote.assumed_s] if quote.rate else []
    return dump([quote.expected.micros, quote.worst.micros, quote.basis, *more])


@lru_cache(1_000)
def read_quote(text: str) -> Quote:
    """A quote from its column."""
    expected, worst, basis, *more = json.loads(text)
    rate, assumed_s = more or (None, 0.0)
    return Quote(Money(expected), Money(worst), basis, Money(rate) if rate else None, assumed_s)


def changing(job: Job) -> dict[str, object]:
    """The columns that events change, as they are stored."""
    return {
        "state": job.state.value, "attempts": job.attempts, "paid_tries": job.paid_tries,
        "tag": job.tag, "remote_ids": dump(job.remote_ids) if job.remote_ids else "[]",
        "outputs": _dump_all(job.outputs), "files": _dump_all(job.files),
        "held": job.held.micros, "charged": job.charged.micros, "cause": job.cause,
        "message": job.message, "not_before_s": job.not_before_s, "sent_s": job.sent_s,
        "changed_s": job.changed_s, "run": job.run,
    }


def _list(text: str) -> Sequence[Any]:
    return () if text == "[]" else json.loads(text)


def read_job(row: sqlite3.Row) -> Job:
    """A job from its row."""
    return Job(
        key=row["key"], account=row["account"], spec=read_spec(row["spec"]),
        quote=read_quote(row["quote"]), state=State(row["state"]),
        max_paid_attempts=row["max_paid_attempts"], typical_s=row["typical_s"],
        attempts=row["attempts"], paid_tries=row["paid_tries"], tag=row["tag"],
        remote_ids=tuple(_list(row["remote_ids"])),
        outputs=tuple(Output(**part) for part in _list(row["outputs"])),
        files=tuple(File(**part) for part in _list(row["files"])),
        held=Money(row["held"]), charged=Money(row["charged"]), cause=row["cause"],
        message=row["message"], not_before_s=row["not_before_s"], created_s=row["created_s"],
        sent_s=row["sent_s"], changed_s=row["changed_s"], run=row["run"], folder=row["folder"],
        labels=json.loads(row["labels"]),
    )


def read_entry(row: sqlite3.Row) -> Entry:
    """A row of a run, joined with its job."""
    return Entry(row["seq"], row["campaign"], read_job(row), json.loads(row["vars"]),
                 json.loads(row["tags"]), bool(row["kept"]), bool(row["chosen"]))


def new_job_columns(job: Job) -> dict[str, object]:
    """All columns of a job that is admitted."""
    return {
        **changing(job), "key": job.key, "account": job.account, "kind": job.spec.kind,
        "model": job.spec.model, "spec": dump_spec(job.spec), "quote": dump_quote(job.quote),
        "max_paid_attempts": job.max_paid_attempts, "typical_s": job.typical_s,
        "folder": job.folder, "labels": dump(job.labels), "created_s": job.created_s,
    }
