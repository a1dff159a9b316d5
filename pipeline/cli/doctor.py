"""The command that says what would stop a run: doctor."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from pipeline.cli.account import opened
from pipeline.cli.desk import Desk, go
from pipeline.cli.examination import Check, Examination, Need, need_of
from pipeline.cli.options import Common, everywhere, print_json
from pipeline.core.cells import Offer
from pipeline.core.errors import AuthorError, Exit, Halt
from pipeline.ledger.folder import ANYWHERE, check_folder
from pipeline.ledger.lock import refuse_if_held
from pipeline.outputs.console import foreign
from pipeline.outputs.phrases import count
from pipeline.wiring.accounts import Account
from pipeline.wiring.catalogs import fetch_offer
from pipeline.wiring.planning import Drawing, Wish, draw

LEAST_FREE_BYTES = 1024**3
MARKS = {"ok": ("ok   ", "green"), "warn": ("warn ", "yellow"), "?": ("?    ", "dim")}


@click.command("doctor")
@click.argument("manifest", metavar="[M]", required=False,
                type=click.Path(dir_okay=False, path_type=Path))
@click.option("--account", default="", help="The account to examine.  [default: sandbox]")
@everywhere
def doctor_command(manifest: Path | None, *, account: str, common: Common) -> int:
    """What would stop a run: keys, scopes, balance, clock, disk, locks, catalog.

    With a manifest: the scopes that its kinds need, and whether the balance reaches.
    """
    desk = Desk(common)
    checks = list(_machine(desk))
    checks += go(_plan(desk, manifest, account) if manifest else
                 _account(desk, desk.account(account)))
    if common.as_json:
        print_json({"schema_version": 1, "ok": not any(check.exit_code for check in checks),
                    "checks": [_row(check) for check in checks]})
    else:
        _show(desk, checks)
    return next((check.exit_code for check in checks if check.exit_code), 0)


def _row(check: Check) -> dict[str, object]:
    warns = {"warning": True} if check.mark == "warn" and not check.exit_code else {}
    return {"check": check.name, "ok": not check.exit_code, "message": check.says, **warns,
            **check.facts}


def _show(desk: Desk, checks: list[Check]) -> None:
    for check in checks:
        mark = ("FAIL ", "bold red") if check.exit_code else MARKS[check.mark]
        line = foreign(*mark)
        line.append_text(foreign(f"{check.name:<9} {check.says}", limit=400))
        desk.out.print(line, soft_wrap=True)


def _machine(desk: Desk) -> Iterator[Check]:
    state = desk.common.state
    try:
        refuse_if_held(state)
        yield Check("lock", f"nobody holds {state}")
    except Halt as halt:
        yield Check("lock", halt.message, halt.exit_code)
    home = next(path for path in (state.absolute(), *state.absolute().parents) if path.exists())
    free = shutil.disk_usage(home).free
    yield Check("disk", f"{free / 1024**3:.1f} GiB free at {home}",
                0 if free >= LEAST_FREE_BYTES else Exit.USAGE)
    yield _place(state, home)
    yield Check("python", sys.version.split()[0],
                0 if sys.version_info >= (3, 11) else Exit.USAGE)


def _place(state: Path, home: Path) -> Check:
    if not os.access(home, os.W_OK):
        return Check("state", f"{home} is not writable", Exit.USAGE)
    try:
        check_folder(state, anywhere=os.environ.get(ANYWHERE) == "1")
    except Halt as halt:
        return Check("state", f"{halt.message}: {halt.hint}", halt.exit_code)
    return Check("state", f"{home} is writable, and on a disk of this machine")


async def _plan(desk: Desk, manifest: Path, named: str) -> list[Check]:
    """The manifest, and every account that it buys from."""
    wish = Wish(manifest, desk.common.state, named or desk.settings.default_account)
    try:
        drawing = await draw(wish, desk.settings, desk.cache, desk.now)
    except AuthorError as error:
        first = f"{count(len(error.problems), 'problem')}, the first: {error.problems[0].message}"
        says = f"{first}; `pipeline validate {manifest}` shows where"
        return [Check("manifest", says, Exit.USAGE), *await _account(desk, desk.account(named))]
    except Halt as halt:
        return [Check("manifest", halt.message, halt.exit_code)]
    try:
        checks = [_manifest(drawing)]
        for account in drawing.accounts.by_name.values():
            need = need_of(drawing.plan, account.name)
            found = [_catalog(account, drawing.offers[account.name]),
                     *await Examination(account, need).carry_out()]
            checks += found if len(drawing.offers) == 1 else [
                replace(check, says=f"{account.name}: {check.says}",
                        facts={**check.facts, "account": account.name}) for check in found]
        return checks
    finally:
        await drawing.accounts.close()


def _manifest(drawing: Drawing) -> Check:
    rows = drawing.plan.rows
    return Check("manifest", f"{drawing.plan.manifest}: {count(len(rows), 'job')}, "
                             f"{sum(row.buys for row in rows):,} to buy")


async def _account(desk: Desk, name: str) -> list[Check]:
    """An account by itself."""
    try:
        async with opened(desk, name) as account:
            catalog = await _fetched(desk, account)
            return [catalog, *await Examination(account, Need()).carry_out()]
    except Halt as halt:
        return [Check("account", halt.message, halt.exit_code)]


async def _fetched(desk: Desk, account: Account) -> Check:
    try:
        return _catalog(account, await fetch_offer(account, desk.cache, desk.now()))
    except Halt as halt:
        return Check("catalog", halt.message, halt.exit_code)


def _catalog(account: Account, offer: Offer) -> Check:
    unpriced = sum(model.price is None for model in offer.catalog.models.values())
    says = f"{len(offer.catalog.models)} models from {account.address}"
    return Check("catalog", says + (f", {unpriced} without a price" if unpriced else ""))
