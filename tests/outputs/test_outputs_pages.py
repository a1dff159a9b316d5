"""A contact sheet of many pages: what is on which, how one gets about, what is held.

Goal: a run of any size is looked at page by page, and nothing of it is held that is not on the page
being written. Method: runs of a few thousand rows, read back with an HTML parser; a source of rows
that counts how many of them are alive.
"""

import gc
import weakref
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from outputs_samples import (
    NOW_S,
    Listed,
    make_entry,
    make_job,
    make_run,
    make_totals,
    paint,
    with_file,
)
from test_outputs_sheet import Page

from pipeline.core.job import State
from pipeline.core.report import Entry
from pipeline.core.spec import SourceRef
from pipeline.outputs.sheet import page_name, write_sheet
from pipeline.outputs.sheet_pages import FRAMES_A_PAGE, ROWS_A_PAGE, Rows, into_pages
from pipeline.outputs.thumbs import Easel


def write(folder: Path, rows: Rows, easel: Easel | None = None,
          outputs: Path | None = None) -> Page:
    """The first page of a sheet."""
    return Page(write_sheet(folder, run=make_run(), rows=rows, totals=make_totals(list(rows)),
                            outputs=outputs or folder, now_s=NOW_S, easel=easel))


def rows_of(sizes: Iterable[int], campaign: str = "hero", start: int = 0) -> list[Entry]:
    """A row of so many frames for each number."""
    numbers = count(start)
    return [make_entry(next(numbers), make_job(prompt=f"{campaign} {row}", variant=variant + 1),
                       campaign, {"thing": f"lamp {row}"})
            for row, size in enumerate(sizes) for variant in range(size)]


@pytest.mark.parametrize(("sizes", "pages"), [
    ([], []),
    ([1] * ROWS_A_PAGE, [ROWS_A_PAGE]),
    ([1] * (ROWS_A_PAGE + 1), [ROWS_A_PAGE, 1]),
    ([FRAMES_A_PAGE], [FRAMES_A_PAGE]),
    ([600, 600, 400, 1], [600, 1000, 1]),
    ([10, 2 * FRAMES_A_PAGE + 5, 10], [10, FRAMES_A_PAGE, FRAMES_A_PAGE, 15]),
])
def test_a_page_ends_with_a_row_or_is_full(sizes: list[int], pages: list[int]) -> None:
    found = list(into_pages(rows_of(sizes)))
    assert [len(page) for page in found] == pages
    assert [entry.seq for page in found for entry in page] == list(range(sum(sizes)))


def test_the_contents_lead_to_every_part_of_every_campaign(tmp_path: Path) -> None:
    entries = rows_of([3] * 500)
    entries += rows_of([1] * 300, "teaser", len(entries))
    entries[1400] = replace(entries[1400], job=make_job(state=State.FAILED, cause="refused"))
    first = write(tmp_path, Listed(entries))
    pages = {name: Page(tmp_path / name) for name in ("index.html", "page-2.html", "page-3.html")}
    assert not (tmp_path / "page-4.html").exists()
    links = [attrs["href"] for attrs in first.all("a") if "#c-" in attrs["href"]]
    assert links == ["#c-1", "page-2.html#c-2",
                     "#c-1", "page-2.html#c-1", "page-2.html#c-2", "page-3.html#c-2"]
    for link in links:
        name, _, anchor = link.partition("#")
        assert pages[name or "index.html"].all("section", id=anchor)
    assert [text for text in first.text if text.startswith("lamp ")][:4] == \
        ["lamp 0", "lamp 333", "lamp 0", "lamp 233"]
    assert len(first.all("span", class_="is-failed")) == 1
    assert "001–999" in first.text
    assert pages["page-2.html"].text.count("continued") == 1
    assert "500 rows" in pages["page-2.html"].text


def test_every_link_of_a_page_leads_somewhere(tmp_path: Path) -> None:
    write(tmp_path, Listed(rows_of([1] * (3 * ROWS_A_PAGE))))
    for path in tmp_path.glob("*.html"):
        for attrs in Page(path).all("a"):
            name, _, anchor = attrs["href"].partition("#")
            page = Page(tmp_path / name) if name else Page(path)
            assert anchor in ("", "-") or f'id="{anchor}"' in page.source


def test_a_sheet_of_one_page_has_no_contents(tmp_path: Path) -> None:
    page = write(tmp_path, Listed(rows_of([2, 2])))
    assert not page.all("details", class_="contents")
    assert not page.all("nav", class_="pages")


def test_a_film_has_its_picture_from_another_page(tmp_path: Path) -> None:
    still = with_file(make_job(ratio="16:9", state=State.DONE), tmp_path, "stills", paint)
    film = make_job(kind="video", model="kling", ratio="16:9", state=State.DONE,
                    sources=(SourceRef("job", still.key, "image"),))
    (tmp_path / "film.mp4").write_bytes(b"not really a film")
    film = replace(film, files=(replace(still.files[0], path="film.mp4", media_type="video/mp4",
                                        sha256="ab" * 32),))
    entries = [make_entry(0, still, "still"), *rows_of([FRAMES_A_PAGE], start=1),
               make_entry(FRAMES_A_PAGE + 1, film, "film")]
    write(tmp_path / "report", Listed(entries), outputs=tmp_path)
    [shown] = Page(tmp_path / "report" / "page-3.html").all("video")
    assert shown["poster"] == f"thumbs/{still.files[0].sha256[:32]}.webp"
    assert "← 001" in Page(tmp_path / "report" / "page-3.html").source


def test_small_pictures_are_drawn_as_many_as_asked_and_the_rest_the_next_time(
        tmp_path: Path) -> None:
    jobs = [with_file(make_job(prompt=f"p{n}", state=State.DONE), tmp_path, "o", paint)
            for n in range(5)]
    rows = Listed(make_entry(n, job) for n, job in enumerate(jobs))
    for most, drawn, waiting in ((2, 2, 3), (2, 4, 1), (2, 5, 0), (0, 5, 0)):
        easel = Easel(most)
        page = write(tmp_path / "report", rows, easel, tmp_path)
        shown = [attrs["src"] for attrs in page.all("img") if attrs["alt"] and "width" in attrs]
        assert easel.waiting == waiting
        assert len(list((tmp_path / "report" / "thumbs").iterdir())) == drawn
        assert len({path for path in shown if path.startswith("thumbs/")}) == drawn
        assert {f"files/{job.key}.png" for job in jobs} <= set(shown)
        assert not page.all("a", class_="blank")


def test_a_picture_that_may_be_a_bomb_is_not_shown_in_place_of_a_small_one(tmp_path: Path) -> None:
    job = with_file(make_job(state=State.DONE), tmp_path, "o", paint)
    for width in (None, 200_000):
        odd = replace(job, files=(replace(job.files[0], width=width, height=width),))
        page = write(tmp_path / "report", Listed([make_entry(0, odd)]), Easel(0), tmp_path)
        assert "no preview" in page.source


class Counted:
    """Rows that are made when they are asked for, and how many of them were ever there at once."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.most = 0
        self._alive: weakref.WeakSet[object] = weakref.WeakSet()

    def __iter__(self) -> Iterator[Entry]:
        for seq in range(self.rows):
            message = Word(seq)
            self._alive.add(message)
            if seq % 100 == 0:
                gc.collect()
                self.most = max(self.most, len(self._alive))
            yield make_entry(seq, replace(make_job(prompt="a kite"), key=f"{seq:032x}",
                                          message=message), "hero", {"thing": f"lamp {seq}"})

    def find(self, keys: Collection[str]) -> Iterable[Entry]:
        """None: nothing here starts from anything."""
        raise AssertionError(keys)


class Word(str):
    """A text that can be watched."""


def test_no_more_than_the_rows_of_a_page_are_held(tmp_path: Path) -> None:
    rows = Counted(5 * ROWS_A_PAGE)
    totals = make_totals([make_entry(0, make_job())])
    write_sheet(tmp_path, run=make_run(), rows=rows, totals=totals, outputs=tmp_path, now_s=NOW_S)
    assert (tmp_path / page_name(5)).exists()
    assert ROWS_A_PAGE <= rows.most <= 2 * ROWS_A_PAGE + 200
