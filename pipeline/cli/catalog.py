"""The command that shows what an account offers: models."""

import click

from pipeline.cli.account import opened
from pipeline.cli.desk import Desk, amount, go
from pipeline.cli.options import Common, everywhere, print_json
from pipeline.core.catalog import KINDS, Catalog
from pipeline.core.errors import Exit, Halt
from pipeline.outputs.console import foreign
from pipeline.outputs.model_choice import MEDIA, Choice, choose, voices_of
from pipeline.outputs.model_view import show_model
from pipeline.outputs.models_view import models_document, show_models, voices_document
from pipeline.wiring.catalogs import cached_offer, fetch_offer


@click.command("models")
@click.argument("name", metavar="[PREFIX]", default="")
@click.option("--account", default="", help="The account to ask.  [default: sandbox]")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only this kind.")
@click.option("--search", default="", metavar="TEXT", help="Only rows that have these words.")
@click.option("--max-price", metavar="N", help="Only models whose cheapest job takes at most N.")
@click.option("--takes", type=click.Choice(MEDIA), default=None,
              help="Only models that start from such a source.")
@click.option("--voices", is_flag=True, help="The voices of the models, one a line.")
@everywhere
def models_command(name: str, *, account: str, kind: str | None, search: str,
                   max_price: str | None, takes: str | None, voices: bool,
                   common: Common) -> int:
    """What an account offers: ids, prices, typical seconds, capabilities.

    PREFIX is an id, which is shown in full, or what the ids of a family begin with.
    """
    desk = Desk(common)
    choice = Choice(name, kind or "", search, amount(max_price, "--max-price"), takes or "")
    account = desk.account(account)
    catalog = go(_catalog(desk, account))
    if voices:
        _tell_voices(desk, account, catalog, choice)
    else:
        _tell_models(desk, account, catalog, choice)
    return 0


async def _catalog(desk: Desk, name: str) -> Catalog:
    """The catalog of now; where it cannot be had, the last one, which is said."""
    async with opened(desk, name) as account:
        try:
            return (await fetch_offer(account, desk.cache, desk.now())).catalog
        except Halt as halt:
            kept = cached_offer(account, desk.cache)
            if kept is None:
                raise
            desk.err.print(foreign(f"{halt.message}; this is the last catalog", "yellow"))
            return kept.catalog


def _tell_models(desk: Desk, account: str, catalog: Catalog, choice: Choice) -> None:
    found = choose(catalog, choice)
    if not found:
        raise _nothing(account, catalog, choice)
    if desk.common.as_json:
        print_json(models_document(account, catalog, choice))
    elif choice.name and len(found) == 1:
        show_model(desk.out, catalog, found[0], now_s=desk.now())
    else:
        show_models(desk.out, catalog, choice, now_s=desk.now())


def _tell_voices(desk: Desk, account: str, catalog: Catalog, choice: Choice) -> None:
    voices = voices_of(choose(catalog, choice))
    if not voices:
        raise _nothing(account, catalog, choice, " with voices")
    if desk.common.as_json:
        print_json(voices_document(account, catalog, choice))
        return
    for voice in voices:
        desk.out.print(foreign(voice))


def _nothing(account: str, catalog: Catalog, choice: Choice, what: str = "") -> Halt:
    """That nothing answers, and what was perhaps meant."""
    named = f" {choice.name!r}" if choice.name else ""
    others = any((choice.kind, choice.text, choice.most is not None, choice.takes))
    return Halt(Exit.USAGE, f"{account} has no model{named}{what}{' like that' if others else ''}",
                code="no_model", hint=_hint(account, catalog, choice))


def _hint(account: str, catalog: Catalog, choice: Choice) -> str:
    """The nearest names of the family, if what the name begins with is one; else the family."""
    family = choice.name.rpartition("-")[0]
    while family and not choose(catalog, Choice(family)):
        family = family.rpartition("-")[0]
    near = [name for name in catalog.nearest(choice.name, choice.kind)
            if name.startswith(family)] if choice.name else []
    return f"did you mean {', '.join(near)}?" if near else \
        f"`pipeline models --account {account}{family and ' ' + family}` lists what there is"
