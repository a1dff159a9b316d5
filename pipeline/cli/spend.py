"""The command that tells what was spent: spend. It only reads the ledger."""

import sys
from contextlib import closing
from datetime import UTC, datetime

import click

from pipeline.cli.options import Common, everywhere, print_json
from pipeline.core.errors import Exit, Halt
from pipeline.core.params import Unfit
from pipeline.core.spending import GROUPS, TAG, Spending, add_up, read_groups
from pipeline.ledger.connection import open_for_reading
from pipeline.ledger.questions import Questions
from pipeline.ledger.spending import spending
from pipeline.outputs.console import open_screen
from pipeline.outputs.spend_view import show_spending, spending_document


@click.command("spend")
@click.option("--by", default="campaign", show_default=True, metavar="GROUP[,…]",
              help=f"One or several of {', '.join(GROUPS)}, {TAG}NAME.")
@click.option("--since", metavar="DATE", help="Only what was bought since then, such as "
                                              "2026-03-01 (UTC).")
@click.option("--manifest", default="", metavar="NAME", help="Only runs of this manifest.")
@everywhere
def spend_command(by: str, since: str | None, manifest: str, common: Common) -> int:
    """What was charged, is held, is in doubt and was refunded, by group and in all."""
    try:
        groups = read_groups(by)
    except Unfit as wrong:
        raise click.BadParameter(str(wrong), param_hint="--by") from None
    found = _ask(common, groups, _moment(since), manifest)
    if common.as_json:
        print_json(spending_document(found))
    else:
        show_spending(open_screen(sys.stdout, color=common.color), found)
    return 0


def _moment(date: str | None) -> float:
    """The beginning of a day, or a moment, in UTC unless it says otherwise."""
    if date is None:
        return 0.0
    try:
        at = datetime.fromisoformat(date)
    except ValueError:
        raise click.BadParameter(f"{date!r} is no date; write 2026-03-01",
                                 param_hint="--since") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _ask(common: Common, groups: tuple[str, ...], since_s: float, manifest: str) -> Spending:
    connection = open_for_reading(common.state)
    if connection is None:
        return add_up(groups, [], 0)
    with closing(Questions(connection)) as ask:
        known = sorted({run.manifest for run in ask.runs()})
        if manifest and manifest not in known:
            raise Halt(Exit.USAGE, f"no run of a manifest {manifest!r}", code="no_manifest",
                       hint=f"there are runs of {', '.join(known)}" if known else "")
        return spending(connection, groups, since_s, manifest)
