"""Inputs of a target as Hypothesis draws them: sensible, torn, and plain bytes."""

import time
import traceback

from fuzz_targets import Target
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

AT_ONCE = 500


def encoded(words: list[str]) -> bytes:
    """Words as the bytes of a file."""
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


def draw_for(target: Target, seconds: float) -> tuple[int, str]:
    """Fresh inputs for so long: how many there were, and the traceback of what broke it, if any."""
    tried = 0

    @settings(max_examples=AT_ONCE, deadline=None, database=None,
              phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck))
    @given(inputs(target))
    def drive(content: bytes) -> None:
        nonlocal tried
        tried += 1
        target.act(content)

    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        try:
            drive()
        except Exception:  # noqa: BLE001 - whatever comes out of a target is the finding
            return tried, traceback.format_exc()
    return tried, ""
