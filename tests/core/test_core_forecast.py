"""When a plan will finish: cases that can be worked out by hand, and how lengths that scatter are
drawn.

The sheet: 30 starts a minute, 10 in flight; by hand a job takes what is typical, calls take no
time, and a job is noticed 2 seconds after it is made.
"""

from dataclasses import replace
from math import exp, log
from statistics import fmean, pstdev

import pytest
from bounded import within
from core_samples import TERMS, make_row, make_rows, make_spec

from pipeline.core.cells import Cells
from pipeline.core.forecast import Finish, Forecast, WhatIf, forecast
from pipeline.core.habits import SPREAD, TAIL, Habits
from pipeline.core.plan import AS_NEW, Row, Rows, Status
from pipeline.core.spec import SourceRef
from pipeline.core.terms import Limit, Terms
from pipeline.sandbox import fate

WIDE = replace(TERMS, in_flight={})
BY_HAND = Habits(spread=0.0, call_s=0.0, save_s=0.0, notice_least_s=2.0, notice_share=0.0,
                 look_share=0.0)


def foretold(rows: list[Row], terms: Terms = TERMS, **more: Terms) -> Forecast:
    return forecast(rows, {"acme": terms, **more}, habits=BY_HAND)


def told(rows: list[Row], terms: Terms = TERMS) -> tuple[float, str]:
    found = foretold(rows, terms)
    return found.seconds, found.bottleneck


def test_nothing_to_buy_is_done_at_once() -> None:
    assert told([]) == (0.0, "latency")
    assert told([make_row(status=Status.KEEP)]) == (0.0, "latency")


def test_one_job_takes_as_long_as_it_takes() -> None:
    assert told(make_rows(1, typical_s=30.0)) == (32.0, "latency")
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
    assert told(rows) == (102.0, "latency")


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
    found = foretold(rows, WIDE, second=WIDE)
    assert (found.seconds, found.bottleneck) == (92.0, "media_per_minute")


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


def test_campaigns_share_the_limits_and_each_has_its_own_end() -> None:
    rows = [*make_rows(10, typical_s=98.0),
            *(make_row(make_spec(f"c{n}"), typical_s=48.0, campaign="clips") for n in range(10))]
    found = foretold(rows)
    assert found.campaigns == {"hero": Finish(100.0, "latency"),
                               "clips": Finish(150.0, "media_in_flight")}


def test_a_campaign_that_waits_for_another_is_held_back_by_what_holds_that_back() -> None:
    heroes = make_rows(20, typical_s=98.0)
    late = make_row(make_spec("last", sources=(SourceRef("job", heroes[-1].cell.key),)),
                    typical_s=8.0, campaign="late")
    found = foretold([*heroes, late])
    assert found.campaigns["late"] == Finish(210.0, "media_in_flight")


def test_twice_the_limit_and_a_second_key_are_told() -> None:
    slots = foretold(make_rows(40, typical_s=98.0))
    assert slots.seconds == 400.0
    assert slots.twice == WhatIf("media_in_flight", 200.0)
    assert slots.second_key == WhatIf("acme", 200.0)
    turns = foretold(make_rows(120, typical_s=30.0), WIDE)
    assert (turns.seconds, turns.twice) == (212.0, WhatIf("media_per_minute", 92.0))
    free = foretold(make_rows(5))
    assert (free.twice, free.second_key) == (None, None)


def test_what_was_learned_of_a_model_is_believed_rather_than_its_catalog() -> None:
    found = forecast(make_rows(1, typical_s=30.0), {"acme": TERMS}, {"acme": {"fox": 90.0}},
                     BY_HAND)
    assert found.seconds == 92.0


def test_files_of_other_jobs_are_brought_one_by_one_under_the_limit_of_uploads() -> None:
    heroes = make_rows(20, typical_s=8.0)
    clips = [make_row(make_spec(f"clip {n}", sources=(SourceRef("job", hero.cell.key),)),
                      typical_s=8.0, campaign="clips") for n, hero in enumerate(heroes)]
    few = replace(WIDE, uploads=Limit(5))
    found = foretold([*heroes, *clips], replace(few, starts={"media": Limit(100)}))
    assert found.campaigns["clips"] == Finish(200.0, "upload_per_minute")


def test_lengths_scatter_as_they_do_at_the_sandbox_and_their_mean_is_right() -> None:
    assert SPREAD == fate.SPREAD
    assert pytest.approx(exp(1.645 * SPREAD), abs=0.02) == TAIL
    drawn = Habits().lengths()
    assert fmean(drawn) == pytest.approx(exp(SPREAD**2 / 2))
    assert pstdev(map(log, drawn)) == pytest.approx(SPREAD, rel=0.03)
    assert Habits().lengths() is drawn


def test_the_last_of_many_side_by_side_is_longer_than_typical() -> None:
    quick = replace(BY_HAND, spread=SPREAD, notice_least_s=0.0)
    one, ten = (forecast(make_rows(n, typical_s=100.0), {"acme": TERMS}, habits=quick).seconds
                for n in (1, 10))
    assert one == pytest.approx(100 * exp(SPREAD**2 / 2), rel=0.03)
    assert ten == pytest.approx(100 * exp(SPREAD * 1.54), rel=0.05)  # the mean of the highest of 10


@pytest.mark.parametrize("jobs", [3_000, 12_345, 600_000])
def test_of_many_jobs_a_part_is_played_and_the_rest_goes_on_at_its_pace(jobs: int) -> None:
    plan = Rows(Cells.of([row.cell for row in make_rows(1, typical_s=30.0)]).only([0] * jobs))
    plan.stand([AS_NEW] * jobs)
    with within(0.5):
        slots, turns = (forecast(plan, {"acme": terms}, habits=BY_HAND).seconds
                        for terms in (TERMS, WIDE))
    assert slots == pytest.approx(jobs / 10 * 32, rel=0.01)
    assert turns == pytest.approx((jobs - 1) // 30 * 60 + 32, rel=0.01)


def test_thousands_of_links_of_a_chain_are_no_long_work() -> None:
    heroes = make_rows(4_000, typical_s=30.0)
    clips = [make_row(make_spec(f"clip {n}", sources=(SourceRef("job", hero.cell.key),)),
                      typical_s=60.0, campaign="clips") for n, hero in enumerate(heroes)]
    rows = Rows.of([*heroes, *clips])
    with within(1.0):
        found = forecast(rows, {"acme": TERMS}, habits=BY_HAND)
    assert found.campaigns["hero"].seconds < found.campaigns["clips"].seconds
    assert found.seconds == pytest.approx(4_000 * (32 + 62) / 10, rel=0.02)
