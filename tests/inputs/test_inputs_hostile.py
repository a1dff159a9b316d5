"""Goal: what probing found in the readers of files stays found: each ends soon, in words.

Method: files made here that once took minutes or a traceback; processor time is measured.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from bounded import within
from manifest_text import HEAD, problems

from pipeline.core.errors import AuthorError, Problem
from pipeline.inputs.catalog_cache import CatalogCache
from pipeline.inputs.settings import read_settings
from pipeline.inputs.tables import read_table
from pipeline.inputs.toml_syntax import read_toml_text

MANY = 20_000


def told(read: Callable[[], object]) -> list[Problem]:
    with within(1), pytest.raises(AuthorError) as caught:
        read()
    return caught.value.problems


def settings_of(folder: Path, text: str) -> Callable[[], object]:
    (folder / "pipeline.toml").write_text(text)
    return lambda: read_settings(folder, {"PIPELINE_CONFIG_DIR": str(folder / "none")})


SETTINGS = {
    "unknown keys": "".join(f"k{n} = 1\n" for n in range(MANY)),
    "keys that look secret": "".join(f"[t{n}]\nkey = 'x'\n" for n in range(10_000)),
    "accounts": "".join(f"[accounts.a{n}]\nseed = 1\n" for n in range(9_000)),
    "a dotted key": ".".join(["a"] * 100_000) + " = 1",
    "a dotted header": "[" + ".".join(["a"] * 100_000) + "]",
    "headers one in the other": "".join(
        "[" + ".".join(f"t{n}" for n in range(depth)) + "]\n" for depth in range(1, 90)),
    "brackets": "a = " + "[" * 100_000,
    "inline tables": "a = " + "{a=" * 50_000,
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_any_shape_are_refused_within_a_second(name: str, tmp_path: Path) -> None:
    found = told(settings_of(tmp_path, SETTINGS[name]))
    assert 0 < len(found) < 500
    assert all(problem.message for problem in found)


@pytest.mark.parametrize("key", ["out", "state", "accounts.sandbox.faults", "account"])
def test_a_path_in_the_settings_is_a_text_that_a_system_can_open(key: str, tmp_path: Path) -> None:
    for code in ("\\u0000", "\\u001b[2J", "\\n"):
        (problem,) = told(settings_of(tmp_path, f'{key} = "a{code}b"\n'))
        assert "character" in problem.message


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, ".".join("a" * 5000) + " = 1",
                                  "a = 9" * 5000, "x" * 2**20, "a = " + "9" * 5000])
def test_the_state_folder_is_read_from_no_monstrous_settings(text: str) -> None:
    with within(1), pytest.raises(ValueError):
        read_toml_text(text)


def table_of(folder: Path, name: str, text: str) -> Callable[[], object]:
    path = folder / name
    path.write_text(text)
    return lambda: read_table(path)


def columns(number: int) -> str:
    return ",".join(f'"k{n}":1' for n in range(number))


TABLES = {
    "a csv of columns": ("t.csv", ",".join(f"c{n}" for n in range(500_000)) + "\n1\n", "columns"),
    "a row of columns": ("t.json", f"[{{{columns(200_000)}}}]", "columns"),
    "a line of columns": ("t.jsonl", f"{{{columns(200_000)}}}", "columns"),
    "a column twice": ("t.json", f'[{{{columns(200_000)},"k199999":2}}]', "given twice"),
    "numbers too large": ("t.json", "[{" + ",".join(
        f'"k{n}":99999999999999999' for n in range(MANY)) + "}]", "columns"),
    "a cell too long": ("t.json", f'[{{"a":"{"x" * 1_000_000}"}}]', "100,000 characters"),
    "fractions": ("t.json", '[{"a":1e99999999999999999999}]', ""),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_any_shape_is_read_or_refused_within_a_second(name: str, tmp_path: Path) -> None:
    file, text, words = TABLES[name]
    read = table_of(tmp_path, file, text)
    if not words:
        assert read() == [{"a": "1e99999999999999999999"}]
        return
    found = told(read)
    assert words in found[0].message
    assert len(found) <= 20


@pytest.mark.parametrize("line", [
    "  vars: {v: LONG}", "  vars: {v: [a, LONG]}", "  params: {negative_prompt: LONG}",
    "  params: {style: [LONG]}", "  tags: {client: LONG}", "  tags: {LONG: x}",
    "vars: {v: LONG}"])
def test_a_text_that_every_job_would_carry_has_a_bound(line: str, tmp_path: Path) -> None:
    found = problems(tmp_path, HEAD + line.replace("LONG", "x" * 100_001) + "\n")
    assert [problem.at and problem.at.line for problem in found] == [7]
    assert all(len(problem.message) < 200 for problem in found)
    assert not problems(tmp_path, HEAD + line.replace("LONG", "x" * 900) + "\n")


@pytest.mark.parametrize("content", [
    '{"account":"a","fetched_at":"x","payload":1e99999999999999999999}', '{"account":"a"',
    '{"account":"a","fetched_at":"x","payload":' + "9" * 5000 + "}", "[" * 99999, "\ud800", "NaN"])
def test_a_cached_catalog_of_any_shape_is_one_or_none(content: str, tmp_path: Path) -> None:
    cache = CatalogCache(tmp_path)
    (tmp_path / "catalog-a.json").write_bytes(content.encode(errors="surrogatepass"))
    assert cache.read("a") is None


@pytest.mark.parametrize("key", ["(version", "(list)", "[key]", "[key", "(value)", "", "(", "0"])
@pytest.mark.parametrize("line", ["KEY: 1", "budget: {KEY: 1}", "  KEY: 1", "  vars: {KEY: 1}",
                                  "  params: {KEY: [1]}", "  exclude: [{KEY: 1}]"])
def test_an_unknown_key_may_be_called_anything(key: str, line: str, tmp_path: Path) -> None:
    found = problems(tmp_path, HEAD + line.replace("KEY", f'"{key}"') + "\n")
    assert found and found[0].at and found[0].at.line == 7
    assert repr(key) in found[0].message or "[" in key or "(" in key
