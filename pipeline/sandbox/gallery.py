"""The bytes of outputs, made on demand from the stored job and kept while there is room.

Law: the same job always gives the same bytes, so nothing made is ever stored, only the digest of a
sound or a clip, by which it is known again.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import anyio.to_thread

from pipeline.sandbox.books import Books
from pipeline.sandbox.ending import ending_of
from pipeline.sandbox.jobs import RemoteJob
from pipeline.sandbox.media import make_clip, make_picture
from pipeline.sandbox.pieces import (
    Piece,
    PieceKind,
    brief_of,
    kind_of,
    seconds_of,
    sources_of,
    stem_of,
)
from pipeline.sandbox.sound import make_song, make_speech, make_stem
from pipeline.sandbox.sources import Sources

__all__ = ["Gallery", "Made", "Make", "Piece", "make_media"]

CAPACITY_BYTES = 64_000_000
"""How many bytes of made files are kept in memory."""

THREADS = 4
"""How many files may be made at once."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished file."""

    content: bytes
    media_type: str


Make = Callable[[Piece], tuple[bytes, str]]
"""Turns a piece into bytes and their media type."""


def make_media(piece: Piece) -> tuple[bytes, str]:
    """A real file; slow, so it belongs into a thread."""
    if piece.kind == "image":
        return make_picture(piece.brief), "image/png"
    if piece.kind == "song":
        return make_song(piece.brief, piece.seconds)
    if piece.kind == "speech":
        return make_speech(piece.brief, piece.seconds)
    if piece.stem:
        return make_stem(piece.brief, piece.seconds, piece.stem)
    first, last = (*map(ending_of, piece.frames), None, None)[:2]
    return make_clip(piece.brief, piece.seconds, first, last, sound=piece.sound)


class Gallery:
    """Makes and keeps the files of one service; without `threaded`, `make` runs where it is."""

    def __init__(self, books: Books, make: Make = make_media, *, threaded: bool = True,
                 capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._books = books
        self._sources = Sources(books)
        self._make = make
        self._threaded = threaded
        self._capacity_bytes = capacity_bytes
        self._kept: OrderedDict[tuple[str, str], Made] = OrderedDict()
        self._kept_bytes = 0
        self._slots: anyio.CapacityLimiter | None = None

    async def fetch(self, job: RemoteJob, output_id: str, companion: str = "") -> Made:
        """An output's file; with a companion the picture that goes with a clip or a song."""
        name = (output_id, companion)
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        piece = await self._piece(job, output_id, "image" if companion else kind_of(job))
        made = Made(*await self._run(piece))
        if piece.kind != "image":
            self._books.remember(hashlib.sha256(made.content).hexdigest(), output_id)
        self._keep(name, made)
        return made

    async def _piece(self, job: RemoteJob, output_id: str, kind: PieceKind) -> Piece:
        frames = await self._frames(job) if kind == "video" else ()
        stem = stem_of(job, output_id) if kind == "stem" else None
        seconds = 0.0 if kind == "image" else seconds_of(job, output_id) or 0.0
        sound = kind == "video" and job.details.get("sound") is True
        return Piece(brief_of(job, output_id), kind, seconds, frames, stem, sound)

    def size_of(self, output_id: str) -> int | None:
        """How many bytes an output has, if it has been made and is still kept."""
        made = self._kept.get((output_id, ""))
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
        """What a clip begins and ends with; an extension begins where its clip ended."""
        if film := job.details.get("continues"):
            work = self._sources.find(str(film)).work
            return ((await self.fetch(work.job, work.output_id)).content,) if work else ()
        frames = [await self._picture(url) for url in sources_of(job)[:2]]
        return tuple(frame for frame in frames if frame)

    async def _picture(self, url: str) -> bytes | None:
        """The picture behind one of our own addresses."""
        source = self._sources.find(url)
        if source.media_type.startswith("image/"):
            return source.content
        if source.work is None or kind_of(source.work.job) != "image":
            return None
        return (await self.fetch(source.work.job, source.work.output_id)).content
