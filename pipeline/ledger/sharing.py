"""Jobs of a run that more than one account may buy, and how one takes them over.

Law: only what waits changes its account, and only where nothing was sent for it, or all that was is
proven free: then nothing is held for it anywhere, and the next intent holds it where it is by then.
Its new price is one that the plan allowed. All of it is one transaction, and an event of its own.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import cast

from pipeline.core.caps import account_scope, scopes
from pipeline.core.job import Job, apply
from pipeline.core.money import Money
from pipeline.core.pricing import Quote
from pipeline.core.sharing import Reassigned
from pipeline.ledger.admission import insert_event
from pipeline.ledger.codec import dump_quote, read_job, read_quote
from pipeline.ledger.ledger import Ledger
from pipeline.ledger.payments import used

UNSENT = ("state = 'pending' and paid_tries = 0 and remote_ids = '[]' and not exists "
          "(select 1 from attempts where attempts.job = key and attempts.state <> 'free')")
"""Nothing that money was ever out for, or may be; `one_live_or_paid` is an index over the last."""
PAGE = 64
"""So many are looked at together."""


def shares(connection: sqlite3.Connection, run: str, account: str) -> bool:
    """Whether an account may buy jobs of the run that others may buy as well."""
    return connection.execute("select 1 from pools where run = ? and account = ? limit 1",
                              (run, account)).fetchone() is not None


def offered(connection: sqlite3.Connection, run: str, account: str, after: tuple[float, int],
            kinds: Iterable[str]) -> list[tuple[tuple[float, int], Job, Quote]]:
    """Pending jobs of other accounts that this one may take over, the longest first, after a place
    in that order: the place of each, the job, and what it costs here."""
    rows = connection.execute(
        "select jobs.*, order_s, seq, pools.quote as here "  # noqa: S608 - our own words
        "from run_rows indexed by run_rows_pool join jobs on key = job "
        "join pools on pools.run = run_rows.run and pools.pool = run_rows.pool "
        "and pools.account = :account "
        "where run_rows.run = :run and chosen = 1 and run_rows.pool > 0 "
        f"and jobs.account <> :account and {UNSENT} "
        "and kind in (select value from json_each(:kinds)) "
        "and (order_s < :s or (order_s = :s and seq > :seq)) "
        "order by order_s desc, seq limit :size",
        {"run": run, "account": account, "s": after[0], "seq": after[1], "size": PAGE,
         "kinds": json.dumps(list(kinds))})
    return [((row["order_s"], row["seq"]), read_job(row), read_quote(row["here"])) for row in rows]


def own_room(ledger: Ledger, account: str) -> Money | None:
    """What the tightest cap that the account's owner put on it has left; None without one."""
    found = scopes(ledger.caps, run="", manifest="", account=account, at_s=ledger.tick())
    own = [scope for scope in found if scope.name.startswith(account_scope(account))]
    taken = used(ledger.connection, own)
    left = [scope.cap.less(Money(max(0, taken.get(scope.name, 0)))) for scope in own
            if scope.cap is not None]
    return min(left, default=None)


async def reassign(ledger: Ledger, account: str,
                   wanted: Sequence[tuple[Job, Quote]]) -> list[Job]:
    """Give these jobs to the account at these prices, durably: those that its own caps have room
    for, and that are still as they were seen. Raises `NoRoom` on a disk that is full."""
    at_s = ledger.tick()

    def work(connection: sqlite3.Connection) -> list[Job]:
        left, taken = own_room(ledger, account), []
        for job, quote in wanted:
            event = Reassigned(account, job.account, quote)
            after = apply(job, event, at_s)
            if (left is None or quote.worst <= left) and _move(connection, job, after):
                insert_event(connection, job.key, job.run, event, at_s)
                left = None if left is None else left.less(quote.worst)
                taken.append(after)
        return taken

    return cast("list[Job]", await ledger.commits.write(work, wish=True))


def _move(connection: sqlite3.Connection, before: Job, after: Job) -> bool:
    done = connection.execute(
        "update jobs set account = ?, quote = ?, changed_s = ?, not_before_s = 0 "  # noqa: S608
        f"where key = ? and account = ? and attempts = ? and changed_s = ? and {UNSENT}",
        (after.account, dump_quote(after.quote), after.changed_s, before.key, before.account,
         before.attempts, before.changed_s))
    return done.rowcount == 1
