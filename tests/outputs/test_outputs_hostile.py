"""What a service, an author or a file name made to harm looks like on its way to a person.

Goal: nothing moves a cursor, carries a signature, breaks a table or takes for ever, in any form
that we print (SAFETY 3, F13, F69, F112, F113). Method: one hostile row in every form, and fuzzing.
"""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from bounded import within
from hypothesis import given, settings
from hypothesis import strategies as st
from outputs_samples import HOSTILE, NOW_S, make_entry, make_job, make_odd, make_shown

from pipeline.core.job import State
from pipeline.core.library import LibraryFile, Shelf
from pipeline.core.provider import Output
from pipeline.core.report import Entry
from pipeline.core.spec import SourceRef
from pipeline.outputs.console import open_screen
from pipeline.outputs.job_document import job_document
from pipeline.outputs.job_view import show_job, show_jobs
from pipeline.outputs.ledger_export import export_csv, export_jsonl, export_markdown
from pipeline.outputs.library_view import ROWS_SHOWN, library_document, show_library
from pipeline.outputs.printable import as_json, visible, visible_lines
from pipeline.outputs.progress import JsonView, Progress, job_line
from pipeline.outputs.sheet import write_sheet

SIGNATURE = "X-Amz-Signature=5f4dcc3b5aa765d61d8327deb882cf99"
LINK = f"https://media.example/a.png?{SIGNATURE}"
ALIVE = set(map(chr, [*range(0x20), *range(0x7f, 0xa0), 0xad, 0x61c, 0x200b, 0x200e, 0x200f,
                      *range(0x2028, 0x202f), *range(0x2060, 0x2070), 0xfeff])) - {"\n", "\t"}


def screened(show: Callable[..., None], *args: object) -> str:
    stream = StringIO()
    show(open_screen(stream, color=False, width=100), *args)
    return stream.getvalue()


def signed_entry() -> Entry:
    job = make_job(state=State.DONE, sources=(SourceRef("url", LINK, "image"),))
    return make_entry(0, replace(job, outputs=(Output(LINK, "image/png"),)))


def exported(write: Callable[..., None], *entries: Entry) -> str:
    stream = StringIO()
    write(iter(entries), stream)
    return stream.getvalue()


def test_no_form_of_a_job_carries_a_signature(tmp_path: Path) -> None:
    entry = signed_entry()
    events = [(NOW_S, "Produced", json.dumps({"outputs": [{"url": LINK}], "charged": 5})),
              (NOW_S, "Saved", "{}")]
    forms = [as_json(job_document(entry, "")), screened(show_job, entry, events),
             screened(show_jobs, [entry], 1), exported(export_csv, entry),
             exported(export_jsonl, entry), exported(export_markdown, entry), job_line(entry.job)]
    shown = make_shown(tmp_path)
    page = write_sheet(tmp_path / "report", run=shown.run, rows=shown.rows,
                       totals=shown.totals, outputs=shown.outputs, now_s=NOW_S)
    forms += [path.read_text() for path in page.parent.rglob("*.html")]
    assert not [form for form in forms if "X-Amz" in form or "?" + SIGNATURE in form]


def test_json_on_a_terminal_moves_no_cursor_and_says_the_same(tmp_path: Path) -> None:
    for entry in make_odd(tmp_path).entries:
        document = job_document(entry, "")
        text = as_json(document)
        assert not set(text) & ALIVE
        assert json.loads(text) == json.loads(json.dumps(document))
        assert "é" in as_json({"a": "é"})


@given(st.text() | st.text(alphabet=st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Cs"])))
def test_no_text_whatever_stays_alive(text: str) -> None:
    assert not set(visible(text)) & (ALIVE | {"\n", "\t"})
    assert not set(visible_lines(text, 400)) & ALIVE
    document = {text: [text, {"a": text}]}
    said = as_json(document)
    assert not set(said) & (ALIVE | {"\n"})
    assert json.loads(said) == document or "\\ud" in said


def test_hostile_rows_stay_rows_in_every_table(tmp_path: Path) -> None:
    entries = make_odd(tmp_path).entries
    rows = list(csv.reader(StringIO(exported(export_csv, *entries))))
    assert len(rows) == len(entries) + 1
    assert {len(row) for row in rows} == {len(rows[0])}
    lines = exported(export_jsonl, *entries).splitlines()
    assert [json.loads(line)["job"] for line in lines] == [entry.job.key for entry in entries]
    table = [line for line in exported(export_markdown, *entries).splitlines() if line[:1] == "|"]
    assert len(table) == len(entries) + 2


def test_a_log_line_cannot_be_forged() -> None:
    forged = "ok\n2026-03-12 done 00000000  free of charge\r\x1b[1A"
    job = make_job(model=f"m{forged}", state=State.FAILED, cause="content_refused", message=forged)
    for mode in ("plain", "json"):
        stream = StringIO()
        progress = Progress(mode, stream, now=lambda: NOW_S)  # type: ignore[arg-type]
        progress.said(forged)
        assert stream.getvalue().count("\n") == 1
        assert not set(stream.getvalue()) & ALIVE
    assert "\n" not in job_line(job) and not set(job_line(job)) & ALIVE
    stream = StringIO()
    JsonView(stream).say(forged, None)
    assert json.loads(stream.getvalue())["message"] == forged


def test_a_library_of_a_hundred_thousand_files_is_shown_soon_and_in_part() -> None:
    shelf = Shelf([LibraryFile(f"i{n}", f"{HOSTILE}{n}", "image", "image/png", n)
                   for n in range(100_000)], 10, 5)
    with within(2):
        text = screened(show_library, "studio", shelf)
    assert not set(text) & ALIVE
    assert len(text.splitlines()) < ROWS_SHOWN + 10
    assert f"{100_000 - ROWS_SHOWN:,} more" in text
    assert len(library_document("studio", shelf)["assets"]) == 100_000  # type: ignore[arg-type]


numbers = st.none() | st.integers(0, 2**53 - 1)


@settings(deadline=None)
@given(st.lists(st.builds(LibraryFile, st.text(), st.text(), st.text(), st.text(), numbers,
                          st.text(), st.none() | st.floats(1.6e9, 7.2e9)), max_size=5),
       numbers, numbers)
def test_no_library_whatever_breaks_its_view(files: list[LibraryFile], quota: int | None,
                                             used: int | None) -> None:
    shelf = Shelf(files, quota, used)
    assert not set(screened(show_library, "studio", shelf)) & ALIVE
    assert as_json(library_document("studio", shelf))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u200b=1",
                                  "\x1b=1", "\ufeff=1", "＝1", "\n@x"])
def test_a_formula_in_any_column_is_text(cell: str) -> None:
    job = make_job(model=cell, prompt=cell, state=State.FAILED, cause="content_refused",
                   message=cell, ratio=cell)
    entry = Entry(0, cell, job, {cell: cell}, {})
    stream = StringIO()
    export_csv(iter([entry]), stream, variables=[cell])
    head, row = list(csv.reader(StringIO(stream.getvalue())))
    told = dict(zip(head, row, strict=True))
    for column in ("campaign", "model", "prompt", "message", "aspect_ratio"):
        assert told[column].startswith("'"), column
    assert row[-1].startswith("'")
    assert head[-1].startswith("var.")
