"""Problems as a compiler shows them. Method: golden text, and hostile manifests."""

from io import StringIO

from outputs_samples import HOSTILE

from pipeline.core.errors import Position, Problem
from pipeline.outputs.console import open_screen
from pipeline.outputs.problems import problems_document, show_problems

SOURCE = """\
version: 1
name: spring
campaigns:
  - name: hero
    models: [nano-banana-2, imagen4]
    aspect_ratios: ["1:1", "7:3"]
    duraton: 5
"""

GOLDEN = """\
error: sandbox has no model 'imagen4'
 --> m.yaml:5:29
  |
5 |     models: [nano-banana-2, imagen4]
  |                             ^^^^^^^
  = did you mean imagen-4?

error: nano-banana-2 does not offer aspect ratio 7:3
 --> m.yaml:6:28
  |
6 |     aspect_ratios: ["1:1", "7:3"]
  |                            ^^^^^
  = it offers 1:1, 16:9

warning: unknown key 'duraton'
 --> m.yaml:7:5
  |
7 |     duraton: 5
  |     ^^^^^^^
  = did you mean duration?

2 errors, 1 warning
"""

PROBLEMS = [
    Problem("sandbox has no model 'imagen4'", Position("m.yaml", 5, 29), "did you mean imagen-4?"),
    Problem("nano-banana-2 does not offer aspect ratio 7:3", Position("m.yaml", 6, 28),
            "it offers 1:1, 16:9"),
    Problem("unknown key 'duraton'", Position("m.yaml", 7, 5), "did you mean duration?",
            "warning"),
]


def shown(problems: list[Problem], sources: dict[str, str]) -> str:
    stream = StringIO()
    show_problems(open_screen(stream, color=False, width=80), problems, sources)
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())


def test_problems_read_as_they_should() -> None:
    assert shown(PROBLEMS, {"m.yaml": SOURCE}) == GOLDEN


def test_a_problem_without_a_place_or_a_source_is_shown_all_the_same() -> None:
    assert shown([Problem("no manifest", None, "name one")], {}) == \
        "error: no manifest\n  = name one\n\n"
    assert shown([Problem("odd", Position("gone.yaml", 3, 9))], {}) == \
        "error: odd\n --> gone.yaml:3:9\n\n"


def test_the_mark_stands_under_wide_and_hidden_characters() -> None:
    line = "  名: \x1b[31m bad"
    text = shown([Problem("odd", Position("m", 1, line.index("bad") + 1))], {"m": line})
    excerpt, mark = text.splitlines()[3:5]
    assert excerpt == "1 |   名: \\x1b[31m bad"
    assert mark.index("^") == excerpt.index("bad") + 1  # 名 takes two columns
    assert mark.count("^") == 3


def test_a_long_line_is_cut_around_the_place() -> None:
    line = "x" * 5000 + " bad " + "y" * 5000
    text = shown([Problem("odd", Position("m", 1, 5002))], {"m": line})
    assert max(map(len, text.splitlines())) < 200
    assert "…" in text
    assert "bad" in text


def test_places_outside_the_source_do_no_harm() -> None:
    for line, column in ((0, 0), (1, 99), (99, 1), (2, 1)):
        assert "odd" in shown([Problem("odd", Position("m", line, column))], {"m": "a\n\n"})


def test_hostile_text_stays_on_its_line() -> None:
    text = shown([Problem(HOSTILE, Position(HOSTILE, 1, 3), HOSTILE, HOSTILE)],
                 {HOSTILE: HOSTILE})
    assert not set(text) & set("\x1b\x07\u202e\u2066\u2028\ud800")


def test_the_document_names_every_place() -> None:
    document = problems_document("usage", "the manifest has problems", PROBLEMS[:1])
    assert document == {"schema_version": 1, "error": {
        "code": "usage", "message": "the manifest has problems", "problems": [
            {"severity": "error", "file": "m.yaml", "line": 5, "column": 29,
             "message": "sandbox has no model 'imagen4'", "hint": "did you mean imagen-4?"}]}}
