"""One frame of the contact sheet: what is to be seen, or why nothing is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.core.job import File, Job, State
from pipeline.core.report import Column, Entry
from pipeline.outputs.phrases import WORDS, amount, size, span, why
from pipeline.outputs.printable import visible
from pipeline.outputs.shelf import Placed

BEHIND_PLAN = 100_000_000
"""Rows that a changed manifest no longer wants keep their money and lose their frame number."""

LOOKS = {"image": "picture", "video": "film", "audio": "sound"}

MESSAGE_CHARS = 300
ALT_CHARS = 160
SAME_SHAPE = 0.05
"""So much may two ratios differ and still count as one shape."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A frame as the template draws it. Paths are relative to the sheet, "" if there is none."""

    key: str
    frame: str
    state: State
    look: str
    title: str
    alt: str
    price: str
    price_word: str = ""
    chip: str = ""
    reason: str = ""
    message: str = ""
    path: str = ""
    thumb: str = ""
    width: int | None = None
    height: int | None = None
    facts: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Its name within the page, and the address of its large view."""
        return f"v-{self.key}"


def tiles_of(entry: Entry, column: Column, placed: Mapping[tuple[str, int], Placed],
             films_from: Mapping[str, Placed]) -> list[Tile]:
    """The frames of one job: one for each of its files, or one that says why there is none.

    `films_from` are small pictures by job key: a film's poster is the picture it starts from.
    """
    job = entry.job
    blank = _blank(entry, column)
    if job.state is not State.DONE or not job.files:
        return [blank]
    stills = [films_from[key] for key in job.spec.waits_for if key in films_from]
    tiles = []
    for index, file in enumerate(job.files):
        tile = replace(blank, key=f"{job.key}-{index + 1}", price="", chip="") if index else blank
        found = placed.get((job.key, index))
        tiles.append(_with_file(tile, job.spec.kind, file, found, stills) if found else
                     replace(tile, reason="its file is missing here; pipeline fetch brings it"))
    return tiles


def _blank(entry: Entry, column: Column) -> Tile:
    job, spec = entry.job, entry.job.spec
    words = (column.model, column.aspect_ratio, column.settings,
             f"variant {spec.variant}" if spec.variant > 1 else "")
    title = " · ".join(visible(word, 120) for word in words if word)
    price, word = _price(job)
    told = why(job, chosen=entry.chosen) if job.state is not State.DONE else ""
    frame = f"{entry.seq + 1:03}" if entry.seq < BEHIND_PLAN else "–"
    return Tile(job.key, frame, job.state, "blank", title,
                visible(f"{title}: {spec.prompt}", ALT_CHARS), price, word,
                "kept" if entry.kept and job.state is State.DONE else WORDS[job.state],
                told, visible(job.message, MESSAGE_CHARS))


def _price(job: Job) -> tuple[str, str]:
    """What it took; else what is set aside, or what it was quoted."""
    if job.charged or job.state in (State.DONE, State.FAILED, State.CANCELLED):
        return amount(job.charged), ""
    return (amount(job.held), "held") if job.held else (amount(job.quote.expected), "quoted")


def _with_file(tile: Tile, kind: str, file: File, placed: Placed,
               stills: Sequence[Placed]) -> Tile:
    look = LOOKS.get(file.media_type.partition("/")[0], "paper")
    if look == "picture" and kind in ("video", "extend"):
        look = "flipbook"
    elif look == "picture" and not placed.thumb:
        look = "unseen"
    return replace(tile, look=look, path=placed.path, facts=_facts(file, placed),
                   thumb=_poster(placed, stills) if look == "film" else placed.thumb,
                   width=placed.width, height=placed.height)


def _poster(film: Placed, stills: Sequence[Placed]) -> str:
    """The picture that a film starts from, if they are of one shape."""
    for still in stills:
        if film.width and film.height and still.width and still.height and \
                abs(film.width * still.height / (film.height * still.width) - 1) < SAME_SHAPE:
            return still.thumb
    return ""


def _facts(file: File, placed: Placed) -> tuple[str, ...]:
    shape = f"{placed.width} × {placed.height}" if placed.width and placed.height else ""
    length = span(file.seconds) if file.seconds else ""
    kind = placed.path.rpartition(".")[2].upper()
    return tuple(part for part in (shape, length, kind, size(file.bytes)) if part)
