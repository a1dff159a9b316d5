"""Words in, exit code out.

Law: a command's modules are imported when it is called, so that `--help` costs nothing; and no
traceback reaches a person for anything but a bug of ours.
"""

import importlib
import io
import os
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

import click

from pipeline import __version__

COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("authoring", "A manifest, a template and settings that run as they are."),
    "validate": ("authoring", "Check manifests against the last catalog, offline."),
    "schema": ("authoring", "The JSON Schema of the manifest, for editors."),
    "models": ("catalog", "What an account offers: models, prices, capabilities."),
    "plan": ("planning", "The dry run: expand, check, price, forecast. Costs nothing."),
    "rehearse": ("rehearsing", "Let the plan happen in virtual time: how long, what holds it."),
    "diff": ("planning", "What changed since the last run, and the price of it."),
    "run": ("running", "Show the plan, ask, and carry it out."),
    "resume": ("running", "Go on with the latest unfinished run."),
    "retry": ("mending", "Buy failed jobs again."),
    "cancel": ("mending", "Stop buying; what is bought is still brought home."),
    "fetch": ("mending", "Download again what is paid for and missing; free."),
    "reconcile": ("mending", "Look the jobs in doubt up at the provider now."),
    "doubt": ("doubt", "Settle what no evidence could: list, show, resolve."),
    "status": ("looking", "Where a run stands."),
    "runs": ("looking", "All runs."),
    "jobs": ("looking", "The jobs of a run."),
    "show": ("looking", "One job's whole story."),
    "report": ("reporting", "The contact sheet, or the ledger as CSV, JSONL or Markdown."),
    "spend": ("spend", "What was spent, by campaign, model, day, tag and more."),
    "assets": ("library", "The account's library: list, add, rename, delete."),
    "balance": ("account", "Credits left on an account."),
    "history": ("account", "What an account made lately."),
    "login": ("login", "Sign in to a service with a browser."),
    "logout": ("login", "Forget a sign-in."),
    "doctor": ("doctor", "What would stop a run."),
    "sandbox": ("sandbox", "Serve the embedded emulator to any client."),
    "completion": ("completion", "Tab completion for bash, zsh and fish."),
}
"""Every command: the file that holds it, and what `--help` says of it without opening that."""


class Commands(click.Group):
    """The commands, opened one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of a person's day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pipeline.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[
            str | None, click.Command | None, list[str]]:
        """Like click's, with the nearest name for a slip of the hand."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib  # only for the one who mistyped

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list for `--help`, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, says) for name, (_, says) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]},
             epilog="Begin with `pipeline init`, or `make demo` in a clone of the project.")
@click.version_option(__version__, prog_name="pipeline")
def program() -> None:
    """Run AI-media campaigns in bulk without losing a file or a credit."""


def main() -> None:
    """The entry point: run a command and leave with its exit code."""
    _leave_no_core()
    _open_streams()
    if os.environ.get("_PIPELINE_COMPLETE"):
        program(prog_name="pipeline")
        return
    code = _carry_out()
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
        _let_go(stream)
    sys.exit(code)


def _leave_no_core() -> None:
    """A crash writes no memory to the disk, where a key may lie in it. A limit of one byte also
    keeps the core from a program that would collect it, as one of none does not (core(5))."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if soft not in (0, 1):
        resource.setrlimit(resource.RLIMIT_CORE, (1, hard))


def _open_streams() -> None:
    """A stream that is closed at the start would lend its number to a file of the ledger."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)  # the lowest free one, which is the stream's
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            _speak_unicode(stream)


def _speak_unicode(stream: io.TextIOWrapper) -> None:
    """Files and pipes get UTF-8 in every locale; a terminal that lacks a letter gets a mark."""
    if stream.isatty():
        stream.reconfigure(errors="replace")
    else:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _carry_out() -> int:
    try:
        code = program(prog_name="pipeline", standalone_mode=False)
        _flush(sys.stdout)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except (BrokenPipeError, SystemExit):
        return 0  # nobody reads any more; click says so with a code of its own
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place for all of them
        from pipeline.cli.failure import tell  # rich is for whoever has something to read

        try:
            return tell(error, sys.argv[1:])
        except BrokenPipeError:
            return int(getattr(error, "exit_code", 2))
    return code if isinstance(code, int) else 0


def _flush(stream: TextIO) -> None:
    """Write out what is buffered; that nobody reads it any more is no failure."""
    with suppress(BrokenPipeError):
        stream.flush()


def _let_go(stream: TextIO) -> None:
    """So that the interpreter, flushing at its end, does not fail where nobody reads."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
