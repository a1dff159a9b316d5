"""Simulated worlds with every invariant watched, and a tally of what they came through.

Goal: one call lets a script happen and raises what it broke. Method: the state lies in memory where
the machine offers a folder there, because every commit is synced and a sweep makes thousands.
"""

import json
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import invariants

from pipeline.ledger.connection import open_for_reading
from pipeline.simulation.life import Life
from pipeline.simulation.story import Story, Watcher, play
from pipeline.simulation.world import Script, World

FULL = os.environ.get("PIPELINE_SWEEP") == "full"
IN_MEMORY = Path("/dev/shm")

RESUBMITTING = """select 1 from attempts join jobs on jobs.tag = attempts.tag
where jobs.state = 'submitting' and epoch < (select value from meta where name = 'epoch')"""
DOUBTED = """select events.type, json_array_length(events.body, '$.remote_ids') as ids
from events join events before
on before.id = (select max(id) from events b where b.job = events.job and b.id < events.id)
where before.type = 'Doubted'"""
PARTIAL = "select 1 from jobs where state = 'done' and message like '% of % came%'"
LABELLED = """select json_extract(value, '$.label') as label from jobs, json_each(jobs.files)
where label = 'vocals'"""


@contextmanager
def empty_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(dir=IN_MEMORY if IN_MEMORY.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def happen(script: Script, seen: Counter[str] | None = None,
           change: Callable[[World], None] = lambda world: None) -> Story:
    """Let a script happen and check everything; what it came through is added to `seen`.

    `change` does to the world, before it begins, what no script can say.
    """
    watch = Watch(Counter() if seen is None else seen, change)
    with empty_folder() as folder:
        try:
            return play(script, folder, Watcher(watch.opened, watch.died, watch.rested))
        except BaseExceptionGroup as group:
            raise first_of(group) from group


def first_of(error: BaseException) -> BaseException:
    """What went wrong, without the groups that it came in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def went(script: Script) -> Story | str:
    """How a script went, or what it broke."""
    try:
        return happen(script)
    except Exception as error:  # noqa: BLE001 - whatever breaks is what is asked for
        return f"{type(error).__name__}: {error}"


def broken(script: Script) -> str:
    """What a script breaks; "" for nothing."""
    story = went(script)
    return story if isinstance(story, str) else ""


def log_of(script: Script) -> str:
    """Everything that happens in a world."""
    told = []
    with empty_folder() as folder:
        play(script, folder, Watcher(rested=lambda world, story: told.append(log(world))))
    return told[0]


def log(world: World) -> str:
    """Everything that happened, in a form that two runs can be compared by."""
    lines = [f"{call.sent_s:.6f} {call.process} {call.method} {call.path} {call.status}"
             for call in world.wire.calls]
    connection = open_for_reading(world.state)
    assert connection is not None
    with closing(connection):
        lines += [f"{row['at_s']:.6f} {row['job']} {row['type']} {row['body']}"
                  for row in connection.execute("select * from events order by id")]
    return "\n".join(lines).replace(str(world.outputs), "outputs")


class Watch:
    """Looks on, and counts what a campaign of worlds must have come through."""

    def __init__(self, seen: Counter[str], change: Callable[[World], None]) -> None:
        self.seen = seen
        self.change = change

    def opened(self, world: World) -> None:
        self.change(world)
        world.check = partial(invariants.check_commit, world)

    def died(self, world: World, life: Life) -> None:
        connection = open_for_reading(world.state)
        if connection is None:
            return
        with closing(connection):
            self.seen["death of a process"] += life.dead
            self.seen["effect that failed"] += life.failed
            if connection.execute(RESUBMITTING).fetchone():
                self.seen["death during recovery"] += 1
            if _receipt_without_commit(world, connection):
                self.seen["death between receipt and commit"] += 1

    def rested(self, world: World, story: Story) -> None:
        invariants.check_rest(world)
        connection = open_for_reading(world.state)
        assert connection is not None
        with closing(connection):
            self._count_events(connection)
            self._count_ends(world, connection)
            self._count_kinds(world, connection)

    def _count_events(self, connection: sqlite3.Connection) -> None:
        for row in connection.execute(DOUBTED):
            if row["type"] in ("Accepted", "Deferred"):
                self.seen["adoption" if row["type"] == "Accepted" else "absence"] += 1
                self.seen["adoption of several"] += (row["ids"] or 0) > 1
        for cause, times in connection.execute(
                "select json_extract(body, '$.cause'), count(*) from events group by 1"):
            self.seen[str(cause)] += times

    def _count_ends(self, world: World, connection: sqlite3.Connection) -> None:
        paid = {payment.tag for payment in world.payments}
        for row in connection.execute("select tag from attempts where state = 'free'"):
            self.seen["false doubt"] += row["tag"] not in paid
        arrived = [call for call in world.wire.calls if call.late and call.status == 200]
        self.seen["late arrival"] += len(arrived)
        now = world.wall()
        for job in world.books.jobs():
            self.seen["late links"] += job.links_at > job.finishes_at and job.is_linked(now)
            self.seen["refund"] += job.net_micros(now) < job.charge_micros
        states = [row["state"] for row in connection.execute("select state from jobs")]
        self.seen["cap"] += world.script.cap is not None and "pending" in states
        self.seen["left to a person"] += "in_doubt" in states
        self.seen["second purchase"] += bool(connection.execute(
            "select 1 from attempts where purchase > 1").fetchone())

    def _count_kinds(self, world: World, connection: sqlite3.Connection) -> None:
        for row in connection.execute("select kind, files from jobs where state = 'done'"):
            self.seen[row["kind"]] += 1
            self.seen["several files"] += len(json.loads(row["files"])) > 1
        self.seen["partial success"] += len(connection.execute(PARTIAL).fetchall())
        self.seen["stem"] += len(connection.execute(LABELLED).fetchall())
        self.seen["stream"] += sum(
            call.path.endswith("/stream") and call.status == 200 for call in world.wire.calls)


def _receipt_without_commit(world: World, connection: sqlite3.Connection) -> bool:
    path = world.state / "receipts.log"
    lines = path.read_text().splitlines() if path.exists() else []
    accepted = [line for line in lines if '"what":"accepted"' in line]
    return any(row["tag"] in line for line in accepted for row in connection.execute(
        "select tag from jobs where state = 'submitting'"))
