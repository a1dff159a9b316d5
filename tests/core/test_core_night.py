"""What fits into the time of a run.

Goal: the author's order decides, nothing that fits is shut out for what does not, nothing is chosen
whose source is not, and the choice is done in the time that it was made for.
Method: plans of a few rows worked out against the forecast itself, and one of many.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from bounded import within
from core_samples import TERMS, cr, make_row, make_rows, make_spec

from pipeline.core.cells import Cells
from pipeline.core.forecast import forecast
from pipeline.core.money import NOTHING
from pipeline.core.plan import AS_NEW, Row, Rows, Status
from pipeline.core.reach import Beyond, Reach, within_caps, within_time
from pipeline.core.spec import SourceRef
from pipeline.core.terms import Terms


def reached(rows: Sequence[Row], longest_s: float, **terms: Terms) -> Reach:
    found = within_caps(Rows.of(rows), None, None, {})
    return within_time(found, longest_s, {"acme": TERMS, **terms}, {})


def names(reach: Reach) -> list[str]:
    return [row.cell.spec.prompt for row in reach.rows]


def image(name: str, typical_s: float = 30.0, **more: str) -> Row:
    return make_row(make_spec(name), typical_s=typical_s, **more)


def clip_of(hero: Row, name: str) -> Row:
    return make_row(make_spec(name, sources=(SourceRef("job", hero.cell.key),)), typical_s=60.0)


def test_a_night_that_is_long_enough_takes_all() -> None:
    found = reached(make_rows(25), 3600.0)
    assert (len(found.rows), found.late, found.longest_s) == (25, Beyond(), 3600.0)


def test_one_in_which_nothing_fits_takes_nothing() -> None:
    found = reached(make_rows(25), 10.0)
    assert (len(found.rows), found.late) == (0, Beyond(25, cr("10") * 25))


def test_it_takes_the_first_ones_and_they_are_done_in_time() -> None:
    rows = make_rows(400)
    found = reached(rows, 600.0)
    assert list(found.rows) == rows[:len(found.rows)]
    assert found.late.jobs == 400 - len(found.rows)
    terms = {"acme": TERMS}
    assert forecast(found.rows, terms).seconds <= 600.0
    assert forecast(rows[:len(found.rows) + 10], terms).seconds > 600.0


def test_a_shorter_one_may_still_fit_and_a_longer_one_may_not() -> None:
    rows = [image("a"), image("long", 200.0), image("b"), image("longer", 300.0), image("c")]
    assert names(reached(rows, 100.0)) == ["a", "b", "c"]


def test_what_one_account_has_no_time_for_keeps_no_other_from_its_work() -> None:
    rows = [*make_rows(200), *(image(f"b{n}", account="second") for n in range(10))]
    found = reached(rows, 120.0, second=TERMS)
    assert [row.cell.account for row in found.rows].count("second") == 10
    assert 0 < len(found.rows) < 60


def test_a_link_fits_only_with_what_it_starts_from() -> None:
    heroes = make_rows(40)
    clips = [clip_of(hero, f"clip {n}") for n, hero in enumerate(heroes)]
    found = reached([*heroes, *clips], 200.0)
    chosen = {row.cell.key for row in found.rows}
    assert {key for row in found.rows for key in row.cell.spec.waits_for} <= chosen
    assert all(hero.cell.key in chosen for hero in heroes)
    assert 0 < len(found.rows) - 40 < 40


def test_links_that_are_named_before_what_they_start_from_are_planned_as_well() -> None:
    heroes = make_rows(5)
    clips = [clip_of(hero, f"clip {n}") for n, hero in enumerate(heroes)]
    assert len(reached([*clips, *heroes], 600.0).rows) == 10
    assert len(reached([*clips, *heroes], 90.0).rows) < 10


def test_what_is_there_already_takes_no_time_and_stays_in_the_plan() -> None:
    kept = [make_row(make_spec(f"k{n}"), status=Status.KEEP) for n in range(3)]
    found = reached([*kept, *make_rows(30)], 10.0)
    assert (len(found.rows), found.late.jobs) == (3, 30)


def test_caps_come_first_and_the_time_looks_at_what_they_leave() -> None:
    capped = within_caps(Rows.of(make_rows(40)), cr("100"), None, {})
    assert (len(capped.rows), capped.beyond) == (10, Beyond(30, cr("10") * 30))
    found = within_time(capped, 100.0, {"acme": TERMS}, {})
    assert (len(found.rows), found.beyond, found.late) == (10, capped.beyond, Beyond())
    assert within_caps(Rows.of(make_rows(4)), None, None, {}).beyond.worst == NOTHING


@pytest.mark.parametrize("terms", [TERMS, replace(TERMS, in_flight={})])
def test_the_choice_among_many_is_quick(terms: Terms) -> None:
    rows = Rows(Cells.of([row.cell for row in make_rows(1)]).only([0] * 200_000))
    rows.stand([AS_NEW] * 200_000)
    with within(3.0):
        found = within_time(Reach(rows), 8 * 3600.0, {"acme": terms}, {})
    assert forecast(found.rows, {"acme": terms}).seconds == pytest.approx(8 * 3600.0, rel=0.02)
