"""What the outside asks of a run under way: stop buying, or leave.

Law: a stop never cuts a paid call. First a run stops buying and settles what it has sent; what the
service is still making is left there and brought home by the next run.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf

import anyio

from pipeline.core.errors import Exit
from pipeline.core.job import Job, State


class Control:
    """Shared by all lanes of a run.

    `exit_now` leaves at once, as a crash would, when a person insists; `moving` counts the jobs
    that are being driven, whose keys are in `driven`; `passed_over` holds those no cap reaches for,
    and those whose price proved untrue: then `priced_out` is true. `taken` counts those that one
    account took over from another: what was read of the pending ones before is out of date;
    `starters` tell whether an account that shares would start a job itself just now, `opening` are
    those that have not begun. At `ends_s` of the loop's time the run is left.
    """

    def __init__(self, *, fail_fast: bool = False, max_failures: int | None = None,
                 max_failure_share: float | None = None,
                 exit_now: Callable[[int], None] = os._exit) -> None:
        self.reasons: set[Exit] = set()
        self.buying = True
        self.staying = True
        self._fail_fast = fail_fast
        self._max_failures = max_failures
        self._max_share = max_failure_share
        self._failed = self._ended = 0
        self.moving = 0
        self.driven: set[str] = set()
        self.taken = 0
        self.starters: dict[str, Callable[[Job], bool]] = {}
        self.opening: set[str] = set()
        self.exit_now = exit_now
        self.passed_over: set[str] = set()
        self.priced_out = False
        self.ends_s = inf
        self._changed = anyio.Event()
        self._on_leave: list[Callable[[], None]] = []
        self._free_work: set[anyio.CancelScope] = set()

    def stop_buying(self, reason: Exit | None = None) -> None:
        """Intend nothing more; bring home what is bought."""
        if reason is not None:
            self.reasons.add(reason)
        self.buying = False
        self.notify()

    def leave(self, reason: Exit) -> None:
        """Intend nothing more and go as soon as the paid calls under way are answered."""
        self.stop_buying(reason)
        self.staying = False
        for act in self._on_leave:
            act()
        for scope in self._free_work:
            scope.cancel()
        self.notify()

    @contextmanager
    def until_left(self) -> Iterator[None]:
        """Free work (an upload, a download) that is dropped when the run is left."""
        scope = anyio.CancelScope()
        self._free_work.add(scope)
        try:
            with scope:
                if not self.staying:
                    scope.cancel()
                yield
        finally:
            self._free_work.discard(scope)

    def on_leave(self, act: Callable[[], None]) -> None:
        """What is called when the run is to be left."""
        self._on_leave.append(act)

    def notify(self) -> None:
        """Something moved: whoever waits looks again."""
        self._changed.set()
        self._changed = anyio.Event()

    async def wait_change(self, longest_s: float | None = None) -> None:
        """Until something moves, or the time is up."""
        changed = self._changed
        with anyio.move_on_after(longest_s):
            await changed.wait()

    async def pause(self, seconds: float) -> None:
        """Let time pass, whatever moves; a run that is left does not wait."""
        with self.until_left():
            await anyio.sleep(seconds)

    async def wait_motion(self, longest_s: float) -> bool:
        """Until something moves; False when nothing did and no job is being driven that could."""
        changed = self._changed
        with anyio.move_on_after(longest_s):
            await changed.wait()
        return changed.is_set() or self.moving > 0

    def pass_over_price(self, job: Job) -> None:
        """The job stays pending: its model took more than was ever quoted."""
        self.passed_over.add(job.key)
        self.priced_out = True

    def left_s(self) -> float | None:
        """How long the run may still take; None for as long as it likes."""
        return None if self.ends_s == inf else max(0.0, self.ends_s - anyio.current_time())

    def pass_over_late(self, job: Job, takes_s: float) -> bool:
        """Whether a job that may take so long would not be home before the run is left: then it
        stays pending."""
        if anyio.current_time() + takes_s <= self.ends_s:
            return False
        self.passed_over.add(job.key)
        self.reasons.add(Exit.TIME)
        return True

    def saw(self, job: Job) -> None:
        """A job came to rest: too many failures stop the buying."""
        self._ended += 1
        if job.state is not State.FAILED:
            return
        self._failed += 1
        over = self._max_failures is not None and self._failed > self._max_failures
        share = self._max_share is not None and self._ended >= 10 \
            and self._failed > self._max_share * self._ended
        if self._fail_fast or over or share:
            self.stop_buying(Exit.SOME_FAILED)
