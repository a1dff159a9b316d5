"""The command that serves the emulator as a program of its own."""

from pathlib import Path

import click

DEFAULT_PORT = 8787


@click.command("sandbox")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True,
              help="Port to listen on; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--provider", type=click.Choice(["kubeez", "all"]), default="kubeez",
              show_default=True, help="Which service to be.")
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
@click.option("--announce", type=click.Choice(["json"]), default=None, hidden=True,
              help="Tell the address as one line of JSON on stdout.")
@click.option("--until-stdin-closes", is_flag=True, hidden=True,
              help="Stop when standard input ends.")
@click.pass_context
def sandbox_command(ctx: click.Context, /, *, port: int, host: str, provider: str, speed: float,
                    faults: Path | None, seed: int, granted: str, folder: Path, in_memory: bool,
                    announce: str | None, until_stdin_closes: bool) -> None:
    """Serve the embedded emulator, so that any client can talk to it: real HTTP, no money."""
    # Imported here because the server and its media cost every other command half a second.
    from pipeline.core.money import Money
    from pipeline.sandbox.faults import Faults, FaultsError
    from pipeline.sandbox.server import Options, serve

    try:
        switches = Faults.parse(faults.read_text(encoding="utf-8")) if faults else Faults()
    except FaultsError as error:
        raise click.UsageError(f"{faults}: {error}") from error
    try:
        credit = Money.parse(granted)
    except ValueError as error:
        raise click.UsageError(f"--credits: {error}") from error
    ctx.exit(serve(Options(
        host=host, port=port, provider=provider, speed=speed, seed=seed, credits=credit,
        faults=switches, folder=None if in_memory else folder, announce=announce or "",
        until_stdin_closes=until_stdin_closes)))
