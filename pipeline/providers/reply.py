"""What a service answered: its status, its headers and its body, read strictly.

Law: a body that JSON allows two readings of is no JSON.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

LARGEST_REPLY = 8 * 1024 * 1024
EARLIEST_S, LATEST_S = 1_577_836_800.0, 7_258_118_400.0
"""The years 2020 to 2199: a moment outside of them is a fault of a clock, or is made to harm."""


class Garbled(Exception):
    """An answer that is longer than any should be, or does not unpack; the words are ours."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `body` is parsed JSON (fractions as Decimal), None if it is not JSON.

    `skew_s` is the service's clock less ours, by its `Date` header; 0 where it names none.
    `content` are the bytes as they came, unpacked.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    is_json: bool
    empty: bool
    skew_s: float = 0.0
    content: bytes = b""


def unpack(packed: bytes, encoding: str) -> bytes:
    """The bytes of a body, no further unpacked than an answer may be long; raises `Garbled`."""
    if encoding == "identity":
        return packed
    if encoding not in ("gzip", "x-gzip"):
        raise Garbled("the answer came in an encoding that was not asked for")
    unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        content = unpacking.decompress(packed, LARGEST_REPLY)
    except zlib.error:
        raise Garbled("the answer does not unpack") from None
    if not unpacking.eof:
        raise Garbled("the answer is cut, or larger than any answer should be")
    return content


def parse_json(content: bytes, clear: Callable[[str], str] = str) -> tuple[Any, bool]:
    """The value, and whether it is JSON at all: UTF-8, no key twice, no NaN, fractions exact.

    What is spelled in escapes is cleared of what `clear` takes out, and of halves of characters.
    """
    try:
        value = json.loads(content.decode("utf-8-sig"), parse_float=_exact,
                           parse_constant=_no_constant, object_pairs_hook=_no_twins)
        return (_mended(value, clear) if b"\\u" in content else value), True
    except (ValueError, RecursionError):
        return None, False


def _mended(value: object, clear: Callable[[str], str]) -> object:
    """The same with a mark for every half of a character: an escape can name one, no file can."""
    if isinstance(value, str):
        return clear(value.encode("utf-8", "replace").decode())
    if isinstance(value, list):
        return [_mended(part, clear) for part in value]
    if isinstance(value, dict):
        return {_mended(name, clear): _mended(part, clear) for name, part in value.items()}
    return value


def _exact(text: str) -> Decimal:
    """A fraction; one with an exponent that no arithmetic reaches is refused."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("a number out of all bounds") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice in one object")
    return found


def http_date_s(text: str) -> float | None:
    """Seconds of UTC of an HTTP date, None for anything else."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return _in_utc_s(moment)  # "-0000" and asctime's form: an HTTP date is UTC all the same


def clock_s(headers: Mapping[str, str]) -> float | None:
    """The service's clock when it answered, None where it names none. A cache on the way says for
    how long it had the answer (RFC 9111, Age)."""
    date_s, age = http_date_s(headers.get("date", "")), headers.get("age", "")
    if date_s is None:
        return None
    return date_s + (int(age) if age.isascii() and age.isdecimal() and len(age) < 10 else 0)


def iso_date_s(text: str) -> float | None:
    """Seconds of UTC of a time in ISO 8601, UTC where it names no zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _in_utc_s(moment)


def _in_utc_s(moment: datetime) -> float | None:
    seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    return seconds if EARLIEST_S <= seconds < LATEST_S else None
