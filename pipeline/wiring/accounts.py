"""Accounts as they are named in settings, made into providers that can be called.

Law: a key comes from the environment and goes into one header of one service; it is in no file.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.core.errors import Exit, Halt
from pipeline.core.provider import Provider
from pipeline.core.terms import Terms
from pipeline.inputs.settings import AccountSettings, Settings
from pipeline.providers.http import Http
from pipeline.providers.links import is_loopback
from pipeline.providers.registry import PROVIDERS, Entry
from pipeline.providers.secret import Secret
from pipeline.wiring.embedded import EmbeddedSandbox, SandboxWishes

SPEED = 60.0
"""How fast the embedded sandbox's clock runs unless a setting says otherwise."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account, ready to be called."""

    name: str
    provider: Provider
    settings: AccountSettings
    has_key: bool
    address: str


@dataclass(slots=True)
class Accounts:
    """The open accounts of one command, and the sandbox beside them."""

    by_name: dict[str, Account] = field(default_factory=dict)
    sandbox: EmbeddedSandbox | None = None

    async def close(self) -> None:
        """Let go of everything."""
        for account in self.by_name.values():
            await account.provider.close()
        if self.sandbox is not None:
            self.sandbox.close()


def open_accounts(settings: Settings, names: Iterable[str], *, state: Path,
                  now: Callable[[], float], read_only: bool) -> Accounts:
    """Open the named accounts; raises `Halt` for one that is unknown or cannot be made."""
    accounts = Accounts()
    for name in dict.fromkeys(names):
        known = settings.account(name)
        if known is None:
            raise Halt(Exit.USAGE, f"no account {name!r}",
                       hint="known are " + ", ".join(settings.names))
        entry = PROVIDERS.get(known.provider)
        if entry is None:
            raise Halt(Exit.USAGE, f"account {name!r}: provider {known.provider!r} is not in this "
                                   "version", hint="known are " + ", ".join(PROVIDERS))
        accounts.by_name[name] = _open(known, entry, accounts, state, now,
                                       read_only=read_only)
    return accounts


def terms_of(settings: Settings, name: str) -> Terms | None:
    """The terms that hold on an account, which is not opened; None for one that is unknown."""
    known = settings.account(name)
    entry = PROVIDERS.get(known.provider) if known else None
    return _terms(known, entry) if known and entry else None


def _terms(known: AccountSettings, entry: Entry) -> Terms:
    terms = entry.terms if entry.key_env else entry.terms.at_speed(known.speed or SPEED)
    return terms.with_limits(known.limits)


def _open(known: AccountSettings, entry: Entry, accounts: Accounts, state: Path,
          now: Callable[[], float], *, read_only: bool) -> Account:
    url = known.base_url or os.environ.get(entry.url_env or "-", "") or entry.default_url
    if entry.key_env and known.name == known.provider:
        url = os.environ.get(entry.url_env, "") or known.base_url or entry.default_url
    if not entry.key_env and not url:
        url = _embedded(known, accounts, state / "sandbox", read_only=read_only)
    _check_address(known.name, url)
    key = _key(known, entry, os.environ)
    http = Http(url, key, now=now)
    provider = entry.build(http, _terms(known, entry), bool(key))
    return Account(known.name, provider, known, bool(key), url)


def _embedded(known: AccountSettings, accounts: Accounts, folder: Path, *,
              read_only: bool) -> str:
    if accounts.sandbox is None:
        wishes = SandboxWishes(known.speed or SPEED, known.faults or "", known.seed)
        accounts.sandbox = EmbeddedSandbox(folder, wishes, read_only=read_only)
    return accounts.sandbox.url


def _check_address(name: str, url: str) -> None:
    if "@" in url:
        raise Halt(Exit.USAGE, f"account {name!r}: an address carries no password")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Halt(Exit.USAGE, f"account {name!r}: the address cannot be read",
                   hint="it is https://HOST/PATH") from None
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and is_loopback(url):
        return
    raise Halt(Exit.USAGE, f"account {name!r}: the address must be https://…",
               hint="plain http is for services on this machine only")


def _key(known: AccountSettings, entry: Entry, environ: Mapping[str, str]) -> Secret:
    """The key from the environment; blanks around it are a slip of the hand."""
    if not entry.key_env:
        return Secret("sandbox")
    name = known.api_key_env or entry.key_env
    value = environ.get(name, "").strip()
    if not value.isascii() or any(ord(char) < 33 or ord(char) == 127 for char in value):
        raise Halt(Exit.KEY, f"the key in {name} has characters that no key has",
                   hint=f"set {name} again, without quotes or line ends")
    return Secret(value)


def need_keys(accounts: Iterable[Account]) -> None:
    """Raises `Halt` (5) for an account that cannot pay because its key is missing."""
    for account in accounts:
        entry = PROVIDERS[account.settings.provider]
        if entry.key_env and not account.has_key:
            name = account.settings.api_key_env or entry.key_env
            raise Halt(Exit.KEY, f"account {account.name!r} has no key", code="key_missing",
                       hint=f"export {name}=…  (the key stays in the environment)")
