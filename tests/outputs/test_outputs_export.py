"""The ledger for other programs. Method: a table of dangerous cells, and reading back."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from outputs_samples import HOSTILE, make_entry, make_job, make_odd, make_shown
from outputs_studio import make_studio

from pipeline.outputs.ledger_export import (
    COLUMNS,
    export_csv,
    export_jsonl,
    export_markdown,
    guard,
    names_of_vars,
)

RISKY = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\tx", "\rx", "\nx", "\x00=1", "\x1b\x07=1",
         " =1", "\u00a0=1", "\ufeff=1", "\u200b-1", "\u202e@x", "＝1", "＋1", "－1", "＠x",
         '=HYPERLINK("https://x","y")', "=cmd|'/C calc'!A0"]
PLAIN = ["", "a", "14", "0.5", "a=b", "1-1", "x@y", "'=1", "speaker, Oslo", "two\nlines", '"q"']


@pytest.mark.parametrize("cell", RISKY)
def test_a_cell_that_could_be_a_formula_is_text(cell: str) -> None:
    assert guard(cell).startswith("'")


@pytest.mark.parametrize("cell", PLAIN)
def test_a_plain_cell_stays_as_it_is(cell: str) -> None:
    assert guard(cell) == cell


def test_no_cell_of_a_hostile_ledger_is_a_formula(tmp_path: Path) -> None:
    entries = [*make_odd(tmp_path).entries,
               *(make_entry(n, make_job(prompt=cell, model=cell, message=cell), campaign=cell,
                            variables={cell: cell, "p": cell}) for n, cell in enumerate(RISKY))]
    stream = StringIO(newline="")
    export_csv(entries, stream, "outputs", names_of_vars(entries))
    rows = list(csv.reader(StringIO(stream.getvalue(), newline="")))
    assert len(rows) == len(entries) + 1
    for row in rows:
        assert len(row) == len(rows[0])
        for cell in row:
            assert not cell.lstrip(" \x00\x1b\x07\u00a0").startswith(("=", "+", "-", "@", "\t"))
            assert not set(cell) & set("\x00\x1b\u202e\ud800")


def test_csv_reads_back_with_a_column_for_each_variable(tmp_path: Path) -> None:
    shown = make_shown(tmp_path)
    stream = StringIO(newline="")
    names = names_of_vars(shown.entries)
    assert names == ["brand", "product", "place", "take"]
    export_csv(shown.entries, stream, "outputs", names)
    rows = list(csv.DictReader(StringIO(stream.getvalue(), newline="")))
    assert list(rows[0]) == [*COLUMNS, "var.brand", "var.product", "var.place", "var.take"]
    assert (rows[0]["frame"], rows[0]["var.product"], rows[0]["charged"]) == \
        ("1", "headphones", "14")
    assert rows[18]["var.place"] == "Lisbon, late sun"


def test_jsonl_is_one_job_a_line(tmp_path: Path) -> None:
    shown = make_odd(tmp_path)
    stream = StringIO()
    export_jsonl(shown.entries, stream, "outputs")
    lines = stream.getvalue().splitlines()
    assert [json.loads(line)["job"] for line in lines] == [e.job.key for e in shown.entries]
    assert json.loads(lines[0])["campaign"] == HOSTILE


def test_markdown_has_a_table_for_each_campaign(tmp_path: Path) -> None:
    stream = StringIO()
    export_markdown(make_shown(tmp_path).entries, stream)
    text = stream.getvalue()
    assert text.count("## ") == 3
    assert "| 1 | Acme · headphones | nano-banana-2 | 1:1 | done | 14 |" in text
    assert "failed: the service refused the content" in text


def test_markdown_from_a_hostile_ledger_is_only_text(tmp_path: Path) -> None:
    stream = StringIO()
    export_markdown(make_odd(tmp_path).entries, stream)
    text = stream.getvalue()
    assert "<script" not in text.replace("\\<", "")
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.replace("\\|", "").count("|") == 8


def test_all_ids_of_one_start_and_all_files_stand_in_their_cells(tmp_path: Path) -> None:
    entries = [e for e in make_studio(tmp_path).entries if e.campaign in ("ads", "stems")]
    stream = StringIO(newline="")
    export_csv(entries, stream)
    rows = list(csv.DictReader(StringIO(stream.getvalue(), newline="")))
    assert rows[0]["files"].splitlines() == ["studio/vocals.wav", "studio/instrumental.wav"]
    assert rows[1]["remote_id"].splitlines() == ["ad-1", "ad-2", "ad-3"]
    assert rows[1]["message"] == "2 of 3 ads came; the third was refused"
