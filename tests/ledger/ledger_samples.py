"""A ledger on a real disk, a plan to admit, and ways to make things happen to its jobs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio

from pipeline.core.caps import Caps
from pipeline.core.cells import Cell
from pipeline.core.job import Accepted, Event, File, Intended, Job, State, apply
from pipeline.core.money import Money
from pipeline.core.plan import Plan, Row, Status
from pipeline.core.pricing import Quote
from pipeline.core.provider import Output
from pipeline.core.report import RunInfo
from pipeline.core.spec import JobSpec
from pipeline.ledger.codec import EVENTS, read_quote
from pipeline.ledger.ledger import Ledger

NOON = 1_800_000_000.0
RUN = "20270115-080000-aaaa"
T = TypeVar("T")


class Clock:
    """Unix seconds that pass when told to."""

    def __init__(self, now_s: float = NOON) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


def cr(text: str) -> Money:
    return Money.parse(text)


def go(work: Callable[..., Any], *args: Any, **more: Any) -> Any:
    """The outcome of something that may wait."""
    return anyio.run(partial(work, *args, **more))


def make_cell(prompt: str = "a kite", *, price: str = "10", account: str = "acme",
              campaign: str = "hero", tries: int = 1, typical_s: float = 30.0,
              **variables: Any) -> Cell:
    spec = JobSpec("acme", "image", "fox", prompt, "1:1")
    quote = Quote(cr(price), cr(price), f"{price} a job")
    return Cell(campaign, account, spec, spec.key(), quote, variables, typical_s, tries,
                {"client": "acme"})


def make_plan(*cells: Cell, status: Status = Status.NEW) -> Plan:
    return Plan("spring", "m.yaml", "acme", [Row(cell, status) for cell in cells])


def make_run(run_id: str = RUN, *, started_s: float = NOON, manifest: str = "spring") -> RunInfo:
    return RunInfo(run_id, manifest, "m.yaml", "acme", started_s, outputs="outputs/spring")


@contextmanager
def opened(folder: Path, clock: Clock | None = None, **kinds: Any) -> Iterator[Ledger]:
    """A ledger for writing, closed at the end."""
    ledger = Ledger(folder, clock or Clock(), **kinds)
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def begun(folder: Path, *cells: Cell, caps: Caps | None = None, clock: Clock | None = None,
          run: RunInfo | None = None, **kinds: Any) -> Iterator[Ledger]:
    """A ledger with a plan admitted under a run."""
    with opened(folder, clock, **kinds) as ledger:
        ledger.begin(run or make_run(), make_plan(*(cells or (make_cell(),))), caps or Caps(),
                     "outputs/spring")
        yield ledger


def only_job(ledger: Ledger) -> Job:
    [job] = jobs_of(ledger)
    return job


def jobs_of(ledger: Ledger, run: str = RUN) -> list[Job]:
    return [entry.job for entry in ledger.ask.entries(run)]


def happen(ledger: Ledger, job: Job, *events: Event) -> Job:
    """The job after some events, recorded one by one."""
    for event in events:
        job = go(ledger.record, job, event)
    return job


def intended(tag: str = "tag-1", hold: str = "10") -> Intended:
    return Intended(tag, cr(hold))


def running(ledger: Ledger, job: Job | None = None, tag: str = "tag-1",
            remote_id: str = "r1") -> Job:
    """A job that the service has."""
    return happen(ledger, job or only_job(ledger), intended(tag), Accepted((remote_id,)))


def read_event(name: str, text: str) -> Event:
    """An event from its row."""
    body = json.loads(text)
    kind = EVENTS[name]
    for field in fields(kind):
        value = body[field.name]
        if field.name in ("hold", "charged", "amount") and value is not None:
            body[field.name] = Money(value)
        elif field.name == "quote":
            body[field.name] = read_quote(json.dumps(value))
        elif field.name == "outputs":
            body[field.name] = tuple(Output(**part) for part in value)
        elif field.name == "files":
            body[field.name] = tuple(File(**part) for part in value)
        elif field.name == "remote_ids":
            body[field.name] = tuple(value)
    return kind(**body)


def folded(ledger: Ledger, born: Job) -> Job:
    """What a job's events make of it, from its birth on."""
    job = born
    for at_s, name, body in ledger.ask.events(born.key):
        job = apply(job, read_event(name, body), at_s)
    return job


def sums(ledger: Ledger, scope: str = f"run:{RUN}") -> tuple[str, str]:
    """Held and charged in a scope, in credits."""
    held, charged, _ = ledger.ask.sums(scope)
    return str(Money(held)), str(Money(charged))


def states(ledger: Ledger) -> list[State]:
    return [job.state for job in jobs_of(ledger)]
