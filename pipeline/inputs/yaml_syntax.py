"""libyaml's syntax errors in plain words, at the place where the author can mend them."""

import yaml

from pipeline.core.errors import Position, Problem

_PLAIN = (
    ("mapping values are not allowed", "a ': ' cannot stand here",
     "put the text in quotes, or mend the indentation"),
    ("cannot start any token", "a value cannot start with this character",
     "put the text in quotes; indent with spaces, not with tabs"),
    ("expected ',' or", "this bracket is not closed, or a comma is missing in it", ""),
    ("expected node content", "this bracket is not closed, or a comma is missing in it", ""),
    ("unexpected end of stream", "this quote is not closed", ""),
    ("unexpected document indicator", "this quote is not closed", ""),
    ("expected '-' indicator", "this line does not belong to the list above it",
     "begin it with '- ', or indent it as what it belongs to"),
    ("expected key", "this line does not belong to the mapping above it",
     "indent it as its neighbours, and put a text that holds quotes or ': ' in quotes"),
    ("expected ':'", "a ':' is missing after this key", ""),
    ("escape", "unknown escape in a quoted text",
     "use single quotes, or write a backslash twice"),
    ("found a tab", "a tab cannot indent", "indent with spaces"),
)


def explain(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """What libyaml could not read."""
    raw = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML")
    context = str(getattr(error, "context", None) or "")
    mark = getattr(error, "problem_mark", None)
    opened = getattr(error, "context_mark", None)
    is_open = "quoted scalar" in context and "end of stream" in raw
    if opened and mark and (is_open or _is_end(mark, text)):
        mark = opened
    at = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file)
    for key, message, hint in _PLAIN:
        if key in raw:
            return Problem(message, at, hint)
    return Problem(f"this is not YAML: {raw}" + (f" ({context})" if context else ""), at)


def _is_end(mark: yaml.Mark, text: str) -> bool:
    lines = text.rstrip().count("\n")
    return mark.line > lines
