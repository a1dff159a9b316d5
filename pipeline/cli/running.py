"""Commands that carry out: run, resume."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pipeline.cli.desk import Desk, amount, go
from pipeline.cli.options import Common, everywhere, longest, print_json
from pipeline.cli.planning import propose
from pipeline.core.errors import Exit, Halt
from pipeline.core.money import Money
from pipeline.inputs.settings import Settings
from pipeline.ledger.lock import refuse_if_held
from pipeline.outputs.plan_view import show_plan
from pipeline.outputs.progress import Progress
from pipeline.outputs.status_document import status_document, summary_line
from pipeline.wiring.plan_file import SavedPlan
from pipeline.wiring.planning import Drawing, Wish, draw
from pipeline.wiring.running import Ears, Ending, Limits
from pipeline.wiring.session import Session

LONGEST_COUNT = 9
"""Digits."""
PROGRESS = click.Choice(["auto", "live", "plain", "json", "none"])


def run_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags of `run` and `resume`."""
    for flag in reversed((
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--out", type=click.Path(file_okay=False, path_type=Path),
                     help="Where the files go.  [default: outputs]"),
        click.option("--account", default="", help="Run on this account instead."),
        click.option("--max-credits", metavar="N", help="The run may take at most N credits."),
        click.option("--max-jobs", type=click.IntRange(0), metavar="N",
                     help="The run may buy at most N jobs."),
        click.option("--max-duration", metavar="6h",
                     help="Choose what fits into this time, and leave after it."),
        click.option("--only", default="", metavar="EXPR", help="field=pattern[,…]: these jobs."),
        click.option("--limit", type=click.IntRange(1), metavar="N", help="The first N jobs."),
        click.option("--fail-fast", is_flag=True, help="Stop buying at the first failure."),
        click.option("--max-failures", metavar="N|P%", help="Stop buying after so many."),
        click.option("--progress", type=PROGRESS, default="auto", show_default=True),
    )):
        command = flag(command)
    return command


def limits(max_duration: str | None, fail_fast: bool, max_failures: str | None) -> Limits:
    """What a person said about ending early; raises `click.BadParameter`."""
    longest_s = longest(max_duration)
    if max_failures is None:
        return Limits(longest_s, fail_fast)
    number, percent = max_failures.removesuffix("%"), max_failures.endswith("%")
    if not number.isdecimal() or len(number) > LONGEST_COUNT:
        raise click.BadParameter(f"{max_failures!r} is neither a number nor a share; "
                                 "write 5 or 10%", param_hint="--max-failures")
    if percent:
        return Limits(longest_s, fail_fast, None, int(number) / 100)
    return Limits(longest_s, fail_fast, int(number))


@click.command("run")
@click.argument("manifest", type=click.Path(dir_okay=False, path_type=Path))
@run_flags
@everywhere
def run_command(manifest: Path, *, yes: bool, out: Path | None, account: str,
                max_credits: str | None, max_jobs: int | None, max_duration: str | None,
                only: str, limit: int | None, fail_fast: bool, max_failures: str | None,
                progress: str, common: Common) -> int:
    """Show the plan of a manifest (or take a saved plan), ask, and carry it out."""
    desk = Desk(common)
    bounds = limits(max_duration, fail_fast, max_failures)
    refuse_if_held(common.state)
    saved = SavedPlan(manifest, common.state) if manifest.suffix == ".json" else None
    if saved and (account or only or limit):
        raise click.UsageError("a saved plan is run as it was approved; "
                               "--account, --only and --limit belong to `pipeline plan`")
    wish = saved.wish if saved else Wish(manifest, common.state,
                                         account or desk.settings.default_account, only, limit)
    cap = amount(max_credits, "--max-credits")
    wish = replace(wish, max_credits=wish.max_credits if cap is None else cap, read_only=False,
                   max_jobs=wish.max_jobs if max_jobs is None else max_jobs,
                   longest_s=bounds.longest_s or wish.longest_s)
    work = Work(desk, out, progress, replace(bounds, longest_s=wish.longest_s),
                yes=yes or saved is not None)
    return go(work.run(wish, saved))


class Work:
    """One `run` or `resume` of a person."""

    def __init__(self, desk: Desk, out: Path | None, progress: str, bounds: Limits, *,
                 yes: bool) -> None:
        self.desk = desk
        self.out = out
        self.mode = progress
        self.bounds = bounds
        self.yes = yes

    async def run(self, wish: Wish, saved: SavedPlan | None) -> int:
        """Draw, show, ask, carry out, say how it ended."""
        drawing = await draw(wish, self.desk.settings, self.desk.cache, self.desk.now)
        try:
            if saved:
                saved.check(drawing)
            self._show(drawing)
            if drawing.plan.buys:
                self._approve(drawing)
            session = Session(self.desk.common.state, self.desk.now, begins=True)
            try:
                runner = session.begin(drawing, self.out or self.desk.settings.out,
                                       moved=self.out is not None)
                ending = await runner.work(self.bounds, self.progress(drawing.caps.credits),
                                           ears=ears(self.desk.settings))
            finally:
                session.close()
        finally:
            await drawing.accounts.close()
        return self.say(ending)

    def progress(self, cap: Money | None) -> Progress:
        """Where the run tells its story."""
        mode = "none" if self.desk.common.quiet and self.mode == "auto" else self.mode
        return Progress(mode, sys.stderr, now=self.desk.now,  # type: ignore[arg-type]
                        color=self.desk.common.color, cap=cap)

    def say(self, ending: Ending) -> int:
        """How it ended: one JSON document, or a line with where the files are."""
        common, desk = self.desk.common, self.desk
        if common.as_json:
            print_json(status_document(ending.run, ending.totals, ending.seconds,
                                       ending.exit_code))
            return ending.exit_code
        if not common.quiet:
            if self.mode in ("json", "none"):
                desk.err.print(summary_line(ending.totals, ending.seconds), highlight=False)
            for line in ending.advice():
                desk.err.print(line, highlight=False, style="dim")
        desk.out.print(ending.run.outputs, highlight=False, soft_wrap=True)
        return ending.exit_code

    def _show(self, drawing: Drawing) -> None:
        if not self.desk.common.quiet:
            show_plan(self.desk.err, propose(drawing), now_s=self.desk.now())

    def _approve(self, drawing: Drawing) -> None:
        """A person says yes, or the run does not happen."""
        if self.yes:
            return
        plan = drawing.plan
        if not self.desk.common.may_ask:
            raise Halt(Exit.STALE_PLAN, "nobody is there to approve the plan",
                       code="not_approved", hint="look at `pipeline plan`, then add --yes")
        asked = f"Buy {plan.buys} jobs for {plan.expected} credits" \
                f"{'' if plan.worst == plan.expected else f' (at worst {plan.worst})'}?"
        if not click.confirm(asked, err=True):
            raise Halt(Exit.STALE_PLAN, "not approved; nothing was bought", code="not_approved")


def refuse_choice(account: str, only: str, limit: int | None) -> None:
    """A run that is taken up is taken up whole; raises `click.UsageError`."""
    if account or only or limit:
        raise click.UsageError("a run is taken up as it is; "
                               "for --account, --only and --limit use `run`")


@click.command("resume")
@click.argument("run", default="")
@run_flags
@everywhere
def resume_command(run: str, *, yes: bool, out: Path | None, account: str,
                   max_credits: str | None, max_jobs: int | None, max_duration: str | None,
                   only: str, limit: int | None, fail_fast: bool, max_failures: str | None,
                   progress: str, common: Common) -> int:
    """Go on with the latest unfinished run, or the one named, from what the ledger knows."""
    refuse_choice(account, only, limit)
    desk = Desk(common)
    work = Work(desk, out, progress,
                limits(max_duration, fail_fast, max_failures), yes=yes)
    cap = amount(max_credits, "--max-credits")
    return go(go_on(work, run, cap, max_jobs, buying=True))


def ears(settings: Settings) -> Ears | None:
    """What listens for services that ring; None where no public address is set."""
    if not settings.listen or not settings.public_url:
        return None
    # Imported here because a server costs a tenth of a second that other runs need not pay.
    from pipeline.wiring.doorway import doorbell_of

    return doorbell_of(settings)


async def go_on(work: Work, name: str, cap: Money | None, max_jobs: int | None, *,
                buying: bool) -> int:
    """Take up a run and work on it; the exit code."""
    desk = work.desk
    session = Session(desk.common.state, desk.now)
    try:
        runner = await session.resume(name, desk.settings, desk.cache, cap=cap,
                                      max_jobs=max_jobs, outputs=work.out)
        ending = await runner.work(work.bounds, work.progress(runner.caps.credits),
                                   buying=buying, ears=ears(desk.settings))
    finally:
        await session.close_all()
    return work.say(ending)
