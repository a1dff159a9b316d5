"""Which faults strike which call: counted in the books, or drawn from a seeded stream.

Law: only a fault with a count writes, and only until its count can strike no more.
"""

from pipeline.sandbox.books import Books
from pipeline.sandbox.chance import stream
from pipeline.sandbox.faults import Fault, Faults


class Strikes:
    """The draws of one service."""

    def __init__(self, faults: Faults, books: Books, seed: int) -> None:
        self._faults = faults.faults
        self._books = books
        # A service that is opened again must not repeat the draws it began with the last time.
        self._stream = (seed, "strike", books.next_seq())
        self._drawn: dict[str, int] = {}

    def strike(self, name: str, call: str = "start") -> Fault | None:
        """The fault of this name if it strikes this call."""
        fault = self._faults.get(name)
        if fault is None or call not in fault.calls:
            return None
        if fault.counts:
            return fault if self._strikes_count(name, fault) else None
        if fault.rate == 1:
            return fault
        n = self._drawn[name] = self._drawn.get(name, 0) + 1
        return fault if stream(*self._stream, name, n).random() < fault.rate else None

    def strikes_read(self, name: str, subject: str, times: int) -> bool:
        """Whether this is still one of the first `times` reads of the subject."""
        return times > 0 and self._books.bump(f"{name}/{subject}", times) <= times

    def _strikes_count(self, name: str, fault: Fault) -> bool:
        n = self._books.bump(name, fault.last_count)
        return n <= fault.last_count and fault.strikes_count(n)
