"""Tables of variables: each row is one value of an axis, each cell a text, a number or a boolean.

Law: a table has at least one row, and all rows that a table gives are different. Cells of a CSV are
text. An empty cell (a JSON null) is an empty text.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.inputs.complaints import show
from pipeline.inputs.marked_yaml import LARGEST_INT, plain, read_yaml
from pipeline.inputs.text_file import position_in, read_text, refuse
from pipeline.inputs.values import MAX_TEXT

MAX_BYTES = 16 * 2**20
"""Of a CSV, JSON or JSON-lines file; a YAML file stays under the limit of a manifest."""
MAX_ROWS = 100_000
MAX_COLUMNS = 1000
MAX_PROBLEMS = 20

Row = dict[str, object]
Found = Iterator[tuple[object, int]]
"""Rows, not yet checked, with the line where each begins."""


def read_table(path: Path, at: Position | None = None) -> list[Mapping[str, object]]:
    """The rows of a .csv, .json, .jsonl or .yaml file.

    `at` is the place in the manifest that named it, blamed when the file is not there. Raises
    `AuthorError` with the table's own file and line for each wrong row.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise refuse(f"{show(path.name)} is not a table", at,
                     "tables end in " + ", ".join(_READERS))
    text = read_text(path, limit=MAX_BYTES, at=at)
    file = str(path)
    problems: list[Problem] = []
    rows: list[Mapping[str, object]] = []
    first: dict[tuple[object, ...], int] = {}
    for found, line in reader(text, file):
        if len(rows) >= MAX_ROWS:
            raise refuse(f"more than {MAX_ROWS:,} rows", Position(file, line))
        at = Position(file, line)
        row = _row(found, at, problems)
        if len(problems) >= MAX_PROBLEMS:
            raise AuthorError(problems)
        _tell_twin(row, at, first, problems)
        rows.append(row)
    if not rows:
        raise refuse("this table has no rows", Position(file), "give it one, or leave it out")
    if problems:
        raise AuthorError(problems)
    return rows


def _tell_twin(row: Row, at: Position, first: dict[tuple[object, ...], int],
               problems: list[Problem]) -> None:
    identity = tuple((name, type(cell), cell) for name, cell in row.items())
    if row and identity in first:
        problems.append(Problem(f"this row is the same as the one in line {first[identity]}", at,
                                "keep one of them"))
    first.setdefault(identity, at.line)


def _row(found: object, at: Position, problems: list[Problem]) -> Row:
    if isinstance(found, AuthorError):
        problems += found.problems
        return {}
    if not isinstance(found, dict) or not found:
        problems.append(Problem(f"a row should be a mapping of columns, not {show(found)}"
                                if found != {} else "this row is empty", at,
                                "such as {\"city\": \"Berlin\"}"))
        return {}
    if len(found) > MAX_COLUMNS:
        raise _too_wide(len(found), at)
    row = {name: "" if cell is None else cell for name, cell in found.items()}
    for name, cell in row.items():
        if not isinstance(cell, str | int):
            problems.append(Problem(f"column {show(name)} holds {show(cell)}", at,
                                    "a cell is a text, a number, true or false"))
            return {}
        if isinstance(cell, str) and len(cell) > MAX_TEXT:
            problems.append(Problem(f"column {show(name)} holds more than {MAX_TEXT:,} characters",
                                    at))
        if isinstance(cell, int) and abs(cell) > LARGEST_INT:
            problems.append(Problem(f"the number in column {show(name)} is too large", at,
                                    "put it in quotes if it is a text"))
    return row


def _csv_rows(text: str, file: str) -> Found:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] = []
    line = 1
    try:
        for cells in lines:
            if cells and not names:
                names = _header(cells, Position(file, line))
            elif cells:
                yield _csv_row(cells, names, Position(file, line)), line
            line = lines.line_num + 1
    except csv.Error as error:
        raise refuse(f"this is not CSV: {error}", Position(file, line),
                     "a quote inside a quoted cell is written twice") from None


def _header(cells: list[str], at: Position) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(names) > MAX_COLUMNS:
        raise _too_wide(len(names), at)
    if "" in names:
        raise refuse(f"column {names.index('') + 1} has no name", at,
                     "the first line names the columns")
    for n, name in enumerate(names):
        if name in names[:n]:
            raise refuse(f"column {show(name)} is named twice", at)
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise refuse("the columns are not separated by commas", at, "save the table with commas")
    return names


def _csv_row(cells: list[str], names: list[str], at: Position) -> object:
    if len(cells) == len(names):
        return dict(zip(names, cells, strict=True))
    return refuse(f"this row has {_count(len(cells), 'cell')}, and the header names "
                  f"{_count(len(names), 'column')}", at, "a comma inside a cell needs quotes")


def _too_wide(columns: int, at: Position) -> AuthorError:
    return refuse(f"{columns:,} columns, and a table has at most {MAX_COLUMNS:,}", at)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _unique(pairs: list[tuple[str, object]]) -> Row:
    row = dict(pairs)
    if len(row) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"column {show(twice)} is given twice")
    return row


def _whole(digits: str) -> int:
    if len(digits) > 17:
        raise ValueError("this number is too large")
    return int(digits)


def _no_number(word: str) -> object:
    raise ValueError(f"{word} is not a value")


_JSON = json.JSONDecoder(parse_float=str, parse_int=_whole, parse_constant=_no_number,
                         object_pairs_hook=_unique)


def _decode(text: str, index: int, file: str, line: int) -> tuple[object, int]:
    """One JSON value from `index` on, and where it ends; `line` is the line of `index`."""
    try:
        return _JSON.raw_decode(text, index)
    except json.JSONDecodeError as error:
        wrong = position_in(text[index:], error.pos - index, file)
        column = wrong.column + (_column(text, index) if wrong.line == 1 else 0)
        raise refuse(f"this is not JSON: {error.msg[:1].lower()}{error.msg[1:]}",
                     Position(file, line + wrong.line - 1, column)) from None
    except (ValueError, RecursionError) as error:
        words = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise refuse(words, Position(file, line, _column(text, index) + 1)) from None


def _column(text: str, index: int) -> int:
    return index - text.rfind("\n", 0, index) - 1


def _json_lines(text: str, file: str) -> Found:
    for number, said in enumerate(text.split("\n"), start=1):
        line = said.strip()
        if not line:
            continue
        value, end = _decode(line, 0, file, number)
        if line[end:].strip():
            raise refuse("a line holds one row", Position(file, number, end + 1))
        yield value, number


def _json_rows(text: str, file: str) -> Found:
    """The entries of a list one by one, because each is told with its own line."""
    index, line = _skip(text, 0, 1)
    if text[index:index + 1] != "[":
        raise refuse("a JSON table is a list of rows", Position(file, line),
                     "such as [{\"city\": \"Berlin\"}]")
    index, line = _skip(text, index + 1, line)
    while text[index:index + 1] != "]":
        value, end = _decode(text, index, file, line)
        yield value, line
        line += text.count("\n", index, end)
        index, line = _skip(text, end, line)
        if text[index:index + 1] == ",":
            index, line = _skip(text, index + 1, line)
            is_missing = text[index:index + 1] == "]"
        else:
            is_missing = text[index:index + 1] != "]"
        if is_missing:
            raise refuse("this is not JSON: a comma, a row or ] is missing",
                         Position(file, line, _column(text, index) + 1))
    index, line = _skip(text, index + 1, line)
    if index < len(text):
        raise refuse("something follows the list",
                     Position(file, line, _column(text, index) + 1))


def _skip(text: str, index: int, line: int) -> tuple[int, int]:
    start = index
    while index < len(text) and text[index] in " \t\r\n":
        index += 1
    return index, line + text.count("\n", start, index)


def _yaml_rows(text: str, file: str) -> Found:
    root = read_yaml(text, file)
    if not isinstance(root.value, list):
        raise refuse("a YAML table is a list of rows", root.at, "such as - {city: Berlin}")
    for node in root.value:
        yield plain(node), node.at.line


_READERS: dict[str, Callable[[str, str], Found]] = {
    ".csv": _csv_rows, ".json": _json_rows, ".jsonl": _json_lines,
    ".yaml": _yaml_rows, ".yml": _yaml_rows,
}
