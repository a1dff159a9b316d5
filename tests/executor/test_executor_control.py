"""Stopping: what ends the buying, what ends the waiting, and what ends at once.

Goal: a run that is left waits for nothing free; failures over a bound stop the buying.
Method: the jumping clock, and jobs that come to rest.
"""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from pipeline.core.errors import Exit
from pipeline.core.job import Failed, Intended, Job, apply
from pipeline.core.money import NOTHING, Money
from pipeline.core.pricing import Quote
from pipeline.core.spec import JobSpec
from pipeline.executor.control import Control
from pipeline.simulation.clock import run_jumping

SPEC = JobSpec("acme", "image", "m", "a kite")
PENDING = Job(SPEC.key(), "acme", SPEC, Quote(NOTHING, NOTHING, ""))
FAILED = apply(apply(PENDING, Intended("t", Money(1)), 0.0), Failed("generation_failed"), 0.0)


def in_time(act: Callable[[Control], Any], later: Callable[[Control], None]) -> tuple[Any, float]:
    """What an act comes to and when, if something happens ten seconds after its start."""
    async def main(wall: Callable[[], float]) -> tuple[Any, float]:
        control = Control()
        found: list[Any] = []

        async def go() -> None:
            found.append((await act(control), anyio.current_time()))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(go)
            await anyio.sleep(10)
            later(control)
        outcome, when_s = found[0]
        return outcome, when_s

    return run_jumping(main, 0.0)


def test_a_pause_lasts_whatever_moves() -> None:
    assert in_time(lambda c: c.pause(60), lambda c: c.notify()) == (None, 60.0)
    assert in_time(lambda c: c.pause(60), lambda c: c.stop_buying()) == (None, 60.0)


def test_a_pause_ends_when_the_run_is_left() -> None:
    assert in_time(lambda c: c.pause(60), lambda c: c.leave(Exit.INTERRUPTED)) == (None, 10.0)


def test_no_pause_begins_in_a_run_that_was_left() -> None:
    async def main(wall: Callable[[], float]) -> float:
        control = Control()
        control.leave(Exit.TIME)
        await control.pause(60)
        return anyio.current_time()

    assert run_jumping(main, 0.0) == 0.0


def test_waiting_for_a_change_ends_with_it_or_with_its_time() -> None:
    assert in_time(lambda c: c.wait_change(60), lambda c: c.notify())[1] == 10.0
    assert in_time(lambda c: c.wait_change(5), lambda c: c.notify())[1] == 5.0
    assert in_time(lambda c: c.wait_change(), lambda c: c.notify())[1] == 10.0


def test_motion_is_waited_for_while_a_job_is_driven() -> None:
    def moving(control: Control) -> Any:
        control.moving = 1
        return control.wait_motion(60)

    assert in_time(moving, lambda c: c.notify()) == (True, 10.0)
    assert in_time(lambda c: c.wait_motion(6), lambda c: None) == (False, 6.0)

    # The last job's own notice counts, though nothing is driven any more when it is heard.
    assert in_time(lambda c: c.wait_motion(12), lambda c: c.notify()) == (True, 10.0)


def test_free_work_is_dropped_when_the_run_is_left_and_not_before() -> None:
    async def work(control: Control) -> str:
        with control.until_left():
            await anyio.sleep(60)
            return "whole"
        return "dropped"

    assert in_time(work, lambda c: c.stop_buying()) == ("whole", 60.0)
    assert in_time(work, lambda c: c.leave(Exit.TERMINATED)) == ("dropped", 10.0)


def test_leaving_stops_the_buying_and_tells_everybody_why() -> None:
    async def main(wall: Callable[[], float]) -> Control:
        control = Control()
        called: list[int] = []
        control.on_leave(lambda: called.append(1))
        control.leave(Exit.TIME)
        assert called == [1]
        return control

    control = run_jumping(main, 0.0)
    assert (control.buying, control.staying, control.reasons) == (False, False, {Exit.TIME})


@pytest.mark.parametrize(("options", "failures", "rests", "buys"), [
    ({}, 50, 0, True), ({"fail_fast": True}, 1, 0, False), ({"max_failures": 2}, 2, 0, True),
    ({"max_failures": 2}, 3, 0, False), ({"max_failures": 0}, 1, 0, False),
    ({"max_failure_share": 0.2}, 9, 0, True), ({"max_failure_share": 0.2}, 2, 8, True),
    ({"max_failure_share": 0.2}, 3, 8, False)])
def test_so_many_failures_stop_the_buying(options: dict[str, Any], failures: int, rests: int,
                                          buys: bool) -> None:
    async def main(wall: Callable[[], float]) -> Control:
        control = Control(**options)
        for _ in range(rests):
            control.saw(PENDING)
        for _ in range(failures):
            control.saw(FAILED)
        return control

    control = run_jumping(main, 0.0)
    assert control.buying is buys
    assert control.staying
    assert control.reasons == (set() if buys else {Exit.SOME_FAILED})
