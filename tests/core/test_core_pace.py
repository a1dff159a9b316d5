"""Turns under a limit, and looks at jobs: arithmetic on times.

Goal: no window of the service, however it is aligned, ever holds one call too many; and a limit is
used to the full. Method: random calls under random limits, judged by a service of our own.
"""

from bisect import bisect_left, bisect_right
from math import exp
from statistics import NormalDist

import pytest
from core_samples import TERMS
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.pace import (
    LIST_PAUSE_S,
    LONGEST_LOOK_S,
    SHORTEST_LOOK_S,
    Belief,
    Lengths,
    Window,
    next_look_s,
)
from pipeline.core.terms import Limit

INSTANT_S = 1e-6
"""Two moments nearer than this are the same to any service."""

lags = st.floats(0.0, 40.0, allow_nan=False)


def play(limit: Limit, calls: list[tuple[float, float, float]], most: int) -> list[float]:
    """Make calls as soon as they may be; when the service counted each.

    A call is (wait before it, way there, way back), with at most so many under way at once.
    """
    window, counted, now_s = Window(limit), list[float](), 0.0
    open_until: list[tuple[float, int]] = []

    def close(until_s: float) -> None:
        for end_s, _ in [one for one in sorted(open_until) if one[0] <= until_s]:
            window.end(end_s)
            open_until.pop(0)

    for pause_s, there_s, back_s in calls:
        now_s += pause_s
        close(now_s)
        while (wait_s := window.wait_s(now_s)) != 0 or len(open_until) >= most:
            now_s = open_until[0][0] if not wait_s else now_s + wait_s
            close(now_s)
        window.begin()
        counted.append(now_s + there_s)
        open_until.append((now_s + there_s + back_s, len(counted)))
        open_until.sort()
    return sorted(counted)


@settings(max_examples=300)
@given(st.integers(1, 6), st.floats(0.5, 60.0), st.integers(1, 5),
       st.lists(st.tuples(lags, lags, lags), min_size=1, max_size=40))
def test_no_window_of_the_service_holds_one_call_too_many(calls: int, window_s: float, most: int,
                                                          times: list[tuple[float, float, float]],
                                                          ) -> None:
    counted = play(Limit(calls, window_s), times, most)
    for start_s in counted:  # a window that holds the most begins at a call
        end_s = start_s + window_s - INSTANT_S
        held = bisect_right(counted, end_s) - bisect_left(counted, start_s)
        assert held <= calls


def test_a_limit_is_used_to_the_full() -> None:
    counted = play(Limit(30, 60.0), [(0.0, 0.0, 0.0)] * 91, 30)
    assert (counted[29], counted[30], counted[60], counted[90]) == (0.0, 60.0, 120.0, 180.0)


def test_a_call_that_is_not_answered_keeps_its_turn() -> None:
    window = Window(Limit(1, 60.0))
    window.begin()
    assert window.wait_s(10_000.0) is None
    window.end(10_000.0)
    assert window.wait_s(10_000.0) == 60.0
    assert window.wait_s(10_060.0) == 0.0


def test_a_turn_that_is_waited_for_is_free_when_it_is_due() -> None:
    window = Window(Limit(1, 0.1))
    window.begin()
    window.end(0.3)
    wait_s = window.wait_s(0.3)
    assert wait_s is not None
    assert window.wait_s(0.3 + wait_s) == 0.0
    assert not window.answered


def test_a_bucket_that_the_service_closed_stays_closed_until_the_latest_word() -> None:
    window = Window(Limit(5, 60.0))
    window.close_until(30.0)
    window.close_until(10.0)
    assert window.wait_s(0.0) == 30.0
    assert window.wait_s(30.0) == 0.0


def test_calls_of_an_earlier_process_count() -> None:
    window = Window(Limit(2, 60.0))
    window.remember([-50.0, -10.0, -100.0])
    assert window.wait_s(0.0) == 10.0
    assert window.wait_s(10.0) == 0.0


@pytest.mark.parametrize(("under_way", "answered", "wait_s"), [
    (0, 0, 0.0), (1, 0, 0.0), (2, 0, None), (1, 1, 50.0), (0, 2, 50.0), (0, 3, 51.0), (2, 1, 50.0)])
def test_a_turn_is_free_when_enough_have_come_back(under_way: int, answered: int,
                                                   wait_s: float | None) -> None:
    window = Window(Limit(2, 60.0), under_way)
    window.remember([float(n) for n in range(answered)])
    assert window.wait_s(10.0) == wait_s


def test_what_was_seen_wins_over_what_was_told() -> None:
    lengths = Lengths()
    assert lengths.expected_s("fox", 42.0) == 42.0
    for seconds in (10.0, 12.0, 500.0):
        lengths.learn("fox", seconds)
    assert lengths.expected_s("fox", 42.0) == 12.0
    assert lengths.expected_s("owl", 42.0) == 42.0


def test_only_the_latest_fifty_lengths_count() -> None:
    lengths = Lengths()
    for seconds in [1.0] * 60 + [9.0] * 50:
        lengths.learn("fox", seconds)
    assert lengths.expected_s("fox", 0.0) == 9.0


def test_the_first_ends_of_many_are_known_for_the_quick_ones() -> None:
    lengths = Lengths()
    for seconds in (8.0, 9.0, 10.0):
        lengths.learn("fox", seconds)
    assert lengths.belief("fox", 5.0).expected_s == pytest.approx(9.0)
    assert 11.0 < lengths.belief("fox", 5.0, older=27).expected_s < 25.0
    assert lengths.belief("owl", 5.0).expected_s == 5.0


def test_how_far_lengths_differ_is_learned_and_no_straggler_decides_it() -> None:
    lengths = Lengths()
    for number in range(1, 50):
        lengths.learn("fox", 10.0 * exp(0.25 * NormalDist().inv_cdf(number / 50)))
    lengths.learn("fox", 10_000.0)
    assert lengths.belief("fox", 1.0).spread == pytest.approx(0.25, abs=0.03)
    assert not lengths.is_new("fox")
    for _ in range(50):
        lengths.learn("ant", 0.0)
    assert lengths.belief("ant", 1.0) == Belief(0.0, 1.0)
    assert lengths.belief("fox", 1.0).differs(lengths.belief("ant", 1.0), 0.05)


def test_the_first_look_comes_shortly_before_the_end() -> None:
    assert next_look_s(60.0, 0) == 54.0
    assert next_look_s(4.0, 0) == 4.0


@given(st.floats(0.1, 10_000.0), st.integers(1, 60), st.floats(0.001, 1.0), st.booleans())
def test_later_looks_are_never_hasty_and_never_rare(expected_s: float, looks: int, scale: float,
                                                    alone: bool) -> None:
    pause_s = next_look_s(expected_s, looks, scale, alone=alone)
    shortest_s = (SHORTEST_LOOK_S if alone else LIST_PAUSE_S) * scale
    assert shortest_s <= pause_s <= LONGEST_LOOK_S * scale
    assert next_look_s(expected_s, looks + 1, scale, alone=alone) >= pause_s


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_a_faster_service_shrinks_its_windows_but_not_the_life_of_a_request(speed: float) -> None:
    fast = TERMS.at_speed(speed)
    assert fast.starts["media"] == Limit(30, 60.0 / speed)
    assert (fast.reads.window_s, fast.uploads.window_s) == (60.0 / speed, 60.0 / speed)
    assert fast.linger_s == TERMS.linger_s
    assert fast.typical_s("image", 42.0) == 42.0 / speed


def test_an_account_may_have_limits_of_its_own() -> None:
    own = TERMS.with_limits({"media_per_minute": 3, "media_in_flight": 2, "reads_per_minute": 5,
                             "upload_per_minute": 7, "music_in_flight": 1})
    assert (own.starts["media"], own.in_flight) == (Limit(3), {"media": 2, "music": 1})
    assert (own.reads, own.uploads) == (Limit(5), Limit(7))
    assert TERMS.starts["media"] == Limit(30)
