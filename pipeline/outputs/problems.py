"""What an author should mend, as a compiler shows it: the place, the line, the way out."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pipeline.core.errors import Problem
from pipeline.outputs.console import foreign
from pipeline.outputs.phrases import count
from pipeline.outputs.printable import visible

MESSAGE_CHARS = 600
BEFORE_CHARS, AFTER_CHARS = 64, 96
"""How much of a long source line is shown around the place."""

_STYLES = {"error": "bold red", "warning": "bold yellow"}
_ENDS = {'"': '"', "'": "'", "[": "]", "{": "}"}


def problem_rows(problems: Sequence[Problem]) -> list[dict[str, object]]:
    """Problems as every JSON document lists them."""
    return [{"severity": problem.severity,
             "file": problem.at.file if problem.at else None,
             "line": problem.at.line if problem.at else None,
             "column": problem.at.column if problem.at else None,
             "message": problem.message, "hint": problem.hint} for problem in problems]


def problems_document(code: str, message: str,
                      problems: Sequence[Problem] = ()) -> dict[str, object]:
    """What goes to stderr with `--json` when a command cannot do what was asked."""
    return {"schema_version": 1, "error": {"code": code, "message": message,
                                           "problems": problem_rows(problems)}}


def show_problems(console: Console, problems: Sequence[Problem],
                  sources: Mapping[str, str]) -> None:
    """Print every problem with its source line, and how many there were.

    `sources` are the texts of the files that positions name, as far as they are at hand.
    """
    lines = {file: text.splitlines() for file, text in sources.items()}
    for problem in problems:
        for text in _paragraph(problem, lines):
            console.print(text, soft_wrap=True)
        console.print()
    if len(problems) > 1:
        console.print(_sum(problems))


def _paragraph(problem: Problem, lines: Mapping[str, Sequence[str]]) -> list[Text]:
    style = _STYLES.get(problem.severity, "bold")
    said = [Text.assemble(foreign(problem.severity, style, 20), (": ", "bold"),
                          foreign(problem.message, "bold", MESSAGE_CHARS))]
    at, margin = problem.at, " "
    if at is not None:
        source = lines.get(at.file, ())
        margin = " " * len(str(at.line))
        said.append(Text.assemble((f"{margin}--> ", "dim"), foreign(at.file, limit=200),
                                  f":{at.line}:{at.column}"))
        if 1 <= at.line <= len(source):
            said += _excerpt(source[at.line - 1], at.line, at.column, style)
    if problem.hint:
        said.append(Text.assemble((f"{margin} = ", "dim"),
                                  foreign(problem.hint, limit=MESSAGE_CHARS)))
    return said


def _excerpt(line: str, number: int, column: int, style: str) -> list[Text]:
    """The source line under its number, and a mark under the very word."""
    start = max(0, min(column - 1, len(line)))
    first = max(0, start - BEFORE_CHARS)
    length = min(_word_length(line, start), AFTER_CHARS)
    before, word = visible(line[first:start]), visible(line[start:start + length])
    after = visible(line[start + length:start + AFTER_CHARS])
    before = ("…" if first else "") + before
    after += "…" if len(line) > start + AFTER_CHARS else ""
    bar = (f"{' ' * len(str(number))} |", "dim")
    mark = " " * cell_len(before) + "^" * max(1, cell_len(word))
    return [Text.assemble(bar),
            Text.assemble((f"{number} | ", "dim"), before + word + after),
            Text.assemble(bar, (" " + mark, style))]


def _word_length(line: str, start: int) -> int:
    """How long the value at a place is: to its closing bracket or quote, or the end of a word."""
    rest = line[start:]
    closing = _ENDS.get(rest[:1])
    if closing and (end := rest.find(closing, 1)) > 0:
        return end + 1
    for index, letter in enumerate(rest):
        if letter in " ,]}#\t" or (letter == ":" and rest[index + 1:index + 2] in ("", " ")):
            return max(1, index)
    return max(1, len(rest))


def _sum(problems: Sequence[Problem]) -> Text:
    warnings = sum(problem.severity == "warning" for problem in problems)
    errors = len(problems) - warnings
    parts = [count(number, noun) for number, noun in ((errors, "error"), (warnings, "warning"))
             if number]
    return Text(", ".join(parts), style="bold red" if errors else "bold yellow")
