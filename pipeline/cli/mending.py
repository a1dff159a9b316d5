"""Commands that mend: retry, cancel, fetch, reconcile."""

import os
from typing import Any

import click

from pipeline.cli.desk import Desk, amount, go
from pipeline.cli.options import Common, everywhere, print_json
from pipeline.cli.running import Work, go_on, limits, refuse_choice, run_flags
from pipeline.core.errors import Exit, Halt
from pipeline.core.money import Money
from pipeline.outputs.console import foreign
from pipeline.outputs.printable import LINE_CHARS
from pipeline.wiring.homecoming import bring_back
from pipeline.wiring.running import Limits, ask_to_stop
from pipeline.wiring.session import Session


@click.command("retry")
@click.argument("run", default="")
@click.option("--failed", is_flag=True, required=True, help="The jobs that failed.")
@run_flags
@everywhere
def retry_command(run: str, *, failed: bool, yes: bool, common: Common, **flags: Any) -> int:
    """Buy failed jobs again, once more each; a job in doubt is never touched."""
    refuse_choice(flags["account"], flags["only"], flags["limit"])
    desk = Desk(common)
    work = Work(desk, flags["out"], flags["progress"],
                limits(flags["max_duration"], flags["fail_fast"], flags["max_failures"]), yes=yes)
    cap = amount(flags["max_credits"], "--max-credits")
    return go(_retry(work, run, cap, flags["max_jobs"]))


async def _retry(work: Work, name: str, cap: Money | None, max_jobs: int | None) -> int:
    desk = work.desk
    session = Session(desk.common.state, desk.now)
    try:
        runner = await session.resume(name, desk.settings, desk.cache, cap=cap,
                                      max_jobs=max_jobs, finished_too=True, outputs=work.out)
        jobs = session.failed(runner.run.id)
        if not jobs:
            desk.err.print(f"no job of run {runner.run.id} failed", highlight=False)
            return work.say(runner.as_it_stands())
        _ask_again(work, len(jobs), sum((job.quote.worst for job in jobs), Money(0)))
        session.ledger.reopen(jobs, os.environ.get("USER", "somebody"))
        ending = await runner.work(work.bounds, work.progress(runner.caps.credits))
    finally:
        await session.close_all()
    return work.say(ending)


def _ask_again(work: Work, number: int, worst: Money) -> None:
    if work.yes:
        return
    if not work.desk.common.may_ask:
        raise Halt(Exit.STALE_PLAN, f"{number} jobs would be bought again for at most {worst} "
                                    "credits, and nobody is there to approve",
                   code="not_approved", hint="add --yes")
    if not click.confirm(f"Buy {number} failed jobs again for at most {worst} credits?", err=True):
        raise Halt(Exit.STALE_PLAN, "not approved; nothing was bought", code="not_approved")


@click.command("reconcile")
@click.argument("run", default="")
@everywhere
def reconcile_command(run: str, *, common: Common) -> int:
    """Look the jobs in doubt up at the provider, bring home what is bought, buy nothing."""
    desk = Desk(common)
    work = Work(desk, None, "auto", Limits(), yes=True)
    return go(go_on(work, run, None, None, buying=False))


@click.command("cancel")
@click.argument("run", default="")
@everywhere
def cancel_command(run: str, *, common: Common) -> int:
    """Stop buying; what is already bought is still brought home."""
    desk = Desk(common)
    if ask_to_stop(common.state):
        desk.err.print("asked the run under way to stop buying", highlight=False)
        return 0
    work = Work(desk, None, "auto", Limits(), yes=True)
    return go(_cancel(work, run))


async def _cancel(work: Work, name: str) -> int:
    session = Session(work.desk.common.state, work.desk.now)
    try:
        runner = await session.resume(name, work.desk.settings, work.desk.cache, priced=False)
        runner.cancel_pending()
        ending = await runner.work(Limits(), work.progress(None), buying=False)
    finally:
        await session.close_all()
    return work.say(ending)


@click.command("fetch")
@click.argument("run", default="")
@everywhere
def fetch_command(run: str, *, common: Common) -> int:
    """Download again what is paid for and missing or damaged; free."""
    desk = Desk(common)
    return go(_fetch(desk, run))


async def _fetch(desk: Desk, name: str) -> int:
    session = Session(desk.common.state, desk.now)
    try:
        runner = await session.resume(name, desk.settings, desk.cache, finished_too=True,
                                      priced=False)
        fetched = await bring_back(runner.ledger, runner.run.id, runner.store,
                                   runner.accounts)
    finally:
        await session.close_all()
    if desk.common.as_json:
        print_json({"schema_version": 1, "run": runner.run.id, "whole": fetched.whole,
                    "fetched": fetched.fetched, "lost": fetched.lost})
    else:
        desk.out.print(f"{fetched.whole} files are whole, {len(fetched.fetched)} were fetched, "
                       f"{len(fetched.lost)} could not be had", highlight=False)
        for line in (*fetched.fetched, *fetched.lost):
            desk.out.print(foreign(f"  {line}", limit=LINE_CHARS), soft_wrap=True)
    return Exit.SOME_FAILED if fetched.lost else Exit.DONE
