"""A group of commands of which `list` need not be said."""

import click


class Listing(click.Group):
    """A group that lists where it is given no command: `assets`, `assets --json`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Like click's, with `list` before flags of its own, or before nothing at all."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)
