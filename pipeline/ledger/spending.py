"""What was spent, asked of the book of payments in one pass of SQL.

Law: the attempts are the truth, and each counts once: where and when it was bought, under the
campaign of the run that bought it. So the groups add up to what the accounts' scopes hold.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from pipeline.core.money import Money
from pipeline.core.spending import TAG, Spending, Spent, add_up

FOLDER = "(select replace(folder, rtrim(folder, replace(folder, '/', '')), '') from jobs " \
         "where key = attempts.job)"
"""The last part of a job's folder is its campaign too: for a row that its run has dropped since."""

VALUES = {
    "campaign": f"coalesce(run_rows.campaign, {FOLDER})",
    "model": "jobs.model", "kind": "jobs.kind", "account": "attempts.account",
    "day": "strftime('%Y-%m-%d', attempts.sent_s, 'unixepoch')",
    "month": "strftime('%Y-%m', attempts.sent_s, 'unixepoch')",
    "run": "attempts.run", "manifest": "runs.manifest",
    "tag": "(select group_concat(key || '=' || value, ', ') from "
           "(select key, value from json_each(run_rows.tags) order by key))",
}

JOINS = {
    "jobs.": "join jobs on jobs.key = attempts.job ",
    "run_rows.": "left join run_rows on run_rows.run = attempts.run "
                 "and run_rows.job = attempts.job ",
    "runs.": "join runs on runs.id = attempts.run ",
}
"""Tables that are joined only where a value needs them: each takes a search for every attempt."""

SUMS = "sum(settled) as charged, sum(reserved) as held, " \
       "sum(iif(attempts.state = 'doubt', reserved, 0)) as in_doubt, " \
       "sum(iif(attempts.state = 'free', settled, 0)) as refunded"
JOBS = "count(distinct attempts.job) as jobs"


def spending(connection: sqlite3.Connection, by: Sequence[str], since_s: float = 0.0,
             manifest: str = "") -> Spending:
    """The money of all attempts since a moment, of one manifest or of all, by these groups."""
    values = [_one_tag(n) if name.startswith(TAG) else VALUES[name] for n, name in enumerate(by)]
    said = {"since": since_s, "manifest": manifest,
            **{f"tag{n}": name.removeprefix(TAG) for n, name in enumerate(by)}}
    places = ", ".join(str(n + 1) for n in range(len(values)))
    rows = connection.execute(
        f"select {', '.join(values)}, {JOBS}, {SUMS} "
        f"{_paid(values, since_s, manifest)} group by {places}", said)
    spent = [Spent(tuple(row)[:len(values)], row["jobs"], Money(row["charged"]),
                   Money(row["held"]), Money(row["in_doubt"]), Money(row["refunded"]))
             for row in rows]
    [jobs] = connection.execute(f"select {JOBS} {_paid([], since_s, manifest)}", said).fetchone()
    return add_up(tuple(by), spent, jobs)


def _one_tag(number: int) -> str:
    return f"(select value from json_each(run_rows.tags) where key = :tag{number})"  # noqa: S608


def _paid(values: Iterable[str], since_s: float, manifest: str) -> str:
    """The attempts that money left for, or may have, beside the tables that the values need."""
    needed = " ".join((*values, "runs." if manifest else ""))
    joins = "".join(join for table, join in JOINS.items() if table in needed)
    # In the order of purchases: by an index, a million of them would be fetched from all over.
    order = "not indexed " if values else ""
    return (f"from attempts {order}{joins}where (attempts.state <> 'free' or settled > 0)"
            + (" and attempts.sent_s >= :since" if since_s else "")
            + (" and runs.manifest = :manifest" if manifest else ""))
