"""Accounts as they are named in settings, made into providers that can be called.

Law: a key comes from the environment and goes into one header of one service; it is in no file.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.core.errors import Exit, Halt
from pipeline.core.provider import Provider
from pipeline.core.terms import Terms
from pipeline.inputs.settings import AccountSettings, Settings
from pipeline.providers.entry import Entry, Particulars
from pipeline.providers.http import Http
from pipeline.providers.links import is_loopback
from pipeline.providers.secret import Secret
from pipeline.providers.strangers import find_entry, known_names
from pipeline.wiring.embedded import EmbeddedSandbox, SandboxWishes
from pipeline.wiring.keys import NO_KEY, has_key, key_of, way_to_a_key

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
    remedy: str = ""
    """What a person does who has no key for it."""


@dataclass(slots=True)
class Accounts:
    """The open accounts of one command, and the sandboxes beside them: one for all accounts that
    wish the same of it."""

    by_name: dict[str, Account] = field(default_factory=dict)
    sandboxes: dict[SandboxWishes, EmbeddedSandbox] = field(default_factory=dict)

    async def close(self) -> None:
        """Let go of everything."""
        for account in self.by_name.values():
            await account.provider.close()
        for sandbox in self.sandboxes.values():
            sandbox.close()


def open_accounts(settings: Settings, names: Iterable[str], *, state: Path,
                  now: Callable[[], float], read_only: bool) -> Accounts:
    """Open the named accounts; raises `Halt` for one that is unknown or cannot be made."""
    found = {name: _find(settings, name) for name in dict.fromkeys(names)}
    accounts = Accounts(sandboxes=_start(found.values(), state / "sandbox", read_only=read_only))
    for name, (known, entry) in found.items():
        accounts.by_name[name] = _open(known, entry, accounts, now)
    return accounts


def find_account(settings: Settings, name: str) -> tuple[AccountSettings, Entry, str]:
    """What is known of an account, and its address; raises `Halt` for one that there is not."""
    known, entry = _find(settings, name)
    url = address_of(known, entry)
    if url:
        _check_address(name, url)
    return known, entry, url


def _find(settings: Settings, name: str) -> tuple[AccountSettings, Entry]:
    known = settings.account(name)
    entry = find_entry(known.provider if known else name)
    if known is None and entry is None:
        raise Halt(Exit.USAGE, f"no account {name!r}",
                   hint="known are " + ", ".join(settings.names))
    known = known or AccountSettings(name, name)
    if entry is None:
        raise Halt(Exit.USAGE, f"account {name!r}: provider {known.provider!r} is not in this "
                               "version", hint="known are " + ", ".join(known_names()))
    return known, entry


def _start(found: Iterable[tuple[AccountSettings, Entry]], folder: Path, *,
           read_only: bool) -> dict[SandboxWishes, EmbeddedSandbox]:
    """A sandbox for every wish, with all the dialects that are asked of it."""
    dialects: dict[SandboxWishes, set[str]] = {}
    for known, entry in found:
        if entry.dialect and not known.base_url:
            dialects.setdefault(_wishes(known), set()).add(entry.dialect)
    return {wishes: EmbeddedSandbox(folder, wishes, sorted(names), read_only=read_only)
            for wishes, names in dialects.items()}


def _wishes(known: AccountSettings) -> SandboxWishes:
    return SandboxWishes(known.speed or SPEED, known.faults or "", known.seed)


def terms_of(settings: Settings, name: str) -> Terms | None:
    """The terms that hold on an account, which is not opened; None for one that is unknown."""
    known = settings.account(name)
    entry = find_entry(known.provider) if known else None
    return _terms(known, entry) if known and entry else None


def _terms(known: AccountSettings, entry: Entry) -> Terms:
    terms = entry.terms.at_speed(known.speed or SPEED) if entry.dialect else entry.terms
    return replace(terms.with_limits(known.limits), probe=known.probe)


def _open(known: AccountSettings, entry: Entry, accounts: Accounts,
          now: Callable[[], float]) -> Account:
    url = address_of(known, entry)
    if entry.dialect and not url:
        url = accounts.sandboxes[_wishes(known)].url + entry.path
    _check_address(known.name, url)
    key = key_of(known, entry, url, now, os.environ)
    http = Http(url, key if isinstance(key, Secret) else NO_KEY, now=now, sent_as=entry.sent_as)
    about = Particulars(known.name, key, now, known.dialect)
    provider = entry.build(http, _terms(known, entry), has_key(key), about)
    return Account(known.name, provider, known, has_key(key), url, way_to_a_key(known, entry))


def address_of(known: AccountSettings, entry: Entry) -> str:
    """The address of an account; "" for one that lives in the embedded sandbox."""
    named = os.environ.get(entry.url_env or "-", "")
    both = (named, known.base_url) if entry.key_env and known.name == known.provider else (
        known.base_url, named)
    return both[0] or both[1] or entry.default_url


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


def need_keys(accounts: Iterable[Account]) -> None:
    """Raises `Halt` (5) for an account that cannot pay because its key is missing."""
    for account in accounts:
        entry = find_entry(account.settings.provider)
        if entry and entry.key_env and not account.has_key:
            raise Halt(Exit.KEY, f"account {account.name!r} has no key", code="key_missing",
                       hint=account.remedy)
