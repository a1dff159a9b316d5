"""The disk under a simulated process: every change of a file or a folder is a place to die.

Law: the interpreter itself reports the change before it is made, so no code that makes one needs
to know. What other processes do (the simulated service is one) is none of this life's business.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from pipeline.ledger.ballast import Ballast
from pipeline.simulation.life import Life

CHANGES = frozenset({"os.link", "os.remove", "os.rename", "os.truncate", "os.mkdir"})
ENDLESS_BYTES = 2**62
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

_life: ContextVar[Life | None] = ContextVar("life", default=None)


@contextmanager
def living(life: Life) -> Iterator[None]:
    """Everything done in here, and in tasks begun in here, is done by this life."""
    _watch_disk()
    token = _life.set(life)
    try:
        yield
    finally:
        _life.reset(token)


class EndlessBallast(Ballast):
    """None is needed: the disk of a simulated process is full when its script says so, and never
    because another's worlds lie on the same real one."""

    def make(self) -> None:
        """Nothing is taken."""

    def check(self) -> None:
        """There is always room."""


def endless(folder: str) -> int:
    """The bytes that are left where simulated files go: whose disk is full is drawn elsewhere."""
    return ENDLESS_BYTES


def elsewhere() -> None:
    """This task does another process's work from now on."""
    _life.set(None)


@cache
def _watch_disk() -> None:
    """Once in an interpreter: an audit hook cannot be taken out again, and does nothing else."""
    sys.addaudithook(_see)


def _see(event: str, values: tuple[object, ...]) -> None:
    if event not in CHANGES and event != "open":
        return
    life = _life.get()
    if life is None:
        return
    if event in CHANGES:
        life.touch(event)
    elif isinstance(flags := values[2], int) and flags & WRITING:
        life.touch("open")
