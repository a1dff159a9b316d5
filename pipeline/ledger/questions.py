"""What can be asked of the ledger. Nothing here writes."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from pipeline.core.caps import account_scope
from pipeline.core.evidence import Reading
from pipeline.core.job import Job
from pipeline.core.money import Money
from pipeline.core.plan import Known
from pipeline.core.report import Entry
from pipeline.ledger.codec import read_entry, read_job
from pipeline.ledger.recall import Recall
from pipeline.ledger.run_questions import ALL, RunQuestions
from pipeline.ledger.standing import OUT

FOUND = 100
"""As many jobs as a beginning of a key is taken to mean."""
PAGE = 1_000
"""Rows that are read at once."""
COLUMNS = "jobs.*, seq, campaign, vars, tags, kept, chosen"
ENTRY = (f"select {COLUMNS} from run_rows "  # noqa: S608 - our own words
         "join jobs on jobs.key = run_rows.job where run_rows.run = :run ")


class Questions(RunQuestions):
    """Read access to a ledger's connection."""

    def entries(self, run: str, state: str = "") -> Iterator[Entry]:
        """The rows of a run in the plan's order; of one state, where that is named.

        They are read a page at a time, each from where the last one ended: no question is open
        while somebody looks at a row, so the log of a run under way does not grow with patience.
        """
        source = self.rows_in(run, state) if state else ALL
        sql = (f"select {COLUMNS} from {source} "  # noqa: S608 - our own words
               "where run_rows.run = :run and (:state = '' or state = :state) and seq > :after "
               "order by seq limit :size")
        size = PAGE if source == ALL else -1  # a few are sorted once, not again for each page
        after = -1
        while page := self.connection.execute(
                sql, {"run": run, "state": state, "after": after, "size": size}).fetchall():
            yield from map(read_entry, page)
            after = page[-1]["seq"]

    def entries_of(self, run: str, keys: Collection[str]) -> list[Entry]:
        """The rows of a run that want these jobs."""
        rows = self.connection.execute(
            ENTRY + "and run_rows.job in "  # noqa: S608 - our own words
            "(select value from json_each(:keys)) order by seq",
            {"run": run, "keys": json.dumps(list(keys))})
        return [read_entry(row) for row in rows]

    def find_entries(self, prefix: str) -> list[Entry]:
        """Jobs whose key begins so, each in its latest run; no more than `FOUND` of them.

        A key is of the digits 0 to f: those that begin so end before what begins so and goes on
        with a g.
        """
        rows = self.connection.execute(
            f"select {COLUMNS} from (select key as found from jobs "  # noqa: S608 - our own words
            "where key >= :p and key < :p || 'g' order by key limit :most) "
            "join jobs on key = found join run_rows on run_rows.job = found "
            "join runs on runs.id = run_rows.run order by key, runs.started_s desc",
            {"p": prefix, "most": FOUND})
        latest: dict[str, Entry] = {}
        for row in rows:
            latest.setdefault(row["key"], read_entry(row))
        return list(latest.values())

    def page(self, run: str, account: str, after: tuple[float, int], size: int, *,
             kinds: Sequence[str]) -> list[Entry]:
        """Pending jobs that may be bought, the longest first, after a place in that order."""
        rows = self.connection.execute(
            ENTRY + "and state = 'pending' and chosen = 1 "  # noqa: S608 - our own words
            "and jobs.account = :account and jobs.kind in (select value from json_each(:kinds)) "
            "and (order_s < :s or (order_s = :s and seq > :seq)) "
            "order by order_s desc, seq limit :size",
            {"run": run, "account": account, "s": after[0], "seq": after[1], "size": size,
             "kinds": json.dumps(kinds)})
        return [read_entry(row) for row in rows]

    def place(self, run: str, seq: int) -> tuple[float, int]:
        """Where a row stands in the order of `page`."""
        row = self.connection.execute(
            "select order_s from run_rows where run = ? and seq = ?", (run, seq)).fetchone()
        return float(row["order_s"]), seq

    def open_jobs(self, account: str) -> list[Job]:
        """Jobs of an account under way in any run: money is out for them, or may be."""
        rows = self.connection.execute(
            f"select * from jobs where account = ? and {OUT} order by sent_s",  # noqa: S608
            (account,))
        return [read_job(row) for row in rows]

    def in_doubt(self) -> list[Entry]:
        """Every job in doubt, in the run that bought it, the oldest doubt first."""
        rows = self.connection.execute(
            "select jobs.*, seq, campaign, vars, tags, kept, chosen from jobs "  # noqa: S608
            "join run_rows on run_rows.run = jobs.run and run_rows.job = jobs.key "
            f"where {OUT} and state = 'in_doubt' order by changed_s, key")
        return [read_entry(row) for row in rows]

    def submitting(self) -> int:
        """How many paid calls are under way, or were when their run died."""
        row = self.connection.execute(
            f"select count(*) as n from jobs where {OUT} and state = 'submitting'",  # noqa: S608
        ).fetchone()
        return int(row["n"])

    def owner(self, account: str, remote_id: str) -> str:
        """The key of the job that this id at the service belongs to, "" for none of ours."""
        row = self.connection.execute(
            "select job from remotes join attempts on attempts.tag = remotes.tag "
            "where remotes.account = ? and remote_id = ?", (account, remote_id)).fetchone()
        return str(row["job"]) if row else ""

    def events(self, key: str) -> list[tuple[float, str, str]]:
        """A job's whole story: when, what, and the body in JSON."""
        rows = self.connection.execute(
            "select at_s, type, body from events where job = ? order by id", (key,))
        return [(row["at_s"], row["type"], row["body"]) for row in rows]

    def known(self, keys: Sequence[str]) -> Mapping[str, Known]:
        """What earlier runs made of these jobs."""
        return Recall(self.connection)(keys) if keys else {}

    def bought(self, run: str) -> int:
        """How many jobs of the run were paid for in it, or are under way."""
        row = self.connection.execute(
            "select count(distinct job) as n from attempts where run = ? and state <> 'free'",
            (run,)).fetchone()
        return int(row["n"])

    def begun(self, run: str, account: str) -> bool:
        """Whether a paid call of the run was ever intended at this account."""
        row = self.connection.execute(
            "select 1 from attempts where run = ? and account = ? limit 1", (run, account))
        return row.fetchone() is not None

    def owned(self, account: str, remote_ids: Sequence[str]) -> dict[str, float]:
        """Which of these ids at the service are surely ours, and when that was learned."""
        rows = self.connection.execute(
            "select remote_id, at_s from remotes where account = ? "
            "and remote_id in (select value from json_each(?))", (account, json.dumps(remote_ids)))
        return {row["remote_id"]: row["at_s"] for row in rows}

    def recent_turns(self, account: str, now_s: float,
                     window_s: float = 120.0) -> dict[str, list[float]]:
        """When calls of each bucket were answered lately; a paid call never answered counts now."""
        found: dict[str, list[float]] = {}
        for row in self.connection.execute(
                "select bucket, at_s from turns where account = ? and at_s > ?",
                (account, now_s - window_s)):
            found.setdefault(row["bucket"], []).append(row["at_s"])
        for row in self.connection.execute(
                "select coalesce((select min(at_s) from events where events.job = attempts.job "
                "and at_s >= attempts.sent_s and type <> 'Intended'), ?) as at_s, kind "
                "from attempts join jobs on jobs.key = attempts.job "
                "where attempts.account = ? and attempts.sent_s > ?",
                (now_s, account, now_s - 2 * window_s)):
            found.setdefault(row["kind"], []).append(row["at_s"])
        return found

    def reading(self, account: str) -> Reading | None:
        """The account's balance as it was last read at rest."""
        row = self.connection.execute("select micros, charged from balances where account = ?",
                                      (account,)).fetchone()
        return Reading(Money(row["micros"]), Money(row["charged"])) if row else None

    def charged(self, account: str) -> Money:
        """Everything that was ever charged to an account here and has not come back."""
        _, charged, refunded = self.sums(account_scope(account))
        return Money(charged - refunded)

    def recent_starts(self, account: str, most: int) -> list[float]:
        """When the latest paid calls of an account were intended, the earliest first."""
        rows = self.connection.execute(
            "select sent_s from attempts where account = ? order by sent_s desc limit ?",
            (account, most)).fetchall()
        return [row["sent_s"] for row in reversed(rows)]

    def lengths(self, account: str, per_model: int = 50) -> dict[str, list[float]]:
        """How long jobs of each model took lately, the oldest first."""
        found: dict[str, list[float]] = {}
        for row in self.connection.execute(
                "select model, seconds from lengths where account = ? order by at_s desc "
                "limit 5000", (account,)):
            seconds = found.setdefault(row["model"], [])
            if len(seconds) < per_model:
                seconds.insert(0, row["seconds"])
        return found

    def upload(self, account: str, digest: str) -> tuple[str, float] | None:
        """The address that a file's content was last uploaded to, and when."""
        row = self.connection.execute(
            "select url, at_s from uploads where account = ? and digest = ?",
            (account, digest)).fetchone()
        return (row["url"], row["at_s"]) if row else None

    def accounts(self, run: str) -> list[str]:
        """The accounts of a run, as they were when it began."""
        row = self.connection.execute("select accounts from runs where id = ?", (run,)).fetchone()
        return list(json.loads(row["accounts"]))
