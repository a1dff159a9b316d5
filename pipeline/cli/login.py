"""Commands that sign in to a service and out of it: login, logout."""

import webbrowser

import click

from pipeline.cli.desk import Desk, go
from pipeline.cli.options import Common, everywhere, print_json
from pipeline.core.errors import Exit, Halt
from pipeline.inputs.settings import AccountSettings
from pipeline.outputs.console import foreign
from pipeline.outputs.phrases import iso
from pipeline.providers.entry import Entry
from pipeline.wiring.accounts import find_account
from pipeline.wiring.signing_in import sign_in, signing_for
from pipeline.wiring.vault import Vault, open_vault

LONGEST_ADDRESS = 8192


@click.command("login")
@click.argument("account")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
@everywhere
def login_command(account: str, *, no_browser: bool, common: Common) -> int:
    """Sign in to a service with a browser, and keep what it grants.

    It is kept in the system's keyring, or in the file that `token_file` of the account names. A
    machine without a person needs a personal token in the environment instead.
    """
    desk = Desk(common)
    known, entry, url = find_account(desk.settings, account)
    _need_sign_in(known, entry, url)
    vault = open_vault(known.name, url, known.token_file)
    vault.read()  # what cannot be read is told before anybody has gone to a browser

    def show(address: str) -> None:
        desk.err.print("Agree in a browser on this machine:", highlight=False)
        desk.err.print(foreign(address, limit=LONGEST_ADDRESS), soft_wrap=True)
        if common.ask and not no_browser:
            webbrowser.open(address)

    grant = go(sign_in(signing_for(url, desk.now), show))
    vault.write(grant)
    _tell(desk, known, entry, vault, grant.renew_s)
    return 0


def _tell(desk: Desk, known: AccountSettings, entry: Entry, vault: Vault,
          renew_s: float | None) -> None:
    if desk.common.as_json:
        print_json({"schema_version": 1, "account": known.name, "kept_in": vault.where,
                    "renewed_from": None if renew_s is None else iso(renew_s)})
        return
    name = known.api_key_env or entry.key_env
    desk.out.print(foreign(f"Signed in to {known.name}; kept in {vault.where}, and renewed by "
                           "itself while it is used."), soft_wrap=True)
    desk.out.print(foreign(f"A machine without a browser needs {name}=… with a personal token; "
                           "where it is set, it wins."), soft_wrap=True)


@click.command("logout")
@click.argument("account")
@everywhere
def logout_command(account: str, *, common: Common) -> int:
    """Forget what a sign-in has granted on this machine."""
    desk = Desk(common)
    known, entry, url = find_account(desk.settings, account)
    _need_sign_in(known, entry, url)
    vault = open_vault(known.name, url, known.token_file)
    was_in = vault.remove()
    if common.as_json:
        print_json({"schema_version": 1, "account": known.name, "signed_out": was_in})
    else:
        desk.out.print(foreign(f"Signed out of {known.name}: {vault.where} has nothing of it now."
                               if was_in else f"Nobody was signed in to {known.name}."),
                       soft_wrap=True)
    return 0


def _need_sign_in(known: AccountSettings, entry: Entry, url: str) -> None:
    if entry.signs_in and url:
        return
    name = known.api_key_env or entry.key_env
    raise Halt(Exit.USAGE, f"account {known.name!r} is not one to sign in to", code="no_sign_in",
               hint=f"it takes a key: export {name}=…" if name else "it needs no key")
