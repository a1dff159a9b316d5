"""What can be said of a file: its kind, its size in pixels, its length, or why it is not whole."""

from dataclasses import dataclass
from typing import Literal

Medium = Literal["image", "video", "audio", "text", ""]

TEXTS = frozenset({"application/json", "application/x-subrip"})


class NotWhole(Exception):
    """The bytes are not a whole file of a kind we deliver; the message says in what way."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file is. `seconds` is None where the kind has no length, or the file does not say."""

    media_type: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


def media_of(media_type: str) -> Medium:
    """Which of the four a media type is, "" for any other.

    >>> media_of("audio/mpeg"), media_of("application/json"), media_of("application/zip")
    ('audio', 'text', '')
    """
    for medium in ("image", "video", "audio", "text"):
        if media_type.startswith(medium + "/"):
            return medium
    return "text" if media_type in TEXTS else ""
