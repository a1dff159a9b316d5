"""A bound on processor time that a busy machine does not break.

Law: a bound is a number of seconds on a free machine of 2026. A machine that is slower at this
moment, or a process that is full of other tests' objects, is measured by the reference loop below,
in the same process and right after the work, and is given as much more as the loop took more.
"""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager

REFERENCE_S = 0.035
"""What `_reference` takes on a free core of the machine the bounds were set on."""

ROUNDS = 120_000


@contextmanager
def within(longest_s: float) -> Iterator[None]:
    """Fails when what is done inside takes more than `longest_s` of processor time."""
    start_s = time.process_time()
    yield
    took_s = time.process_time() - start_s
    if took_s >= longest_s:
        slower = max(1.0, _reference() / REFERENCE_S)
        assert took_s < longest_s * slower, (
            f"{took_s:.2f} s of processor time, and {longest_s} s × {slower:.1f} are allowed")


def _reference() -> float:
    """How long a fixed piece of work takes here and now: allocation, calls, the collector."""
    start_s = time.process_time()
    gc.collect()
    kept = [{"n": n, "text": str(n)} for n in range(ROUNDS)]
    assert len(kept) == ROUNDS
    return time.process_time() - start_s
