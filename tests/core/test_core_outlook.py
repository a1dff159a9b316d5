"""When a reading of the list is worth its read: expected ends, pure arithmetic.

Goal: what is expected comes to as many ends as there are; few readings bring the news soon; a
belief that is wrong costs a few reads and no more; the decision is cheap. Method: jobs of drawn
lengths and a service of one line, in times that are only numbers.
"""

from dataclasses import replace
from random import Random

import pytest
from bounded import within
from core_samples import TERMS
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.outlook import (
    CLOSEST_S,
    PRESSING_THRIFT,
    THRIFT,
    Outlook,
    Prospect,
    phase_of,
    price_s,
    reading_pause_s,
)
from pipeline.core.pace import Belief
from pipeline.core.terms import Limit

PRICE_S = price_s(TERMS, pressing=False)


def drawn(count: int, median_s: float, spread: float, every_s: float = 60.0, *, at_once: int = 30,
          seed: int = 1) -> list[tuple[float, float]]:
    """Jobs that begin in bursts: when, and how long each takes."""
    chance = Random(seed)
    return [(number // at_once * every_s, median_s * chance.lognormvariate(0.0, spread))
            for number in range(count)]


def watched(jobs: list[tuple[float, float]], belief: Belief, price: float = PRICE_S,
            ) -> tuple[float, list[float]]:
    """Readings a job, and how late each end was noticed, where the list shows every job."""
    outlook, pause_s, now_s, last_s = Outlook(), reading_pause_s(TERMS), 0.0, -1.0
    open_: dict[str, tuple[Prospect, float]] = {}
    coming, lags, readings = list(enumerate(jobs)), list[float](), 0
    while coming or open_:
        while coming and coming[0][1][0] <= now_s:
            number, (begins_s, takes_s) = coming.pop(0)
            one = Prospect(str(number), begins_s, phase=phase_of(number))
            one.believe(belief)
            open_[one.key] = (one, begins_s + takes_s)
            outlook.expect(one, now_s)
        assert outlook.advance(now_s, shows=lambda prospect: True) == []
        due_s = max(outlook.worth_s(price), last_s + pause_s)
        if due_s <= now_s:
            outlook.asked()
            readings, last_s = readings + 1, now_s
            for key in [key for key, (_, ends_s) in open_.items() if ends_s <= now_s]:
                one, ends_s = open_.pop(key)
                outlook.came()
                outlook.forget(one)
                lags.append(now_s - ends_s)
            continue
        begins_s = coming[0][1][0] if coming else float("inf")
        now_s = min(due_s, max(outlook.next_s(), now_s), begins_s)
    return readings / len(jobs), sorted(lags)


@pytest.mark.parametrize(("median_s", "most_reads", "middle_s", "late_s"), [
    (12.0, 0.5, 1.0, 2.5), (120.0, 1.0, 2.5, 5.5)])
@pytest.mark.parametrize("spread", [0.25, 0.35])
def test_few_readings_bring_the_news_soon(median_s: float, most_reads: float, middle_s: float,
                                          late_s: float, spread: float) -> None:
    reads, lags = watched(drawn(390, median_s, spread), Belief(median_s, spread))
    assert len(lags) == 390
    assert reads <= most_reads
    assert lags[len(lags) // 2] <= middle_s
    assert lags[int(0.95 * len(lags))] <= late_s


@pytest.mark.parametrize("wrong", [0.5, 2.0])
def test_a_belief_that_is_wrong_costs_a_few_reads_and_loses_nothing(wrong: float) -> None:
    reads, lags = watched(drawn(90, 120.0, 0.25), Belief(120.0 * wrong))
    assert len(lags) == 90
    assert reads <= 2.0
    assert lags[len(lags) // 2] <= 120.0 * wrong


@pytest.mark.parametrize("spread", [0.1, 0.35, 0.5])
def test_as_many_ends_are_expected_as_come(spread: float) -> None:
    hoped = 0.0
    for number, (_, takes_s) in enumerate(drawn(2000, 60.0, spread)):
        one = Prospect(str(number), 0.0, 60.0, spread, phase_of(number))
        hoped += sum_of_chances(one, takes_s)
    assert 0.8 * 2000 < hoped <= 2000  # a job's last step is counted only when it is over


def sum_of_chances(one: Prospect, until_s: float) -> float:
    """What was hoped for of a job, step by step, until it ended."""
    hoped = 0.0
    while (moment_s := one.moment_s(one.step)) <= until_s:
        hoped += one.pass_until(moment_s)
    return hoped


@given(st.floats(0.0, 1e6), st.floats(0.001, 1e4), st.floats(0.0, 1.0), st.integers(0, 200))
def test_steps_follow_one_another(born_s: float, expected_s: float, spread: float, number: int,
                                  ) -> None:
    one = Prospect("a", born_s, expected_s, spread, phase_of(number))
    moments = [one.moment_s(step) for step in range(60)]
    assert moments == sorted(moments)
    assert one.moment_s(400) > born_s + 1.5 * expected_s


@given(st.lists(st.floats(0.0, 500.0), min_size=1, max_size=30))
def test_a_step_counts_once_however_often_it_is_looked_at(moments: list[float]) -> None:
    often, once = Outlook(), Outlook()
    for outlook in (often, once):
        outlook.expect(Prospect("a", 0.0, 60.0, 0.35), 0.0)
    for now_s in sorted(moments):
        often.advance(now_s, shows=lambda prospect: True)
    once.advance(max(moments), shows=lambda prospect: True)
    assert often.next_s() == once.next_s()


def test_who_is_not_shown_is_given_back_and_promises_the_list_nothing() -> None:
    outlook, one = Outlook(), Prospect("a", 0.0, 10.0, 0.35)
    outlook.expect(one, 0.0)
    assert outlook.advance(12.0, shows=lambda prospect: False) == [one]
    assert outlook.worth_s(PRICE_S) == float("inf")


def test_who_has_ended_or_wants_to_be_left_alone_is_not_expected() -> None:
    outlook = Outlook()
    ended, quiet = Prospect("a", 0.0, 10.0, 0.35), Prospect("b", 0.0, 10.0, 0.35, quiet_s=100.0)
    outlook.expect(ended, 0.0)
    outlook.expect(quiet, 0.0)
    outlook.forget(ended)
    assert outlook.advance(50.0, shows=lambda prospect: True) == []
    assert outlook.worth_s(PRICE_S) == float("inf")
    assert outlook.next_s() == 100.0


def test_a_job_that_was_under_way_for_long_is_expected_at_once() -> None:
    outlook, one = Outlook(), Prospect("a", -100.0, 10.0, 0.35)
    outlook.expect(one, 0.0)
    outlook.advance(0.0, shows=lambda prospect: True)
    assert outlook.worth_s(PRICE_S) == pytest.approx(PRICE_S, abs=0.1)


def test_a_longer_belief_takes_steps_back() -> None:
    outlook, one = Outlook(), Prospect("a", 0.0, 10.0, 0.25)
    outlook.expect(one, 0.0)
    outlook.advance(30.0, shows=lambda prospect: True)
    outlook.asked()
    one.believe(Belief(100.0, 0.25))
    outlook.expect(one, 30.0)
    assert 50.0 < outlook.next_s() < 60.0


def test_expectations_that_never_come_true_are_believed_less_and_less() -> None:
    outlook, waits = Outlook(), list[float]()
    for turn in range(20):
        one = Prospect(str(turn), turn * 1000.0, 10.0, 0.0)
        outlook.expect(one, turn * 1000.0)
        outlook.advance(turn * 1000.0 + 10.0, shows=lambda prospect: True)
        waits.append(outlook.worth_s(PRICE_S) - turn * 1000.0)
        outlook.asked()
        outlook.forget(one)
    assert waits[19] - 10.0 > 2 * (waits[0] - 10.0)
    assert waits[19] - 10.0 < 60.0


@pytest.mark.parametrize(("calls", "scale", "pause_s"), [
    (120, 1.0, 0.5), (12, 1.0, 5.0), (10**7, 1.0, CLOSEST_S), (120, 1 / 60, CLOSEST_S / 60)])
def test_reads_are_shared_out_as_the_limit_gives_them(calls: int, scale: float, pause_s: float,
                                                      ) -> None:
    terms = replace(TERMS, reads=Limit(calls, 60.0 * scale), scale=scale)
    assert reading_pause_s(terms) == pytest.approx(pause_s)
    assert price_s(terms, pressing=False) == pytest.approx(THRIFT * pause_s)
    assert price_s(terms, pressing=True) == pytest.approx(PRESSING_THRIFT * pause_s)


def test_thousands_of_jobs_cost_no_more_a_decision_than_ten() -> None:
    outlook = Outlook()
    for number in range(20_000):
        outlook.expect(Prospect(str(number), 0.0, 600.0, 0.35, phase_of(number)), 0.0)
    with within(1.0):
        for tenth in range(20_000):
            outlook.advance(tenth / 1000, shows=lambda prospect: True)
            outlook.worth_s(PRICE_S)
            outlook.next_s()
