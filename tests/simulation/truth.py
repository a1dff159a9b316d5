"""Both sides of a simulated world at rest: what the service knows, and what the ledger says.

Goal: a stranger's eyes. Method: the service's books and the witness on one side, the ledger's file
on the other, read anew with no help from whoever wrote it.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import fields, replace

from pipeline.core.job import Event, File, Job, State
from pipeline.core.money import Money
from pipeline.core.provider import Output
from pipeline.core.spec import JobSpec
from pipeline.ledger.codec import EVENTS, read_job
from pipeline.ledger.connection import open_for_reading
from pipeline.sandbox.jobs import RemoteJob
from pipeline.simulation.world import World


class Truth:
    """Both sides of a world at rest."""

    def __init__(self, world: World) -> None:
        connection = open_for_reading(world.state)
        assert connection is not None
        self.world = world
        self.connection = connection
        self.remote = {job.id: job for job in world.books.jobs()}
        self.jobs = {row["key"]: read_job(row) for row in self.ask("select * from jobs")}
        self.attempts = {row["tag"]: row for row in self.ask("select * from attempts")}
        self.owner = {row["remote_id"]: row["tag"] for row in self.ask("select * from remotes")}
        self.payer = {sale.remote_id: sale.payment for sale in world.sales}

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
    def clocks_differ(self) -> bool:
        return any(kill.clock_s for kill in self.world.script.kills)

    def in_doubt(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.state is State.IN_DOUBT]

    def close(self) -> None:
        self.connection.close()


def read_event(name: str, text: str) -> Event:
    """An event from its row."""
    body = json.loads(text)
    kind = EVENTS[name]
    for field in fields(kind):
        value = body[field.name]
        if field.name in ("hold", "charged"):
            body[field.name] = None if value is None else Money(value)
        elif field.name == "outputs":
            body[field.name] = tuple(Output(**part) for part in value)
        elif field.name == "files":
            body[field.name] = tuple(File(**part) for part in value)
        elif field.name == "remote_ids":
            body[field.name] = tuple(value)
    return kind(**body)


def group(job: Job | RemoteJob) -> tuple[str, str]:
    """What a list of recent jobs shows of a job."""
    return (job.spec.model, job.spec.prompt) if isinstance(job, Job) else (job.model, job.prompt)


def alike(one: JobSpec, other: JobSpec) -> bool:
    """The same job but for the variant's number: either file serves both."""
    return replace(one, variant=1) == replace(other, variant=1)
