"""What services owe for attempts that failed, and what of it has come back.

Law: a refund makes no charge smaller: it is booked beside it, once, when the balance shows it.
"""

import sqlite3

from pipeline.core.job import Deferred, Event, Failed, Job, Refunded
from pipeline.core.money import Money
from pipeline.core.refunds import Due


def note(connection: sqlite3.Connection, before: Job, event: Event, at_s: float) -> None:
    """Remember what is owed from now on, or that it came back."""
    match event:
        case Deferred(charged=charged, due=True) | Failed(charged=charged, due=True) if charged:
            connection.execute(
                "insert into refunds (tag, job, account, amount, due_s) values (?, ?, ?, ?, ?)",
                (before.tag, before.key, before.account, charged.micros, at_s))
        case Refunded(tag, amount):
            _take_back(connection, tag, amount, at_s)


def _take_back(connection: sqlite3.Connection, tag: str, amount: Money, at_s: float) -> None:
    connection.execute("update refunds set back_s = ? where tag = ?", (at_s, tag))
    connection.execute("update attempts set state = 'free' where tag = ?", (tag,))
    connection.execute(
        "update totals set refunded = refunded + ? where scope in "
        "(select value from attempts, json_each(attempts.scopes) where tag = ?)",
        (amount.micros, tag))


def dues(connection: sqlite3.Connection, account: str) -> list[Due]:
    """What an account is owed for attempts that failed since its balance was last remembered."""
    rows = connection.execute(
        "select tag, job, amount from refunds left join balances using (account) "
        "where account = ? and back_s is null and due_s >= coalesce(at_s, 0) order by due_s, tag",
        (account,))
    return [Due(row["tag"], row["job"], Money(row["amount"])) for row in rows]
