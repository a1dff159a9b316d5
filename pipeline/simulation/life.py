"""The life of one simulated process: every effect it has on the world is a place to die.

Law: death is latched. After it every effect of every part of the process raises and changes
nothing, because Python runs on through `finally` where a killed process would not.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio


class Killed(BaseException):
    """The process is dead. No `except Exception` may take it for a failure to deal with."""


class Life:
    """Counts effects, and ends at the `ends_at`-th of them (counted from 1; None: never).

    With `of` only effects of that name count towards the end. With `failure` the effect fails with
    that error, and the process lives on to deal with it.
    """

    def __init__(self, ends_at: int | None = None, of: str = "",
                 failure: Callable[[str], Exception] | None = None) -> None:
        self.ends_at = ends_at
        self.of = of
        self.failure = failure
        self.failed = False
        self.effects = 0
        self.counted = 0
        self.dead = False
        self.last_words = ""
        self._alarms: dict[int, anyio.Event] = {}
        self._at_death: list[Callable[[], None]] = []

    def touch(self, effect: str) -> None:
        """The process is about to have this effect on the world, or has just had it."""
        self.check()
        self.effects += 1
        self.counted += self.of in ("", effect)
        if self.counted == self.ends_at and not self.failed:
            if self.failure is not None:
                self.failed, self.last_words = True, effect
                raise self.failure(effect)
            self.end(effect)
            raise Killed(effect)

    def check(self) -> None:
        """Raises `Killed` in a process that is dead."""
        if self.dead:
            raise Killed(self.last_words)

    def end(self, last_words: str) -> None:
        """Death, at this effect."""
        if not self.dead:
            self.dead = True
            self.last_words = last_words
            for alarm in self._alarms.values():
                alarm.set()

    @contextmanager
    def alarm(self) -> Iterator[anyio.Event]:
        """An event to wait for in here; death sets it as well."""
        alarm = anyio.Event()
        self._alarms[id(alarm)] = alarm
        try:
            yield alarm
        finally:
            del self._alarms[id(alarm)]

    def at_death(self, act: Callable[[], None]) -> None:
        """What the kernel does for a dead process: close its files, undo what was not committed."""
        self._at_death.append(act)

    def bury(self) -> None:
        """Give back to the world what the process held, the last taken first."""
        while self._at_death:
            self._at_death.pop()()
