"""The terminal as our views see it: one set of styles, and nobody dies of a closed pipe."""

import os
from typing import TextIO

from rich.console import Console
from rich.text import Text

from pipeline.core.job import State
from pipeline.outputs.phrases import WORDS
from pipeline.outputs.printable import visible

PIPE_WIDTH = 120
"""Columns where nobody looks: a pipe or a file, with no COLUMNS in the environment."""

STYLES = {
    State.PENDING: "dim", State.SUBMITTING: "cyan", State.IN_DOUBT: "yellow",
    State.RUNNING: "cyan", State.PRODUCED: "cyan", State.DONE: "green", State.FAILED: "red",
    State.CANCELLED: "dim",
}
"""The colour of each state, out of the sixteen that every terminal theme defines."""


class Screen(Console):
    """A console that falls silent when its reader goes away, for a run must not end of that."""

    def on_broken_pipe(self) -> None:
        """Say nothing more, to anybody."""
        self.quiet = True


def open_screen(stream: TextIO, *, color: bool = True, width: int | None = None) -> Screen:
    """A console on a stream; without `color` not one escape sequence is printed."""
    if width is None and not stream.isatty() and "COLUMNS" not in os.environ:
        width = PIPE_WIDTH
    return Screen(file=stream, width=width, highlight=False, markup=False, emoji=False,
                  color_system="auto" if color else None)


def foreign(text: object, style: str = "", limit: int = 120) -> Text:
    """A text from outside, made visible."""
    return Text(visible(text, limit), style=style)


def said(state: State) -> Text:
    """A state in words and in its colour."""
    return Text(WORDS[state], style=STYLES[state])
