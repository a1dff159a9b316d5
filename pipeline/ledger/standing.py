"""Where runs stand: what `status` asks, answered from kept figures and with little of the program.

Nothing here writes.
"""

import json
import sqlite3

from pipeline.core.job import AT_REST, State
from pipeline.core.money import Money
from pipeline.core.report import RunInfo, Totals

OUT = "state in ('submitting', 'in_doubt', 'running', 'produced')"
"""Money is out for the job, or may be. In these words, because an index is over them."""


class Standing:
    """Read access to the runs of a ledger, each as a whole."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def close(self) -> None:
        """Close the connection; the last one out tidies the WAL."""
        self.connection.close()

    def runs(self, manifest: str = "") -> list[RunInfo]:
        """All runs, the latest first."""
        rows = self.connection.execute(
            "select * from runs where :m = '' or manifest = :m order by started_s desc, id desc",
            {"m": manifest})
        return [read_run(row) for row in rows]

    def find_run(self, name: str = "") -> RunInfo | None:
        """The run whose id begins with `name`; the latest when no name is given."""
        row = self.connection.execute(
            "select * from runs where substr(id, 1, length(:n)) = :n "
            "order by started_s desc, id desc limit 1", {"n": name}).fetchone()
        return read_run(row) if row else None

    def worked_s(self, run: str) -> float:
        """How many seconds processes have worked on this run in all."""
        row = self.connection.execute("select worked_s from runs where id = ?", (run,)).fetchone()
        return float(row["worked_s"])

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


def read_run(row: sqlite3.Row) -> RunInfo:
    """A run from its row."""
    return RunInfo(row["id"], row["manifest"], row["file"], row["account"], row["started_s"],
                   row["ended_s"], row["exit_code"], row["outputs"], json.loads(row["caps"]))
