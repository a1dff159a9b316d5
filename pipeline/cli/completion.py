"""Tab completion for the shells that click knows."""

import sys

import click
from click.shell_completion import get_completion_class

from pipeline.core.errors import Exit


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print the completion script of a shell: eval "$(pipeline completion bash)"."""
    kind = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    if kind is None:
        raise click.exceptions.Exit(int(Exit.USAGE))
    sys.stdout.write(kind(root, {}, "pipeline", "_PIPELINE_COMPLETE").source() + "\n")
