"""Commands about an account: models, balance, history, doctor."""

import os
import shutil
import sys
from collections.abc import Iterator

import click

from pipeline.cli.desk import Desk, go
from pipeline.cli.options import Common, everywhere, print_json
from pipeline.core.catalog import KINDS
from pipeline.core.errors import Barred, Exit, Halt, ProviderFailure
from pipeline.core.provider import Broken, Finished, Sighting
from pipeline.ledger.lock import refuse_if_held
from pipeline.outputs.console import foreign
from pipeline.outputs.models_view import models_document, show_models
from pipeline.outputs.phrases import iso
from pipeline.wiring.accounts import Account, open_accounts
from pipeline.wiring.catalogs import cached_offer, fetch_offer

LEAST_FREE_BYTES = 1024**3


def _name(desk: Desk, account: str) -> str:
    return account or desk.settings.default_account or "sandbox"


@click.command("models")
@click.option("--account", default="", help="The account to ask.  [default: sandbox]")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only this kind.")
@everywhere
def models_command(*, account: str, kind: str | None, common: Common) -> int:
    """What an account offers: ids, prices, typical seconds, capabilities."""
    desk = Desk(common)
    return go(_models(desk, _name(desk, account), kind or ""))


async def _models(desk: Desk, name: str, kind: str) -> int:
    accounts = open_accounts(desk.settings, [name], state=desk.common.state, now=desk.now,
                             read_only=True)
    try:
        account = accounts.by_name[name]
        try:
            offer = await fetch_offer(account, desk.cache, desk.now())
        except Halt as halt:
            kept = cached_offer(account, desk.cache)
            if kept is None:
                raise
            offer = kept
            desk.err.print(foreign(f"{halt.message}; this is the last catalog", "yellow"))
    finally:
        await accounts.close()
    if desk.common.as_json:
        print_json(models_document(name, offer.catalog, kind))
    else:
        show_models(desk.out, offer.catalog, kind, now_s=desk.now())
    return 0


@click.command("balance")
@click.option("--account", default="", help="The account to ask.  [default: sandbox]")
@everywhere
def balance_command(*, account: str, common: Common) -> int:
    """Credits left on an account."""
    desk = Desk(common)
    return go(_balance(desk, _name(desk, account)))


async def _balance(desk: Desk, name: str) -> int:
    accounts = open_accounts(desk.settings, [name], state=desk.common.state, now=desk.now,
                             read_only=True)
    try:
        left = await _asked(accounts.by_name[name].provider.balance(), name)
    finally:
        await accounts.close()
    if desk.common.as_json:
        print_json({"schema_version": 1, "account": name,
                    "balance": None if left is None else str(left)})
    else:
        desk.out.print("unknown" if left is None else f"{left} credits", highlight=False)
    return 0


async def _asked(question, name: str):  # type: ignore[no-untyped-def] # whatever is asked, is had
    """The answer to a question, or the halt that its failure stands for."""
    try:
        return await question
    except Barred as failure:
        raise Halt(Exit.KEY, f"{name}: {failure.message}") from None
    except ProviderFailure as failure:
        raise Halt(Exit.REFUSED, f"{name} does not answer: {failure.message}",
                   code="unreachable") from None


@click.command("history")
@click.option("--account", default="", help="The account to ask.  [default: sandbox]")
@everywhere
def history_command(*, account: str, common: Common) -> int:
    """What an account made lately, as the service lists it."""
    desk = Desk(common)
    return go(_history(desk, _name(desk, account)))


async def _history(desk: Desk, name: str) -> int:
    accounts = open_accounts(desk.settings, [name], state=desk.common.state, now=desk.now,
                             read_only=True)
    try:
        scan = await _asked(accounts.by_name[name].provider.scan({}), name)
    finally:
        await accounts.close()
    if desk.common.as_json:
        print_json({"schema_version": 1, "account": name,
                    "generations": [_row(row) for row in scan.sightings]})
        return 0
    for row in scan.sightings:
        said = _row(row)
        line = f"{said['created_at']}  {said['status']:<10}  {row.model:<28}  {row.prompt}"
        desk.out.print(foreign(line, limit=desk.out.width), soft_wrap=True)
    return 0


def _row(row: Sighting) -> dict[str, object]:
    news = row.news
    status = "completed" if isinstance(news, Finished) else \
        "failed" if isinstance(news, Broken) else news.status
    charged = getattr(news, "charged", None)
    return {"id": row.remote_id, "model": row.model, "prompt": row.prompt, "status": status,
            "created_at": iso(row.created_s), "charged": None if charged is None else str(charged)}


@click.command("doctor")
@click.option("--account", default="", help="The account to examine.  [default: sandbox]")
@everywhere
def doctor_command(*, account: str, common: Common) -> int:
    """What would stop a run: keys, balance, clock, disk, locks, catalog."""
    desk = Desk(common)
    checks = list(_machine(desk)) + go(_service(desk, _name(desk, account)))
    bad = [check for check in checks if not check[1]]
    if common.as_json:
        print_json({"schema_version": 1, "ok": not bad, "checks": [
            {"check": name, "ok": ok, "message": says} for name, ok, says, _ in checks]})
    else:
        for name, ok, says, _ in checks:
            line = foreign("ok   " if ok else "FAIL ", "green" if ok else "bold red")
            line.append_text(foreign(f"{name:<9} {says}", limit=400))
            desk.out.print(line, soft_wrap=True)
    return bad[0][3] if bad else 0


Check = tuple[str, bool, str, int]


def _machine(desk: Desk) -> Iterator[Check]:
    state = desk.common.state
    try:
        refuse_if_held(state)
        yield "lock", True, f"nobody holds {state}", 0
    except Halt as halt:
        yield "lock", False, halt.message, halt.exit_code
    home = next(path for path in (state.absolute(), *state.absolute().parents) if path.exists())
    free = shutil.disk_usage(home).free
    yield ("disk", free >= LEAST_FREE_BYTES, f"{free / 1024**3:.1f} GiB free at {home}",
           Exit.USAGE)
    may = os.access(home, os.W_OK)
    yield "state", may, f"{home} is {'' if may else 'not '}writable", Exit.USAGE
    yield "python", sys.version_info >= (3, 11), sys.version.split()[0], Exit.USAGE


async def _service(desk: Desk, name: str) -> list[Check]:
    try:
        accounts = open_accounts(desk.settings, [name], state=desk.common.state, now=desk.now,
                                 read_only=True)
    except Halt as halt:
        return [("account", False, halt.message, halt.exit_code)]
    account = accounts.by_name[name]
    try:
        return [await _catalog(desk, account), *await _key(account)]
    finally:
        await accounts.close()


async def _catalog(desk: Desk, account: Account) -> Check:
    try:
        offer = await fetch_offer(account, desk.cache, desk.now())
    except Halt as halt:
        return "catalog", False, halt.message, halt.exit_code
    unpriced = sum(model.price is None for model in offer.catalog.models.values())
    says = f"{len(offer.catalog.models)} models from {account.address}"
    return "catalog", True, says + (f", {unpriced} without a price" if unpriced else ""), 0


async def _key(account: Account) -> list[Check]:
    if not account.has_key:
        return [("key", False, f"{account.name} has no key in the environment", Exit.KEY)]
    checks: list[Check] = []
    try:
        left = await account.provider.balance()
        checks.append(("balance", left is None or bool(left),
                       "not told" if left is None else f"{left} credits", Exit.NO_CREDITS))
    except Barred as failure:
        checks.append(("balance", failure.cause == "missing_scope", failure.message, Exit.KEY))
    except ProviderFailure as failure:
        checks.append(("balance", False, failure.message, Exit.REFUSED))
    try:
        scan = await account.provider.scan({})
        close = abs(scan.skew_s) < 300
        checks.append(("clock", close, f"{scan.skew_s:+.0f} s from the service's", Exit.USAGE))
        checks.append(("scope", True, "generations can be read", 0))
    except ProviderFailure as failure:
        checks.append(("scope", False, f"generations cannot be read: {failure.message}", Exit.KEY))
    return checks


