"""The command that serves the emulator as a program of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from pipeline.sandbox.faults import Faults

DEFAULT_PORT = 8787


def _check_names(ctx: click.Context, param: click.Parameter,
                 names: tuple[str, ...]) -> tuple[str, ...]:
    """The names as they are; raises `BadParameter` for one that no dialect has."""
    known = _dialect_names()
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(known)}.", ctx, param)
    return names


def _complete_name(ctx: click.Context, param: click.Parameter,
                   incomplete: str) -> list[CompletionItem]:
    """The names that begin so."""
    return [CompletionItem(name) for name in _dialect_names() if name.startswith(incomplete)]


def _dialect_names() -> tuple[str, ...]:
    # Imported here because the server and its media cost every other command half a second.
    from pipeline.sandbox.dialects import ALL, DIALECTS

    return (*DIALECTS, ALL)


def _switches(path: Path | None, providers: tuple[str, ...]) -> "Mapping[str, Faults]":
    """The switches of the file by service, each over the limits that the service publishes."""
    # Imported here because the server and its media cost every other command half a second.
    from pipeline.sandbox.dialects import SERVICES, services_of
    from pipeline.sandbox.faults import Faults, FaultsError, load_switches, switches_of

    try:
        raw = load_switches(path.read_text(encoding="utf-8")) if path else {}
        for name in raw.get("services") or ():
            if name not in SERVICES:
                raise FaultsError(f"services: {name!r} is none of {', '.join(SERVICES)}")
        return {name: Faults.parse(switches_of(raw, name), SERVICES[name])
                for name in services_of(providers)}
    except FaultsError as error:
        raise click.UsageError(f"{path}: {error}") from error


@click.command("sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True,
              help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--provider", "providers", multiple=True, default=["kubeez"], metavar="NAME",
              callback=_check_names, shell_complete=_complete_name,
              help="Which service to be, or `all`; may be given more than once.  "
                   "[default: kubeez]")
@click.option("--speed", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True,
              help="How much faster than the real service time passes, rate windows included.")
@click.option("--faults", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="YAML or JSON file of fault switches.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides every draw.")
@click.option("--credits", "granted", default="10000", show_default=True,
              help="What a new account has; books that exist keep their own balance.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path),
              default=Path("state/sandbox"), show_default=True,
              help="Where its jobs and bills live.")
@click.option("--in-memory", is_flag=True, hidden=True, help="Keep nothing on disk.")
@click.option("--no-new-books", is_flag=True, hidden=True,
              help="Keep a service in memory that has no books yet.")
@click.option("--announce", type=click.Choice(["json"]), default=None, hidden=True,
              help="Tell the address as one line of JSON on stdout.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True,
              help="Stop when standard input ends.")
@click.pass_context
def sandbox_command(ctx: click.Context, /, *, port: int, host: str, providers: tuple[str, ...],
                    speed: float, faults: Path | None, seed: int, granted: str, folder: Path,
                    in_memory: bool, no_new_books: bool, announce: str | None,
                    until_stdin_closes: bool) -> None:
    """Serve the embedded emulator, so that any client can talk to it: real HTTP, no money."""
    # Imported here because the server and its media cost every other command half a second.
    from pipeline.core.money import Money
    from pipeline.sandbox.dialects import chosen
    from pipeline.sandbox.server import Options, serve

    names = chosen(providers)
    try:
        credit = Money.parse(granted)
    except ValueError as error:
        raise click.UsageError(f"--credits: {error}") from error
    ctx.exit(serve(Options(
        host=host, port=port, providers=names, speed=speed, seed=seed, credits=credit,
        faults=_switches(faults, names), folder=None if in_memory else folder,
        makes_books=not no_new_books, announce=announce or "",
        until_stdin_closes=until_stdin_closes)))
