"""Words with their times made into subtitles: cues, and the SubRip and WebVTT files of them.

Law: no word is lost, cues follow each other without overlapping, and nothing that was spoken is
read as markup. The figures are those of the Netflix Timed Text Style Guide (General Requirements,
and English for the line); the pause after which a new cue begins is ours.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

LONGEST_LINE = 42
MOST_LINES = 2
LONGEST_MS = 7_000
SHORTEST_MS = 833
"""Five sixths of a second; a cue stays on so long unless the next one comes sooner."""
PAUSE_MS = 700

PLACES = ("data", "result", "transcript", "captions")
"""Where some answers put their words, one level down."""
LENGTHS = ("audio_duration", "duration", "duration_seconds")
LATEST_MS = 99 * 3_600_000
"""SubRip writes hours with two digits."""

_SENTENCE_END = re.compile(r"[.!?…。！？]['\"’”»)\]]*\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word and when it is heard, in milliseconds from the start."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown at once: one or two lines."""

    lines: tuple[str, ...]
    start_ms: int
    end_ms: int


def read_words(body: object) -> tuple[Word, ...] | None:
    """The words of a transcript; None for an answer that has no list of them.

    `words` stands at the top or one level down, each with `text` or `word`, `start` and `end`.
    Times are seconds, or milliseconds as AssemblyAI gives them: milliseconds if a word ends later
    than three times the stated length; where no length is stated, if all times are whole numbers
    and the latest is over 1000. What is no word is passed over.

    >>> read_words({"words": [{"word": "Hi", "start": 120, "end": 1480}]})
    (Word(text='Hi', start_ms=120, end_ms=1480),)
    """
    for place in _places(body):
        raws = place.get("words")
        if isinstance(raws, list):
            found = [word for raw in raws if (word := _read_word(raw))]
            length_s = next((length for p in (place, *_places(body)) if (length := _length_s(p))),
                            None)
            by = 1 if _in_milliseconds(found, length_s) else 1000
            return tuple(Word(text, int(start * by), int(end * by))
                         for text, start, end in found if end * by <= LATEST_MS)
    return None


def _places(body: object) -> Iterator[Mapping[str, object]]:
    if isinstance(body, Mapping):
        yield body
        for name in PLACES:
            if isinstance(place := body.get(name), Mapping):
                yield place


def _read_word(raw: object) -> tuple[str, Decimal, Decimal] | None:
    if not isinstance(raw, Mapping):
        return None
    said = raw.get("text", raw.get("word"))
    text = _CONTROL.sub("", " ".join(said.split())) if isinstance(said, str) else ""
    start, end = _number(raw.get("start")), _number(raw.get("end"))
    if not text or start is None or end is None:
        return None
    return text, start, max(start, end)


def _number(value: object) -> Decimal | None:
    """A number as a decimal, whose exponent tells whole ones (0) from fractions."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() and 0 <= number <= LATEST_MS else None


def _length_s(place: Mapping[str, object]) -> Decimal | None:
    return next((length for name in LENGTHS if (length := _number(place.get(name)))), None)


def _in_milliseconds(found: Sequence[tuple[str, Decimal, Decimal]],
                     length_s: Decimal | None) -> bool:
    latest = max((end for _, _, end in found), default=Decimal(0))
    if length_s is not None:
        return latest > 3 * length_s
    return latest > 1000 and all(time.as_tuple().exponent == 0
                                 for _, *times in found for time in times)


def cues(words: Sequence[Word]) -> tuple[Cue, ...]:
    """The words in order as cues: of one sentence, without a pause, short enough to be read."""
    groups: list[list[Word]] = []
    for word in _in_order(piece for said in words for piece in _pieces(said)):
        if groups and _belongs(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
    found: list[Cue] = []
    next_ms = LATEST_MS + LONGEST_MS
    for group in reversed(groups):
        found.append(_cue(group, next_ms))
        next_ms = group[0].start_ms
    return tuple(reversed(found))


def _pieces(word: Word) -> Iterator[Word]:
    """The word, or where it is longer than a line, its parts, which share its time."""
    parts = textwrap.wrap(word.text, LONGEST_LINE)
    length_ms = word.end_ms - word.start_ms
    for index, part in enumerate(parts):
        yield Word(part, word.start_ms + length_ms * index // len(parts),
                   word.start_ms + length_ms * (index + 1) // len(parts))


def _in_order(words: Iterable[Word]) -> list[Word]:
    """The words by their start, each ending before the next begins, none without a moment."""
    found: list[Word] = []
    for word in sorted(words, key=lambda word: word.start_ms):
        start_ms = word.start_ms
        if found:
            start_ms = max(start_ms, found[-1].start_ms + 1)
            found[-1] = replace(found[-1], end_ms=min(found[-1].end_ms, start_ms))
        found.append(Word(word.text, start_ms, max(word.end_ms, start_ms + 1)))
    return found


def _belongs(group: Sequence[Word], word: Word) -> bool:
    last = group[-1]
    return (not _SENTENCE_END.search(last.text)
            and word.start_ms - last.end_ms <= PAUSE_MS
            and word.end_ms - group[0].start_ms <= LONGEST_MS
            and len(_lines([*group, word])) <= MOST_LINES)


def _cue(group: Sequence[Word], next_ms: int) -> Cue:
    start_ms = group[0].start_ms
    end_ms = min(max(group[-1].end_ms, start_ms + SHORTEST_MS), start_ms + LONGEST_MS, next_ms)
    return Cue(tuple(_lines(group)), start_ms, end_ms)


def _lines(group: Sequence[Word]) -> list[str]:
    return textwrap.wrap(" ".join(word.text for word in group), LONGEST_LINE,
                         break_on_hyphens=False)


def srt(shown: Sequence[Cue]) -> str:
    """A SubRip file. The form has no escapes, so angle brackets become single quotation marks."""
    marks = str.maketrans("<>", "‹›")
    return "".join(f"{number}\n{_span(cue, ',')}\n{_text(cue).translate(marks)}\n\n"
                   for number, cue in enumerate(shown, 1))


def vtt(shown: Sequence[Cue]) -> str:
    """A WebVTT file, with the character references that its format (W3C) has for the three."""
    marks = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    return "WEBVTT\n\n" + "".join(f"{_span(cue, '.')}\n{_text(cue).translate(marks)}\n\n"
                                  for cue in shown)


def _text(cue: Cue) -> str:
    return "\n".join(cue.lines)


def _span(cue: Cue, point: str) -> str:
    return f"{_clock(cue.start_ms, point)} --> {_clock(cue.end_ms, point)}"


def _clock(ms: int, point: str) -> str:
    seconds, thousandths = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{point}{thousandths:03}"
