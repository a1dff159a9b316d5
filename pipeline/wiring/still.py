"""The embedded sandbox as it stands before anybody asked it for anything: its catalog, its purse.

Law: a question that needs no more of it starts no server. Once it has books, or is told to
misbehave, or speaks another dialect, it is asked itself.
"""

import json
import os
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path

from pipeline.core.money import Money
from pipeline.inputs.settings import Settings
from pipeline.providers.http import Http
from pipeline.providers.kubeez import Kubeez
from pipeline.providers.registry import PROVIDERS
from pipeline.sandbox.books import GRANT
from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.wiring.accounts import Account, Accounts, address_of, terms_of
from pipeline.wiring.keys import NO_KEY

SANDBOX = "sandbox"
NOWHERE = "http://127.0.0.1:9"
"""The discard port: nothing is sent there."""


class StillSandbox(Kubeez):
    """Answers for a sandbox that was never started."""

    async def fetch_catalog(self) -> object:
        """The rows as the sandbox serves them."""
        rows = [dict(row.public) for row in SandboxCatalog.load()]
        return json.loads(json.dumps({"models": rows, "total_count": len(rows)}),
                          parse_float=Decimal)

    async def balance(self) -> Money | None:
        """What a new account has."""
        return GRANT


def still_accounts(settings: Settings, names: Iterable[str], state: Path,
                   now: Callable[[], float], *, purse: bool = True) -> Accounts | None:
    """The named accounts, if all of them are the embedded sandbox as it comes; else None. Where
    nobody asks for the `purse`, its books make no difference."""
    accounts = Accounts()
    for name in names:
        known, entry, terms = settings.account(name), PROVIDERS[SANDBOX], terms_of(settings, name)
        if known is None or terms is None or known.provider != SANDBOX or known.faults \
                or address_of(known, entry) or (purse and (state / SANDBOX / "books.db").exists()) \
                or any(variable.startswith("PIPELINE_SANDBOX_") for variable in os.environ):
            return None
        provider = StillSandbox(Http(NOWHERE, NO_KEY, now=now), terms, media_host=NOWHERE,
                                loopback=True, has_key=True)
        accounts.by_name[name] = Account(name, provider, known, True, NOWHERE)
    return accounts
