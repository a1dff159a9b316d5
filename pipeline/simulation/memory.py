"""The two memories of a process that may die at any commit and at any line.

Law: only what was durable stays. The database loses the transaction that was open, the receipt log
keeps what was written of a line, torn where the writing was cut.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline.ledger.receipts import Line, Receipts
from pipeline.simulation.life import Life

BOUNDARIES = ("begin", "commit", "BEGIN", "COMMIT")
Check = Callable[["MortalConnection"], None]


class MortalConnection(sqlite3.Connection):
    """A connection whose transactions may end in the death of its process (`life`).

    `check` looks at every transaction just before its commit.
    """

    life: Life
    check: Check | None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.life.at_death(self.abandon)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """One statement: only beginning and committing are effects on the world."""
        if not sql.startswith(BOUNDARIES):
            self.life.check()
            return super().execute(sql, *values)
        word = sql.partition(" ")[0].lower()
        if word == "commit" and self.check is not None:
            self.check(self)
        self.life.touch(f"before {word}")
        cursor = super().execute(sql, *values)
        if word == "commit":
            self.life.touch("after commit")
        return cursor

    def executemany(self, sql: str, values: Any) -> sqlite3.Cursor:
        """One statement again and again."""
        self.life.check()
        return super().executemany(sql, values)

    def commit(self) -> None:
        """Refused: it would be no effect on the world."""
        raise NotImplementedError("a commit is a statement here")

    def abandon(self) -> None:
        """What the kernel does for a process that never came back."""
        with suppress(sqlite3.ProgrammingError):  # it closed its books itself
            super().rollback()
        super().close()


def mortal_connection(life: Life, check: Check | None = None) -> type[MortalConnection]:
    """The kind of connection that a process of this life opens."""
    return type("ConnectionOfOne", (MortalConnection,),
                {"life": life, "check": staticmethod(check) if check else None})


class MortalReceipts(Receipts):
    """A receipt log whose lines may be torn, or be the last thing that was written."""

    def __init__(self, path: Path, life: Life) -> None:
        super().__init__(path)
        self._life = life
        life.at_death(self.close)

    def write(self, lines: Sequence[Line]) -> None:
        """Lines that are synced together: of intents, or of acceptances."""
        what = "intent" if lines[0]["what"] == "intent" else "receipt"
        self._life.touch(f"before {what}")
        before = self.length
        super().write(lines)
        middle = (before + self.length) // 2
        tail = os.pread(self._descriptor, self.length - middle, middle)
        os.pwrite(self._descriptor, bytes(len(tail)), middle)  # the room that was kept for it
        self._life.touch(f"torn {what}")
        os.pwrite(self._descriptor, tail, middle)
        self._life.touch(f"after {what}")
