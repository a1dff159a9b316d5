"""What a file is, by its bytes: kind, size in pixels, length, and whether it is whole.

Law: a name and an announced type are claims; the first bytes decide, and a picture is decoded to
its last row before it is called delivered. No bytes stop it, and none are read because they say so.
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from pipeline.media.facts import Facts, NotWhole, media_of
from pipeline.media.mp3 import read_mp3, starts_mp3
from pipeline.media.picture import MAGICS, read_picture
from pipeline.media.sound import read_flac, read_ogg, read_wav
from pipeline.media.text import read_text
from pipeline.media.video import read_mp4, read_webm

__all__ = ["Facts", "NotWhole", "duration_of", "examine", "media_of"]

HEAD_BYTES = 64

Reader = Callable[[BinaryIO, int], Facts]


def examine(path: Path) -> Facts:
    """The facts of a file on disk; raises `NotWhole`."""
    size = path.stat().st_size
    if not size:
        raise NotWhole("it is empty")
    with path.open("rb") as stream:
        reader = _reader(stream.read(HEAD_BYTES))
        stream.seek(0)
        return reader(stream, size)


def duration_of(path: Path) -> float | None:
    """How many seconds a file lasts; None if it has no length, does not say it, or is not whole."""
    try:
        return examine(path).seconds
    except NotWhole:
        return None


def _reader(head: bytes) -> Reader:
    """Who reads a file that begins like this."""
    if head.startswith(MAGICS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return read_picture
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return read_wav
    if head[4:8] == b"ftyp" and head[:1] == b"\0":  # no first box is 16 MB long; a text may say it
        return read_mp4
    by_magic = {b"\x1aE\xdf\xa3": read_webm, b"OggS": read_ogg, b"fLaC": read_flac}
    return by_magic.get(head[:4], read_mp3 if starts_mp3(head) else read_text)
