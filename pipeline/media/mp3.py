"""MP3: where its first frame lies, whether a second one follows, and how long it lasts.

How a frame begins: ISO/IEC 11172-3, 2.4.1.3 and 13818-3; the tag in front of it: ID3v2.4, 3.1.
"""

import io
from typing import BinaryIO

from tinytag import TinyTag, TinyTagException

from pipeline.media.facts import Facts, NotWhole

MOST_TAGS = 4
MOST_PADDING = 65_536
MOST_READS = 20_000
"""Thirty seconds of frames are 2,300 reads; past that, a length is not searched for in garbage."""

SAME = 0xFFFE0C00
"""The bits of a frame's header that all frames of a file have in common."""
KBPS_MPEG_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
KBPS_MPEG_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""By the two bits that say MPEG 1, MPEG 2 or MPEG 2.5."""


class _Patient(io.BufferedReader):
    """A file that lets itself be read so many times and no more."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > MOST_READS:
            raise EOFError("read too often")
        return super().read(size)


def starts_mp3(head: bytes) -> bool:
    """Whether a file that begins like this is to be read as an MP3."""
    return head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")


def read_mp3(stream: BinaryIO, size: int) -> Facts:
    """The facts of an MP3; raises `NotWhole` if no two frames follow each other at its start."""
    place = _first_frame(stream)
    first = _header(stream, place)
    length = _frame_bytes(first)
    if not length or (_header(stream, place + length) ^ first) & SAME:
        raise NotWhole("it is no picture, video, sound or text we know")
    return Facts("audio/mpeg", seconds=_seconds(stream))


def _first_frame(stream: BinaryIO) -> int:
    """Where the sound begins: after the tags and their padding."""
    place = 0
    for _ in range(MOST_TAGS):
        stream.seek(place)
        tag = stream.read(10)
        if tag[:3] != b"ID3" or len(tag) < 10:
            break
        sevens = [byte & 0x7F for byte in tag[6:]]
        footer = 10 if tag[5] & 0x10 else 0
        place += 10 + (sevens[0] << 21 | sevens[1] << 14 | sevens[2] << 7 | sevens[3]) + footer
    stream.seek(place)
    padded = stream.read(MOST_PADDING)
    return place + len(padded) - len(padded.lstrip(b"\0"))


def _header(stream: BinaryIO, place: int) -> int:
    stream.seek(place)
    return int.from_bytes(stream.read(4).ljust(4, b"\0"), "big")


def _frame_bytes(header: int) -> int:
    """How long a frame is, by its header; 0 if that is none of layer III.

    >>> _frame_bytes(0xFFFB9000), _frame_bytes(0xFFFB9200), _frame_bytes(0xFFFFFFFF)
    (417, 418, 0)
    """
    version, layer = header >> 19 & 3, header >> 17 & 3
    rates = RATES_HZ.get(version)
    if header >> 21 != 0x7FF or layer != 1 or rates is None or header >> 10 & 3 == 3:
        return 0
    kbps = (KBPS_MPEG_1 if version == 3 else KBPS_MPEG_2)[header >> 12 & 15]
    if not kbps:
        return 0
    bytes_per_kbps = 144_000 if version == 3 else 72_000
    return bytes_per_kbps * kbps // rates[header >> 10 & 3] + (header >> 9 & 1)


def _seconds(stream: BinaryIO) -> float | None:
    """By the count in the first frame, or by the size at a constant rate, or by many frames."""
    try:
        with _Patient(io.FileIO(stream.fileno(), closefd=False)) as patient:
            patient.seek(0)
            return TinyTag.get(file_obj=patient, tags=False).duration or None
    except TinyTagException:
        return None
