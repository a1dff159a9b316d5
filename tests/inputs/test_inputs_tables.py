"""Goal: a table is rows of texts, numbers and booleans, or a problem at its own line.

Method: the same rows in every format; rows of broken text and line; the limits with big files.
"""

import json
from pathlib import Path

import pytest
from bounded import within

from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.inputs.tables import read_table

AT = Position("m.yaml", 9, 20)


def table(folder: Path, name: str, text: str | bytes) -> list[dict[str, object]]:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [dict(row) for row in read_table(path, AT)]


def refused(folder: Path, name: str, text: str | bytes) -> list[Problem]:
    with pytest.raises(AuthorError) as caught:
        table(folder, name, text)
    return caught.value.problems


@pytest.mark.parametrize(("name", "text"), [
    ("t.json", '[{"city": "Oslo", "age": 5, "on": true},\n'
               ' {"city": "Rome", "age": 0.5, "on": null}]'),
    ("t.jsonl", '{"city": "Oslo", "age": 5, "on": true}\n\n'
                '{"city": "Rome", "age": 0.5, "on": null}\n'),
    ("t.yaml", '- {city: Oslo, age: 5, on: true}\n- {city: Rome, age: 0.5, on: ""}\n'),
    ("t.YML", '- {city: Oslo, age: 5, on: true}\n- {city: Rome, age: 0.5, on: ~}\n'),
])
def test_every_format_gives_the_same_rows(name: str, text: str, tmp_path: Path) -> None:
    assert table(tmp_path, name, text) == [
        {"city": "Oslo", "age": 5, "on": True}, {"city": "Rome", "age": "0.5", "on": ""}]


def test_every_cell_of_a_csv_is_text(tmp_path: Path) -> None:
    text = b'\xef\xbb\xbfcity, age,note\r\nOslo,007,"a, ""b""\r\nc"\r\n\r\nRome,,true\r\n'
    assert table(tmp_path, "t.csv", text) == [
        {"city": "Oslo", "age": "007", "note": 'a, "b"\r\nc'},
        {"city": "Rome", "age": "", "note": "true"}]
    odd = "a\u2028b"
    assert table(tmp_path, "u.csv", f"x\n{odd}\n") == [{"x": odd}]


@pytest.mark.parametrize(("name", "text", "line"), [
    ("t.csv", "", 1), ("t.csv", "a,b\n", 1), ("t.csv", "a,b\n1,2\n\n3\n", 4),
    ("t.csv", 'a,b\n"x\ny",2\n3\n', 4), ("t.csv", 'a\n"b"c\n', 2), ("t.csv", 'a\n"b\n', 2),
    ("t.csv", "a,a\n1,2\n", 1), ("t.csv", "a,\n1,2\n", 1), ("t.csv", "a\n1\n2\n1\n", 4),
    ("t.json", "", 1), ("t.json", "{}", 1), ("t.json", "[]", 1), ("t.json", "[{}]", 1),
    ("t.json", '[{"a": 1}\n{"a": 2}]', 2), ("t.json", '[{"a": 1}]\nx', 2),
    ("t.json", '[{"a": 1},\n{"a": 1,\n"a": 2}]', 2), ("t.json", '[\n{"a": NaN}]', 2),
    ("t.json", '[\n{"a": Infinity}]', 2), ("t.json", '[\n\n{"a": ' + "9" * 5000 + "}]", 3),
    ("t.json", '[{"a": 99999999999999999}]', 1), ("t.json", '[{"a": {"b": 1}}]', 1),
    ("t.json", '[{"a": 1},\n[2]]', 2), ("t.json", '[{"a": 1},\n{"a":\n 1}]', 2),
    ("t.json", "[" * 100_000, 1), ("t.json", '[{"a": ' + "[" * 100_000, 1), ("t.json", "[1", 1),
    ("t.json", '[{"a": 1},\n\n]', 3), ("t.jsonl", '{"a": 1}\n{"a": 1', 2),
    ("t.jsonl", "\n\n5\n", 3), ("t.json", '[,{"a": 1}]', 1), ("t.json", "[", 1),
    ("t.yaml", "a: 1\n", 1), ("t.yaml", "- {a: 1}\n- {a: 1}\n", 2), ("t.yaml", "- 5\n", 1),
    ("t.yaml", "- {a: 1, a: 2}\n", 1), ("t.yaml", "[]", 1), ("t.csv", b"a\n\xff\n", 2),
    ("t.csv", b"a\nb\0c\n", 2), ("t.csv", "a\n1\n".encode("utf-16"), 1), ("t.csv", "a;b\n1;2\n", 1),
])
def test_what_is_no_table_is_told_at_its_line(name: str, text: str | bytes, line: int,
                                              tmp_path: Path) -> None:
    first = refused(tmp_path, name, text)[0]
    assert first.at is not None
    assert (Path(first.at.file).name, first.at.line) == (name, line)


def test_all_wrong_rows_are_told_up_to_a_bound(tmp_path: Path) -> None:
    told = refused(tmp_path, "t.csv", "a,b\n" + "1\n" * 3 + "1,2\n" + "1\n" * 300)
    assert [problem.at and problem.at.line for problem in told[:4]] == [2, 3, 4, 6]
    assert len(told) == 20


def test_a_missing_or_unknown_table_is_told_in_the_manifest(tmp_path: Path) -> None:
    for name in ("none.csv", "t.xlsx", "t", "folder.csv"):
        (tmp_path / "folder.csv").mkdir(exist_ok=True)
        with pytest.raises(AuthorError) as caught:
            read_table(tmp_path / name, AT)
        assert caught.value.problems[0].at == AT


def test_too_many_rows_or_bytes_are_refused(tmp_path: Path) -> None:
    rows = "n\n" + "".join(f"{n}\n" for n in range(100_001))
    assert "more than 100,000 rows" in refused(tmp_path, "t.csv", rows)[0].message
    assert "larger than" in refused(tmp_path, "u.csv", b"a" * (2**24 + 1))[0].message
    assert refused(tmp_path, "v.csv", "a\n" + "b" * 200_000 + "\n")


def test_a_large_table_is_read_in_about_a_second(tmp_path: Path) -> None:
    rows = [{"n": n, "city": "Oslo", "note": "x" * 20} for n in range(20_000)]
    with within(2):
        assert len(table(tmp_path, "t.json", json.dumps(rows))) == 20_000
