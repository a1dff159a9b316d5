"""When a plan will finish: cases that can be worked out by hand.

The sheet: 30 starts a minute, 10 in flight; a job is noticed 2 seconds after it is made.
"""

from dataclasses import replace

import pytest
from core_samples import TERMS, make_row, make_rows, make_spec

from pipeline.core.forecast import NOTICE_S, Forecast, forecast
from pipeline.core.plan import Row, Status
from pipeline.core.spec import SourceRef
from pipeline.core.terms import Limit, Terms

WIDE = replace(TERMS, in_flight={})


def told(rows: list[Row], terms: Terms = TERMS) -> tuple[float, str]:
    found = forecast(rows, {"acme": terms})
    return found.seconds, found.bottleneck


def test_nothing_to_buy_is_done_at_once() -> None:
    assert told([]) == (0.0, "latency")
    assert told([make_row(status=Status.KEEP)]) == (0.0, "latency")


def test_one_job_takes_as_long_as_it_takes() -> None:
    assert told(make_rows(1, typical_s=30.0)) == (30.0 + NOTICE_S, "latency")
    assert told(make_rows(10, typical_s=30.0)) == (32.0, "latency")


def test_a_job_of_a_model_that_names_no_time_takes_as_long_as_its_kind() -> None:
    clip = make_row(make_spec(kind="video"), typical_s=None)
    assert told([clip]) == (62.0, "latency")


@pytest.mark.parametrize(("jobs", "minutes"), [(30, 0), (31, 1), (60, 1), (61, 2), (300, 9)])
def test_thirty_a_minute_make_a_queue_of_minutes(jobs: int, minutes: int) -> None:
    name = "media_per_minute" if minutes else "latency"
    assert told(make_rows(jobs, typical_s=30.0), WIDE) == (minutes * 60 + 32.0, name)


@pytest.mark.parametrize(("jobs", "rounds"), [(10, 1), (11, 2), (25, 3), (100, 10)])
def test_ten_in_flight_make_rounds_of_ten(jobs: int, rounds: int) -> None:
    name = "media_in_flight" if rounds > 1 else "latency"
    assert told(make_rows(jobs, typical_s=98.0)) == (rounds * 100.0, name)


def test_the_limit_that_holds_back_most_is_named() -> None:
    assert told(make_rows(60, typical_s=1.0))[1] == "media_per_minute"
    assert told(make_rows(60, typical_s=100.0))[1] == "media_in_flight"


def test_the_longest_start_first() -> None:
    rows = [*make_rows(10, typical_s=10.0), make_row(make_spec("long"), typical_s=100.0)]
    assert told(rows) == (102.0, "media_in_flight")


def test_a_chain_starts_when_the_file_it_needs_is_there() -> None:
    hero = make_row(make_spec("hero"), typical_s=30.0)
    teaser = make_row(make_spec("teaser", sources=(SourceRef("job", hero.cell.key),)),
                      typical_s=60.0)
    last = make_row(make_spec("last", sources=(SourceRef("job", teaser.cell.key),)), typical_s=10.0)
    assert told([last, teaser, hero]) == (32.0 + 62.0 + 12.0, "latency")


def test_a_chain_from_a_file_that_is_there_starts_at_once() -> None:
    teaser = make_row(make_spec("teaser", sources=(SourceRef("job", "elsewhere"),)), typical_s=60.0)
    assert told([teaser]) == (62.0, "latency")


def test_accounts_work_side_by_side() -> None:
    rows = [*make_rows(60, typical_s=30.0),
            *(make_row(make_spec(f"b{n}"), account="second", typical_s=30.0) for n in range(30))]
    assert forecast(rows, {"acme": WIDE, "second": WIDE}) == Forecast(92.0, "media_per_minute")


def test_a_service_that_runs_sixty_times_as_fast_is_done_in_a_sixtieth() -> None:
    slow, _ = told(make_rows(300, typical_s=30.0))
    fast, _ = told(make_rows(300, typical_s=30.0), TERMS.at_speed(60.0))
    assert fast == pytest.approx(slow / 60)


def test_an_account_with_a_bigger_plan_is_done_sooner() -> None:
    wide = TERMS.with_limits({"media_per_minute": 600, "media_in_flight": 100})
    assert told(make_rows(100, typical_s=30.0), wide) == (32.0, "latency")


def test_a_bucket_without_a_limit_is_only_as_slow_as_its_jobs() -> None:
    free = replace(TERMS, starts={"music": Limit(1)}, in_flight={})
    assert told(make_rows(500, typical_s=30.0), free) == (32.0, "latency")
