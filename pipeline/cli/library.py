"""The command about an account's library: assets list, add, rename, delete.

Law: nothing is deleted that nobody agreed to, and no signed address is ever shown.
"""

from collections.abc import Callable
from typing import Any

import click

from pipeline.cli.desk import Desk, go
from pipeline.cli.listing import Listing
from pipeline.cli.options import Common, everywhere, print_json
from pipeline.cli.visit import check_name, visiting
from pipeline.core.errors import Exit, Halt
from pipeline.core.library import LibraryFile
from pipeline.outputs.console import foreign
from pipeline.outputs.library_view import asset_row, library_document, show_library
from pipeline.outputs.phrases import size
from pipeline.outputs.printable import visible


def _flags(command: Callable[..., Any]) -> Callable[..., Any]:
    asked = click.option("--account", default="", help="Whose library.  [default: sandbox]")
    return asked(everywhere(command))


@click.group("assets", cls=Listing)
def assets_command() -> None:
    """The account's library: named files that jobs start from as `asset:NAME`."""


@assets_command.command("list")
@_flags
def list_command(*, account: str, common: Common) -> int:
    """The files, and how much room is left."""
    desk = Desk(common)
    return go(_list(desk, desk.account(account)))


async def _list(desk: Desk, name: str) -> int:
    async with visiting(desk, name, read_only=True) as visit:
        shelf = await visit.shelf()
    if desk.common.as_json:
        print_json(library_document(name, shelf))
    else:
        show_library(desk.out, name, shelf)
    return 0


@assets_command.command("add")
@click.argument("name")
@click.argument("source")
@_flags
def add_command(name: str, source: str, *, account: str, common: Common) -> int:
    """Keep an address or a local file under a name.

    SOURCE is a public https address, or a file on this machine, which is uploaded first.
    """
    check_name(name)
    desk = Desk(common)
    return go(_add(desk, desk.account(account), name, source))


async def _add(desk: Desk, account: str, name: str, source: str) -> int:
    async with visiting(desk, account) as visit:
        file = await visit.add(name, source)
    if desk.common.as_json:
        print_json({"schema_version": 1, "account": account, "asset": asset_row(file)})
    else:
        room = f", {size(file.bytes)}" if file.bytes is not None else ""
        desk.out.print(foreign(f"added {file.name}{room}: asset:{file.name} in a manifest"))
    return 0


@assets_command.command("rename")
@click.argument("name")
@click.argument("new")
@_flags
def rename_command(name: str, new: str, *, account: str, common: Common) -> int:
    """Give a file another name.

    Manifests that say asset:NAME are not changed.
    """
    check_name(new)
    desk = Desk(common)
    return go(_rename(desk, desk.account(account), name, new))


async def _rename(desk: Desk, account: str, name: str, new: str) -> int:
    async with visiting(desk, account) as visit:
        file = await visit.rename(name, new)
    if desk.common.as_json:
        print_json({"schema_version": 1, "account": account,
                    "renamed": {"id": file.id, "from": file.name, "to": new}})
    else:
        desk.out.print(foreign(f"{file.name} is now {new}"))
    return 0


@assets_command.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_flags
def delete_command(name: str, *, yes: bool, account: str, common: Common) -> int:
    """Delete a file for good."""
    desk = Desk(common)
    return go(_delete(desk, desk.account(account), name, yes=yes))


async def _delete(desk: Desk, account: str, name: str, *, yes: bool) -> int:
    async with visiting(desk, account) as visit:
        file = await visit.delete(name, lambda file: _approve(desk, account, file, yes=yes))
    if desk.common.as_json:
        print_json({"schema_version": 1, "account": account, "deleted": asset_row(file)})
    else:
        desk.out.print(foreign(f"deleted {file.name}"))
    return 0


def _approve(desk: Desk, account: str, file: LibraryFile, *, yes: bool) -> None:
    """A person says yes, or nothing is deleted."""
    if yes:
        return
    room = f" ({size(file.bytes)})" if file.bytes is not None else ""
    what = f"{visible(file.name, 64)}{room} in the library of {account}"
    if not desk.common.may_ask:
        raise Halt(Exit.STALE_PLAN, f"{what} would be deleted for good, and nobody is there to "
                                    "approve", code="not_approved", hint="add --yes")
    if not click.confirm(f"Delete {what} for good?", err=True):
        raise Halt(Exit.STALE_PLAN, "not approved; nothing was deleted", code="not_approved")
