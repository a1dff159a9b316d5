"""Every reader of foreign bytes under drawn inputs: the quick half of the fuzzing.

Goal: no input brings a traceback, or more than a second of work (ISSUE 4, point 6).
Method: Hypothesis over words of each reader's language, over whole inputs with stretches replaced,
and over plain bytes; the targets themselves say what must hold. `make fuzz` is the long half.
"""


import pytest
from bounded import within
from fuzz_targets import TARGETS, Target
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FEW = settings(max_examples=60, deadline=None, derandomize=True,
               suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
LONGEST_S = 2.0


def encoded(words: list[str]) -> bytes:
    return "".join(words).encode("utf-8", "surrogatepass")


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Inputs of a target, sensible and not."""
    drawn = st.binary(max_size=200)
    if target.words:
        words = st.lists(st.sampled_from(target.words), max_size=25).map(encoded)
        drawn = words | st.builds(bytes.__add__, st.binary(min_size=1, max_size=1), words) | drawn
    if target.seeds:
        drawn |= torn(target)
    return drawn


@st.composite
def torn(draw: st.DrawFn, target: Target) -> bytes:
    """A whole input with a stretch or two replaced by words."""
    content = draw(st.sampled_from(target.seeds))
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 20)))
        put = encoded(draw(st.lists(st.sampled_from(target.words), max_size=4)))
        content = content[:start] + put + content[end:]
    return content


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_whatever_breaks_a_reader(name: str) -> None:
    target = TARGETS[name]

    @FEW
    @given(inputs(target))
    def drive(content: bytes) -> None:
        with within(LONGEST_S):
            target.act(content)

    drive()


@pytest.mark.parametrize("name", TARGETS)
def test_every_whole_input_is_read(name: str) -> None:
    for seed in (*TARGETS[name].seeds, b""):
        TARGETS[name].act(seed)
