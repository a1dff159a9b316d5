"""The flags that every command has, and what they mean to it."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TextIO

import click

from pipeline.outputs.printable import as_json


@dataclass(frozen=True, slots=True)
class Common:
    """What a person said beside the command itself."""

    state: Path
    as_json: bool
    quiet: bool
    verbose: bool
    color: bool
    ask: bool

    @property
    def may_ask(self) -> bool:
        """Whether there is somebody to ask."""
        return self.ask and sys.stdin.isatty()


def everywhere(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the common flags; the command gets them as one `common`."""

    @click.option("--state", type=click.Path(file_okay=False, path_type=Path), default=None,
                  help="The state folder.  [default: state]")
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    @click.option("-q", "--quiet", is_flag=True, help="Only what was asked for, and errors.")
    @click.option("-v", "--verbose", is_flag=True, help="More, and a bug's inside.")
    @click.option("--no-color", is_flag=True, help="No colours.")
    @click.option("--no-input", is_flag=True, help="Never ask; fail instead.")
    @wraps(command)
    def with_common(*args: Any, state: Path | None, as_json: bool, quiet: bool, verbose: bool,
                    no_color: bool, no_input: bool, **kwargs: Any) -> Any:
        folder = state or Path(_state_setting())
        color = not no_color and "NO_COLOR" not in os.environ
        common = Common(folder, as_json, quiet, verbose, color, not no_input)
        code = command(*args, common=common, **kwargs)
        if code:
            click.get_current_context().exit(int(code))

    return with_common


def _state_setting() -> str:
    """Environment, then pipeline.toml; read here only for its one line, to keep looking fast."""
    if value := os.environ.get("PIPELINE_STATE"):
        return value
    toml = Path("pipeline.toml")
    if not toml.is_file():
        return "state"
    # only where there are settings to read
    from pipeline.inputs.toml_syntax import MAX_CHARS, read_toml_text

    try:
        with toml.open(encoding="utf-8") as file:
            value = read_toml_text(file.read(MAX_CHARS + 1)).get("state")
    except (ValueError, OSError):
        return "state"
    return value if isinstance(value, str) and value else "state"


def print_json(document: object, stream: TextIO | None = None) -> None:
    """One JSON document, on a line of its own."""
    (stream or sys.stdout).write(as_json(document) + "\n")


LONGEST_S = 366 * 86_400.0


def longest(text: str | None) -> float | None:
    """What `--max-duration` says, in seconds; raises `click.BadParameter`."""
    return duration(text) if text else None


def duration(text: str) -> float:
    """`6h`, `90m`, `45s`, `1h30m` in seconds; raises `click.BadParameter`."""
    import re  # a flag few commands are given

    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?", text.strip())
    if not text.strip() or not found or not any(found.groups()):
        raise click.BadParameter(f"{text!r} is no length of time; write 6h, 90m or 45s")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    length_s = hours * 3600 + minutes * 60 + seconds
    if length_s > LONGEST_S:
        raise click.BadParameter("no run is let go on for longer than a year (8784h)")
    return length_s
