"""What can be asked of one run, in a time that does not grow with its rows where it can be helped.

Nothing here writes.
"""

import sqlite3
from collections.abc import Iterator

from pipeline.core.caps import Candidate
from pipeline.core.difference import Wanted
from pipeline.core.job import Job, State
from pipeline.core.loads import Sort, Start
from pipeline.ledger.codec import read_job, read_quote
from pipeline.ledger.standing import OUT, Standing

LEFT = "state in ('pending', 'failed', 'cancelled')"
"""The job has no file and nothing is out for it; an index is over these words as well."""
ALL = "run_rows join jobs on key = job"
"""All rows of runs, read in their order."""
MANY = 8
"""Rows in a state are looked for one by one where they are fewer than one in so many."""


class RunQuestions(Standing):
    """Read access to the rows of runs."""

    def job(self, key: str) -> Job | None:
        """One job by its whole key."""
        row = self.connection.execute("select * from jobs where key = ?", (key,)).fetchone()
        return read_job(row) if row else None

    def rows_in(self, run: str, state: str) -> str:
        """From where the rows of a run in a state are read: all rows in their order, or, where the
        state is that of a few, those jobs in no order."""
        numbers = {row["state"]: row["number"] for row in self.connection.execute(
            "select state, number from tallies where run = ?", (run,))}
        few = numbers.get(state, 0) * MANY < sum(numbers.values())
        for words in (LEFT, OUT):
            if few and f"'{state}'" in words:
                return ("(select key as found from jobs "  # noqa: S608 - our own words
                        f"where {words} and state = :state) "
                        "cross join run_rows on run_rows.job = found join jobs on key = found")
        return ALL

    def kinds(self, run: str, account: str) -> list[str]:
        """The kinds of a run's jobs that are on an account, or may come to be."""
        rows = self.connection.execute(
            "select distinct kind from samples cross join jobs on key = samples.job "
            "cross join run_rows on run_rows.job = samples.job and run_rows.run = samples.run "
            "where samples.run = :run and (account = :account or exists (select 1 from pools "
            "where pools.run = :run and pools.pool = run_rows.pool and pools.account = :account)) "
            "order by kind", {"run": run, "account": account})
        return [row["kind"] for row in rows]

    def samples(self, run: str) -> Iterator[Job]:
        """A job of each pattern that the run wanted."""
        rows = self.connection.execute(
            "select jobs.* from samples join jobs on key = job where samples.run = ?", (run,))
        return (read_job(row) for row in rows)

    def wanted(self, run: str) -> Iterator[Wanted]:
        """The rows of a run, in few words."""
        rows = self.connection.execute(
            "select key, campaign, model, quote, state from run_rows join jobs on key = job "
            "where run_rows.run = ? order by seq", (run,))
        return (Wanted(row["key"], row["campaign"], row["model"],
                       read_quote(row["quote"]).expected, row["state"] != State.PENDING)
                for row in rows)

    def candidates(self, run: str) -> Iterator[tuple[Candidate, Job | None]]:
        """The pending rows of a run in the author's order, as caps look at them; where a job starts
        from others, the job itself."""
        for row, job in self._pending(run, "key, campaign, quote"):
            yield Candidate(row["key"], read_quote(row["quote"]).worst,
                            job.spec.waits_for if job else (), row["campaign"]), job

    def starts(self, run: str) -> Iterator[Start]:
        """The pending rows of a run in the author's order, as a forecast looks at them."""
        for row, job in self._pending(run, "key, campaign, account, kind, model, typical_s"):
            yield Start(Sort(row["campaign"], row["account"], row["kind"], row["model"],
                             row["typical_s"]), row["key"], job.spec.waits_for if job else ())

    def _pending(self, run: str, columns: str) -> Iterator[tuple[sqlite3.Row, Job | None]]:
        """These columns of the pending rows, in the author's order; with the job itself where it
        starts from others."""
        rows = self.connection.execute(
            f"select {columns}, "  # noqa: S608 - our own words
            "instr(spec, '\"kind\":\"job\"') as chained "
            f"from {self.rows_in(run, State.PENDING)} "
            "where run_rows.run = :run and state = :state order by seq",
            {"run": run, "state": State.PENDING})
        for row in rows:
            yield row, self.job(row["key"]) if row["chained"] else None

    def pending(self, run: str) -> list[str]:
        """The keys of the pending rows of a run."""
        return [row["key"] for row in self.connection.execute(
            f"select key from {self.rows_in(run, State.PENDING)} "  # noqa: S608 - our own words
            "where run_rows.run = :run and state = :state", {"run": run, "state": State.PENDING})]

    def chosen(self, run: str) -> int:
        """How many rows may be bought."""
        row = self.connection.execute(
            "select count(*) as n from run_rows indexed by run_rows_order "
            "where run = ? and chosen = 1", (run,)).fetchone()
        return int(row["n"])
