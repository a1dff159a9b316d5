"""The contact sheet of everything that is no picture.

Goal: a sound, a song, a stem, a transcript and an ad are as much at home on it as a picture.
Method: one run of all of them, its page read back with an HTML parser.
"""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from outputs_samples import HOSTILE, NOW_S, Shown, make_entry, make_job, make_totals
from outputs_studio import VTT, Studio, make_sound, make_studio
from PIL import Image

from pipeline.core.job import State
from pipeline.core.spec import SourceRef
from pipeline.outputs.sheet import write_sheet


class Figures(HTMLParser):
    """The frames of a page: for each its class, its elements and its text."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.figures: list[dict[str, list[str]]] = []
        self.inside = False
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "figure" and "tile" in said.get("class", ""):
            self.inside = True
            self.figures.append({"class": said["class"].split(), "text": []})
        elif self.inside:
            self.figures[-1].setdefault(tag, []).append(said.get("src") or said.get("href") or "")
            if tag == "audio":
                self.figures[-1]["preload"] = [said["preload"]]

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "figure"

    def handle_data(self, data: str) -> None:
        if self.inside and data.strip():
            self.figures[-1]["text"].append(" ".join(data.split()))

    def of(self, look: str) -> list[dict[str, list[str]]]:
        return [figure for figure in self.figures if f"look-{look}" in figure["class"]]


def write(shown: Shown, folder: Path) -> Figures:
    return Figures(write_sheet(folder, run=shown.run, rows=shown.rows,
                               totals=shown.totals, outputs=shown.outputs, now_s=NOW_S))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sheet that the tests only look at."""
    folder = tmp_path_factory.mktemp("studio")
    write(make_studio(folder / "outputs", clip=b"not really a clip"), folder / "report")
    return folder / "report"


@pytest.fixture
def page(folder: Path) -> Figures:
    return Figures(folder / "index.html")


def test_every_sound_has_its_wave_and_loads_only_when_it_is_played(page: Figures,
                                                                   folder: Path) -> None:
    sounds = page.of("sound")
    assert len(sounds) == 6 + 3 + 2
    for sound in sounds:
        assert sound["preload"] == ["none"]
        assert (folder / sound["audio"][0]).is_file()
        with Image.open(folder / sound["img"][0]) as wave:
            assert wave.size == (640, 256)
    assert len({sound["img"][0] for sound in sounds}) == len(sounds)


def test_the_frames_of_one_job_are_told_apart_and_paid_once(page: Figures) -> None:
    texts = [figure["text"] for figure in page.of("sound")]
    assert [text[0] for text in texts[6:8]] == ["song 1", "song 2"]
    assert [text[0] for text in texts[9:11]] == ["vocals", "instrumental"]
    assert texts[9][1] == "3:11"
    assert ["6" in text for text in texts[9:11]] == [True, False]
    ads = [figure["text"] for figure in page.of("picture")]
    assert [("ad 1" in text, "ad 2" in text) for text in ads] == [(True, False), (False, True)]


def test_what_only_came_in_part_says_so_once(page: Figures) -> None:
    notes = [text for figure in page.figures for text in figure["text"] if "came" in text]
    assert notes == ["1 of 2 songs came", "2 of 3 ads came; the third was refused"]


def test_the_three_forms_of_a_transcript_are_one_sheet_of_paper(page: Figures,
                                                                folder: Path) -> None:
    papers = page.of("transcript")
    assert len(papers) == 2
    for paper in papers:
        assert [link.rpartition(".")[2] for link in paper["a"]] == ["vtt", "srt", "json"]
        assert all((folder / link).is_file() for link in paper["a"])
        assert paper["text"][:2] == ["0:00", "This is the quiet part of the morning."]
        assert "there is a cup, and a song you know & love." in paper["text"]


def test_a_film_stays_a_film_and_takes_no_wave_for_a_poster(page: Figures) -> None:
    (film,) = page.of("film")
    assert film["video"][0].endswith(".mp4#t=0.001")


def test_a_frame_names_the_frame_that_it_starts_from(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "outputs")
    voice = make_job(kind="dialogue", model="v3", ratio=None, state=State.DONE)
    studio.add("say", voice, studio.file("a.wav", make_sound(0.5, "a"), "audio/wav", seconds=0.5))
    film = make_job(kind="video", model="talker", ratio="16:9", state=State.DONE,
                    sources=(SourceRef("job", f"{voice.key}#1", "audio"),))
    studio.add("talk", film, replace(studio.file("a.mp4", b"film", "video/mp4"), width=640,
                                     height=256))
    entries = studio.entries
    shown = Shown(make_studio(tmp_path / "other").run, entries,
                  make_totals(entries), studio.outputs)
    page = write(shown, tmp_path / "report")
    assert "002 ← 001" in page.of("film")[0]["text"]
    assert 'poster="' not in (tmp_path / "report" / "index.html").read_text()


def test_a_transcript_in_part_or_without_a_word_is_still_there(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "outputs")
    kinds = {"gone": "text/vtt", "json": "application/json"}
    for name, media_type in kinds.items():
        job = make_job(kind="captions", model="auto-caption", ratio=None, prompt=name,
                       state=State.DONE)
        studio.add("captions", job, studio.file(name, VTT.encode(), media_type))
    (studio.outputs / "studio" / "gone").unlink()
    entries = studio.entries
    shown = Shown(make_studio(tmp_path / "other").run, entries,
                  make_totals(entries), studio.outputs)
    page = write(shown, tmp_path / "report")
    assert "file missing" in page.of("blank")[0]["text"]
    assert page.of("transcript")[0]["text"][0] == "JSON"


def test_hostile_words_in_a_transcript_or_a_label_are_only_text(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "outputs")
    text = f"WEBVTT\n\n00:01.000 --> 00:02.000\n{HOSTILE}\n".encode("utf-8", "replace")
    job = make_job(kind="captions", model="auto-caption", ratio=None, state=State.DONE)
    studio.add("captions", job, studio.file("a.vtt", text, "text/vtt"))
    sound = studio.file("a.wav", make_sound(0.5, "a"), "audio/wav", label=HOSTILE)
    studio.add("stems", make_job(kind="separation", model="m", ratio=None, message=HOSTILE,
                                 state=State.DONE), sound, sound)
    entries = [*studio.entries, make_entry(2, make_job(), "x")]
    shown = Shown(make_studio(tmp_path / "other").run, entries,
                  make_totals(entries), studio.outputs)
    page = write(shown, tmp_path / "report")
    source = (tmp_path / "report" / "index.html").read_text()
    assert "<script" not in source
    assert not set(source) & set("\x00\x07\x1b\u202e\u2066\u2028\ud800")
    assert page.of("transcript")[0]["text"][0] == "0:01"


def test_writing_again_draws_no_wave_a_second_time(tmp_path: Path) -> None:
    shown = make_studio(tmp_path / "outputs")
    write(shown, tmp_path / "report")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "report").glob("thumbs/*")}
    write(shown, tmp_path / "report")
    assert {path: path.stat().st_mtime_ns
            for path in (tmp_path / "report").glob("thumbs/*")} == before
