"""Goal: YAML is read by the core rules of version 1.2, each node where it stands.

Method: rows of text and plain value; positions looked up by path.
"""

import pytest

from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.inputs.marked_yaml import plain, read_yaml

FILE = "m.yaml"

SCALARS = [
    ("16:9", "16:9"), ("1:1", "1:1"), ("21:9", "21:9"), ("no", "no"), ("yes", "yes"), ("on", "on"),
    ("Off", "Off"), ("true", True), ("false", False), ("True", "True"),
    ("2026-01-02", "2026-01-02"),
    ("010", 10), ("-7", -7), ("+7", 7), ("0x1F", "0x1F"), ("0o17", "0o17"), ("1_000", "1_000"),
    ("0.5", "0.5"), ("1.50", "1.50"), ("1e3", "1e3"), (".nan", ".nan"), (".inf", ".inf"),
    ("~", None), ("null", None), ("", None), ('""', ""), ('"5"', "5"), ("'no'", "no"),
    ("Null", "Null"),
    ("9007199254740992", 2**53), ('"007"', "007"), ("1K", "1K"), ("n", "n"), ("5s", "5s"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_a_scalar_means_what_it_looks_like(text: str, value: object) -> None:
    found = plain(read_yaml(f"key: {text}\n", FILE))
    assert found == {"key": value}
    assert type(found["key"]) is type(value)
    if text:
        assert plain(read_yaml(f"[{text}]", FILE)) == [value]


def test_keys_and_values_know_their_line_and_column() -> None:
    root = read_yaml("a:\n  - b: [1, 16:9]\n    ключ: |\n      text\n", FILE)
    assert root.at == Position(FILE, 1, 1)
    assert root.keys["a"] == Position(FILE, 1, 1)
    entry = root.find("a", 0)
    assert entry is not None
    assert entry.at == Position(FILE, 2, 5)
    assert entry.keys["ключ"] == Position(FILE, 3, 5)
    ratio = root.find("a", 0, "b", 1)
    assert ratio is not None
    assert (ratio.value, ratio.at) == ("16:9", Position(FILE, 2, 12))
    assert root.find("a", 1) is None
    assert root.find("b") is None
    assert root.find("a", "x") is None


def test_an_alias_is_the_value_at_the_place_of_the_alias() -> None:
    root = read_yaml("a: &x [1, 2]\nb: *x\n", FILE)
    assert plain(root) == {"a": [1, 2], "b": [1, 2]}
    again = root.find("b")
    assert again is not None
    assert again.at == Position(FILE, 2, 4)


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "~"])
def test_an_empty_text_is_an_empty_node(text: str) -> None:
    assert read_yaml(text, FILE).value is None


def test_a_byte_order_mark_is_dropped_and_moves_nothing() -> None:
    root = read_yaml("\ufeffa: 1", FILE)
    assert root.keys["a"] == Position(FILE, 1, 1)


def test_all_problems_that_leave_a_tree_are_told_at_once() -> None:
    text = "a: 1\na: 2\nb: !!int 3\n<<: {c: 1}\nd: 99999999999999999999\n"
    with pytest.raises(AuthorError) as caught:
        read_yaml(text, FILE)
    assert [problem.at and problem.at.line for problem in caught.value.problems] == [2, 3, 4, 5]


def test_a_caller_with_more_to_check_gets_the_tree_and_the_problems() -> None:
    problems: list[Problem] = []
    root = read_yaml("a: 1\na: 2\n<<: {c: 1}\n", FILE, problems)
    assert plain(root) == {"a": 2}
    assert len(problems) == 2


def test_a_quoted_merge_key_is_a_key_like_any_other() -> None:
    assert plain(read_yaml('"<<": 1', FILE)) == {"<<": 1}


@pytest.mark.parametrize("text", [
    "a: \ud800", "a: \x00", "a: \x07", "\ufffe", '"\\ud800"', "%YAML 3.0\n---\na", "!<", "*", "&a",
    "a: *b", "? [a]\n: b", "{[a]: b}", "a: &a {b: *a}", "a\n---\nb", "@a", "`a`", "a: [", "}", "'",
    '"',
    "a: b: c", "- a\nb: c", "\ta: b", "a:\n\t- b", "|x", "a: >9999\n", "a: 'b' c", "&a &b c",
    "!!str",
    "*a : b", "a: !x [b]", "--- >\n%", "a: \x80", "\x85\ufeffa",
])
def test_what_is_no_yaml_is_told_with_its_place(text: str) -> None:
    try:
        read_yaml(text, FILE)
    except AuthorError as error:
        assert all(problem.at and problem.at.file == FILE for problem in error.problems)
        assert all("Traceback" not in problem.message for problem in error.problems)
    else:
        assert text in ("&a", "\x85\ufeffa")
