"""What the ledger knows of the jobs of a plan, asked for in the plan's order.

Law: jobs lie in the ledger in the order in which a plan admitted them, so the next page of a plan
is mostly the next page of the table; what is not there is looked up one by one, so the answer is
the same in any order.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence

from pipeline.core.job import State
from pipeline.core.plan import Known

COLUMNS = "key, state, cause, run, account"
Said = tuple[str, str, str | None, str, str]


class Recall:
    """The states of jobs, read along with a plan."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._cursor = connection.cursor()
        self._cursor.row_factory = None
        self._along: sqlite3.Cursor | None = None
        self._connection = connection
        self._known: dict[tuple[str, str | None, str, str], Known] = {}

    def __call__(self, keys: Sequence[str]) -> Mapping[str, Known]:
        """What earlier runs made of these jobs; those that nobody knows are not in it."""
        wanted = set(keys)
        found = {said[0]: self._what(said) for said in self._next(keys) if said[0] in wanted}
        if not found:
            self._along = None
        missing = [key for key in keys if key not in found]
        if missing:
            rows = self._cursor.execute(
                f"select {COLUMNS} from jobs "  # noqa: S608 - our own words
                "where key in (select value from json_each(?))", (json.dumps(missing),))
            found.update((said[0], self._what(said)) for said in rows)
        return found

    def _next(self, keys: Sequence[str]) -> Iterator[Said]:
        """As many jobs as there are keys, from where the page before ended."""
        if self._along is None:
            start = self._cursor.execute("select rowid from jobs where key = ?",
                                         (keys[0],)).fetchone()
            if start is None:
                return iter(())
            self._along = self._connection.cursor()
            self._along.row_factory = None
            self._along.execute(
                f"select {COLUMNS} from jobs where rowid >= ? order by rowid",  # noqa: S608
                start)
        return iter(self._along.fetchmany(len(keys)))

    def _what(self, said: Said) -> Known:
        """Jobs of which the same is known share one value."""
        _, state, cause, run, account = said
        if said[1:] not in self._known:
            self._known[said[1:]] = Known(State(state), cause, run, account=account)
        return self._known[said[1:]]
