"""The closed set of causes: whatever ends an attempt has a name, a sentence and a remedy.

Goal: no cause is used that nobody can read, and none is kept that nothing leads to.
Method: the source is searched for every text that is given as a cause.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.core import causes, errors, verdict
from pipeline.core.causes import CAUSES, Remedy, says
from pipeline.core.errors import Exit, Halt, ReplyLost, Throttled, Unreachable, Vanished
from pipeline.providers.kubeez_refusals import REFUSED

PIPELINE = Path(causes.__file__).parent.parent
GIVERS = frozenset({"Deferred", "Failed", "Doubted", "Cancelled", "Broken"})
"""Whose first argument is a cause."""
NAMERS = frozenset({"Barred", "Refused", "judge_broken"})
"""Whose keyword `cause` is one."""


def texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def causes_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in GIVERS and node.args:
                yield from texts(node.args[0])
            if node.func.id in GIVERS | NAMERS:
                for keyword in node.keywords:
                    if keyword.arg == "cause":
                        yield from texts(keyword.value)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "cause":
            yield from (text for part in ast.walk(node.value) if isinstance(part, ast.IfExp)
                        for text in (*texts(part.body), *texts(part.orelse)))
        if isinstance(node, ast.FunctionDef) and node.name == "_cause":
            for part in ast.walk(node):
                if isinstance(part, ast.Return) and part.value is not None:
                    body = part.value.body if isinstance(part.value, ast.IfExp) else part.value
                    yield from texts(body)


@pytest.fixture(scope="module")
def used() -> set[str]:
    found = set(verdict.FINAL) | set(REFUSED.values())
    found |= {failure("").cause for failure in (Throttled, Unreachable, ReplyLost, Vanished)}
    for room in ("core", "executor", "providers", "ledger", "wiring"):
        for path in (PIPELINE / room).glob("*.py"):
            found |= set(causes_in(ast.parse(path.read_text("utf-8"))))
    return found


def test_every_cause_that_is_used_is_in_the_set(used: set[str]) -> None:
    assert used - set(CAUSES) == set()
    assert len(used) > 15


def test_every_cause_of_the_set_is_used(used: set[str]) -> None:
    assert set(CAUSES) - used == set()


def test_every_cause_has_a_sentence_and_a_remedy() -> None:
    for name, cause in CAUSES.items():
        assert isinstance(cause.remedy, Remedy), name
        assert cause.says and cause.says[0].islower() and not cause.says.endswith("."), name
        assert says(name) == cause.says


def test_every_remedy_but_none_follows_from_a_cause() -> None:
    assert {cause.remedy for cause in CAUSES.values()} == set(Remedy) - {Remedy.NONE}


def test_what_an_account_must_mend_ends_a_run_with_its_own_code() -> None:
    for name, cause in CAUSES.items():
        assert (cause.remedy is Remedy.ACCOUNT) <= (cause.exit_code is not None), name
    assert CAUSES["insufficient_credits"].exit_code is Exit.NO_CREDITS
    assert CAUSES["bad_key"].exit_code is Exit.KEY


def test_a_job_without_a_cause_has_nothing_to_say() -> None:
    assert says(None) == ""


def test_a_halt_has_a_code_that_a_program_can_read() -> None:
    assert Halt(Exit.HELD, "x").code == "held"
    assert Halt(Exit.HELD, "x", code="state_held").code == "state_held"


def test_the_exit_codes_are_those_of_the_contract() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "DONE": 0, "BUG": 1, "USAGE": 2, "SOME_FAILED": 3, "REFUSED": 4, "KEY": 5, "NO_CREDITS": 7,
        "BUDGET": 8, "STALE_PLAN": 9, "TIME": 10, "HELD": 11, "DOUBT": 12, "DAMAGED": 13,
        "INTERRUPTED": 130, "TERMINATED": 143}


def test_the_author_is_told_every_problem() -> None:
    told = errors.AuthorError([errors.Problem("a"), errors.Problem("b")])
    assert str(told) == "a; b"
    assert [problem.message for problem in told.problems] == ["a", "b"]
