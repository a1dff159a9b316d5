"""What can be asked of one run, in a time that does not grow with its rows where it can be helped.

Nothing here writes.
"""

import sqlite3
from collections.abc import Iterator

from pipeline.core.caps import Candidate
from pipeline.core.difference import Wanted
from pipeline.core.job import AT_REST, Job, State
from pipeline.core.money import Money
from pipeline.core.report import Totals
from pipeline.ledger.codec import read_job, read_quote

OUT = "state in ('submitting', 'in_doubt', 'running', 'produced')"
"""Money is out for the job, or may be. In these words, because an index is over them."""


class RunQuestions:
    """Read access to the rows of runs."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def job(self, key: str) -> Job | None:
        """One job by its whole key."""
        row = self.connection.execute("select * from jobs where key = ?", (key,)).fetchone()
        return read_job(row) if row else None

    def worked_s(self, run: str) -> float:
        """How many seconds processes have worked on this run in all."""
        row = self.connection.execute("select worked_s from runs where id = ?", (run,)).fetchone()
        return float(row["worked_s"])

    def kinds(self, run: str, account: str) -> list[str]:
        """The kinds of a run's jobs on an account."""
        rows = self.connection.execute(
            "select distinct kind from samples join jobs on key = job "
            "where samples.run = ? and account = ? order by kind", (run, account))
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
        rows = self.connection.execute(
            "select key, campaign, quote, instr(spec, '\"kind\":\"job\"') as chained "
            "from run_rows join jobs on key = job "
            "where run_rows.run = ? and state = 'pending' order by seq", (run,))
        for row in rows:
            job = self.job(row["key"]) if row["chained"] else None
            yield Candidate(row["key"], read_quote(row["quote"]).worst,
                            job.spec.waits_for if job else (), row["campaign"]), job

    def pending(self, run: str) -> list[str]:
        """The keys of the pending rows of a run."""
        return [row["key"] for row in self.connection.execute(
            "select key from run_rows join jobs on key = job "
            "where run_rows.run = ? and state = 'pending'", (run,))]

    def chosen(self, run: str) -> int:
        """How many rows may be bought."""
        row = self.connection.execute(
            "select count(*) as n from run_rows where run = ? and chosen = 1", (run,)).fetchone()
        return int(row["n"])

    def totals(self, run: str) -> Totals:
        """The figures of a run: its rows by state, and its own money."""
        states = dict.fromkeys(State, 0)
        kept = 0
        for row in self.connection.execute(
                "select state, number, kept from tallies where run = ?", (run,)):
            states[State(row["state"])] = row["number"]
            kept += row["kept"]
        doubt = self.connection.execute(
            f"select sum(held) as held from jobs where {OUT} "  # noqa: S608 - our own words
            "and state = 'in_doubt' and run = ?", (run,)).fetchone()["held"]
        held, charged, refunded = self.sums(f"run:{run}")
        return Totals(states, kept, Money(charged), Money(held), Money(doubt or 0),
                      Money(refunded))

    def sums(self, scope: str) -> tuple[int, int, int]:
        """Held, charged and refunded in a scope, in micros."""
        row = self.connection.execute("select held, charged, refunded from totals "
                                      "where scope = ?", (scope,)).fetchone()
        return (row["held"], row["charged"], row["refunded"]) if row else (0, 0, 0)

    def unfinished(self, run: str) -> bool:
        """Whether any row of the run is not at rest."""
        marks = ",".join(f"'{state}'" for state in sorted(AT_REST))
        row = self.connection.execute(
            f"select 1 from tallies where run = ? and number > 0 "  # noqa: S608 - our own words
            f"and state not in ({marks})", (run,)).fetchone()
        return row is not None
