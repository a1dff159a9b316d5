"""Models that once took more than the worst that was quoted.

Law: the truth is booked even above a cap, and what took it is not bought again at the old price.
"""

import sqlite3

from pipeline.core.job import Job
from pipeline.core.money import Money


def note(connection: sqlite3.Connection, before: Job, after: Job, at_s: float) -> None:
    """Remember the model of a job that took more than it held; of several such jobs the dearest."""
    taken = after.charged.less(before.charged)
    if taken > before.held:
        connection.execute(
            "insert into surprises values (?, ?, ?, ?, ?) on conflict (account, model) do update "
            "set charged = max(charged, excluded.charged), job = excluded.job, "
            "at_s = excluded.at_s",
            (after.account, after.spec.model, taken.micros, after.key, at_s))


def surprises(connection: sqlite3.Connection, account: str) -> dict[str, Money]:
    """What each such model of an account took. A ledger of an older shape knows of none."""
    if not connection.execute("select 1 from sqlite_master where name = 'surprises'").fetchone():
        return {}
    rows = connection.execute("select model, charged from surprises where account = ?", (account,))
    return {row["model"]: Money(row["charged"]) for row in rows}
