"""Both sides of a simulated world at rest: what the service knows, and what the ledger says.

Goal: a stranger's eyes. Method: the service's books and the witness on one side, the ledger's file
on the other, read anew with no help from whoever wrote it.
"""

import json
import sqlite3
from collections.abc import Coroutine, Iterator
from dataclasses import fields, replace
from typing import Any, TypeVar

from pipeline.core.job import Event, File, Job, State
from pipeline.core.likeness import Likeness, likeness
from pipeline.core.money import Money
from pipeline.core.provider import Output
from pipeline.core.spec import JobSpec
from pipeline.ledger.codec import EVENTS, read_job, read_quote
from pipeline.sandbox.gallery import Gallery
from pipeline.sandbox.jobs import COMPLETED, RemoteJob
from pipeline.simulation.goods import make_small
from pipeline.simulation.world import World

HIDDEN = {"music": "music_in_history", "captions": "captions_in_history",
          "separation": "separation_in_history"}
"""What the service's list may not show, and the habit that says so."""
UNTOLD = ("music", "separation")
"""What has a status that does not say what it took, so that a refund may never be heard of."""

T = TypeVar("T")


class Truth:
    """Both sides of a world at rest."""

    def __init__(self, world: World, connection: sqlite3.Connection) -> None:
        self.world = world
        self.connection = connection
        self.remote = {job.id: job for job in world.books.jobs()}
        self.jobs = {row["key"]: read_job(row) for row in self.ask("select * from jobs")}
        self.attempts = {row["tag"]: row for row in self.ask("select * from attempts")}
        self.owner = {row["remote_id"]: row["tag"] for row in self.ask("select * from remotes")}
        self.payer = {sale.remote_id: sale.payment for sale in world.sales}
        self.owner |= {name: payment.tag for name, payment in self.payer.items()
                       if payment and self._brought_at_once(payment.key, payment.tag)}

    def _brought_at_once(self, key: str, tag: str) -> bool:
        """Whether the paid call was all there was: no id is told, and the attempt owns the charge
        that the ledger knows of."""
        return self.jobs[key].spec.kind in self.world.terms.at_once_s \
            and self.attempts[tag]["state"] == "paid"

    def ask(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self.connection.execute(sql, values).fetchall()

    def events(self, key: str) -> Iterator[tuple[float, Event]]:
        for row in self.ask("select * from events where job = ? order by id", key):
            yield row["at_s"], read_event(row["type"], row["body"])

    def net(self, remote_id: str) -> int:
        return self.remote[remote_id].net_micros(self.world.wall())

    @property
    def unowned(self) -> list[RemoteJob]:
        return [job for name, job in self.remote.items() if name not in self.owner]

    @property
    def shown(self) -> list[RemoteJob]:
        """What the list can show in the end, newest first, and not cut yet."""
        faults = self.world.service.faults
        return [job for job in reversed(self.remote.values())
                if job.kind not in HIDDEN or getattr(faults, HIDDEN[job.kind])]

    def bought(self, job: RemoteJob) -> JobSpec:
        """What was asked for when this was sold."""
        payment = self.payer[job.id]
        assert payment is not None, f"{job.id} was bought by nobody"
        return self.jobs[payment.key].spec

    def owned_by(self, job: Job) -> list[RemoteJob]:
        """What the service made, or failed to make, for the last attempt of a job."""
        names = job.remote_ids or [name for name, tag in self.owner.items() if tag == job.tag]
        return [self.remote[name] for name in names]

    def made(self, job: Job) -> list[bytes]:
        """The files that the service made for a job."""
        gallery = Gallery(self.world.books, make_small, threaded=False)
        return [outcome(gallery.fetch(remote, output_id)).content
                for remote in self.owned_by(job) if remote.outcome == COMPLETED
                for output_id in remote.output_ids()]

    @property
    def clocks_differ(self) -> bool:
        return any(kill.clock_s for kill in self.world.script.kills)

    def in_doubt(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.state is State.IN_DOUBT]


def read_event(name: str, text: str) -> Event:
    """An event from its row."""
    body = json.loads(text)
    kind = EVENTS[name]
    for field in fields(kind):
        value = body[field.name]
        if field.name in ("hold", "charged"):
            body[field.name] = None if value is None else Money(value)
        elif field.name == "quote":
            body[field.name] = read_quote(json.dumps(value))
        elif field.name == "outputs":
            body[field.name] = tuple(Output(**part) for part in value)
        elif field.name == "files":
            body[field.name] = tuple(File(**part) for part in value)
        elif field.name == "remote_ids":
            body[field.name] = tuple(value)
    return kind(**body)


def outcome(work: Coroutine[Any, Any, T]) -> T:
    """What comes of work that never waits."""
    try:
        work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    raise AssertionError("it waits")


def group(spec: JobSpec) -> Likeness | str:
    """What the list can show of a job; one that no list shows stands alone."""
    return likeness(spec) or spec.key()


def rows_made(spec: JobSpec) -> int:
    """How many rows one start makes."""
    alike = likeness(spec)
    return alike.rows if alike else 1


def alike(one: JobSpec, other: JobSpec) -> bool:
    """The same job but for the variant's number: either file serves both."""
    return replace(one, variant=1) == replace(other, variant=1)
