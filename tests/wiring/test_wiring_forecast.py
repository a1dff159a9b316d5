"""What `plan` foretells, held against what the real executor then takes in virtual time.

Goal: the forecast is within five percent of the rehearsal, whatever holds a plan back: slots,
turns, a chain, a kind of its own, or nothing. What is chosen for a night ends in it.
Method: `nights.py`. Lengths scatter, so that five jobs are held against the mean of eight nights;
the seeds are those whose mean is near that of many (`bench_forecast.py` takes as many as asked).
"""

from pathlib import Path

import anyio
import pytest
from nights import NOW_S, SLOTS, WIDE, drawn, held

from pipeline.core.loads import ENOUGH
from pipeline.core.reach import within_time
from pipeline.ledger.ledger import Ledger
from pipeline.wiring.rehearsal import Terms, rehearse
from pipeline.wiring.running import Limits

AGREED = 0.05


@pytest.mark.parametrize(("case", "jobs", "slots", "seeds"), [
    ("images", 5, SLOTS, range(8, 16)), ("a chain", 5, SLOTS, range(8, 16)),
    ("music", 5, SLOTS, range(8)),
    ("images and films", 60, SLOTS, range(1)), ("a chain", 60, SLOTS, range(1)),
    ("two accounts", 60, SLOTS, range(1, 3)), ("many kinds", 60, SLOTS, range(5, 7)),
    ("music", 60, SLOTS, range(6, 7)), ("images", 300, WIDE, range(1))])
def test_the_forecast_is_what_then_happens(tmp_path: Path, case: str, jobs: int, slots: int,
                                           seeds: range) -> None:
    found = held(tmp_path, case, jobs, slots, seeds)
    assert found.ratio == pytest.approx(1.0, abs=AGREED), found
    assert found.refused == 0


def learn(state: Path, seconds: float) -> None:
    """One more job of the model was seen to take so long."""
    ledger = Ledger(state, lambda: NOW_S)
    anyio.run(ledger.remember, "sandbox", [], [("nano-banana-2", seconds)])
    ledger.close()


def test_a_night_ends_in_its_time_with_what_was_chosen_for_it(tmp_path: Path) -> None:
    drawing = drawn(tmp_path, "images", 100)
    terms = {name: one.provider.terms for name, one in drawing.accounts.by_name.items()}
    reach = within_time(drawing.reach, 300.0, terms, {})
    night = rehearse(drawing, tmp_path / "state", Terms(seed=3, limits=Limits(300.0)), NOW_S)
    assert (night.exit_code, night.seconds <= 300.0) == (10, True)
    fits = len(reach.rows)
    assert 0.85 * fits < night.totals.states["done"] <= fits + SLOTS
    assert night.totals.states["running"] == 0
    assert night.calls["paid"] == night.totals.states["done"]


def test_a_night_that_takes_longer_than_foretold_starts_nothing_it_has_no_time_for(
        tmp_path: Path) -> None:
    drawing = drawn(tmp_path, "images", 60)
    drawing.lengths = {"sandbox": {"nano-banana-2": 84.0}}  # twice what the executor believes
    night = rehearse(drawing, tmp_path / "state", Terms(limits=Limits(240.0)), NOW_S)
    assert (night.exit_code, night.seconds <= 241.0) == (10, True)
    states = night.totals.states
    assert night.calls["paid"] == states["done"] + states["running"] < 40
    assert states["pending"] == 60 - states["done"] - states["running"]
    assert states["running"] <= 2


def test_what_the_ledger_has_learned_of_a_model_is_foretold(tmp_path: Path) -> None:
    slow = drawn(tmp_path, "images", 5).forecast.seconds
    for number, seconds in enumerate([126.0] * ENOUGH):
        learn(tmp_path / "state", seconds)
        found = drawn(tmp_path, "images", 5).forecast.seconds
        assert found == (slow if number + 1 < ENOUGH else pytest.approx(3 * slow, rel=0.1))
