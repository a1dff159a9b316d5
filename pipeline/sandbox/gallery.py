"""The bytes of outputs, made on demand from the stored job and kept while there is room.

Law: the same job always gives the same bytes, so nothing made is ever stored.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import anyio.to_thread

from pipeline.sandbox.books import Books
from pipeline.sandbox.brief import Brief, Kind, pixel_size
from pipeline.sandbox.jobs import RemoteJob
from pipeline.sandbox.media import CLIPS_ARE_MP4, make_clip, make_picture
from pipeline.sandbox.uploads import Uploads

CAPACITY_BYTES = 64_000_000
"""How many bytes of made files are kept in memory."""

THREADS = 4
"""How many files may be made at once."""

CLIP_SUFFIX = "mp4" if CLIPS_ARE_MP4 else "webp"
"""The format of clips: without PyAV an animated picture stands in."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is to be made: a picture or a clip of `seconds`, perhaps from first and last frame."""

    brief: Brief
    kind: Kind
    seconds: float
    frames: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A finished file."""

    content: bytes
    media_type: str


Make = Callable[[Piece], tuple[bytes, str]]
"""Turns a piece into bytes and their media type."""


def make_media(piece: Piece) -> tuple[bytes, str]:
    """A real picture or clip; slow, so it belongs into a thread."""
    if piece.kind == "image":
        return make_picture(piece.brief), "image/png"
    first, last = (*piece.frames, None, None)[:2]
    return make_clip(piece.brief, piece.seconds, first, last)


class Gallery:
    """Makes and keeps the files of one service; without `threaded`, `make` runs where it is."""

    def __init__(self, books: Books, make: Make = make_media, *, threaded: bool = True,
                 capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._books = books
        self._uploads = Uploads(books)
        self._make = make
        self._threaded = threaded
        self._capacity_bytes = capacity_bytes
        self._kept: OrderedDict[tuple[str, str], Made] = OrderedDict()
        self._kept_bytes = 0
        self._slots: anyio.CapacityLimiter | None = None

    async def fetch(self, job: RemoteJob, output_id: str, kind: Kind | None = None) -> Made:
        """An output's file; as an "image" the thumbnail of a clip."""
        kind = kind or kind_of(job)
        name = (output_id, str(kind))
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        frames = await self._frames(job) if kind == "video" else ()
        piece = Piece(brief_of(job, output_id), kind, seconds_of(job) or 0.0, frames)
        made = Made(*await self._run(piece))
        self._keep(name, made)
        return made

    def size_of(self, job: RemoteJob, output_id: str) -> int | None:
        """How many bytes an output has, if it has been made and is still kept."""
        made = self._kept.get((output_id, job.kind))
        return len(made.content) if made else None

    async def _run(self, piece: Piece) -> tuple[bytes, str]:
        if not self._threaded:
            return self._make(piece)
        self._slots = self._slots or anyio.CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(self._make, piece, limiter=self._slots)

    def _keep(self, name: tuple[str, str], made: Made) -> None:
        replaced = self._kept.pop(name, None)
        self._kept_bytes += len(made.content) - (len(replaced.content) if replaced else 0)
        self._kept[name] = made
        while self._kept_bytes > self._capacity_bytes and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.popitem(last=False)[1].content)

    async def _frames(self, job: RemoteJob) -> tuple[bytes, ...]:
        frames = [await self._picture(url) for url in sources_of(job)[:2]]
        return tuple(frame for frame in frames if frame)

    async def _picture(self, url: str) -> bytes | None:
        """The picture behind one of our own addresses, whatever host it was reached by."""
        path = PurePosixPath(urlsplit(url).path)
        if path.parent.name == "uploads":
            found = self._uploads.find(path.name)
            return found[1] if found and found[0].media_type.startswith("image/") else None
        source = self._books.job_of_output(path.stem)
        if source is None or source.kind != "image":
            return None
        return (await self.fetch(source, path.stem)).content


def brief_of(job: RemoteJob, output_id: str) -> Brief:
    """What media is asked for; outputs of one job differ by their seed."""
    seed = job.details["seed"]
    return Brief(prompt=job.prompt, model=job.model,
                 aspect_ratio=str(job.details.get("aspect_ratio") or "1:1"),
                 resolution=str(job.details.get("resolution") or ""),
                 seed=(seed if isinstance(seed, int) else 0) + job.output_ids().index(output_id))


def kind_of(job: RemoteJob) -> Kind:
    """What the job's files are."""
    return "video" if job.kind == "video" else "image"


def seconds_of(job: RemoteJob) -> float | None:
    """The length of the job's clip; None for a picture."""
    seconds = job.details.get("seconds")
    return float(seconds) if isinstance(seconds, int | float | str) else None


def sources_of(job: RemoteJob) -> Sequence[str]:
    """The addresses that the job was given, in order."""
    urls = job.details.get("source_media_urls")
    return [str(url) for url in urls] if isinstance(urls, list) else []


def suffix_of(job: RemoteJob) -> str:
    """The format of the job's files, which is how their addresses end."""
    return CLIP_SUFFIX if job.kind == "video" else "png"


def pixels_of(job: RemoteJob, output_id: str) -> tuple[int, int]:
    """Width and height of an output."""
    return pixel_size(brief_of(job, output_id), kind_of(job))
