"""How a plan becomes rows of a run and jobs of the ledger.

Law: admitting twice is admitting once. A job that is there already keeps everything that happened
to it; only what a person wants again is reopened.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.core.job import Job, Reopened, State, apply
from pipeline.core.plan import Plan, Row, Status
from pipeline.core.report import RunInfo
from pipeline.ledger.codec import (
    changing,
    dump,
    dump_event,
    new_job_columns,
    placeholders,
    read_job,
)

UNTOUCHED = "('pending', 'done', 'failed', 'cancelled')"


def insert_run(connection: sqlite3.Connection, run: RunInfo, accounts: Sequence[str]) -> None:
    """A new run, with its caps."""
    connection.execute(
        "insert into runs (id, manifest, file, account, started_s, outputs, caps, accounts) "
        "values (?, ?, ?, ?, ?, ?, ?, ?)",
        (run.id, run.manifest, run.file, run.account, run.started_s, run.outputs,
         dump(run.caps), dump(list(accounts))))


def admit(connection: sqlite3.Connection, run: str, plan: Plan, folder: str,
          now_s: float) -> None:
    """Put the plan's rows under a run, and the jobs behind them into the ledger."""
    kept = {row["job"]: row["kept"] for row in connection.execute(
        "select job, kept from run_rows where run = ?", (run,))}
    _drop_unwanted(connection, run)
    for seq, row in enumerate(plan.rows):
        cell = row.cell
        state = _admit_job(connection, run, row, f"{folder}/{cell.campaign}", now_s)
        connection.execute(
            "insert into run_rows (run, seq, job, campaign, vars, tags, kept, order_s) "
            "values (?, ?, ?, ?, ?, ?, ?, ?)",
            (run, seq, cell.key, cell.campaign, dump(cell.vars), dump(cell.tags),
             kept.get(cell.key, int(state is State.DONE)), cell.typical_s or 0.0))


def _drop_unwanted(connection: sqlite3.Connection, run: str) -> None:
    """Rows are written anew; those with money out for them stay, behind the new ones."""
    connection.execute(
        f"delete from run_rows where run = ? and job in "  # noqa: S608 - our own words
        f"(select key from jobs where state in {UNTOUCHED})", (run,))
    connection.execute(
        "update run_rows set seq = seq + 100000000 where run = ? and seq < 100000000", (run,))


def _admit_job(connection: sqlite3.Connection, run: str, row: Row, folder: str,
               now_s: float) -> State:
    stored = connection.execute("select * from jobs where key = ?", (row.cell.key,)).fetchone()
    if stored is None:
        job = _new_job(row, run, folder, now_s)
        columns = new_job_columns(job)
        connection.execute(
            f"insert into jobs ({', '.join(columns)}) "  # noqa: S608 - our own column names
            f"values ({placeholders(list(columns))})", columns)
        return job.state
    connection.execute("delete from run_rows where run = ? and job = ?", (run, row.cell.key))
    job = read_job(stored)
    if row.status is Status.RETRY and job.state in (State.CANCELLED, State.FAILED):
        job = reopen(connection, job, run, "run", now_s)
    elif job.state is not State.DONE and job.state is not State.FAILED:
        job = replace(job, run=run)
    _refresh(connection, job, row)
    return job.state


def _new_job(row: Row, run: str, folder: str, now_s: float) -> Job:
    cell = row.cell
    return Job(key=cell.key, account=cell.account, spec=cell.spec, quote=cell.quote,
               max_paid_attempts=cell.max_paid_attempts, typical_s=cell.typical_s,
               created_s=now_s, changed_s=now_s, run=run, folder=folder, labels=_labels(row))


def _labels(row: Row) -> dict[str, str]:
    """The scalar variables, in order: what a file's name can say of the job."""
    return {name: str(value) for name, value in row.cell.vars.items()
            if isinstance(value, str | int)}


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


def mark_chosen(connection: sqlite3.Connection, run: str, keys: Iterable[str]) -> None:
    """Which pending rows the caps reach for; the rest stays pending."""
    connection.execute("update run_rows set chosen = 0 where run = ?", (run,))
    connection.executemany("update run_rows set chosen = 1 where run = ? and job = ?",
                           [(run, key) for key in keys])
