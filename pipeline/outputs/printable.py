"""Text from outside as visible characters on one line, and no longer than there is room for.

Law: every text that we did not write ourselves passes here on its way to a person: no character
of it moves a cursor, starts a line of its own or turns the reading order round.
"""

import json
import re

LINE_CHARS = 400
"""How much of a text from outside is shown where nothing else is said."""

_BREAKS = re.compile(r"\r\n|[\t\n\v\f\r\x85\u2028\u2029]")
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"         # C0 but tab and newline, DEL, C1
    "\xad\u061c\u180e\u200b\u200e\u200f"   # soft hyphen, marks of direction, zero width
    "\u2028-\u202e\u2060-\u206f\ufeff"     # separators, embeddings, overrides, isolates
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]")


def visible(text: object, limit: int = LINE_CHARS) -> str:
    r"""One line of visible characters; what is hidden is spelled out, breaks become spaces.

    >>> visible("two\nlines and \x1b[2J")
    'two lines and \\x1b[2J'
    >>> visible("abcdef", 4)
    'abc…'
    """
    cut = str(text)[:limit + 1]
    return shorten(_HIDDEN.sub(_spell, _BREAKS.sub(" ", cut)), limit)


def visible_lines(text: object, limit: int) -> str:
    """The same with its line breaks kept, for places that can show several lines."""
    cut = str(text)[:limit + 1]
    return shorten(_HIDDEN.sub(_spell, _BREAKS.sub("\n", cut)), limit)


def as_json(document: object) -> str:
    r"""A document on one line, which may be read on a terminal too: what is hidden is escaped.

    >>> as_json({"says": "né \x9b2J"})
    '{"says": "né \\u009b2J"}'
    """
    return _HIDDEN.sub(_escape, json.dumps(document, ensure_ascii=False))


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis stands for the rest."""
    return text if len(text) <= limit else text[:limit - 1] + "…"


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found[0]).strip('"') if found[0] != "\x7f" else "\\u007f"


def _spell(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
