"""What one refusal tells of a service's window, and the turns that follow from it.

Goal: each kind of window is told apart at every phase, turns come as that window gives them and
none too many, and whatever is not as foretold returns to the safe rule. Method: a burst and one
call more by hand, with the words of a service that rounds its seconds up.
"""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.pace import Window
from pipeline.core.probing import Bucket, Fixed, ProbingWindow, Span, Stage, read_refusal
from pipeline.core.terms import Limit

LIMIT = Limit(30, 60.0)
TRIP_S = 0.4
PROBE_S = 2 * TRIP_S
"""Thirty calls are sent at 0 and answered one trip later; then the next goes out."""


def call(window: Window, now_s: float, trip_s: float = TRIP_S) -> bool:
    """One call that takes its turn now and is answered a trip later; False when it has to wait."""
    if window.wait_s(now_s) != 0:
        return False
    window.begin()
    window.end(now_s + trip_s)
    return True


def burst(window: Window, now_s: float, most: int = 99) -> int:
    """Calls side by side, as many as may begin at a moment; all are answered a trip later."""
    begun = 0
    while begun < most and window.wait_s(now_s) == 0:
        window.begin()
        begun += 1
    for _ in range(begun):
        window.end(now_s + TRIP_S)
    return begun


def probed(retry_after_s: float | None, limit: Limit = LIMIT) -> ProbingWindow:
    """A window whose call too many was answered with this."""
    window = ProbingWindow(limit)
    assert burst(window, 0.0) == limit.calls
    assert call(window, TRIP_S)
    window.refused(PROBE_S, retry_after_s)
    if retry_after_s:
        window.close_until(PROBE_S + retry_after_s)
    return window


def test_one_call_goes_beyond_the_limit_when_all_turns_are_used_and_answered() -> None:
    window = ProbingWindow(Limit(2, 60.0))
    window.wait_s(0.0)
    window.begin()
    window.begin()
    assert window.wait_s(0.0) is None
    window.end(1.0)
    assert window.wait_s(1.0) == 60.0
    window.end(2.0)
    assert window.wait_s(2.0) == 0.0
    window.begin()
    assert window.wait_s(2.0) == 60.0, "a second one waits for the safe rule"


def test_one_that_is_taken_counts_and_the_safe_rule_goes_on() -> None:
    window = ProbingWindow(Limit(2, 60.0))
    assert burst(window, 0.0) == 2
    assert call(window, 5.0)
    assert window.wait_s(6.0) == TRIP_S + 60.0 - 6.0
    assert burst(window, TRIP_S + 60.0) == 1
    assert window.stage is Stage.OVER
    assert window.learned is None


def test_one_that_was_not_made_is_still_to_come() -> None:
    window = ProbingWindow(LIMIT)
    burst(window, 0.0)
    assert window.wait_s(TRIP_S) == 0.0
    window.begin()
    window.give_back()
    assert window.wait_s(TRIP_S) == 0.0
    window.begin()
    window.end(PROBE_S)
    window.refused(PROBE_S, 31.0)
    assert window.learned == Fixed(PROBE_S + 31.0, pytest.approx(1.0 + TRIP_S))


@given(st.floats(0.0, 60.0, exclude_max=True))
def test_the_phase_of_fixed_windows_is_learned_and_never_believed_too_early(phase_s: float) -> None:
    counted_s = TRIP_S + TRIP_S / 2
    left_s = (phase_s - counted_s) % 60.0
    learned = probed(float(ceil(left_s))).learned
    if learned is None:
        assert left_s > 57.0 or not left_s
    elif isinstance(learned, Bucket):
        assert left_s <= 2.0
    else:
        opens_s = counted_s + left_s
        assert learned.opens_s - learned.unsure_s <= opens_s <= learned.opens_s


@pytest.mark.parametrize("words_s", [None, 0.0, 61.0, 3600.0])
def test_words_that_fit_no_window_of_the_sheet_tell_nothing(words_s: float | None) -> None:
    assert probed(words_s).learned is None


@pytest.mark.parametrize("words_s", [59.0, 60.0])
def test_a_sliding_window_is_known_by_the_age_of_its_oldest_call(words_s: float) -> None:
    window = probed(words_s)
    assert window.learned is None
    assert window.wait_s(TRIP_S + 60.0) == pytest.approx(max(0.0, words_s - 60.0 + TRIP_S))


@pytest.mark.parametrize("words_s", [1.0, 2.0])
def test_the_turns_of_a_bucket_come_back_one_by_one(words_s: float) -> None:
    window = probed(words_s)
    first_s = PROBE_S + words_s
    assert window.wait_s(first_s - 0.5) == pytest.approx(0.5)
    starts = [first_s + 2.0 * number for number in range(60)]
    for at_s in starts:
        assert window.wait_s(at_s - 0.01) != 0
        assert call(window, at_s + 1e-9)
        assert window.wait_s(at_s + 1.0) == pytest.approx(1.0, abs=1e-6)


def test_the_turns_of_a_bucket_gather_while_nobody_calls_but_never_too_many() -> None:
    window = probed(2.0)
    assert burst(window, PROBE_S + 2.0 + 10.0) == 6
    assert burst(window, 10_000.0) == 30
    assert burst(window, 10_000.0 + TRIP_S) == 0


def test_all_turns_of_a_fixed_window_come_back_at_its_boundary_the_first_alone() -> None:
    window = probed(20.0)
    opens_s = PROBE_S + 20.0
    for number in range(40):
        at_s = opens_s + number * 60.0
        assert not call(window, at_s - 0.01)
        assert window.wait_s(at_s) == 0.0
        window.begin()
        assert window.wait_s(at_s) != 0
        window.end(at_s + 0.1)
        assert burst(window, at_s + 0.1) == 29
        assert window.wait_s(at_s + 1.0) == pytest.approx(59.0)


def test_a_call_near_the_boundary_counts_on_both_sides_of_it() -> None:
    window = probed(20.0)
    opens_s = PROBE_S + 20.0
    assert burst(window, opens_s) + burst(window, opens_s + TRIP_S, 9) == 10
    assert burst(window, opens_s + 60.0 - 1.0) == 20
    assert burst(window, opens_s + 60.0) + burst(window, opens_s + 60.0 + TRIP_S) == 10


@pytest.mark.parametrize("words_s", [2.0, 20.0])
def test_a_second_surprise_returns_to_the_safe_rule(words_s: float) -> None:
    window = probed(words_s)
    at_s = PROBE_S + words_s
    assert call(window, at_s)
    window.refused(at_s + TRIP_S, 7.0)
    assert window.learned is None
    assert window.wait_s(at_s + 2.0) == pytest.approx(TRIP_S + 60.0 - at_s - 2.0)
    window.refused(at_s + TRIP_S, 20.0)
    assert window.learned is None, "and a third tells nothing"


def test_a_refusal_before_its_time_makes_it_needless() -> None:
    window = ProbingWindow(LIMIT)
    assert call(window, 0.0)
    window.refused(TRIP_S, 5.0)
    assert burst(window, 10.0) == 29
    assert window.wait_s(11.0) != 0


def test_calls_of_an_earlier_process_are_not_probed_beyond() -> None:
    window = ProbingWindow(LIMIT)
    window.remember([-1.0] * 5)
    assert burst(window, 0.0) == 25
    assert window.wait_s(1.0) == pytest.approx(58.0)
    kept = ProbingWindow(LIMIT)
    kept.keep_safe()
    assert burst(kept, 0.0) == 30
    assert kept.wait_s(1.0) == pytest.approx(59.0 + TRIP_S)


def test_where_seconds_are_too_coarse_nothing_is_believed() -> None:
    assert probed(1.0, Limit(30, 1.0)).learned is None


def test_a_refusal_that_counts_names_the_second_call_and_the_window_slides() -> None:
    oldest = Span(0.0, 25.0)  # the second of the calls was answered then
    assert read_refusal(LIMIT, oldest, Span(40.0, 40.5), 45.0) is None
    assert isinstance(read_refusal(LIMIT, Span(0.0, 0.5), Span(40.0, 40.5), 45.0), Fixed)
