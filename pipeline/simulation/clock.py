"""Time that jumps: a loop which, instead of waiting for its next timer, is there at once.

Law: no thread and no socket takes part in a simulated run, because time would not wait for them.
What is stored is wall time, so the one clock goes on across every crash simulated under it.
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import anyio

LONGEST_S = 30 * 86_400.0
"""A world that is not at rest after a month has lost its way."""
MOST_TURNS = 200_000
"""A loop that turns so often without a moment passing spins."""

T = TypeVar("T")


class Stuck(Exception):
    """Everybody waits for somebody else: no timer is set, and nobody can go on."""


class Endless(Exception):
    """The bound on simulated time is passed, or time stands still while work goes on."""


class JumpSelector(selectors.DefaultSelector):
    """Waits for nothing: the time until the next timer is added to `now`, which counts seconds."""

    def __init__(self, longest_s: float = LONGEST_S, now_s: float = 0.0) -> None:
        super().__init__()
        self.now = now_s
        self._longest_s = longest_s
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Whatever is ready; if nothing is, it is later. Raises `Stuck` or `Endless`."""
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise Stuck(f"nothing is left to happen {self.now:.3f} s after the start")
        self._turns = 0 if timeout > 0 else self._turns + 1
        self.now += max(0.0, timeout)
        if self.now > self._longest_s or self._turns > MOST_TURNS:
            self._longest_s, self._turns = float("inf"), 0  # told once: the tasks must still end
            raise Endless(f"still at work {self.now:.3f} s after the start")
        return ready


class JumpLoop(asyncio.SelectorEventLoop):
    """An event loop in simulated time, which begins at `now_s`."""

    def __init__(self, longest_s: float = LONGEST_S, now_s: float = 0.0) -> None:
        self._jumping = JumpSelector(longest_s, now_s)
        super().__init__(self._jumping)

    def time(self) -> float:
        """Simulated seconds since the loop was made."""
        return self._jumping.now

    def run_in_executor(self, *work: Any) -> NoReturn:  # type: ignore[override]
        """Refused: a thread takes no simulated time, so time would run away from it."""
        raise RuntimeError("no thread takes part in a simulated run")


def run_jumping(main: Callable[[Callable[[], float]], Awaitable[T]], start_s: float, *,
                longest_s: float = LONGEST_S, now_s: float = 0.0) -> T:
    """The outcome of `main(wall)`, where `wall` gives unix seconds: `start_s` and so many more as
    have passed, of which `now_s` have when it begins.

    Raises `Stuck` when nothing can happen any more, `Endless` past `longest_s` simulated seconds.
    """
    def wall() -> float:
        return start_s + anyio.current_time()

    return anyio.run(main, wall, backend="asyncio",
                     backend_options={"loop_factory": lambda: JumpLoop(longest_s, now_s)})
