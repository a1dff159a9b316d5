"""Simulated worlds with every invariant watched, and a tally of what they came through.

Goal: one call lets a script happen and raises what it broke. Method: the state lies in memory where
the machine offers a folder there, because every commit is synced and a sweep makes thousands.
"""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from functools import partial

import invariants
from kept_ground import KeptGround, empty_folder
from watching import check_commit, check_sale

from pipeline.simulation.life import Life
from pipeline.simulation.story import Story, Watcher, play
from pipeline.simulation.world import Script, World

FULL = os.environ.get("PIPELINE_SWEEP") == "full"

SUBMITTING = "select tag from jobs where state = 'submitting'"
DOUBTS = "select count(*) from events where type = 'Doubted'"
RESUBMITTING = """select 1 from attempts join jobs on jobs.tag = attempts.tag
where jobs.state = 'submitting' and epoch < (select value from meta where name = 'epoch')"""
DOUBTED = """select events.type, json_array_length(events.body, '$.remote_ids') as ids
from events join events before
on before.id = (select max(id) from events b where b.job = events.job and b.id < events.id)
where before.type = 'Doubted'"""
PARTIAL = "select 1 from jobs where state = 'done' and message like '% of % came%'"
LABELLED = """select json_extract(value, '$.label') as label from jobs, json_each(jobs.files)
where label = 'vocals'"""


def happen(script: Script, seen: Counter[str] | None = None,
           change: Callable[[World], None] = lambda world: None,
           ground: KeptGround | None = None) -> Story:
    """Let a script happen and check everything; what it came through is added to `seen`.

    `change` does to the world, before it begins, what no script can say. A `ground` that is kept
    makes it cheap.
    """
    watch = Watch(Counter() if seen is None else seen, change)
    watcher = Watcher(watch.opened, watch.died, watch.rested)
    try:
        if ground is not None:
            ground.wipe()
            return play(script, ground.folder, watcher, ground)
        with empty_folder() as folder:
            return play(script, folder, watcher)
    except BaseExceptionGroup as group:
        raise first_of(group) from group


def first_of(error: BaseException) -> BaseException:
    """What went wrong, without the groups that it came in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def went(script: Script, ground: KeptGround | None = None) -> Story | str:
    """How a script went, or what it broke."""
    try:
        return happen(script, ground=ground)
    except Exception as error:  # noqa: BLE001 - whatever breaks is what is asked for
        return f"{type(error).__name__}: {error}"


def broken(script: Script, ground: KeptGround | None = None) -> str:
    """What a script breaks; "" for nothing."""
    story = went(script, ground)
    return story if isinstance(story, str) else ""


def log_of(script: Script, ground: KeptGround | None = None) -> str:
    """Everything that happens in a world."""
    told = []
    watcher = Watcher(rested=lambda world, story: told.append(log(world)))
    if ground is not None:
        ground.wipe()
        play(script, ground.folder, watcher, ground)
        return told[0]
    with empty_folder() as folder:
        play(script, folder, watcher)
    return told[0]


def log(world: World) -> str:
    """Everything that happened, in a form that two runs can be compared by."""
    lines = [f"{call.sent_s:.6f} {call.process} {call.method} {call.path} {call.status}"
             for call in world.wire.calls]
    with world.ground.reading() as connection:
        assert connection is not None
        lines += [f"{row['at_s']:.6f} {row['job']} {row['type']} {row['body']}"
                  for row in connection.execute("select * from events order by id")]
    return "\n".join(lines).replace(str(world.outputs), "outputs")


class Watch:
    """Looks on, and counts what a campaign of worlds must have come through."""

    def __init__(self, seen: Counter[str],
                 change: Callable[[World], None] = lambda world: None) -> None:
        self.seen = seen
        self.change = change

    def opened(self, world: World) -> None:
        self.change(world)
        world.check = partial(check_commit, world)
        world.service.sold = partial(check_sale, world)

    def died(self, world: World, life: Life) -> None:
        with world.ground.reading() as connection:
            if connection is None:
                return
            world.cut += len(connection.execute(SUBMITTING).fetchall())
            self.seen["death of a process"] += life.dead
            self.seen["effect that failed"] += life.failed
            if connection.execute(RESUBMITTING).fetchone():
                self.seen["death during recovery"] += 1
            lines = invariants.receipt_lines(world)
            for tag, in connection.execute(SUBMITTING):
                told = [line for line in lines if tag in line]
                self.seen["death between intent and its line"] += not told
                self.seen["death between receipt and commit"] += any(
                    '"what":"accepted"' in line for line in told)

    def rested(self, world: World, story: Story) -> None:
        invariants.check_rest(world)
        with world.ground.reading() as connection:
            assert connection is not None
            self._count_events(connection)
            self._count_ends(world, connection)
            self._count_kinds(world, connection)

    def _count_events(self, connection: sqlite3.Connection) -> None:
        self.seen["doubt"] += connection.execute(DOUBTS).fetchone()[0]
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
        self.seen["late arrival after death"] += sum(
            call.stray and call.status == 200 and call.method == "POST"
            for call in world.wire.calls)
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

