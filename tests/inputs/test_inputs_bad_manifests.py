"""Goal: every mistake is told at its line, in words that help, and none hides another.

Method: each `bad/NAME.yaml` is read, and what is told is compared with `bad/NAME.txt`, line by line
as `line:column severity message | hint`, the file before it where it is another. To see what
changed after a change of words: `PIPELINE_GOLDEN=write pytest tests/inputs`, then read the diff.
"""

import os
from pathlib import Path

import pytest

from pipeline.core.errors import AuthorError, Problem
from pipeline.inputs.manifest import read_manifest

BAD = Path(__file__).parent / "bad"


def told(manifest: Path) -> list[str]:
    with pytest.raises(AuthorError) as caught:
        read_manifest(manifest)
    return [line_of(problem, manifest) for problem in caught.value.problems]


def line_of(problem: Problem, manifest: Path) -> str:
    at = problem.at
    other = at and Path(at.file).resolve()
    where = "" if at is None else f"{at.line}:{at.column} "
    if other and other != manifest:
        where = f"{other.relative_to(BAD).as_posix()} {where}"
    words = f"{where}{problem.severity} {problem.message}" + (
        f" | {problem.hint}" if problem.hint else "")
    return words.replace(str(BAD.parent), "PROJECT")


@pytest.mark.parametrize("manifest", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_bad_manifest_is_told_in_the_words_of_its_golden_file(
        manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    lines = told(manifest)
    golden = manifest.with_suffix(".txt")
    if os.environ.get("PIPELINE_GOLDEN") == "write":
        golden.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert lines == golden.read_text(encoding="utf-8").splitlines()


def test_every_golden_file_has_its_manifest() -> None:
    assert {path.stem for path in BAD.glob("*.txt")} == {path.stem for path in BAD.glob("*.yaml")}
