"""Videos, and the sounds that come in the same box: the ISO media file (MP4, MOV, M4A), and WebM.

What is meant by "box", and how a file is made of them: ISO/IEC 14496-12, 4.2.
"""

import struct
from dataclasses import dataclass, field
from typing import BinaryIO

from pipeline.media.facts import Facts, NotWhole

LARGEST_HEADER = 256
MOST_BOXES = 100_000
"""A film in fragments of two seconds has some 7,000 boxes an hour."""
CONTAINERS = frozenset({b"moov", b"trak", b"mdia"})
LEVELS = 3
"""moov, trak, mdia: what is nested deeper is not looked into."""
QUICKTIME = b"qt  "


@dataclass(slots=True)
class _Boxes:
    """What a walk found: the movie's header, those of its tracks, and whether there is data."""

    movie: bytes | None = None
    tracks: list[bytes] = field(default_factory=list)
    data: bool = False
    count: int = 0


def read_mp4(stream: BinaryIO, size: int) -> Facts:
    """The facts of an ISO media file, which is a sound if no track of it has a size in pixels."""
    brand = stream.read(12)[8:]
    found = _Boxes()
    _walk(stream, (0, size), found)
    if found.movie is None or not found.data:
        raise NotWhole("the video has no index, or no data")
    seconds = _seconds(found.movie)
    for track in reversed(found.tracks):
        width, height = (edge >> 16 for edge in struct.unpack(">II", track[-8:].rjust(8, b"\0")))
        if width and height:
            media_type = "video/quicktime" if brand == QUICKTIME else "video/mp4"
            return Facts(media_type, width, height, seconds)
    return Facts("audio/mp4", seconds=seconds)


def read_webm(stream: BinaryIO, size: int) -> Facts:
    """A WebM: what it holds is not looked into."""
    return Facts("video/webm")


def _walk(stream: BinaryIO, span: tuple[int, int], found: _Boxes, levels: int = LEVELS) -> None:
    """The boxes of a stretch of the file; one that ends beyond it is torn."""
    place, end = span
    while place + 8 <= end:
        length, name, skip = _box(stream, place)
        length = end - place if length == 0 else length
        if length < skip or place + length > end:
            raise NotWhole("the video is cut off")
        found.count += 1
        if found.count > MOST_BOXES:
            raise NotWhole("the video is in more pieces than any video is")
        if name in CONTAINERS and levels:
            _walk(stream, (place + skip, place + length), found, levels - 1)
        elif name in (b"mvhd", b"tkhd"):
            stream.seek(place + skip)
            header = stream.read(min(length - skip, LARGEST_HEADER))
            if name == b"mvhd":
                found.movie = header
            else:
                found.tracks.append(header)
        found.data = found.data or name == b"mdat"
        place += length


def _box(stream: BinaryIO, place: int) -> tuple[int, bytes, int]:
    """Length, name and header length of the box at a place; length 0 means "to the end"."""
    stream.seek(place)
    header = stream.read(16)
    length, name = struct.unpack(">I4s", header[:8])
    if length == 1 and len(header) == 16:
        return struct.unpack(">Q", header[8:])[0], name, 16
    return length, name, 8


def _seconds(header: bytes) -> float | None:
    """Length from the movie header box, version 0 or 1 (ISO/IEC 14496-12, 8.2.2).

    None where it says nothing: all ones mean unknown, and a film in fragments says 0.
    """
    start, form, unknown = (20, ">IQ", 2**64 - 1) if header[:1] == b"\1" else (12, ">II", 2**32 - 1)
    try:
        scale, duration = struct.unpack_from(form, header, start)
    except struct.error:
        return None
    return float(duration / scale) if scale and 0 < duration < unknown else None
