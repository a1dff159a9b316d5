"""One frame of the contact sheet: what is to be seen, or why nothing is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.core.job import File, Job, State
from pipeline.core.report import Column, Entry
from pipeline.outputs.phrases import WORDS, amount, clock, size, span, why
from pipeline.outputs.printable import visible
from pipeline.outputs.shelf import Placed
from pipeline.outputs.transcript import TRANSCRIPTS, Cue

BEHIND_PLAN = 100_000_000
"""Rows that a changed manifest no longer wants keep their money and lose their frame number."""

LOOKS = {"image": "picture", "video": "film", "audio": "sound"}

PARTS = {"music": "song", "ad-copy": "ad"}
"""What the files of one job are called, by its kind, where the job itself has no word for them."""

MISSING = "its file is missing here; pipeline fetch brings it"
MESSAGE_CHARS = 300
ALT_CHARS = 160
SAME_SHAPE = 0.05
"""So much may two ratios differ and still count as one shape."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A frame as the template draws it. Paths are relative to the sheet, "" if there is none.

    `origin` is the number of the frame whose file it starts from, `part` tells the frames of one
    job apart, `length` is that of a sound, `took` how long it was from the paid call to its files,
    where accounts are held against each other. A transcript has its first `cues`, and `links` to
    its forms as (word, path).
    """

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
    origin: str = ""
    part: str = ""
    length: str = ""
    cues: tuple[Cue, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    took: str = ""

    @property
    def anchor(self) -> str:
        """Its name within the page, and the address of its large view."""
        return f"v-{self.key}"


@dataclass(frozen=True, slots=True)
class Archive:
    """What the frames of one sheet draw on: files by job key and number, small pictures and frame
    numbers by job key; and whether they are `timed`."""

    placed: Mapping[tuple[str, int], Placed]
    stills: Mapping[str, Placed]
    frames: Mapping[str, str]
    timed: bool = False


def tiles_of(entry: Entry, column: Column, archive: Archive) -> list[Tile]:
    """The frames of one job: one for each of its files, or one that says why there is none.

    The forms of one transcript are one frame; a film's poster is the picture it starts from.
    """
    job = entry.job
    bases = job.spec.waits_for
    origins = dict.fromkeys(archive.frames[key] for key in bases if key in archive.frames)
    blank = replace(_blank(entry, column), origin=", ".join(origins),
                    took=_took(job) if archive.timed else "")
    if job.state is not State.DONE or not job.files:
        return [blank]
    if all(file.media_type in TRANSCRIPTS for file in job.files):
        return [_transcript(blank, job, archive.placed)]
    stills = [archive.stills[key] for key in bases if key in archive.stills]
    tiles = []
    for index, file in enumerate(job.files):
        tile = replace(blank, part=_part(job, index))
        if index:
            tile = replace(tile, key=f"{job.key}-{index + 1}", price="", chip="", message="",
                           took="")
        found = archive.placed.get((job.key, index))
        tiles.append(_with_file(tile, job.spec.kind, file, found, stills) if found else
                     replace(tile, reason=MISSING))
    return tiles


def frame_number(entry: Entry) -> str:
    """The number of a frame; a row that the manifest no longer wants has lost its own."""
    return f"{entry.seq + 1:03}" if entry.seq < BEHIND_PLAN else "–"


def _part(job: Job, index: int) -> str:
    """What tells a file from the others of its job."""
    if label := job.files[index].label:
        return visible(label, 40)
    if len(job.files) < 2:
        return ""
    noun = PARTS.get(job.spec.kind)
    return f"{noun} {index + 1}" if noun else f"{index + 1} of {len(job.files)}"


def _transcript(blank: Tile, job: Job, placed: Mapping[tuple[str, int], Placed]) -> Tile:
    """The one frame of a job's texts: its first lines, and a link to each of its forms."""
    found = {file.media_type: there for index, file in enumerate(job.files)
             if (there := placed.get((job.key, index)))}
    if not found:
        return replace(blank, reason=MISSING)
    forms = [form for form in TRANSCRIPTS if form in found]
    cues = next((found[form].cues for form in forms if found[form].cues), ())
    return replace(blank, look="transcript", path=found[forms[0]].path, cues=cues,
                   links=tuple((TRANSCRIPTS[form], found[form].path) for form in forms))


def _blank(entry: Entry, column: Column) -> Tile:
    job, spec = entry.job, entry.job.spec
    words = (column.model, column.aspect_ratio, column.settings,
             f"variant {spec.variant}" if spec.variant > 1 else "")
    title = " · ".join(visible(word, 120) for word in words if word)
    price, word = _price(job)
    told = why(job, chosen=entry.chosen) if job.state is not State.DONE else ""
    return Tile(job.key, frame_number(entry), job.state, "blank", title,
                visible(f"{title}: {spec.prompt}", ALT_CHARS), price, word,
                "kept" if entry.kept and job.state is State.DONE else WORDS[job.state],
                told, visible(job.message, MESSAGE_CHARS))


def _took(job: Job) -> str:
    """How long a job was on its way, from its paid call to its files."""
    is_here = job.state is State.DONE and job.sent_s is not None
    return span(job.changed_s - (job.sent_s or 0.0)) if is_here else ""


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
                   length=clock(file.seconds) if look == "sound" and file.seconds else "",
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
