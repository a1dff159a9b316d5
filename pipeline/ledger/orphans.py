"""Charges that belong to no job: seen, and what a person said of them.

Law: what was seen is kept until a person has ruled on it; only then is it booked, for the job that
it looks like, as a paid attempt of its own: so one sum stays the whole truth. Such attempts are
numbered from 0 downwards, because they took the place of no purchase.
"""

import sqlite3
from collections.abc import Collection
from typing import cast

from pipeline.core.caps import Caps, scopes
from pipeline.core.money import Money
from pipeline.core.orphans import Orphan, Try
from pipeline.ledger.admission import campaign_of
from pipeline.ledger.codec import dump, read_spec
from pipeline.ledger.ledger import Ledger

MOST_TRIES = 500
"""No list is longer than what so many paid calls made."""
THERE = "select 1 from sqlite_master where name = 'orphans'"


def recent_tries(connection: sqlite3.Connection, account: str, since_s: float) -> list[Try]:
    """The paid calls of an account since a moment, the latest first."""
    rows = connection.execute(
        "select jobs.key, spec, attempts.tag, attempts.sent_s, "
        "attempts.state = 'paid' and not exists (select 1 from remotes "
        "where remotes.account = attempts.account and remotes.tag = attempts.tag) as nameless "
        "from attempts join jobs on jobs.key = attempts.job "
        "where attempts.account = ? and attempts.sent_s >= ? and purchase > 0 "
        "order by attempts.sent_s desc limit ?", (account, since_s, MOST_TRIES))
    return [Try(row["key"], read_spec(row["spec"]), row["sent_s"], bool(row["nameless"]),
                row["tag"]) for row in rows]


async def keep(ledger: Ledger, found: Collection[Orphan]) -> list[Orphan]:
    """Remember what was seen; those that were not seen before."""
    now_s = ledger.now()
    return cast("list[Orphan]", await ledger.commits.write(lambda c: _see(c, found, now_s)))


def _see(connection: sqlite3.Connection, found: Collection[Orphan],
         now_s: float) -> list[Orphan]:
    new = []
    for orphan in found:
        charged = None if orphan.charged is None else orphan.charged.micros
        done = connection.execute(
            "insert into orphans (account, remote_id, job, created_s, charged, seen_s) "
            "values (?, ?, ?, ?, ?, ?) on conflict (account, remote_id) do nothing",
            (orphan.account, orphan.remote_id, orphan.job, orphan.created_s, charged, now_s))
        if done.rowcount:
            new.append(orphan)
        elif charged is not None:
            connection.execute("update orphans set charged = ? where account = ? "
                               "and remote_id = ? and ruling = ''",
                               (charged, orphan.account, orphan.remote_id))
    return new


def unruled(connection: sqlite3.Connection) -> list[Orphan]:
    """What a person has still to say something of, the oldest first; an id that a job has by now is
    no orphan. A ledger of an older shape knows of none."""
    if not connection.execute(THERE).fetchone():
        return []
    rows = connection.execute(
        "select * from orphans where ruling = '' and not exists (select 1 from remotes "
        "where remotes.account = orphans.account and remotes.remote_id = orphans.remote_id) "
        "order by created_s, remote_id")
    return [Orphan(row["account"], row["remote_id"], row["job"], row["created_s"],
                   None if row["charged"] is None else Money(row["charged"])) for row in rows]


def dismiss(ledger: Ledger, orphan: Orphan, by: str, note: str) -> None:
    """A person says that it is somebody else's, or took nothing."""
    now_s = ledger.now()
    ledger.commits.write_now(lambda c: _rule(c, orphan, ("not-ours", by, note, now_s)))


def book(ledger: Ledger, orphan: Orphan, amount: Money, by: str, note: str) -> None:
    """A person says that it is ours, and lost: it is spent, whatever the caps say."""
    now_s = ledger.now()

    def work(connection: sqlite3.Connection) -> None:
        _rule(connection, orphan, ("ours", by, note, now_s))
        _enter(connection, orphan, amount, ledger.commits.epoch, now_s)

    ledger.commits.write_now(work)


def take_back(ledger: Ledger, tag: str) -> None:
    """What was written off as this attempt is not lost after all: another now owns the charge."""
    ledger.commits.write_now(lambda c: c.execute(
        "update totals set refunded = refunded + attempts.settled from attempts "
        "where tag = ? and scope in (select value from json_each(attempts.scopes))", (tag,)))


def _rule(connection: sqlite3.Connection, orphan: Orphan, said: tuple[object, ...]) -> None:
    connection.execute("update orphans set ruling = ?, by = ?, note = ?, ruled_s = ? "
                       "where account = ? and remote_id = ?",
                       (*said, orphan.account, orphan.remote_id))


def _enter(connection: sqlite3.Connection, orphan: Orphan, amount: Money, epoch: int,
           now_s: float) -> None:
    """One more paid attempt for the job that it looks like, counted where that job's are."""
    run, manifest = connection.execute(
        "select runs.id, manifest from jobs join runs on runs.id = jobs.run where key = ?",
        (orphan.job,)).fetchone()
    counted = [scope.name for scope in scopes(
        Caps(), run=run, manifest=manifest, account=orphan.account, at_s=orphan.created_s,
        campaign=campaign_of(connection, run, orphan.job))]
    tag = f"orphan-{orphan.remote_id}"
    connection.execute(
        "insert into attempts (tag, job, purchase, account, run, epoch, sent_s, state, reserved, "
        "settled, scopes) values (?, ?, (select min(coalesce(min(purchase), 1), 1) - 1 "
        "from attempts where job = ?), ?, ?, ?, ?, 'paid', 0, ?, ?)",
        (tag, orphan.job, orphan.job, orphan.account, run, epoch, orphan.created_s, amount.micros,
         dump(counted)))
    connection.execute("insert into remotes (account, remote_id, tag, at_s) values (?, ?, ?, ?)",
                       (orphan.account, orphan.remote_id, tag, now_s))
    connection.executemany(
        "insert into totals (scope, charged) values (?, ?) "
        "on conflict (scope) do update set charged = charged + excluded.charged",
        [(name, amount.micros) for name in counted])
