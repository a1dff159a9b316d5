"""What a file is, by its bytes: kind, size in pixels, length, and whether it is whole.

Law: a name and an announced type are claims; the first bytes decide, and a picture is decoded to
its last row before it is called delivered.
"""

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

LARGEST_PIXELS = 120_000_000
Image.MAX_IMAGE_PIXELS = LARGEST_PIXELS

HEAD_BYTES = 16
LARGEST_HEADER = 256
CONTAINERS = frozenset({b"moov", b"trak", b"mdia"})
LEVELS = 3
"""moov, trak, mdia: what is nested deeper is not looked into."""
VIDEO_BRANDS = frozenset({b"qt  "})


class NotWhole(Exception):
    """The bytes are not a whole file of a kind we deliver; the message says in what way."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a media file is. `seconds` is None for a picture."""

    media_type: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


def examine(path: Path) -> Facts:
    """The facts of a file on disk; raises `NotWhole`."""
    size = path.stat().st_size
    if not size:
        raise NotWhole("it is empty")
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if head[4:8] == b"ftyp":
        return _examine_mp4(path, size, head)
    if head[:4] == b"\x1aE\xdf\xa3":
        return Facts("video/webm")
    return _examine_picture(path, head)


def _examine_picture(path: Path, head: bytes) -> Facts:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG", "JPEG", "WEBP", "GIF")) as picture:
                width, height = picture.size
                media_type = Image.MIME[picture.format or ""]
                picture.load()
    except UnidentifiedImageError:
        looks = "a web page" if b"<" in head[:2] else "no picture or video we know"
        raise NotWhole(f"it is {looks}") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError,
            Image.DecompressionBombWarning) as error:
        raise NotWhole(f"it does not decode: {str(error)[:80]}") from None
    return Facts(media_type, width, height)


def _examine_mp4(path: Path, size: int, head: bytes) -> Facts:
    found: dict[bytes, bytes] = {}
    with path.open("rb") as stream:
        _walk(stream, (0, size), found)
    if b"mvhd" not in found or b"mdat" not in found:
        raise NotWhole("the video has no index or no picture data")
    width = height = None
    for name in [name for name in found if name.startswith(b"tkhd") and len(found[name]) >= 8]:
        wide, high = struct.unpack(">II", found[name][-8:])
        if wide and high:
            width, height = wide >> 16, high >> 16
    media_type = "video/quicktime" if head[8:12] in VIDEO_BRANDS else "video/mp4"
    if width is None:
        media_type = "audio/mp4"
    return Facts(media_type, width, height, _seconds(found[b"mvhd"]))


def _walk(stream: BinaryIO, span: tuple[int, int], found: dict[bytes, bytes],
          levels: int = LEVELS) -> None:
    """The boxes of an ISO media file (ISO/IEC 14496-12, 4.2); one that ends beyond it is torn."""
    place, end = span
    while place + 8 <= end:
        stream.seek(place)
        header = stream.read(16)
        length, name = struct.unpack(">I4s", header[:8])
        skip = 8
        if length == 1 and len(header) == 16:
            length, skip = struct.unpack(">Q", header[8:])[0], 16
        length = end - place if length == 0 else length
        if length < skip or place + length > end:
            raise NotWhole("the video is cut off")
        if name in CONTAINERS and levels:
            _walk(stream, (place + skip, place + length), found, levels - 1)
        elif name in (b"mvhd", b"tkhd"):
            stream.seek(place + skip)
            key = name + str(len(found)).encode() if name == b"tkhd" else name
            found[key] = stream.read(min(length - skip, LARGEST_HEADER))
        else:
            found[name] = b""
        place += length


def _seconds(movie_header: bytes) -> float | None:
    """Length from the movie header box, version 0 or 1 (ISO/IEC 14496-12, 8.2.2)."""
    try:
        if movie_header[0] == 1:
            scale, duration = struct.unpack(">IQ", movie_header[20:32])
        else:
            scale, duration = struct.unpack(">II", movie_header[12:20])
    except (struct.error, IndexError):
        return None
    return float(duration / scale) if scale else None
