"""The contact sheet on disk. Method: sheets of a normal run and of a hostile one, read back with
an HTML parser; pictures that lie about themselves."""

import os
import struct
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from outputs_samples import (
    HOSTILE,
    NOW_S,
    Shown,
    make_entry,
    make_job,
    make_odd,
    make_run,
    make_shown,
    make_totals,
)
from PIL import Image

from pipeline.core.job import State
from pipeline.outputs.shapes import Shape, shape_of
from pipeline.outputs.sheet import write_sheet
from pipeline.outputs.sheet_pages import ROWS_A_PAGE
from pipeline.outputs.thumbs import draw

ADDRESSES = ("href", "src", "poster", "action", "srcset")
INERT = ("script", "iframe", "object", "embed", "form", "base", "style")


class Page(HTMLParser):
    """The elements and the text of a page, as a browser would take them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append(data.strip())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.elements if name == tag and
                all(value in attrs.get(key.rstrip("_"), "").split()
                    for key, value in wanted.items())]


def write(shown: Shown, folder: Path, problems: tuple[str, ...] = ()) -> Path:
    return write_sheet(folder, run=shown.run, rows=shown.rows, totals=shown.totals,
                       outputs=shown.outputs, problems=problems, now_s=NOW_S)


def test_every_cell_is_in_its_place_and_every_file_beside_it(tmp_path: Path) -> None:
    shown = make_shown(tmp_path / "outputs", clip=b"not really a clip")
    page = Page(write(shown, tmp_path / "report"))
    assert len(page.all("figure", class_="tile")) == 30
    assert len(page.all("video")) == 1
    for tag, attrs in page.elements:
        for name in ADDRESSES:
            if name in attrs and not attrs[name].startswith("#"):
                path = attrs[name].partition("#")[0]
                assert (tmp_path / "report" / path).is_file(), (tag, path)
    for word in ("headphones", "Lisbon, late sun", "out of credits", "left out by the caps or "
                 "the time of this run", "the job that it starts from brought no file", "742.5",
                 "457"):
        assert word in page.source


def test_the_policy_is_the_one_that_was_reviewed(tmp_path: Path) -> None:
    page = Page(write(make_shown(tmp_path / "outputs"), tmp_path / "report"))
    policy = [attrs["content"] for attrs in page.all("meta")
              if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'"]


def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    page = Page(write(make_odd(tmp_path / "outputs"), folder, (HOSTILE,)))
    assert not [tag for tag, _ in page.elements if tag in INERT]
    for tag, attrs in page.elements:
        assert not [name for name in attrs if name.startswith("on") or name == "style"], tag
        for name in ADDRESSES:
            assert attrs.get(name, "#").startswith(("#", "files/", "thumbs/", "sheet.css"))
    assert "<script>alert(1)</script>" in " ".join(page.text)
    assert "{{ 7*7 }}" in page.source
    assert not set(page.source) & set("\x00\x07\x1b\u202e\u2066\u2028\ud800")
    style = (folder / "sheet.css").read_text()
    assert "script" not in style.partition("made for this sheet")[2]


def test_nothing_comes_in_from_outside_the_outputs_folder(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    (tmp_path / "secret.png").write_bytes(b"secret")
    shown = make_odd(outputs)
    (outputs / "link.png").symlink_to(tmp_path / "secret.png")
    entries = list(shown.entries)
    for path in ("../secret.png", str(tmp_path / "secret.png"), "link.png"):
        job = make_job(prompt=path, state=State.DONE)
        file = replace(entries[0].job.files[0], path=path)
        entries.append(make_entry(len(entries), replace(job, files=(file,))))
    write(replace(shown, entries=entries), tmp_path / "report")
    files = list((tmp_path / "report" / "files").iterdir())
    assert len(files) == 4
    assert not any(path.read_bytes() == b"secret" for path in files)


def test_active_types_are_handed_over_as_plain_bytes(tmp_path: Path) -> None:
    write(make_odd(tmp_path / "outputs"), tmp_path / "report")
    assert sorted(path.suffix for path in (tmp_path / "report" / "files").iterdir()) == \
        [".bin", ".png", ".srt", ".wav"]


def test_full_files_take_no_second_place_on_the_disk(tmp_path: Path) -> None:
    shown = make_shown(tmp_path / "outputs")
    write(shown, tmp_path / "report")
    job = shown.entries[0].job
    linked = tmp_path / "report" / "files" / f"{job.key}.png"
    assert linked.samefile(tmp_path / "outputs" / job.files[0].path)


def test_a_disk_without_links_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    shown = make_shown(tmp_path / "outputs")
    write(shown, tmp_path / "report")
    job = shown.entries[0].job
    copied = tmp_path / "report" / "files" / f"{job.key}.png"
    source = tmp_path / "outputs" / job.files[0].path
    assert copied.read_bytes() == source.read_bytes()
    assert not copied.samefile(source)


def test_writing_again_changes_nothing_and_draws_nothing(tmp_path: Path) -> None:
    shown = make_shown(tmp_path / "outputs")
    folder = tmp_path / "report"
    write(shown, folder)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes())
              for path in folder.rglob("*") if path.is_file()}
    write(shown, folder)
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == {path: content for path, (_, content) in before.items()}
    for path in folder.glob("thumbs/*"):
        assert path.stat().st_mtime_ns == before[path][0]


def test_what_is_no_longer_shown_leaves_the_folder_and_the_rest_stays(tmp_path: Path) -> None:
    shown = make_shown(tmp_path / "outputs")
    folder = tmp_path / "report"
    write(shown, folder)
    (folder / "files" / "notes.txt").write_text("mine")
    fewer = shown.entries[:3]
    write(replace(shown, entries=fewer), folder)
    assert len(list((folder / "thumbs").iterdir())) == 3
    assert len(list((folder / "files").iterdir())) == 4
    assert (folder / "files" / "notes.txt").exists()


def test_a_large_run_is_spread_over_pages(tmp_path: Path) -> None:
    entries = [make_entry(n, make_job(prompt=f"prompt {n}"), "big", {"n": n})
               for n in range(ROWS_A_PAGE * 2 + 1)]
    entries.append(make_entry(len(entries), make_job(prompt="last"), "small", {"n": 0}))
    shown = Shown(make_run(), entries, make_totals(entries), tmp_path)
    folder = tmp_path / "report"
    (folder / "page-4.html").parent.mkdir()
    (folder / "page-4.html").write_text("of an earlier, larger run")
    write(shown, folder)
    pages = [Page(folder / name) for name in ("index.html", "page-2.html", "page-3.html")]
    assert [len(page.all("figure")) for page in pages] == [ROWS_A_PAGE, ROWS_A_PAGE, 2]
    assert not (folder / "page-4.html").exists()
    assert {"href": "page-3.html#c-2"} in pages[0].all("a")
    assert "continued" in pages[1].source


def test_a_run_without_jobs_has_a_sheet(tmp_path: Path) -> None:
    shown = Shown(make_run(), [], make_totals([]), tmp_path)
    assert "This run has no jobs." in Page(write(shown, tmp_path / "report")).text


def test_the_large_views_lead_to_each_other_and_back(tmp_path: Path) -> None:
    page = Page(write(make_shown(tmp_path / "outputs"), tmp_path / "report"))
    names = {attrs["id"] for attrs in page.all("div", class_="view")}
    assert len(names) == 20
    for attrs in page.all("a"):
        if attrs["href"].startswith("#v-"):
            assert attrs["href"][1:] in names


def make_bomb(path: Path, width: int, height: int) -> None:
    """A PNG of a few bytes that says it is enormous."""
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(
            ">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
                     + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b""))


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (11_000, 10_000), (640, 480)])
def test_a_picture_that_cannot_be_drawn_has_no_small_one(tmp_path: Path, width: int,
                                                         height: int) -> None:
    make_bomb(tmp_path / "bomb.png", width, height)
    assert not draw(tmp_path / "bomb.png", tmp_path / "thumb.webp")
    assert not (tmp_path / "thumb.webp").exists()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_pictures_of_every_mode_are_drawn(tmp_path: Path, mode: str) -> None:
    suffix = "tif" if mode in ("CMYK", "F") else "png"
    Image.new(mode, (1600, 900)).save(tmp_path / f"a.{suffix}")
    assert draw(tmp_path / f"a.{suffix}", tmp_path / "thumb.webp")
    with Image.open(tmp_path / "thumb.webp") as thumb:
        assert thumb.size == (640, 360)


def test_a_column_takes_its_shape_from_what_is_known() -> None:
    assert shape_of("16:9", [], "image") == Shape(16, 9)
    assert shape_of("1024x768", [], "image") == Shape(4, 3)
    assert shape_of("auto", [(None, None), (1344, 768)], "image") == Shape(7, 4)
    assert shape_of("", [], "video") == Shape(16, 9)
    assert shape_of("9999:1", [], "image") == Shape(1, 1)
    assert shape_of(HOSTILE, [(1, 100_000)], "image") == Shape(3, 25)
