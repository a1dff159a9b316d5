"""What pydantic found wrong, told in plain words.

Law: a complaint says what is wrong, what would be accepted, and what may have been meant. Where a
value may be a secret (`hide`), no complaint repeats it.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails, PydanticCustomError

MAX_WORD = 64
MAX_KNOWN = 12

MARKS = ("(list)", "(mapping)", "(value)", "[key]")
"""Steps of a location that are no keys: which branch of a union it is (`values`), and that a key
itself is wrong (pydantic)."""

Loc = tuple[str | int, ...]
Schema = Mapping[str, Any]

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}\Z")
_WANTED = {
    "string_type": "text", "int_type": "a whole number", "bool_type": "true or false",
    "list_type": "a list", "dict_type": "a mapping", "model_type": "a mapping",
}


def wrong(message: str, hint: str = "") -> PydanticCustomError:
    """An error whose words are already the author's."""
    return PydanticCustomError("said", "{message}", {"message": message, "hint": hint})


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest of the known words as a question, or ""."""
    near = nearest(word, known)
    return f"did you mean {near}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most like this one, or ""."""
    folded = {name.lower().replace("-", "_"): name for name in known if len(name) <= MAX_WORD}
    if len(word) > MAX_WORD:
        return ""
    near = difflib.get_close_matches(word.lower().replace("-", "_"), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else ""


def meant_or_known(word: str, known: Iterable[str]) -> str:
    """A hint for a word that is not known: the nearest, or the list of what there is."""
    names = list(known)
    if guess := did_you_mean(word, names):
        return guess
    more = ", …" if len(names) > MAX_KNOWN else ""
    return "known are " + ", ".join(names[:MAX_KNOWN]) + more if names else "there are none"


def show(value: object) -> str:
    """A value as it may stand in a message: short, and with nothing unprintable in it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    if value is None:
        return "nothing"
    text = repr(value if not isinstance(value, str) else value[:41])
    return text if len(text) <= 44 else text[:40] + "…'"


def named(error: ErrorDetails) -> Loc:
    """Where an error lies, without the marks of unions; an unknown key may be called like one."""
    loc = error["loc"]
    inner = len(loc) - (error["type"] == "extra_forbidden")
    return (*(step for step in loc[:inner] if step not in MARKS), *loc[inner:])


def complain(error: ErrorDetails, schema: Schema, *, hide: bool = False) -> tuple[str, str]:
    """Message and hint of one error."""
    kind, value, loc = error["type"], error["input"], named(error)
    context = error.get("ctx", {})
    name = called(loc)
    if kind == "said":
        return context["message"], context["hint"]
    if kind == "extra_forbidden":
        return (f"unknown key {show(loc[-1])}",
                meant_or_known(str(loc[-1]), known_keys(schema, loc[:-1])))
    if kind == "missing":
        return f"{name} is missing", describe(schema, loc)
    if value is None:
        return f"{name} has no value", "give it one, or leave the key out"
    if kind in _WANTED:
        shown = "" if hide else f", not {show(value)}"
        hint = _quoting(kind, value, hide=hide) or describe(schema, loc)
        return f"{name} should be {_WANTED[kind]}{shown}", hint
    if kind in ("too_short", "string_too_short"):
        return f"{name} is empty", "give it a value, or leave it out"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
        return f"{name} should be {bound}, not {show(value)}", describe(schema, loc)
    if kind == "too_long":
        return f"{name} has more than {context['max_length']} entries", ""
    return f"{name}: {error['msg'][:1].lower()}{error['msg'][1:]}", describe(schema, loc)


def _quoting(kind: str, value: object, *, hide: bool) -> str:
    if kind == "string_type" and isinstance(value, int):
        return "put it in quotes"
    if kind == "list_type" and isinstance(value, str | int) and not hide:
        return f"write [{show(value)}]"
    return ""


def called(loc: Loc) -> str:
    """What a message calls the value at a place."""
    words = [step for step in loc if isinstance(step, str)]
    if not words:
        return "the file" if not loc else "an entry"
    word = words[-1] if _WORD.match(words[-1]) else show(words[-1])
    return f"an entry of {word}" if isinstance(loc[-1], int) else word


def known_keys(schema: Schema, loc: Loc) -> list[str]:
    """The keys that a mapping at this place can have."""
    return [key for part in _at(schema, loc) for key in part.get("properties", {})]


def describe(schema: Schema, loc: Loc) -> str:
    """What the schema says of the value at this place; of an entry, what it says of the list."""
    while loc and isinstance(loc[-1], int):
        loc = loc[:-1]
    for part in _at(schema, loc):
        if text := part.get("description"):
            return str(text)
    return ""


def _at(schema: Schema, loc: Loc) -> list[Schema]:
    parts = _branches(schema, schema)
    for step in loc:
        below = [_below(part, step) for part in parts]
        parts = [leaf for part in below if part for leaf in _branches(part, schema)]
    return parts


def _below(part: Schema, step: str | int) -> Schema | None:
    if isinstance(step, int):
        found = part.get("items")
    else:
        patterns = part.get("patternProperties", {})
        found = (part.get("properties", {}).get(step) or part.get("additionalProperties")
                 or next(iter(patterns.values()), None))
    return found if isinstance(found, Mapping) else None


def _branches(part: Schema, schema: Schema) -> list[Schema]:
    """A part of the schema with its references and its alternatives laid out."""
    parts: list[Schema] = [part]
    if reference := part.get("$ref"):
        parts += _branches(schema["$defs"][reference.rpartition("/")[2]], schema)
    for word in ("anyOf", "oneOf", "allOf"):
        for branch in part.get(word, ()):
            parts += _branches(branch, schema)
    return parts
