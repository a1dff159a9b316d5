"""Writes out the rows of a plan for the ledger, what is alike in neighbours only once."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pipeline.core.cells import Cells
from pipeline.core.job import Job, State
from pipeline.core.manifest import Value
from pipeline.core.plan import Rows
from pipeline.core.pricing import Quote
from pipeline.core.sharing import siblings
from pipeline.ledger.codec import dump, dump_spec, new_job_columns

ROOM_KB = 32_768
"""Pages that SQLite keeps at hand while it takes in a plan: keys fall all over their index."""
OWN = ("key", "labels", "spec")
"""The columns that jobs of one pattern do not share."""


class Clerk:
    """The columns of a plan's jobs and rows, by their number in the plan."""

    def __init__(self, rows: Rows, run: str, folder: str, now_s: float) -> None:
        self.rows = rows
        self.run = run
        self.now_s = now_s
        self._folder = folder
        self._shared: dict[int, tuple[object, ...]] = {}
        self.pools, self._pool = _pools(rows.cells)
        self._tags = [dump(pattern.tags) for pattern in rows.cells.patterns]
        self._strip: tuple[int, int] = -1, -1
        self._spec = self._labels = self._vars = ""
        self.columns: tuple[str, ...] = ()
        self.counted: Counter[tuple[State, int]] = Counter()

    @property
    def insert_job(self) -> str:
        """The statement that takes what `job` gives, once it gave any."""
        marks = ", ".join("?" * len(self.columns))
        return f"insert into jobs ({', '.join(self.columns)}) values ({marks})"  # noqa: S608

    def turn_to(self, number: int) -> None:
        """Write out what neighbours share: the variables, and the spec up to the variant."""
        cells = self.rows.cells
        strip = cells.pattern[number], cells.strip[number]
        if self._strip != strip:
            self._strip = strip
            cell = cells.at(number)
            self._vars, self._labels = dump(cell.vars), dump(_labels(cell.vars))
            self._spec = dump_spec(cell.spec).removesuffix(f"{cell.spec.variant}}}")

    def job(self, number: int, key: str) -> tuple[object, ...]:
        """The columns of the job that was turned to, which is new."""
        cells = self.rows.cells
        shared = self._shared.get(cells.pattern[number]) or self._share(number)
        return (*shared, key, self._labels, f"{self._spec}{cells.variant[number]}}}")

    def row(self, number: int, key: str, state: State,
            kept: int | None) -> tuple[str | int | float, ...]:
        """The row of the run that was turned to."""
        index = self.rows.cells.pattern[number]
        pattern = self.rows.cells.patterns[index]
        kept = int(state is State.DONE) if kept is None else kept
        self.counted[state, kept] += 1
        return (self.run, number, key, pattern.campaign, self._vars, self._tags[index], kept,
                int(state is State.PENDING), pattern.typical_s or 0.0, self._pool.get(index, 0))

    def _share(self, number: int) -> tuple[object, ...]:
        cell = self.rows.cells.at(number)
        columns = new_job_columns(Job(
            key=cell.key, account=cell.account, spec=cell.spec, quote=cell.quote,
            max_paid_attempts=cell.max_paid_attempts, typical_s=cell.typical_s,
            created_s=self.now_s, changed_s=self.now_s, run=self.run,
            folder=f"{self._folder}/{cell.campaign}"))
        for own in OWN:
            del columns[own]
        self.columns = (*columns, *OWN)
        shared = self._shared[self.rows.cells.pattern[number]] = tuple(columns.values())
        return shared


def _pools(cells: Cells) -> tuple[list[dict[str, Quote]], dict[int, int]]:
    """Which accounts may buy the cells of a pattern at which price, where there are several; and
    the number of that, from 1, by the pattern."""
    shared = siblings(cells.patterns)
    used = [number for number in sorted(set(cells.pattern)) if len(shared[number]) > 1]
    return ([{account: cells.patterns[other].quote for account, other in shared[number].items()}
             for number in used], {pattern: pool for pool, pattern in enumerate(used, 1)})


def _labels(variables: Mapping[str, Value]) -> dict[str, str]:
    """The scalar variables, in order: what a file's name can say of the job."""
    return {name: str(value) for name, value in variables.items()
            if isinstance(value, str | int)}


@contextmanager
def roomy(connection: sqlite3.Connection) -> Iterator[None]:
    """More pages at hand for the length of a block."""
    before = connection.execute("pragma cache_size").fetchone()[0]
    connection.execute(f"pragma cache_size = -{ROOM_KB}")
    try:
        yield
    finally:
        connection.execute(f"pragma cache_size = {before}")
