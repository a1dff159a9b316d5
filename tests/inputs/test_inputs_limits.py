"""Goal: no file can hang, crash or swamp the reader: each bomb is refused cleanly, within a second.

Method: bombs made here, of every shape that the limits are for; processor time is measured, so that
a busy machine changes nothing.
"""

from pathlib import Path

import pytest
from bounded import within
from manifest_text import HEAD, problems, read

BUDGETS = [".nan", ".inf", "-.inf", "-5", "1e3", "true", "1_000", "0o17", '"5 "', '" 5"', "0x10",
           "5.", ".5", "+-5", '""', "1,5", "0.1234567", "99999999999", "9999999999", "[5]", "١٢"]

EACH = range(9)
ALIASES = "vars:\n  v0: &v0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"  v{n + 1}: &v{n + 1} [{', '.join(f'*v{n}' for _ in EACH)}]\n" for n in EACH)
MERGES = "vars:\n  m0: &m0 {a: 1}\n" + "".join(
    f"  m{n + 1}: &m{n + 1} {{{', '.join(f'<<: *m{n}' for _ in EACH)}}}\n" for n in range(8))

BOMBS = {
    "aliases": (HEAD + ALIASES, "more than 50,000 values"),
    "merges": (HEAD + MERGES, "merge keys"),
    "self": (HEAD + "vars: &v {a: *v}\n", "contains itself"),
    "nesting": (HEAD + "vars: " + "[" * 3000, "nested more than 20 levels"),
    "megabyte-of-brackets": ("[" * 2**20, "nested more than 20 levels"),
    "nested-maps": ("{a: " * 50_000, "nested more than 20 levels"),
    "nested-dashes": ("- " * 500_000, "nested more than 20 levels"),
    "nested-by-aliases": (HEAD + "vars:\n  v0: &v0 [x]\n" + "".join(
        f"  v{n + 1}: &v{n + 1} [*v{n}]\n" for n in range(40)), "nested more than 20 levels"),
    "digits": (HEAD + "  variants: " + "9" * 5000, "5000 digits"),
    "many-digits": (HEAD + "  variants: " + "9" * 900_000, "900000 digits"),
    "scalars": ("[" + "a," * 500_000 + "]", "more than 50,000 values"),
    "lines": ("- a\n" * 260_000, "more than 50,000 values"),
    "size": (b"#" * (2**20 + 1), "larger than 1,048,576 bytes"),
    "documents": ("---\n" * 200_000, "second document"),
    "duplicates": ("k: 1\n" * 100_000, "given twice"),
    "unknown-keys": (HEAD + "".join(f"k{n}: 1\n" for n in range(40_000)), "unknown key"),
    "long-key": (HEAD + "k" * 900 + ": 1\n", "unknown key"),
    "campaigns": ("version: 1\nname: x\ncampaigns:\n" + "- nmae: a\n" * 20_000, "more than 1000"),
    "axis": (HEAD + "  vars: {v: [" + "1," * 45_000 + "]}\n", "more than 10000 entries"),
    "nulls": (HEAD + "  vars: {v: [" + "~," * 45_000 + "]}\n", "has no value"),
    "rules": (HEAD + "  exclude:\n" + "  - {vars: {v: 1}}\n" * 10_000, "more than 1000"),
    "tags": (HEAD + "  tags:\n" + "".join(f"    k{n}: !x v\n" for n in range(30_000)), "tags such"),
    "quotes": ('"' * 2**20, "not YAML"),
    "no-end": (HEAD + '  kind: "' + "x" * 900_000, "quote is not closed"),
    "circle": ("version: 1\nname: x\ncampaigns:\n" + "".join(
        f"- {{name: c{n}, models: [m], prompt: p, from: c{(n + 1) % 1000}}}\n"
        for n in range(1000)), "circle"),
    "sources": (HEAD + "  sources: [" + "".join(f"s{n}," for n in range(999)) + "]\n",
                "does not exist"),
    "prompt": (HEAD.replace("prompt: p", f'prompt: "{"x" * 900_000}"'), "more than 50,000"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_a_second(name: str, tmp_path: Path) -> None:
    text, words = BOMBS[name]
    with within(1):
        told = problems(tmp_path, text)
    assert any(words in problem.message for problem in told), told[:3]
    assert all(problem.at is not None for problem in told[:100] if words in problem.message
               ) or name == "size"


@pytest.mark.parametrize("amount", BUDGETS)
def test_only_a_plain_decimal_is_an_amount(amount: str, tmp_path: Path) -> None:
    for key in ("credits", "per_day", "per_month"):
        told = problems(tmp_path, HEAD + f"budget: {{{key}: {amount}}}\n")
        assert [problem.at and problem.at.line for problem in told] == [7]
    told = problems(tmp_path, HEAD + f"    budget: {{credits: {amount}}}\n")
    assert [problem.at and problem.at.line for problem in told] == [7]


@pytest.mark.parametrize(("amount", "micros"), [
    ("0", 0), ("500", 500_000_000), ('"500"', 500_000_000), ("0.5", 500_000), ("010", 10_000_000),
    ('"0.000001"', 1), ("9007199254", 9_007_199_254_000_000)])
def test_an_amount_is_exact(amount: str, micros: int, tmp_path: Path) -> None:
    caps = read(tmp_path, HEAD + f"budget: {{credits: {amount}}}\n").budget
    assert caps.credits is not None
    assert caps.credits.micros == micros


def test_many_problems_are_told_up_to_a_bound(tmp_path: Path) -> None:
    wrong = "version: 1\nname: x\ncampaigns:\n" + "- {name: A, prompt: p, models: [m]}\n" * 500
    told = problems(tmp_path, wrong)
    assert len(told) == 101
    assert told[-1].message == "there are more problems than are shown here"


def test_a_big_honest_manifest_is_read_within_a_second(tmp_path: Path) -> None:
    text = "version: 1\nname: x\ncampaigns:\n" + "".join(
        f"- {{name: c{n}, models: [a, b], prompt: 'a {n} {{{{ v }}}}', vars: {{v: [1, 2, 3]}}}}\n"
        for n in range(500))
    with within(1):
        assert len(read(tmp_path, text).campaigns) == 500
