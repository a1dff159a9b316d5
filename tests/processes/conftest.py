"""Fixtures of the tests that start real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes_kit import Place, Sandbox

BROAD = "limits: {media_per_minute: 100000, media_in_flight: 500, reads_per_minute: 100000}\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A working folder with nothing in it."""
    return Place(tmp_path / "work")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A faultless sandbox that the tests of a module share; each buys under prompts of its own."""
    served = Sandbox(tmp_path_factory.mktemp("shared"), faults=BROAD, credits="1000000")
    yield served
    served.close()
