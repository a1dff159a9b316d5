"""What a run would do about a job that the ledger knows, and what an approval holds for.

Goal: nothing that is bought is bought again, nothing in doubt is touched, and a fingerprint moves
exactly when the money, the jobs or the caps do.
"""

from dataclasses import replace

import pytest
from core_samples import cr, make_cell, make_row, make_spec

from pipeline.core.cells import Cell, Expansion, Skipped
from pipeline.core.difference import Wanted, compare
from pipeline.core.job import State
from pipeline.core.manifest import Budget
from pipeline.core.money import NOTHING
from pipeline.core.plan import Known, Plan, Status, draw_plan, fingerprint


def drawn(*cells: Cell, known: dict[str, Known] | None = None) -> Plan:
    return draw_plan("spring", "m.yaml", "acme", Expansion(list(cells)),
                     known=lambda keys: known or {}, catalogs={"acme": "sha256:1"},
                     budget=Budget(cr("500")))


STATUSES = [
    (Known(State.PENDING), Status.NEW, "", True),
    (Known(State.PENDING, "throttled"), Status.RETRY, "throttled", True),
    (Known(State.SUBMITTING, run="r1"), Status.HELD, "in doubt since run r1", False),
    (Known(State.IN_DOUBT, "reply_lost", "r1"), Status.HELD, "`pipeline resume`", False),
    (Known(State.RUNNING, run="r1"), Status.KEEP, "bought by run r1, on its way", False),
    (Known(State.PRODUCED, run="r1"), Status.KEEP, "bought by run r1, on its way", False),
    (Known(State.DONE, run="r1"), Status.KEEP, "delivered by run r1", False),
    (Known(State.DONE, run="r1", files_missing=True), Status.KEEP, "`pipeline fetch`", False),
    (Known(State.FAILED, "content_refused", "r1"), Status.HELD, "retry --failed", False),
    (Known(State.CANCELLED, "cancelled", "r1"), Status.RETRY, "cancelled in run r1", True),
]


@pytest.mark.parametrize(("known", "status", "why", "buys"), STATUSES)
def test_what_the_ledger_knows_decides_what_a_run_would_do(known: Known, status: Status, why: str,
                                                           buys: bool) -> None:
    cell = make_cell(price="14", tries=2)
    [row] = drawn(cell, known={cell.key: known}).rows
    assert row.status is status
    assert why in row.why
    assert row.buys == buys
    assert (str(row.expected), str(row.worst)) == (("14", "28") if buys else ("0", "0"))


def test_every_state_has_a_status() -> None:
    assert {known.state for known, *_ in STATUSES} == set(State)


def test_a_job_that_nobody_knows_is_new() -> None:
    assert [row.status for row in drawn(make_cell()).rows] == [Status.NEW]


def test_totals_are_the_sums_of_what_is_bought() -> None:
    first, second, third = (make_cell(make_spec(f"kite {n}"), price="2.5", tries=3)
                            for n in range(3))
    plan = drawn(first, second, third, known={second.key: Known(State.DONE)})
    assert (str(plan.expected), str(plan.worst)) == ("5", "15")
    assert [plan.count(status) for status in Status] == [2, 1, 0, 0]
    assert (drawn().expected, drawn().worst) == (NOTHING, NOTHING)


def test_a_plan_tells_what_was_left_out() -> None:
    skipped = Skipped("hero", "fox", "8:1", "does not offer")
    plan = draw_plan("spring", "m.yaml", "acme", Expansion([], 3, [skipped]), known=lambda keys: {},
                     catalogs={}, budget=Budget())
    assert (plan.excluded, plan.skipped) == (3, [skipped])


BEFORE = [make_cell(make_spec("kite 1")), make_cell(make_spec("kite 2"))]


def test_the_same_wish_has_the_same_fingerprint() -> None:
    again = [make_cell(make_spec("kite 1")), make_cell(make_spec("kite 2"))]
    known = {again[0].key: Known(State.DONE)}
    assert drawn(*BEFORE).fingerprint == drawn(*again, known=known).fingerprint
    assert drawn(*BEFORE).fingerprint.startswith("sha256:")


def test_a_fingerprint_is_the_same_in_every_process_and_version() -> None:
    mark = fingerprint("spring", [make_cell(make_spec("kite", ratio="16:9", seed=3))],
                       {"acme": "sha256:1"}, Budget(cr("500")))
    assert mark == ("sha256:"
                    "8968c4caea6ebdd8dceff2bb3f680eb6262afbf8a6852f45adf6aaeb06d99635")


@pytest.mark.parametrize("change", [
    {"cells": BEFORE[:1]}, {"cells": BEFORE[::-1]}, {"manifest": "autumn"},
    {"cells": [BEFORE[0], replace(BEFORE[1], account="other")]},
    {"cells": [BEFORE[0], replace(BEFORE[1], max_paid_attempts=2)]},
    {"cells": [BEFORE[0], make_cell(make_spec("kite 2"), price="11")]},
    {"cells": [BEFORE[0], make_cell(make_spec("kite 2"), campaign="teaser")]},
    {"cells": [BEFORE[0], make_cell(make_spec("kite 2", seed=1))]},
    {"catalogs": {"acme": "sha256:2"}}, {"budget": Budget(cr("501"))},
    {"budget": Budget(cr("500"), per_day=cr("1"))},
    {"budget": Budget(cr("500"), campaigns={"hero": cr("9")})}])
def test_whatever_moves_money_or_jobs_moves_the_fingerprint(change: dict[str, object]) -> None:
    wish: dict[str, object] = {"manifest": "spring", "cells": BEFORE,
                               "catalogs": {"acme": "sha256:1"}, "budget": Budget(cr("500"))}
    assert fingerprint(**wish) != fingerprint(**{**wish, **change})  # type: ignore[arg-type]


def test_what_no_money_hangs_on_does_not() -> None:
    marked = [replace(cell, tags={"client": "acme"}, typical_s=99.0) for cell in BEFORE]
    assert drawn(*BEFORE).fingerprint == drawn(*marked).fingerprint


def wanted(name: str, price: str = "10", *, bought: bool = False) -> Wanted:
    return Wanted(make_spec(name).key(), "hero", "fox", cr(price), bought)


def test_a_difference_is_what_came_what_went_and_what_is_dearer() -> None:
    before = [wanted("kept"), wanted("gone"), wanted("dearer", "9"),
              wanted("paid", "9", bought=True)]
    after = drawn(*(make_cell(make_spec(name)) for name in ("kept", "new", "dearer", "paid")))
    difference = compare(before, after)
    assert [row.cell.spec.prompt for row in difference.added] == ["new"]
    assert [gone.key for gone in difference.removed] == [make_spec("gone").key()]
    assert [(str(old.expected), str(row.cell.quote.expected))
            for old, row in difference.repriced] == [("9", "10")]
    assert difference


def test_the_same_plan_differs_in_nothing() -> None:
    assert not compare([wanted("kept")], drawn(make_cell(make_spec("kept"))))


def test_a_row_that_is_held_takes_nothing() -> None:
    assert make_row(status=Status.HELD).worst == NOTHING
