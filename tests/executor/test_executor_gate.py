"""Turns and slots: no call of ours meets a limit, whatever happens at once.

Goal: in no window of the service are there more calls than it allows, wherever between sending and
answer it counts them. Method: many concurrent calls on the jumping clock, drawn by chance.
"""

from collections.abc import Callable

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.pace import Window
from pipeline.core.terms import Limit, Terms
from pipeline.executor.control import Control
from pipeline.executor.gate import READS, UNASKED_PAUSE_S, Gate
from pipeline.simulation.clock import Stuck, run_jumping


def terms(calls: int, window_s: float = 60.0, in_flight: int = 3) -> Terms:
    return Terms(provider="acme", starts={"media": Limit(calls, window_s)},
                 reads=Limit(calls, window_s), uploads=Limit(calls, window_s),
                 in_flight={"media": in_flight}, bucket_of={"image": "media"},
                 first_look_s={"image": 10.0})


Call = tuple[float, float, float]
"""When a call is wanted, how long its answer takes, and at which share of that it is counted."""

calls = st.tuples(st.floats(0, 300), st.floats(0, 90), st.floats(0, 1))


async def paid(gate: Gate, call: Call, seen: list[tuple[float, float]]) -> None:
    """One paid call; notes when the service counted it, and when its answer came."""
    wanted_s, takes_s, share = call
    await anyio.sleep(wanted_s)
    window = await gate.wait_turn("media")
    assert window is not None
    began_s = anyio.current_time()
    await anyio.sleep(takes_s)
    gate.end_turn(window)
    seen.append((began_s + share * takes_s, anyio.current_time()))


async def free(gate: Gate, call: Call, seen: list[tuple[float, float]]) -> None:
    """The same with a read."""
    wanted_s, takes_s, share = call
    await anyio.sleep(wanted_s)
    async with gate.turn(READS):
        began_s = anyio.current_time()
        await anyio.sleep(takes_s)
    seen.append((began_s + share * takes_s, anyio.current_time()))


@pytest.mark.parametrize("kind", [paid, free])
@settings(deadline=None)
@given(limit=st.integers(1, 5), window_s=st.floats(1, 120),
       wanted=st.lists(calls, min_size=1, max_size=25))
def test_no_window_ever_holds_one_call_too_many(
        kind: Callable[..., object], limit: int, window_s: float, wanted: list[Call]) -> None:
    async def main(wall: Callable[[], float]) -> list[tuple[float, float]]:
        gate = Gate(terms(limit, window_s), Control())
        seen: list[tuple[float, float]] = []
        async with anyio.create_task_group() as tasks:
            for call in wanted:
                tasks.start_soon(kind, gate, call, seen)  # type: ignore[arg-type]
        return seen

    seen = run_jumping(main, 0.0)
    assert len(seen) == len(wanted)
    for moments in zip(*seen, strict=True):
        ordered = sorted(moments)
        for first, last in zip(ordered, ordered[limit:], strict=False):
            assert last - first >= window_s - 1e-6


def when_open(gate_of: Callable[[], Gate], before: Callable[[Gate], None]) -> float:
    async def main(wall: Callable[[], float]) -> float:
        gate = gate_of()
        before(gate)
        await gate.wait_turn("media")
        return anyio.current_time()

    return run_jumping(main, 0.0)


def test_a_free_gate_lets_through_at_once() -> None:
    assert when_open(lambda: Gate(terms(1), Control()), lambda gate: None) == 0.0


def test_retry_after_closes_its_bucket_until_then_and_no_other() -> None:
    def throttle(gate: Gate) -> None:
        gate.throttle("media", 40.0)
        gate.throttle("media", 7.0)
        gate.throttle(READS, 500.0)

    assert when_open(lambda: Gate(terms(9), Control()), throttle) == 40.0


def test_a_refusal_that_names_no_time_closes_for_a_little() -> None:
    assert when_open(lambda: Gate(terms(9), Control()),
                     lambda gate: gate.throttle("media", None)) == UNASKED_PAUSE_S


def test_calls_of_an_earlier_process_count() -> None:
    def recall(gate: Gate) -> None:
        gate.remember({"media": [970.0, 990.0], "odd": [1.0]}, behind_s=1000.0)

    assert when_open(lambda: Gate(terms(2), Control()), recall) == 30.0


def test_a_turn_that_was_not_used_comes_back_at_once() -> None:
    def take_and_leave(gate: Gate) -> None:
        window = gate.windows["media"]
        window.begin()
        gate.unused_turn(window)

    assert when_open(lambda: Gate(terms(1), Control()), take_and_leave) == 0.0


def test_who_waits_for_a_turn_goes_home_when_the_buying_stops() -> None:
    async def main(wall: Callable[[], float]) -> tuple[Window | None, float]:
        control = Control()
        gate = Gate(terms(1), control)
        gate.throttle("media", 500.0)
        found: list[Window | None] = []

        async def wait() -> None:
            found.append(await gate.wait_turn("media"))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.sleep(10)
            control.stop_buying()
        return found[0], anyio.current_time()

    assert run_jumping(main, 0.0) == (None, 10.0)


def test_a_call_that_is_never_answered_keeps_its_turn() -> None:
    def take(gate: Gate) -> None:
        gate.windows["media"].begin()

    with pytest.raises(Stuck):
        when_open(lambda: Gate(terms(1), Control()), take)


def test_slots_are_taken_and_given() -> None:
    async def main(wall: Callable[[], float]) -> list[bool]:
        gate = Gate(terms(9, in_flight=2), Control())
        seen = [gate.has_slot("media")]
        gate.take_slot("media")
        gate.take_slot("media")
        seen.append(gate.has_slot("media"))
        gate.give_slot("media")
        return [*seen, gate.has_slot("media"), gate.has_slot("bucket without a limit")]

    assert run_jumping(main, 0.0) == [True, False, True, True]


def test_free_calls_are_told_once_for_the_next_process() -> None:
    async def main(wall: Callable[[], float]) -> list[list[tuple[str, float]]]:
        gate = Gate(terms(9), Control())
        async with gate.turn(READS):
            await anyio.sleep(2)
        return [gate.free_turns(1000.0), gate.free_turns(1000.0)]

    assert run_jumping(main, 0.0) == [[(READS, 1002.0)], []]


def test_the_bottleneck_is_named() -> None:
    async def main(wall: Callable[[], float]) -> list[str]:
        gate = Gate(terms(1, in_flight=1), Control())
        said = [gate.bottleneck()]
        gate.take_slot("media")
        said.append(gate.bottleneck())
        gate.end_turn(await gate.wait_turn("media"))  # type: ignore[arg-type]
        said.append(gate.bottleneck())
        gate.throttle("media", 99.0)
        return [*said, gate.bottleneck()]

    assert run_jumping(main, 0.0) == [
        "", "media_in_flight", "media_per_minute", "media: the service asked to come back later"]


def order_of(ranks: list[tuple[float, ...]], *, calls: int = 1) -> list[int]:
    """In which order those who wait with these ranks get their turns, all of them there before the
    first turn is free."""
    async def main(wall: Callable[[], float]) -> list[int]:
        gate, served = Gate(terms(calls), Control()), list[int]()
        gate.throttle("media", 30.0)

        async def wait(number: int) -> None:
            await anyio.sleep(number / 100)
            window = await gate.wait_turn("media", ranks[number])
            assert window is not None
            served.append(number)
            gate.end_turn(window)

        async with anyio.create_task_group() as tasks:
            for number in range(len(ranks)):
                tasks.start_soon(wait, number)
        return served

    return run_jumping(main, 0.0)


@pytest.mark.parametrize("calls", [1, 3, 9])
def test_who_was_refused_goes_first_and_then_the_longest(calls: int) -> None:
    ranks: list[tuple[float, ...]] = [(1, -10.0), (1, -10.0), (1, -120.0), (0, -10.0), (1, -60.0)]
    assert order_of(ranks, calls=calls) == [3, 2, 4, 0, 1]


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3)), max_size=12))
def test_equal_ranks_keep_their_order(ranks: list[tuple[float, ...]]) -> None:
    assert order_of(ranks, calls=3) == sorted(range(len(ranks)), key=lambda n: (ranks[n], n))


def test_of_many_who_wait_for_a_turn_only_the_first_is_woken() -> None:
    async def main(wall: Callable[[], float]) -> int:
        control = Control()
        gate, looked = Counting(terms(1), control), 0
        gate.throttle("media", 1000.0)
        async with anyio.create_task_group() as tasks:
            for _ in range(500):
                tasks.start_soon(gate.wait_turn, "media")
            for _ in range(50):
                await anyio.sleep(1)
                control.notify()
            looked = gate.looked
            control.stop_buying()
        return looked

    assert run_jumping(main, 0.0) <= 60


class Counting(Gate):
    """A gate that counts how often somebody looks for a turn."""

    looked = 0

    async def _took_turn(self, window: Window) -> bool:
        self.looked += 1
        return await super()._took_turn(window)


def test_slots_are_lacking_only_where_no_turn_is_waited_for() -> None:
    async def main(wall: Callable[[], float]) -> list[bool]:
        gate = Gate(terms(1, in_flight=1), Control())
        seen = [gate.lacks_slots()]
        gate.take_slot("media")
        seen.append(gate.lacks_slots())
        gate.throttle("media", 9.0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(gate.wait_turn, "media")
            await anyio.sleep(1)
            seen.append(gate.lacks_slots())
        return [*seen, gate.lacks_slots()]

    assert run_jumping(main, 0.0) == [False, True, False, True]


def test_reads_and_starts_do_not_wait_for_each_other() -> None:
    async def main(wall: Callable[[], float]) -> float:
        gate = Gate(terms(1), Control())
        gate.throttle("media", 500.0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(gate.wait_turn, "media")
            await anyio.sleep(1)
            async with gate.turn(READS):
                read_s = anyio.current_time()
        return read_s

    assert run_jumping(main, 0.0) == 1.0
