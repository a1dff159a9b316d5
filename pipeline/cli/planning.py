"""Commands that look ahead: plan, diff."""

from pathlib import Path
from typing import Any

import click

from pipeline.cli.desk import Desk, amount, go
from pipeline.cli.options import Common, everywhere, longest, print_json
from pipeline.core.difference import Difference
from pipeline.outputs.diff_view import diff_document, show_diff
from pipeline.outputs.plan_view import plan_document, show_plan
from pipeline.outputs.proposal import Proposal
from pipeline.wiring.plan_file import write_plan
from pipeline.wiring.planning import Drawing, Wish, draw

MANIFEST = click.Path(dir_okay=False, path_type=Path)


@click.command("plan")
@click.argument("manifest", type=MANIFEST)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path),
              help="Save the plan, to be approved and run as it is.")
@click.option("--account", default="", help="Plan for this account instead of the manifest's.")
@click.option("--only", default="", metavar="EXPR", help="field=pattern[,…]: only these jobs.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N jobs.")
@click.option("--max-credits", metavar="N", help="A cap for the run.")
@click.option("--max-jobs", type=click.IntRange(0), metavar="N", help="A cap for the run.")
@click.option("--max-duration", metavar="6h", help="What fits into this time.")
@everywhere
def plan_command(manifest: Path, *, output: Path | None, max_credits: str | None,
                 max_duration: str | None, common: Common, **more: Any) -> int:
    """Show what a run would make, what it would take, and when it would be done."""
    desk = Desk(common)
    wish = Wish(manifest, common.state, more["account"] or desk.settings.default_account,
                more["only"], more["limit"], amount(max_credits, "--max-credits"),
                more["max_jobs"], looks=True, longest_s=longest(max_duration))
    return go(_plan(desk, wish, output))


async def _plan(desk: Desk, wish: Wish, output: Path | None) -> int:
    drawing = await draw(wish, desk.settings, desk.cache, desk.now)
    await drawing.accounts.close()
    proposal = propose(drawing)
    document = plan_document(proposal)
    if output:
        write_plan(output, document, drawing, wish)
    if desk.common.as_json:
        print_json(document)
    else:
        show_plan(desk.out, proposal, now_s=desk.now())
        if output and not desk.common.quiet:
            desk.err.print(f"saved: pipeline run {output}", style="dim", highlight=False)
    return 0


def propose(drawing: Drawing) -> Proposal:
    """A drawing in front of its reader."""
    offers = drawing.offers.values()
    return Proposal(
        drawing.plan, sum(len(offer.catalog.models) for offer in offers),
        min((offer.catalog.fetched_at for offer in offers), default=""), drawing.forecast,
        drawing.balance, drawing.rooms.left, drawing.caps.max_jobs, notices=drawing.notices,
        campaigns_left=drawing.rooms.campaigns, reached=drawing.reach)


@click.command("diff")
@click.argument("manifest", type=MANIFEST)
@click.option("--account", default="", help="Compare for this account.")
@everywhere
def diff_command(manifest: Path, *, account: str, common: Common) -> int:
    """Show what a run would add, and what the last run had that is wanted no more."""
    desk = Desk(common)
    return go(_diff(desk, Wish(manifest, common.state, account, compared=True, looks=True)))


async def _diff(desk: Desk, wish: Wish) -> int:
    drawing = await draw(wish, desk.settings, desk.cache, desk.now)
    await drawing.accounts.close()
    since = drawing.since or Difference((), (), ())
    if desk.common.as_json:
        print_json(diff_document(drawing.plan, since))
    else:
        show_diff(desk.out, drawing.plan, since)
    return 0
