"""The calls that are owed to clients: which job, to which address, when next, how often tried.

Law: a call is written down in the commit that accepts its job, and is gone from the books only when
it was answered or given up, so that a service that was killed in between still rings.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.sandbox.books import Books
from pipeline.sandbox.fetching import is_loopback
from pipeline.sandbox.jobs import RemoteJob

LONGEST_ADDRESS = 2048


@dataclass(frozen=True, slots=True)
class Ring:
    """One call that is owed. `root` is what links begin with for the client that ordered the job,
    `tries` how often it was called already."""

    seq: int
    job: str
    url: str
    root: str
    due_at: float
    tries: int


class Rings:
    """The calls of one service."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def add(self, job: RemoteJob, url: str, root: str) -> None:
        """Owe a call for a job, due when it ends."""
        with self._books.writing():
            self._books.query(
                "INSERT INTO rings (seq, job, url, root, due_at) VALUES (?, ?, ?, ?, ?)",
                (job.seq, job.id, url, root, job.finishes_at))

    def next(self) -> Ring | None:
        """The call that is due first."""
        rows = self._books.query("SELECT * FROM rings ORDER BY due_at, seq LIMIT 1")
        return Ring(**dict(rows[0])) if rows else None

    def put_off(self, ring: Ring, due_at: float) -> None:
        """It was tried, and is to be tried again."""
        with self._books.writing():
            self._books.query("UPDATE rings SET tries = tries + 1, due_at = ? WHERE seq = ?",
                              (due_at, ring.seq))

    def end(self, ring: Ring) -> None:
        """It was answered, or is given up."""
        with self._books.writing():
            self._books.query("DELETE FROM rings WHERE seq = ?", (ring.seq,))


def may_be_rung(url: str) -> bool:
    """Whether an address may be called: over https, or plainly on this machine.

    >>> [may_be_rung(url) for url in ("https://e.com/h", "http://127.0.0.1:9/h", "http://e.com/h")]
    [True, True, False]
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc
    return plain and len(url) <= LONGEST_ADDRESS and bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
