"""The first lines of a caption file, with the times at which they are said."""

import html
import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.outputs.printable import visible

HEAD_BYTES = 65_536
CUES_SHOWN = 16
CUE_CHARS = 240

TRANSCRIPTS = {"text/vtt": "VTT", "application/x-subrip": "SRT", "application/json": "JSON"}
"""The forms in which one job brings one transcript, the easiest to read first."""

_TIMING = re.compile(r"\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,]\d{3}\s+-->")
_MARKUP = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: when it comes, and what it says."""

    at: str
    text: str


def first_cues(path: Path) -> tuple[Cue, ...]:
    """The first captions of a WebVTT or SubRip file; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            text = file.read(HEAD_BYTES).decode("utf-8", "replace").removeprefix("\ufeff")
    except OSError:
        return ()
    cues: list[Cue] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        cue = _cue(block.splitlines())
        if cue is not None:
            cues.append(cue)
        if len(cues) == CUES_SHOWN:
            break
    return tuple(cues)


def _cue(lines: list[str]) -> Cue | None:
    for number, line in enumerate(lines):
        if timing := _TIMING.match(line):
            said = " ".join(_MARKUP.sub("", part).strip() for part in lines[number + 1:])
            shown = visible(html.unescape(said).strip(), CUE_CHARS)
            return Cue(_clock(*timing.groups()), shown) if shown else None
    return None


def _clock(hours: str | None, minutes: str, seconds: str) -> str:
    """A moment as a player shows it.

    >>> _clock("00", "00", "03"), _clock(None, "12", "40"), _clock("01", "02", "03")
    ('0:03', '12:40', '1:02:03')
    """
    hour = int(hours or 0)
    return f"{hour}:{minutes:0>2}:{seconds}" if hour else f"{int(minutes)}:{seconds}"
