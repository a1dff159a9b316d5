"""A plan file is a saved plan or is refused with 9, whatever somebody put into it.

Goal: no traceback, and no limit or cap of another type than the program's own (CONTRACT 7).
Method: a whole plan file with every value of it replaced, and arbitrary bytes.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.core.errors import Exit, Halt
from pipeline.core.money import Money
from pipeline.wiring.plan_file import SavedPlan

WHOLE: dict[str, Any] = {
    "schema_version": 1, "fingerprint": "sha256:0", "file": "m.yaml",
    "wish": {"account": "", "only": "", "limit": None, "max_credits": None, "max_jobs": None},
    "catalogs": {"sandbox": "sha256:1"}, "rows": [["k", "14"]],
}
FUZZ = settings(max_examples=200, deadline=None, derandomize=True,
                suppress_health_check=[HealthCheck.function_scoped_fixture])
values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
                      lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                          st.text(max_size=5), inner, max_size=3), max_leaves=5)


def read(path: Path, content: bytes | str) -> SavedPlan | None:
    """The plan, None for one that is refused as it should be."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        return SavedPlan(path, Path("state"))
    except Halt as halt:
        assert halt.exit_code is Exit.STALE_PLAN
        assert "is not a saved plan" in halt.message
        return None


def test_a_whole_plan_is_read(tmp_path: Path) -> None:
    wish = {**WHOLE["wish"], "limit": 3, "max_jobs": 0, "max_credits": "12.5"}
    plan = read(tmp_path / "p.json", json.dumps({**WHOLE, "wish": wish}))
    assert plan is not None
    assert (plan.wish.limit, plan.wish.max_jobs) == (3, 0)
    assert plan.wish.max_credits == Money.parse("12.5")


@pytest.mark.parametrize("name", ["limit", "max_jobs", "max_credits", "account", "only"])
@pytest.mark.parametrize("value", ["abc", 1.5, -1, True, [], {}, 1e400, "9" * 5000, float("nan")])
def test_a_wish_of_another_type_is_no_plan(name: str, value: object, tmp_path: Path) -> None:
    text = json.dumps({**WHOLE, "wish": {**WHOLE["wish"], name: value}})
    plan = read(tmp_path / "p.json", text)
    assert plan is None or (isinstance(value, str) and name in ("account", "only"))


@pytest.mark.parametrize("content", [
    b"", b"\xff\xfe", b"null", b"[]", b"[" * 100_000, b"9" * 5000, b'{"wish": {}}', b"\x00",
    '{"wish": "\ud800"}'.encode(errors="surrogatepass"), b'{"a":' * 50_000, b"NaN"])
def test_what_is_no_plan_is_refused(content: bytes, tmp_path: Path) -> None:
    assert read(tmp_path / "p.json", content) is None


@FUZZ
@given(name=st.sampled_from([*WHOLE, *(f"wish.{name}" for name in WHOLE["wish"])]), value=values)
def test_no_value_whatever_breaks_a_plan(tmp_path: Path, name: str, value: object) -> None:
    said = json.loads(json.dumps(WHOLE))
    holder = said["wish"] if name.startswith("wish.") else said
    holder[name.removeprefix("wish.")] = value
    plan = read(tmp_path / "p.json", json.dumps(said))
    if plan is not None:
        assert plan.wish.limit is None or type(plan.wish.limit) is int
        assert plan.wish.max_jobs is None or type(plan.wish.max_jobs) is int


@FUZZ
@given(content=st.binary(max_size=300) | values.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_whatever_break_a_plan(tmp_path: Path, content: bytes) -> None:
    read(tmp_path / "p.json", content)
