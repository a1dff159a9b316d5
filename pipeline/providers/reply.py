"""What a service answered: its status, its headers and its body, read strictly.

Law: a body that JSON allows two readings of is no JSON.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

LARGEST_REPLY = 8 * 1024 * 1024


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


def parse_json(content: bytes) -> tuple[Any, bool]:
    """The value, and whether it is JSON at all: no key twice, no NaN, fractions exact."""
    try:
        value = json.loads(content, parse_float=Decimal, parse_constant=_no_constant,
                           object_pairs_hook=_no_twins)
        return (_whole(value) if b"\\u" in content else value), True
    except (ValueError, RecursionError):
        return None, False


def _whole(value: object) -> object:
    """The same with a mark for every half of a character: an escape can name one, no file can."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_whole(part) for part in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(part) for name, part in value.items()}
    return value


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
    if moment.tzinfo is None:  # "-0000" and asctime's form: an HTTP date is UTC all the same
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


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
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
