"""What a person is told when a command does not succeed.

Law: what was the author's, the service's or the machine's fault is said in plain words with a way
out; only a bug of ours shows its inside, and only when asked for with `-v`.
"""

import sqlite3
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from pipeline.cli.options import print_json
from pipeline.core.errors import AuthorError, Exit, Halt
from pipeline.ledger.connection import unusable
from pipeline.outputs.console import foreign, open_screen
from pipeline.outputs.phrases import count
from pipeline.outputs.printable import visible_lines
from pipeline.outputs.problems import problems_document, show_problems

INSIDE_CHARS = 100_000


def tell(error: BaseException, words: Sequence[str]) -> int:
    """Say what went wrong on stderr; the exit code."""
    error = _innermost(error)
    as_json = "--json" in words
    color = "--no-color" not in words
    if isinstance(error, AuthorError):
        return _tell_problems(error, as_json=as_json, color=color)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        sys.stderr.write("interrupted\n")
        return Exit.INTERRUPTED
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return Exit.USAGE
    code, message, hint, name = _read(error, words)
    if as_json:
        print_json(problems_document(name, message if not hint else f"{message} ({hint})"),
                   sys.stderr)
        return code
    screen = open_screen(sys.stderr, color=color)
    line = foreign("error: ", "bold red")
    line.append_text(foreign(message, limit=600))
    screen.print(line, soft_wrap=True)
    if hint:
        screen.print(foreign(f"  {hint}", "dim", limit=600), soft_wrap=True)
    return code


def _read(error: BaseException, words: Sequence[str]) -> tuple[int, str, str, str]:
    if isinstance(error, Halt):
        return error.exit_code, error.message, error.hint, error.code
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "pipeline"
        return Exit.USAGE, error.format_message(), f"`{path} --help` tells more", "usage"
    if isinstance(error, click.ClickException):
        return Exit.USAGE, error.format_message(), "", "usage"
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return Exit.USAGE, f"{error.strerror}{place}", "", "file"
    if isinstance(error, sqlite3.DatabaseError) and _is_of_the_disk(error):
        return _read(unusable(Path("the state"), error), words)
    if isinstance(error, UnicodeEncodeError) and "surrogates" in error.reason:
        return Exit.USAGE, f"this name is not UTF-8: {error.object}", "rename it", "file"
    if "-v" in words:
        sys.stderr.write(visible_lines("".join(traceback.format_exception(error)), INSIDE_CHARS))
    return (Exit.BUG, f"a bug of this program: {type(error).__name__}: {error}",
            "nothing is lost: `pipeline resume` goes on. `-v` shows where it happened", "bug")


def _is_of_the_disk(error: sqlite3.Error) -> bool:
    """Whether the fault lies in the file; a wrong statement is a bug of ours."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) != sqlite3.SQLITE_ERROR


def _innermost(error: BaseException) -> BaseException:
    """The one thing that went wrong, out of the groups that parallel work wraps it in."""
    while isinstance(error, BaseExceptionGroup):
        parts = list(error.exceptions)
        error = next((part for part in parts if isinstance(part, Halt)), parts[0])
    return error


def _tell_problems(error: AuthorError, *, as_json: bool, color: bool) -> int:
    message = count(len(error.problems), "problem")
    if as_json:
        print_json(problems_document("invalid_manifest", message, error.problems), sys.stderr)
        return Exit.USAGE
    # Settings are never quoted: a value there may be a key.
    files = {problem.at.file for problem in error.problems
             if problem.at and not problem.at.file.endswith(".toml")}
    texts = {}
    for name in files:
        try:
            texts[name] = Path(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    show_problems(open_screen(sys.stderr, color=color), error.problems, texts)
    return Exit.USAGE
