"""What a process learned of an account on the way, kept for the next one."""

import sqlite3
from collections.abc import Collection

from pipeline.core.evidence import Reading

FORGET_TURNS_S = 600.0


def keep_upload(connection: sqlite3.Connection, account: str, digest: str, url: str,
                now_s: float) -> None:
    """The address of a file's content at the service."""
    connection.execute("insert or replace into uploads values (?, ?, ?, ?)",
                       (account, digest, url, now_s))


def keep_balance(connection: sqlite3.Connection, account: str, reading: Reading,
                 now_s: float) -> None:
    """The balance as it was read at rest."""
    connection.execute("insert or replace into balances values (?, ?, ?, ?)",
                       (account, reading.balance.micros, reading.charged.micros, now_s))


def keep_pace(connection: sqlite3.Connection, account: str, turns: Collection[tuple[str, float]],
              lengths: Collection[tuple[str, float]], *, now_s: float) -> None:
    """Free calls (bucket, when) of the last window, and lengths of jobs (model, seconds)."""
    connection.execute("delete from turns where account = ? and at_s < ?",
                       (account, now_s - FORGET_TURNS_S))
    connection.executemany("insert into turns values (?, ?, ?)",
                           [(account, bucket, at_s) for bucket, at_s in turns])
    connection.executemany("insert into lengths values (?, ?, ?, ?)",
                           [(account, model, seconds, now_s) for model, seconds in lengths])
