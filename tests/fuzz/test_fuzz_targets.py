"""Every reader of foreign bytes under drawn inputs: the quick half of the fuzzing.

Goal: no input brings a traceback, or more than a second of work (ISSUE 4, point 6).
Method: Hypothesis over words of each reader's language, over whole inputs with stretches replaced,
and over plain bytes; the targets themselves say what must hold. `make fuzz` is the long half.
"""

from collections.abc import Callable

import pytest
from bounded import within
from fuzz_drawn import inputs
from fuzz_targets import TARGETS
from hypothesis import HealthCheck, given, settings

FEW = settings(max_examples=60, deadline=None, derandomize=True,
               suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
LONGEST_S = 2.0


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_whatever_breaks_a_reader(
        name: str, record_property: Callable[[str, object], None]) -> None:
    target, tried = TARGETS[name], 0

    @FEW
    @given(inputs(target))
    def drive(content: bytes) -> None:
        nonlocal tried
        tried += 1
        with within(LONGEST_S):
            target.act(content)

    drive()
    record_property("drawn inputs", tried)


@pytest.mark.parametrize("name", TARGETS)
def test_every_whole_input_is_read(name: str) -> None:
    for seed in (*TARGETS[name].seeds, b""):
        TARGETS[name].act(seed)
