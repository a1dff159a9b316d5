"""The contact sheet: every cell of a run's matrix in its place, in a folder that stands alone.

Law: it opens from the disk without a network and without a script. The policy in its head allows
pictures, media and style from the folder, and nothing else; no text in it is ever markup.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.core.job import State
from pipeline.core.money import NOTHING, Money
from pipeline.core.report import Entry, RunInfo, Totals
from pipeline.outputs import phrases
from pipeline.outputs.printable import visible
from pipeline.outputs.shapes import Span, style_rules
from pipeline.outputs.sheet_layout import Table, lay_out
from pipeline.outputs.sheet_pages import Contents, Rows, into_pages, read_contents
from pipeline.outputs.shelf import Shelf
from pipeline.outputs.status_document import ORDER
from pipeline.outputs.thumbs import Easel

POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'"
STYLE = Path(__file__).parent / "templates" / "sheet.css"
BAR_UNITS = 1000
PROBLEMS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Stretch:
    """One state's part of the bar: where it begins and how long it is, in thousandths."""

    word: str
    style: str
    number: int
    start: int
    length: int


def write_sheet(folder: Path, *, run: RunInfo, rows: Rows, totals: Totals, outputs: Path,
                base: Path | None = None, problems: Sequence[str] = (), now_s: float,
                easel: Easel | None = None) -> Path:
    """Write the sheet of a run as it is now; the path of its first page.

    No file from outside the folder `outputs` gets in; the paths of files start from `base`, or else
    from there. At the `easel` small pictures are drawn. The rows are gone through twice, and one
    page of them is held. Raises `OSError` when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = read_contents(rows)
    chapters = list(contents.chapters.values())
    template = _environment().get_template("sheet.html.j2").render
    shared = {
        "policy": POLICY, "run": run, "totals": totals, "chapters": chapters,
        "pages": max(1, contents.pages), "promised": _sum(each.said.promised for each in chapters),
        "paid": _sum(each.said.paid for each in chapters), "stretches": _stretches(totals.states),
        "problems": [visible(problem, 300) for problem in problems[:PROBLEMS_SHOWN]],
        "more_problems": max(0, len(problems) - PROBLEMS_SHOWN), "now_s": now_s,
    }
    with easel or Easel() as drawn:
        shelf = Shelf(folder, outputs, base or outputs, drawn)
        measures: set[tuple[Span, ...]] = set()
        for number, page in enumerate(into_pages(rows) if chapters else [[]], 1):
            tables = _tables(number, page, contents, rows, shelf)
            measures.update(tuple(table.spans) for table in tables)
            _write(folder / page_name(number), template(shared, page=number, tables=tables))
    _write(folder / "sheet.css", STYLE.read_text(encoding="utf-8") + "\n" + style_rules(measures))
    shelf.tidy()
    _drop_later_pages(folder, max(1, contents.pages))
    return folder / page_name(1)


def _tables(number: int, page: Sequence[Entry], contents: Contents, rows: Rows,
            shelf: Shelf) -> list[Table]:
    """What is on a page, with its files on the shelf."""
    here = {entry.job.key for entry in page}
    keys = {key for entry in page for key in entry.job.spec.waits_for} - here
    bases = list(rows.find(keys)) if keys else []
    placed = shelf.place(entry.job for entry in (*bases, *page))
    return lay_out(page, bases, contents, number, placed)


def page_name(number: int) -> str:
    """The file of a page; pages count from 1."""
    return "index.html" if number == 1 else f"page-{number}.html"


def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("pipeline.outputs"), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "amount": phrases.amount, "priced": phrases.priced, "moment": phrases.moment,
        "count": phrases.count, "page_name": page_name, "stretches": _stretches,
        "visible": visible}
    return environment


def _sum(amounts: Iterable[Money]) -> Money:
    return sum(amounts, NOTHING)


def _stretches(states: Mapping[State, int]) -> list[Stretch]:
    """The bar of states; its parts fill it exactly."""
    found: list[Stretch] = []
    seen, total = 0, sum(states.values())
    for state in ORDER:
        if number := states.get(state, 0):
            start = seen * BAR_UNITS // total
            seen += number
            found.append(Stretch(phrases.WORDS[state], f"is-{state.value}", number, start,
                                 seen * BAR_UNITS // total - start))
    return found


def _write(path: Path, text: str) -> None:
    """Replace a file in one go, so that a reader never sees half a page."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _drop_later_pages(folder: Path, last: int) -> None:
    number = last + 1
    while (page := folder / page_name(number)).exists():
        page.unlink()
        number += 1
