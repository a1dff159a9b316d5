"""The files of a contact sheet's folder: what was delivered, and small pictures of it.

Law: the folder holds exactly what the sheet shows, and stands alone. Names are made of job keys
and hashes; only regular files from below the outputs folder ever get in.
"""

import os
import re
import shutil
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.job import File, Job
from pipeline.outputs.thumbs import LARGEST_PIXELS, SUFFIX, Draw, Easel, draw, size_px
from pipeline.outputs.transcript import Cue, first_cues
from pipeline.outputs.waves import draw_wave

EXTENSIONS = {
    "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif",
    "image/avif": "avif", "image/tiff": "tif", "image/bmp": "bmp", "video/mp4": "mp4",
    "video/webm": "webm", "video/quicktime": "mov", "audio/mpeg": "mp3", "audio/wav": "wav",
    "audio/x-wav": "wav", "audio/ogg": "ogg", "audio/mp4": "m4a", "audio/flac": "flac",
    "text/plain": "txt", "text/vtt": "vtt", "application/x-subrip": "srt",
    "application/json": "json",
}
"""What a browser opens without running anything; every other type is handed over as `.bin`."""

CAPTIONS = ("text/vtt", "application/x-subrip")

_OURS = re.compile(r"[0-9a-f]{32}(-\d{1,3})?\.[a-z0-9]{2,4}")


@dataclass(frozen=True, slots=True)
class Placed:
    """A delivered file on the shelf. Paths are relative to the folder, "" if there is none.

    `thumb` is a small picture of a picture, or of a sound; of one whose small picture is drawn
    another time it is the picture itself. `cues` are the first captions of a text.
    """

    path: str
    thumb: str = ""
    width: int | None = None
    height: int | None = None
    cues: tuple[Cue, ...] = ()


class Shelf:
    """The two subfolders `files` and `thumbs` of a contact sheet, filled page by page."""

    def __init__(self, folder: Path, outputs: Path, base: Path, easel: Easel) -> None:
        self.files = folder / "files"
        self.thumbs = folder / "thumbs"
        self._within = os.path.join(outputs.resolve(), "")  # noqa: PTH118 - of millions of names
        self._base = base.absolute()
        self.easel = easel
        self._shown = array("q")
        for sub in (self.files, self.thumbs):
            sub.mkdir(parents=True, exist_ok=True)

    def place(self, jobs: Iterable[Job]) -> dict[tuple[str, int], Placed]:
        """Bring all files of these jobs in, by job key and number; what is not there is left out.

        Raises `OSError` when the folder cannot be written.
        """
        found: dict[tuple[str, int], tuple[File, str, str]] = {}
        for job in jobs:
            for index, file in enumerate(job.files):
                if (name := self._bring(job.key, index, file)) is not None:
                    thumb = f"{file.sha256[:32]}{SUFFIX}" if _artist(file) else ""
                    found[job.key, index] = (file, name, thumb)
                    self._shown.extend((hash(name), hash(thumb)))
        later = self.easel.draw({self.thumbs / thumb: (artist, self.files / name)
                                 for file, name, thumb in found.values()
                                 if (artist := _artist(file))})
        return {place: self._placed(file, name, thumb, later=self.thumbs / thumb in later)
                for place, (file, name, thumb) in found.items()}

    def tidy(self) -> None:
        """Take out what an earlier sheet showed and this one does not. What is shown is kept in
        eight bytes a name, for there may be millions."""
        shown = array("q", sorted(self._shown))
        for sub in (self.files, self.thumbs):
            for path in sub.iterdir():
                if not _has(shown, hash(path.name)) and _OURS.fullmatch(path.name):
                    path.unlink()

    def _bring(self, key: str, index: int, file: File) -> str | None:
        # of millions of files: words are put together and looked at faster than paths
        source = os.path.realpath(os.path.join(self._base, file.path))  # noqa: PTH118
        if not source.startswith(self._within) or not os.path.isfile(source):  # noqa: PTH113
            return None
        number = f"-{index + 1}" if index else ""
        name = f"{key}{number}.{EXTENSIONS.get(file.media_type, 'bin')}"
        if _size(target := f"{self.files}/{name}") != _size(source):
            _link(Path(source), Path(target))
        return name

    def _placed(self, file: File, name: str, thumb: str, *, later: bool) -> Placed:
        path = f"files/{name}"
        if later:
            small = file.width and file.height and file.width * file.height <= LARGEST_PIXELS
            return Placed(path, path if small else "", file.width, file.height)
        small_px = size_px(self.thumbs / thumb) if thumb else None
        own_px = small_px if file.media_type.startswith("image/") else None
        width, height = (file.width, file.height) if file.width and file.height \
            else own_px or (None, None)
        cues = first_cues(self.files / name) if file.media_type in CAPTIONS else ()
        return Placed(path, f"thumbs/{thumb}" if small_px else "", width, height, cues)


def _has(shown: "array[int]", name: int) -> bool:
    place = bisect_left(shown, name)
    return place < len(shown) and shown[place] == name


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except OSError:
        return -1


def _artist(file: File) -> Draw | None:
    """What draws a small picture of a file; None where there is nothing to draw."""
    if file.media_type not in EXTENSIONS:
        return None
    return {"image": draw, "audio": draw_wave}.get(file.media_type.partition("/")[0])


def _link(source: Path, target: Path) -> None:
    """The same file under a second name; a copy where the disk does not do that."""
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    try:
        os.link(source, part)
    except OSError:
        shutil.copyfile(source, part)
    part.replace(target)
