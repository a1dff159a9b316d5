"""Goal: whatever a file holds, the outcome is a value or an `AuthorError`, never another exception.

Method: Hypothesis: arbitrary text and bytes, and valid manifests with parts torn out and replaced.
"""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.core.errors import AuthorError
from pipeline.inputs.folders import ProjectFolder
from pipeline.inputs.manifest import read_manifest
from pipeline.inputs.prompts import PromptShelf
from pipeline.inputs.settings import read_settings
from pipeline.inputs.sources import read_source
from pipeline.inputs.tables import read_table

WHOLE = (Path(__file__).parent / "good" / "whole.yaml").read_text()
PIECES = ["~", "[]", "{}", "[1, [2]]", "{a: b}", "5", "-1", "true", '""', "x: y", "*a", "&a",
          "<<: 1", "!!x", "- ", "\n", "  ", ":", "?", "'", '"', "|", "1e9", ".nan", "{from: x}",
          "\t", "---", "#", "hero", "vars:", "exclude:", "campaigns:", "99999999999999999999",
          "\u202e", "🙂"]
FUZZ = settings(max_examples=150, deadline=None, derandomize=True,
                suppress_health_check=[HealthCheck.too_slow])

MARKS = "abc:-[]{}&*!|>'\"#%@`,?<\n\t 0123456789~."
texts = st.text(max_size=300) | st.text(alphabet=MARKS, max_size=200)
words = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@st.composite
def torn(draw: st.DrawFn) -> str:
    """A valid manifest with some stretches replaced."""
    text = WHOLE
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 20)))
        text = text[:start] + draw(words) + text[end:]
    return text


@st.composite
def swapped(draw: st.DrawFn) -> str:
    """A valid manifest with the value of one line replaced."""
    lines = WHOLE.split("\n")
    number = draw(st.integers(0, len(lines) - 1))
    key, colon, _ = lines[number].partition(":")
    lines[number] = key + colon + " " + draw(st.sampled_from(PIECES))
    return "\n".join(lines)


def read(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.yaml"
        path.write_bytes(data)
        try:
            read_manifest(path)
        except AuthorError as error:
            assert error.problems
            assert all(problem.at for problem in error.problems[:100])


@FUZZ
@given(texts | words | torn() | swapped())
def test_no_text_breaks_the_reader(text: str) -> None:
    read(text.encode(errors="surrogatepass"))


@FUZZ
@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    read(data)


@FUZZ
@given(st.sampled_from(["t.csv", "t.json", "t.jsonl", "t.yaml"]),
       texts | st.text(alphabet='{}[]",:\\n\n1ea.-+ ', max_size=100))
def test_no_text_breaks_a_table(name: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(text.encode(errors="surrogatepass"))
        try:
            rows = read_table(path)
        except AuthorError:
            return
        assert rows
        assert all(isinstance(cell, str | int) for row in rows for cell in row.values())


JINJA = ["{{", "}}", "{%", "%}", " x ", " row", ".city", "|upper", "|join", "|list", "for i in ",
         "if ", "endfor", "endif", "set ", "=", "(", ")", "[", "]", "'a'", "~", "*", "9", "macro ",
         "'", "%", "endset", "range", "|map('upper')", " in ", " is ", "none", ",", "**", ".",
         "|tojson", "\n"]


@FUZZ
@given(st.lists(st.sampled_from(JINJA), max_size=14).map("".join) | texts)
def test_no_template_breaks_the_prompts(text: str) -> None:
    try:
        prompt = PromptShelf(ProjectFolder(Path())).inline(text, None)
        prompt.render({"x": "a", "row": {"city": "Oslo"}, "i": 3})
    except AuthorError as error:
        assert error.problems[0].message


@FUZZ
@given(texts | st.text(alphabet='[]=".{}abc\n1\'#_ ', max_size=100))
def test_no_text_breaks_the_settings(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "pipeline.toml").write_bytes(text.encode(errors="surrogatepass"))
        try:
            read_settings(path, {"PIPELINE_CONFIG_DIR": folder})
        except AuthorError as error:
            assert error.problems


@FUZZ
@given(st.text(max_size=60) | st.builds("".join, st.lists(st.sampled_from(
    ["https:", "http:", "asset:", "//", "@", "[", "]", ":", "a.png", "..", "/", "\0", "%", "?"]))))
def test_no_text_breaks_a_source(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            read_source(text, Path(folder), None)
        except AuthorError as error:
            assert error.problems


def test_a_missing_manifest_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / ("x" * 300), tmp_path / "a\0b"):
        with pytest.raises(AuthorError):
            read_manifest(path)
