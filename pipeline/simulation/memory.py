"""The two memories of a process that may die at any commit and at any line.

Law: only what was durable stays. The database loses the transaction that was open, the receipt log
keeps what was written of a line, torn where the writing was cut.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.ledger.receipts import Receipts
from pipeline.simulation.life import Killed, Life

BOUNDARIES = ("begin", "commit")
Check = Callable[[sqlite3.Connection], None]


def mortal_connection(life: Life, check: Check | None = None) -> type[sqlite3.Connection]:
    """A kind of connection whose transactions may end in death.

    `check` looks at every transaction just before its commit.
    """
    class MortalConnection(sqlite3.Connection):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            life.at_death(self.abandon)

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            word = sql[:8].split(None, 1)[0].lower()
            if word not in BOUNDARIES:
                life.check()
                return super().execute(sql, *values)
            if word == "commit" and check is not None:
                check(self)
            life.touch(f"before {word}")
            cursor = super().execute(sql, *values)
            if word == "commit":
                life.touch("after commit")
            return cursor

        def executemany(self, sql: str, values: Any) -> sqlite3.Cursor:
            life.check()
            return super().executemany(sql, values)

        def commit(self) -> None:
            raise NotImplementedError("a commit is a statement here")

        def abandon(self) -> None:
            """What the kernel does for a process that never came back."""
            with suppress(sqlite3.ProgrammingError):  # it closed its books itself
                super().rollback()
            super().close()

    return MortalConnection


class MortalReceipts(Receipts):
    """A receipt log whose lines may be torn, or be the last thing that was written."""

    def __init__(self, path: Path, life: Life) -> None:
        super().__init__(path)
        self._life = life
        life.at_death(self.close)

    def intend(self, tag: str, job: str, at: str) -> None:
        """The line of an intent."""
        self._write(lambda: super(MortalReceipts, self).intend(tag, job, at), "intent")

    def accept(self, tag: str, remote_ids: tuple[str, ...], at: str) -> None:
        """The line of an acceptance."""
        self._write(lambda: super(MortalReceipts, self).accept(tag, remote_ids, at), "receipt")

    def _write(self, line: Callable[[], None], what: str) -> None:
        self._life.touch(f"before {what}")
        before = self.length
        line()
        try:
            self._life.touch(f"torn {what}")
        except Killed:
            os.truncate(self.path, (before + self.length) // 2)
            raise
        self._life.touch(f"after {what}")
