"""Which rows of a run may be bought: those that its caps reach for."""

import sqlite3
from collections.abc import Collection

from pipeline.core.job import State
from pipeline.ledger.run_questions import RunQuestions


def mark_chosen(connection: sqlite3.Connection, run: str, keys: Collection[str]) -> None:
    """Which pending rows the caps reach for; the rest stays pending."""
    source = RunQuestions(connection).rows_in(run, State.PENDING)
    rows = connection.execute(
        f"select job, chosen from {source} "  # noqa: S608 - our own words
        "where run_rows.run = :run and state = :state",
        {"run": run, "state": State.PENDING}).fetchall()
    connection.executemany(
        "update run_rows set chosen = ? where run = ? and job = ?",
        [(int(job in keys), run, job) for job, chosen in rows if (job in keys) != bool(chosen)])
