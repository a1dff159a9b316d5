"""The book of payments: what every event does to attempts and to the sums under the caps.

Law: charged + held stays under every cap at every commit. A hold is made and checked in the commit
of the intent, and leaves the book only by the event that ends the attempt.
"""

import sqlite3
from collections.abc import Sequence

from pipeline.core.caps import Scope, account_scope
from pipeline.core.job import (
    IN_FLIGHT,
    Accepted,
    Doubted,
    Event,
    Intended,
    Job,
    Produced,
)
from pipeline.ledger import refunds, surprises
from pipeline.ledger.codec import dump


class CapReached(Exception):
    """A hold would pass a cap; nothing was written. `says` names the cap, and `of_account` says
    whether it is the account's own, so that another may still buy."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope.says)
        self.says = scope.says
        self.of_account = scope.name.startswith(account_scope(""))


class OwnedAlready(Exception):
    """The service answered with an id that belongs to another attempt; nothing was written."""


def book(connection: sqlite3.Connection, before: Job, after: Job, event: Event, *,
         scopes: Sequence[Scope], epoch: int, at_s: float) -> None:
    """Enter what the event did to the job's money and to its remote ids."""
    match event:
        case Intended():
            _hold(connection, after, scopes, epoch, at_s)
        case Accepted(remote_ids) | Produced(remote_ids=remote_ids) if remote_ids:
            _own(connection, after, remote_ids, at_s)
        case Doubted():
            _settle_state(connection, before.tag, "doubt")
    if isinstance(event, Accepted):
        _settle_state(connection, before.tag, "open")
    if before.state in IN_FLIGHT and after.state not in IN_FLIGHT:
        _settle(connection, before, after)
        surprises.note(connection, before, after, at_s)
    refunds.note(connection, before, event, at_s)


def used(connection: sqlite3.Connection, scopes: Sequence[Scope]) -> dict[str, int]:
    """What is held in each scope and was charged, less what came back, in micros; by its name, and
    nothing for one that nothing was ever held in."""
    return dict(connection.execute(
        "select scope, held + charged - refunded from totals "
        "where scope in (select value from json_each(?))", (_names(scopes),)).fetchall())


def _names(scopes: Sequence[Scope]) -> str:
    return dump([scope.name for scope in scopes])


def _hold(connection: sqlite3.Connection, job: Job, scopes: Sequence[Scope], epoch: int,
          at_s: float) -> None:
    before = used(connection, scopes)
    for scope in scopes:
        if scope.cap is not None and before.get(scope.name, 0) + job.held.micros > scope.cap.micros:
            raise CapReached(scope)
    connection.execute(
        "insert into totals (scope, held) select value, ? from json_each(?) where true "
        "on conflict (scope) do update set held = held + excluded.held",
        (job.held.micros, _names(scopes)))
    connection.execute(
        "insert into attempts (tag, job, purchase, account, run, epoch, sent_s, state, reserved, "
        "scopes) values (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)",
        (job.tag, job.key, job.paid_tries + 1, job.account, job.run, epoch, at_s, job.held.micros,
         _names(scopes)))


def _own(connection: sqlite3.Connection, job: Job, remote_ids: Sequence[str],
         at_s: float) -> None:
    for remote_id in remote_ids:
        new = connection.execute(
            "insert into remotes (account, remote_id, tag, at_s) values (?, ?, ?, ?) "
            "on conflict (account, remote_id) do nothing",
            (job.account, remote_id, job.tag, at_s)).rowcount
        if not new and job.tag != connection.execute(
                "select tag from remotes where account = ? and remote_id = ?",
                (job.account, remote_id)).fetchone()["tag"]:
            raise OwnedAlready(remote_id)


def _settle_state(connection: sqlite3.Connection, tag: str, state: str) -> None:
    connection.execute("update attempts set state = ? where tag = ?", (state, tag))


def _settle(connection: sqlite3.Connection, before: Job, after: Job) -> None:
    charge = after.charged.micros - before.charged.micros
    connection.execute(
        "update attempts set state = ?, settled = ?, reserved = 0 where tag = ?",
        ("paid" if charge else "free", charge, before.tag))
    connection.execute(
        "update totals set held = held - ?, charged = charged + ? where scope in "
        "(select value from attempts, json_each(attempts.scopes) where tag = ?)",
        (before.held.micros, charge, before.tag))
