"""What a simulated world stands on: its folder, its database, its service's books, its line.

Law: nothing here decides anything. A ground may be cheaper than another, and what happens on it is
the same.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.money import Money
from pipeline.ledger.connection import open_for_reading
from pipeline.providers.http import Http
from pipeline.providers.secret import Secret
from pipeline.sandbox.books import Books
from pipeline.simulation.life import Life
from pipeline.simulation.memory import Check, mortal_connection
from pipeline.simulation.transport import SandboxTransport
from pipeline.simulation.wire import SERVICE, Caller

ADDRESS = f"http://{SERVICE[0]}:{SERVICE[1]}"
KEY = Secret("sk_simulated_canary_4711")


class Ground:
    """A folder of its own for each world, and everything in it as a real process has it."""

    anywhere = False
    """Whether it is known that the folder lies on a disk of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.outputs = folder / "outputs"

    def open_books(self, granted: Money) -> Books:
        """The service's own books, with so many credits for the account."""
        return Books.open(None, granted=granted)

    def close_books(self, books: Books) -> None:
        """The world ends."""
        books.close()

    def memory(self, life: Life, check: Check | None) -> type[sqlite3.Connection]:
        """The kind of connection that a process opens its database with."""
        return mortal_connection(life, check)

    def http(self, caller: Caller, now: Callable[[], float]) -> Http:
        """A process's way to the service."""
        return Http(ADDRESS, KEY, now=now, transport=SandboxTransport(caller))

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """The ledger for one who only looks on; None where there is none yet."""
        connection = open_for_reading(self.state)
        try:
            yield connection
        finally:
            if connection is not None:
                connection.close()
