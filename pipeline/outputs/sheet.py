"""The contact sheet: every cell of a run's matrix in its place, in a folder that stands alone.

Law: it opens from the disk without a network and without a script. The policy in its head allows
pictures, media and style from the folder, and nothing else; no text in it is ever markup.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.core.money import NOTHING, Money
from pipeline.core.report import RunInfo, Section, Totals
from pipeline.outputs import phrases
from pipeline.outputs.printable import visible
from pipeline.outputs.shapes import style_rules
from pipeline.outputs.sheet_layout import Table, into_pages, lay_out
from pipeline.outputs.shelf import Shelf
from pipeline.outputs.status_view import ORDER

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


def write_sheet(folder: Path, *, run: RunInfo, sections: Sequence[Section], totals: Totals,
                outputs: Path, problems: Sequence[str] = (), now_s: float) -> Path:
    """Write the sheet of a run as it is now; the path of its first page.

    `outputs` is the folder that the paths of files start from. Raises `OSError` when the folder
    cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [entry.job for section in sections for line in section.lines
            for cell in line.cells for entry in cell]
    tables = lay_out(sections, Shelf(folder, outputs).place(jobs))
    pages = into_pages(tables)
    rules = style_rules([(table.style, [head.span for head in table.heads]) for table in tables])
    _write(folder / "sheet.css", STYLE.read_text(encoding="utf-8") + "\n" + rules)
    shared = {
        "policy": POLICY, "run": run, "totals": totals, "index": _first_parts(pages),
        "promised": _sum([section.promised for section in sections]),
        "paid": _sum([section.paid for section in sections]), "stretches": _stretches(totals),
        "problems": [visible(problem, 300) for problem in problems[:PROBLEMS_SHOWN]],
        "more_problems": max(0, len(problems) - PROBLEMS_SHOWN), "now_s": now_s,
        "names": [page_name(number) for number in range(1, len(pages) + 1)],
    }
    template = _environment().get_template("sheet.html.j2")
    for number, page in enumerate(pages, 1):
        _write(folder / page_name(number), template.render(shared, page=number, tables=page))
    _drop_later_pages(folder, len(pages))
    return folder / page_name(1)


def page_name(number: int) -> str:
    """The file of a page; pages count from 1."""
    return "index.html" if number == 1 else f"page-{number}.html"


def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("pipeline.outputs"), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "amount": phrases.amount, "priced": phrases.priced, "moment": phrases.moment,
        "count": phrases.count, "page_name": page_name, "visible": visible}
    return environment


def _first_parts(pages: Sequence[Sequence[Table]]) -> list[Table]:
    return [table for page in pages for table in page if not table.continued]


def _sum(amounts: Sequence[Money]) -> Money:
    return sum(amounts, NOTHING)


def _stretches(totals: Totals) -> list[Stretch]:
    """The bar of states; its parts fill it exactly."""
    found: list[Stretch] = []
    seen = 0
    for state in ORDER:
        if number := totals.states.get(state, 0):
            start = seen * BAR_UNITS // totals.total
            seen += number
            found.append(Stretch(phrases.WORDS[state], f"is-{state.value}", number, start,
                                 seen * BAR_UNITS // totals.total - start))
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
