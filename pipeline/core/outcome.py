"""How a run ended, as an exit code.

Law: when several are true, the first of `ORDER` is told (CONTRACT section 7).
"""

from collections.abc import Collection

from pipeline.core.errors import Exit
from pipeline.core.job import State
from pipeline.core.report import Totals

ORDER = (Exit.BUG, Exit.DAMAGED, Exit.HELD, Exit.INTERRUPTED, Exit.TERMINATED, Exit.DOUBT,
         Exit.KEY, Exit.NO_CREDITS, Exit.USAGE, Exit.BUDGET, Exit.TIME, Exit.REFUSED,
         Exit.SOME_FAILED)
"""`USAGE` is this machine's part of it: no room on a disk, or a clock that is wrong."""
STOPS = frozenset({Exit.KEY, Exit.NO_CREDITS, Exit.REFUSED})
"""What closes an account; where other accounts did all that was wanted, nothing came of it."""


def judge_run(totals: Totals, reasons: Collection[Exit], *, priced_out: bool = False) -> Exit:
    """The exit code of a run from its figures and from what stopped it on the way.

    With `priced_out` jobs were left because a model took more than its worst price (SAFETY 2.7).
    """
    told = set(reasons)
    states = totals.states
    if states[State.IN_DOUBT] or states[State.SUBMITTING]:
        told.add(Exit.DOUBT)
    if states[State.FAILED] or states[State.CANCELLED]:
        told.add(Exit.SOME_FAILED)
    if Exit.REFUSED in told and states[State.DONE] > totals.kept:
        told.discard(Exit.REFUSED)
        told.add(Exit.SOME_FAILED)
    if not any(states[state] for state in State if state is not State.DONE):
        told -= STOPS
    if priced_out:
        told.add(Exit.REFUSED)
    return next((code for code in ORDER if code in told), Exit.DONE)
