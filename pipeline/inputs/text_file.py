"""A text file of the author's: UTF-8, of bounded size, and nothing but text.

Law: whatever the bytes are, the outcome is a text or an `AuthorError`, never a traceback.
"""

import re
import stat
from pathlib import Path

from pipeline.core.errors import AuthorError, Position, Problem

_FOREIGN_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


def refuse(message: str, at: Position | None = None, hint: str = "") -> AuthorError:
    """One problem, ready to be raised."""
    return AuthorError([Problem(message, at, hint)])


def read_text(path: Path, *, limit: int, at: Position | None = None) -> str:
    """The text of a file of at most `limit` bytes, without its byte order mark.

    `at` is the place that named the file; it is blamed when the file cannot be opened.
    Raises `AuthorError`.
    """
    try:
        details = path.stat()
        if not stat.S_ISREG(details.st_mode):
            raise refuse(f"{path} is not a file", at)
        if details.st_size > limit:
            raise refuse(f"{path} is larger than {limit:,} bytes", at)
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except FileNotFoundError:
        raise refuse(f"{path} does not exist", at) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", "") or str(error)).lower()
        raise refuse(f"{str(path)!r} cannot be read: {reason}", at) from None
    return decode(raw, str(path))


def decode(raw: bytes, file: str) -> str:
    """Bytes as text; raises `AuthorError` at the first byte that is none."""
    if raw.startswith(_FOREIGN_MARKS):
        raise refuse("this file is UTF-16 or UTF-32", Position(file), "save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[:error.start].decode("utf-8", errors="replace")
        raise refuse("this byte is not UTF-8", position_in(before, len(before), file),
                     "save the file as UTF-8") from None
    return check_text(text, file)


def check_text(text: str, file: str) -> str:
    """The text without its byte order mark, if it holds nothing unprintable."""
    text = text.removeprefix("\ufeff")
    if found := _UNPRINTABLE.search(text):
        code = ord(found.group())
        what = "a lone surrogate" if 0xD800 <= code <= 0xDFFF else "a control character"
        raise refuse(f"{what} (U+{code:04X}) is not allowed",
                     position_in(text, found.start(), file), "remove it")
    return text


def position_in(text: str, index: int, file: str) -> Position:
    """The line and column of a place in a text."""
    start = text.rfind("\n", 0, index) + 1
    return Position(file, text.count("\n", 0, index) + 1, index - start + 1)
