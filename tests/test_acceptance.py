"""Every line of the acceptance list is held by tests that exist, or says why it is not.

Goal: the list cannot rot: who renames or deletes a test of it is told here. Method: the list in
`acceptance.py` against the source of all test modules, which are read and not imported.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from acceptance import LINES
from safety import TRIALS, promises, unproven

TESTS = Path(__file__).resolve().parent
LAST = 120
SHORTEST_REASON = 40


@cache
def names_by_module() -> dict[str, set[str]]:
    """By module: the names of its tests, without what all of them begin with."""
    found: dict[str, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        found[path.stem.removeprefix("test_")] = {
            node.name.removeprefix("test_") for node in ast.parse(path.read_text("utf-8")).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name.startswith("test_")}
    return found


def reasons(line: int) -> list[str]:
    return [says for says in LINES[line][1:] if says.startswith("because ")]


def holders(line: int) -> list[str]:
    return [says for says in LINES[line][1:] if not says.startswith("because ")]


def test_every_line_is_there_and_in_order() -> None:
    assert list(LINES) == list(range(1, LAST + 1))


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_held_by_tests_or_says_why_it_is_not(line: int) -> None:
    assert holders(line) or reasons(line)
    assert all(len(why) >= SHORTEST_REASON for why in reasons(line))
    missing = [name for name in holders(line)
               if name.partition(".")[2] not in names_by_module().get(name.partition(".")[0], ())]
    assert not missing, f"F{line} ({LINES[line][0]}): no such test"


def test_every_promise_of_the_readme_has_a_command_that_tries_to_break_it() -> None:
    assert len(promises()) > 5
    assert unproven() == []
    named = {word for trial in TRIALS for word in trial.tests if word.startswith("tests/")}
    named |= {words[0] for trial in TRIALS for words in trial.programs}
    assert not [name for name in sorted(named) if not (TESTS.parent / name).exists()]


def test_a_module_that_claims_a_line_names_one_that_there_is() -> None:
    claimed = re.compile(r"\bF(\d+)\b")
    for path in TESTS.rglob("test_*.py"):
        says = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        assert all(1 <= int(line) <= LAST + 7 for line in claimed.findall(says)), path
