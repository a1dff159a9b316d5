"""Commands that try a run without one: rehearse."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pipeline.cli.desk import Desk, amount, go
from pipeline.cli.options import Common, everywhere, longest, print_json
from pipeline.core.errors import Exit, Halt
from pipeline.outputs.rehearsal_view import rehearsal_document, show_rehearsal
from pipeline.sandbox.faults import Faults, load_switches
from pipeline.sandbox.switches import FaultsError
from pipeline.wiring.planning import Drawing, Wish, draw
from pipeline.wiring.rehearsal import Terms, rehearse
from pipeline.wiring.running import Limits


@click.command("rehearse")
@click.argument("manifest", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--account", default="", help="Rehearse on this account instead of the manifest's.")
@click.option("--faults", type=click.Path(dir_okay=False, path_type=Path),
              help="What goes wrong: the switches of `pipeline sandbox`.")
@click.option("--seed", type=int, default=0, help="Another seed, another night.")
@click.option("--only", default="", metavar="EXPR", help="field=pattern[,…]: only these jobs.")
@click.option("--limit", type=click.IntRange(1), help="Only the first N jobs.")
@click.option("--max-credits", metavar="N", help="A cap for the run.")
@click.option("--max-jobs", type=click.IntRange(0), metavar="N", help="A cap for the run.")
@click.option("--max-duration", metavar="6h", help="The night is so long.")
@everywhere
def rehearse_command(manifest: Path, *, faults: Path | None, seed: int, max_duration: str | None,
                     max_credits: str | None, common: Common, **more: Any) -> int:
    """Let the real executor run the plan against a simulated service in virtual time.

    Nothing is bought and nothing is kept: it tells how long, how much, and what holds it back.
    """
    desk = Desk(common)
    wish = Wish(manifest, common.state, more["account"] or desk.settings.default_account,
                more["only"], more["limit"], amount(max_credits, "--max-credits"),
                more["max_jobs"], longest_s=longest(max_duration))
    how = Terms(_faults(faults), seed, Limits(wish.longest_s))
    return _rehearse(desk, wish, how)


def _rehearse(desk: Desk, wish: Wish, how: Terms) -> int:
    drawing = go(_draw(desk, wish))
    if not drawing.plan.buys:
        desk.err.print("there is nothing to rehearse: everything wanted is there", highlight=False)
    found = rehearse(drawing, desk.common.state, how, desk.now())
    document = rehearsal_document(drawing.plan, found, drawing.forecast, drawing.reach)
    if desk.common.as_json:
        print_json(document)
    else:
        show_rehearsal(desk.out, drawing.plan, found, drawing.forecast, drawing.reach)
    return Exit.DONE


async def _draw(desk: Desk, wish: Wish) -> Drawing:
    drawing = await draw(wish, desk.settings, desk.cache, desk.now)
    await drawing.accounts.close()
    return drawing


def _faults(path: Path | None) -> Mapping[str, Any]:
    """The switches of a file; raises `Halt` (2) for no file, and for switches that are none."""
    if path is None:
        return {}
    try:
        switches = load_switches(path.read_text(encoding="utf-8"))
        Faults.parse(switches)
    except (OSError, UnicodeDecodeError) as error:
        raise Halt(Exit.USAGE, f"{path} cannot be read: {error}") from None
    except FaultsError as error:
        raise Halt(Exit.USAGE, f"{path}: {error}") from None
    return switches
