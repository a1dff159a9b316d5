"""A TOML file of settings, read without floats, with the line of every key.

Law: what looks like a key is refused and never repeated.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.core.errors import Position, Problem
from pipeline.inputs.complaints import Loc
from pipeline.inputs.text_file import read_text, refuse
from pipeline.inputs.toml_syntax import MAX_CHARS, read_toml_text

MAX_TOLD = 100
"""Nobody reads more problems than this of one file."""

_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)\Z", re.S)
_TABLE = re.compile(r"\s*\[{1,2}([^\]]+)\]")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"([^"]*)"|'([^']*)'""")
_SECRET_NAME = re.compile(
    r"(^|[_-])(key|apikey|token|secret|password|passwd|authorization|bearer|credentials?)\Z", re.I)
_SECRET = re.compile(
    r"\s*(?:bearer\s+\S|basic\s+\S|(?:sk|pk|rk|ghp|gho|xoxb|xoxp)[_-][\w-]{8,}"
    r"|eyJ[\w-]{10,}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\s*\Z)", re.I)
_LONG = re.compile(r"(?=.*[a-z])(?=.*[0-9])[A-Za-z0-9+=]{32,}\Z")
_CAPITALS = re.compile(r"[A-Z][A-Z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A settings file: what it says, and in which line each key and each table begins."""

    file: str
    lines: Mapping[Loc, int]
    said: dict[str, Any]
    problems: tuple[Problem, ...] = ()

    def place(self, loc: Loc) -> Position:
        """The line of a key, or of the nearest table around it."""
        nearest = (loc[:end] for end in range(len(loc), 0, -1) if loc[:end] in self.lines)
        return Position(self.file, self.lines.get(next(nearest, ()), 1))

    def knows(self, loc: Loc) -> int:
        """How many steps of a path this file has."""
        below: Any = self.said
        for depth, step in enumerate(loc):
            if not isinstance(below, dict) or step not in below:
                return depth
            below = below[step]
        return len(loc)


def read_toml(path: Path) -> TomlFile:
    """A settings file without the keys that it should not hold; those are its `problems`.

    Raises `AuthorError` if it is no TOML.
    """
    file = str(path)
    text = read_text(path, limit=MAX_CHARS)
    try:
        said = read_toml_text(text)
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.match(str(error))
        words = (found.group(1) if found else str(error))[:80]
        last = text.count("\n") + 1
        at = Position(file, int(found.group(2) or last) if found else 1,
                      int(found.group(3) or 1) if found else 1)
        raise refuse(f"this is not TOML: {words[:1].lower()}{words[1:]}", at) from None
    except ValueError as error:
        words = "a number is too long" if "digits" in str(error) else str(error)
        raise refuse(f"these are no settings: {words}", Position(file)) from None
    whole = TomlFile(file, _lines(text), said)
    secrets = list(_secrets(said, ()))
    for loc in secrets:
        _remove(said, loc)
    return replace(whole, problems=tuple(
        Problem("a key cannot stand in a file", whole.place(loc),
                'put it into an environment variable and name that: api_key_env = "AGENCY_A_KEY"')
        for loc in secrets[:MAX_TOLD]))


def _secrets(said: Mapping[str, Any], loc: Loc) -> Iterator[Loc]:
    for name, value in said.items():
        here = (*loc, name)
        parts = value if isinstance(value, list) else [value]
        if _looks_secret(name) or any(map(_looks_secret, parts)):
            yield here
        elif isinstance(value, dict):
            yield from _secrets(value, here)
        elif _SECRET_NAME.search(name) and loc[-1:] != ("prices",):
            yield here


def _looks_secret(value: object) -> bool:
    return isinstance(value, str) and not _CAPITALS.match(value) and bool(
        _SECRET.match(value) or _LONG.match(value))


def _remove(said: dict[str, Any], loc: Loc) -> None:
    for step in loc[:-1]:
        said = said[str(step)]
    del said[str(loc[-1])]


def _lines(text: str) -> dict[Loc, int]:
    """Where every key that begins a line stands, with its table before it, and every table."""
    table: Loc = ()
    places: dict[Loc, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _KEY.match(line):
            places.setdefault((*table, *_parts(found.group(1))), number)
        elif found := _TABLE.match(line):
            table = _parts(found.group(1))
            places.setdefault(table, number)
    return places


def _parts(dotted: str) -> Loc:
    return tuple(found.group(1) or found.group(2) or found.group()
                 for found in _PART.finditer(dotted))

