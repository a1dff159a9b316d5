"""Commands that ask an account: balance, history."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click

from pipeline.cli.desk import Desk, go
from pipeline.cli.options import Common, everywhere, print_json
from pipeline.core.errors import Barred, Exit, Halt, ProviderFailure
from pipeline.core.provider import Broken, Finished, Sighting
from pipeline.outputs.console import foreign
from pipeline.outputs.phrases import iso
from pipeline.wiring.accounts import Account, open_accounts


@asynccontextmanager
async def opened(desk: Desk, name: str, *, read_only: bool = True) -> AsyncIterator[Account]:
    """An account for the length of a block; raises `Halt` where it cannot be opened."""
    accounts = open_accounts(desk.settings, [name], state=desk.common.state, now=desk.now,
                             read_only=read_only)
    try:
        yield accounts.by_name[name]
    finally:
        await accounts.close()


@click.command("balance")
@click.option("--account", default="", help="The account to ask.  [default: sandbox]")
@everywhere
def balance_command(*, account: str, common: Common) -> int:
    """Credits left on an account."""
    desk = Desk(common)
    return go(_balance(desk, desk.account(account)))


async def _balance(desk: Desk, name: str) -> int:
    async with opened(desk, name) as account:
        left = await _asked(account.provider.balance(), account)
    if desk.common.as_json:
        print_json({"schema_version": 1, "account": name,
                    "balance": None if left is None else str(left)})
    else:
        desk.out.print("unknown" if left is None else f"{left} credits", highlight=False)
    return 0


async def _asked(question, account: Account):  # type: ignore[no-untyped-def] # it is had as asked
    """The answer to a question, or the halt that its failure stands for."""
    try:
        return await question
    except Barred as failure:
        raise Halt(Exit.KEY, f"{account.name}: {failure.message}",
                   hint="" if account.has_key else account.remedy) from None
    except ProviderFailure as failure:
        raise Halt(Exit.REFUSED, f"{account.name} does not answer: {failure.message}",
                   code="unreachable") from None


@click.command("history")
@click.option("--account", default="", help="The account to ask.  [default: sandbox]")
@everywhere
def history_command(*, account: str, common: Common) -> int:
    """What an account made lately, as the service lists it."""
    desk = Desk(common)
    return go(_history(desk, desk.account(account)))


async def _history(desk: Desk, name: str) -> int:
    async with opened(desk, name) as account:
        scan = await _asked(account.provider.scan({}), account)
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
