"""TOML as text to tables, within a second whatever the text is.

Law: what has no honest use, and takes the standard library's parser minutes (a key of thousands of
parts) or its readers a recursion without end, is refused before or at once after it is parsed.
"""

import tomllib
from typing import Any

MAX_CHARS = 256 * 1024
MAX_DOTS = 100
"""In one line: a key of n parts takes the parser n² steps."""
MAX_DEPTH = 20


def read_toml_text(text: str) -> dict[str, Any]:
    """The tables of a text, its fractions as text. Raises `ValueError`, of which
    `tomllib.TOMLDecodeError` is one."""
    if len(text) > MAX_CHARS:
        raise ValueError(f"larger than {MAX_CHARS:,} characters")
    if any(line.count(".") > MAX_DOTS for line in text.split("\n")):
        raise ValueError(f"a line has more than {MAX_DOTS} dots")
    try:
        said = tomllib.loads(text, parse_float=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if _is_deep(said):
        raise ValueError("nested too deeply")
    return said


def _is_deep(said: object) -> bool:
    level = [said]
    for _ in range(MAX_DEPTH):
        level = [part for whole in level if isinstance(whole, dict | list)
                 for part in (whole.values() if isinstance(whole, dict) else whole)]
    return bool(level)
