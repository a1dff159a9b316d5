"""How a plan becomes rows of a run and jobs of the ledger.

Law: admitting twice is admitting once. A job that is there already keeps everything that happened
to it; only what a person wants again is reopened.
"""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from pipeline.core.job import Job, Reopened, State, apply
from pipeline.core.plan import PAGE, Plan, Row, Rows, Status
from pipeline.core.report import RunInfo
from pipeline.ledger.clerk import Clerk, roomy
from pipeline.ledger.codec import (
    changing,
    dump,
    dump_event,
    dump_quote,
    new_job_columns,
    read_job,
)

BEHIND = 100_000_000
"""Rows of an earlier plan of the run with money out for them come after so many others."""
UNTOUCHED = "('pending', 'done', 'failed', 'cancelled')"


def insert_run(connection: sqlite3.Connection, run: RunInfo, accounts: Sequence[str]) -> None:
    """A new run, with its caps."""
    connection.execute(
        "insert into runs (id, manifest, file, account, started_s, outputs, caps, accounts) "
        "values (?, ?, ?, ?, ?, ?, ?, ?)",
        (run.id, run.manifest, run.file, run.account, run.started_s, run.outputs,
         dump(run.caps), dump(list(accounts))))


def widen_run(connection: sqlite3.Connection, run: RunInfo, accounts: Collection[str]) -> None:
    """A run that is planned anew may buy from more accounts than before."""
    connection.execute("update runs set accounts = ? where id = ?",
                       (dump(sorted(accounts)), run.id))


def admit(connection: sqlite3.Connection, run: str, plan: Plan, folder: str,
          now_s: float) -> None:
    """Put the plan's rows under a run, and the jobs behind them into the ledger."""
    kept = {row["job"]: row["kept"] for row in connection.execute(
        "select job, kept from run_rows where run = ?", (run,))}
    _drop_unwanted(connection, run)
    rows = Rows.of(plan.rows)
    clerk = Clerk(rows, run, folder, now_s)
    with roomy(connection):
        for start in range(0, len(rows), PAGE):
            _admit_page(connection, clerk, range(start, min(start + PAGE, len(rows))), kept)
    _tally(connection, clerk)
    _pool(connection, clerk)


def _admit_page(connection: sqlite3.Connection, clerk: Clerk, numbers: range,
                kept: Mapping[str, int]) -> None:
    keys = clerk.rows.cells.keys(numbers.start, numbers.stop)
    there = {row["key"]: row for row in connection.execute(
        "select * from jobs where key in (select value from json_each(?))", (json.dumps(keys),))}
    jobs, rows = [], []
    for number, key in zip(numbers, keys, strict=True):
        clerk.turn_to(number)
        state = State.PENDING
        if key in there:
            state = _admit_again(connection, clerk, clerk.rows[number], there[key])
        else:
            jobs.append(clerk.job(number, key))
        rows.append(clerk.row(number, key, state, kept.get(key)))
    if jobs:
        connection.executemany(clerk.insert_job, jobs)
    connection.executemany(
        "insert into run_rows (run, seq, job, campaign, vars, tags, kept, chosen, order_s, "
        "pool) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _tally(connection: sqlite3.Connection, clerk: Clerk) -> None:
    """Count the rows anew, with those behind them, and remember a job of each pattern."""
    run, rows = clerk.run, clerk.rows
    connection.execute("delete from tallies where run = ?", (run,))
    connection.execute(
        "insert into tallies select run_rows.run, state, count(*), sum(kept and state = 'done') "
        "from run_rows join jobs on key = job where run_rows.run = ? and seq >= ? group by state",
        (run, BEHIND))
    connection.executemany(
        "insert into tallies values (?, ?, ?, ?) on conflict do update "
        "set number = number + excluded.number, kept = kept + excluded.kept",
        [(run, state.value, number, number * kept * (state is State.DONE))
         for (state, kept), number in clerk.counted.items()])
    connection.execute("delete from samples where run = ?", (run,))
    firsts = {pattern: number for number, pattern in
              zip(range(len(rows) - 1, -1, -1), reversed(rows.cells.pattern), strict=True)}
    connection.executemany("insert into samples values (?, ?)",
                           [(run, rows.cells.at(number).key) for number in firsts.values()])


def _pool(connection: sqlite3.Connection, clerk: Clerk) -> None:
    """Which accounts may take over which rows, by the pools that the rows name."""
    connection.execute("delete from pools where run = ?", (clerk.run,))
    connection.executemany(
        "insert into pools (run, pool, account, quote) values (?, ?, ?, ?)",
        [(clerk.run, number, account, dump_quote(quote))
         for number, pool in enumerate(clerk.pools, 1) for account, quote in pool.items()])


def _drop_unwanted(connection: sqlite3.Connection, run: str) -> None:
    """Rows are written anew; those with money out for them stay, behind the new ones."""
    connection.execute(
        f"delete from run_rows where run = ? and job in "  # noqa: S608 - our own words
        f"(select key from jobs where state in {UNTOUCHED})", (run,))
    connection.execute(
        "update run_rows set seq = seq + :behind, pool = 0 where run = :run and seq < :behind",
        {"run": run, "behind": BEHIND})


def _admit_again(connection: sqlite3.Connection, clerk: Clerk, row: Row,
                 stored: sqlite3.Row) -> State:
    """A job that is there already; one that is done stays as it is."""
    connection.execute("delete from run_rows where run = ? and job = ?", (clerk.run, row.cell.key))
    if stored["state"] == State.DONE:
        return State.DONE
    job = read_job(stored)
    if row.status is Status.RETRY and job.state in (State.CANCELLED, State.FAILED):
        job = reopen(connection, job, clerk.run, "run", clerk.now_s)
    elif job.state is not State.FAILED:
        job = replace(job, run=clerk.run)
    _refresh(connection, job, row)
    return job.state


def _refresh(connection: sqlite3.Connection, job: Job, row: Row) -> None:
    """A job that is still to be bought takes today's price, and the account that buys it."""
    from_plan = job.state is State.PENDING
    fresh = new_job_columns(replace(
        job, account=row.cell.account if from_plan else job.account,
        quote=row.cell.quote if from_plan else job.quote,
        max_paid_attempts=row.cell.max_paid_attempts))
    connection.execute(
        f"update jobs set {', '.join(f'{name} = :{name}' for name in fresh)} "  # noqa: S608
        "where key = :key", fresh)


def reopen(connection: sqlite3.Connection, job: Job, run: str, by: str, now_s: float) -> Job:
    """A person wants a job that was at rest without a file."""
    event = Reopened(by)
    opened = replace(apply(job, event, now_s), run=run)
    insert_event(connection, job.key, run, event, now_s)
    write_job(connection, opened, job)
    return opened


def insert_event(connection: sqlite3.Connection, key: str, run: str, event: object,
                 at_s: float) -> None:
    """One more line of a job's story."""
    connection.execute(
        "insert into events (job, run, at_s, type, body) values (?, ?, ?, ?, ?)",
        (key, run, at_s, type(event).__name__, dump_event(event)))  # type: ignore[arg-type]


def write_job(connection: sqlite3.Connection, after: Job, before: Job) -> bool:
    """Store the fold, if the row is still in the state that its writer believed."""
    columns = changing(after)
    marks = ", ".join(f"{name} = :{name}" for name in columns)
    done = connection.execute(
        f"update jobs set {marks} where key = :key "  # noqa: S608 - our own column names
        "and state = :was and attempts = :tries and changed_s = :seen",
        {**columns, "key": after.key, "was": before.state.value, "tries": before.attempts,
         "seen": before.changed_s})
    return done.rowcount == 1


def campaign_of(connection: sqlite3.Connection, run: str, key: str) -> str:
    """The campaign that a run wants a job for, "" where it does not."""
    row = connection.execute("select campaign from run_rows where run = ? and job = ?",
                             (run, key)).fetchone()
    return str(row["campaign"]) if row else ""


def redirect(connection: sqlite3.Connection, run: RunInfo) -> None:
    """The run's folder is another one, for all that is not delivered yet."""
    connection.execute("update runs set outputs = ? where id = ?", (run.outputs, run.id))
    connection.execute(
        "update jobs set folder = :folder || '/' || (select campaign from run_rows "
        "where run_rows.run = :run and job = key) where state <> 'done' and run = :run "
        "and key in (select job from run_rows where run_rows.run = :run)",
        {"folder": run.outputs, "run": run.id})
