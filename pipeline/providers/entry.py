"""How an account at a provider is made: what a line of the registry says, ours or a stranger's."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from pipeline.core.provider import Provider
from pipeline.core.terms import Terms
from pipeline.providers.http import Http
from pipeline.providers.secret import X_API_KEY, Secret
from pipeline.providers.tool_line import Key


@dataclass(frozen=True, slots=True)
class Particulars:
    """What an account has beside its address: its name, its key for an adapter that does not speak
    through `Http`, the wall clock, and which description of the service it goes by."""

    account: str = ""
    key: Key = Secret("")  # noqa: RUF009 - it is never changed
    now: Callable[[], float] = float
    dialect: str = "auto"


PLAIN = Particulars()


class Build(Protocol):
    """Makes an adapter; `has_key` is False where the environment has no key for the account."""

    def __call__(self, http: Http, terms: Terms, has_key: bool, about: Particulars = PLAIN, /
                 ) -> Provider:
        """The adapter of one account."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """How an account at a provider is made. `key_env` is "" where no key is needed.

    `sent_as` is the header that carries the key. A provider that lives in the embedded sandbox has
    no key: `dialect` is the sandbox's own name of what is spoken to it, `path` what its address
    ends with. Where a person `signs_in`, `pipeline login` gets a key as well.
    """

    terms: Terms
    build: Build
    key_env: str = ""
    url_env: str = ""
    default_url: str = ""
    sent_as: tuple[str, str] = X_API_KEY
    dialect: str = ""
    path: str = ""
    signs_in: bool = False


def near(terms: Terms, provider: str) -> Terms:
    """The same sheet for a sandbox: a request to this machine is never long on its way."""
    return replace(terms, provider=provider, ingest_max_s=10.0, linger_s=3.0, list_lag_s=10.0,
                   skew_s=2.0)


def twin(entry: Entry, dialect: str, path: str) -> Entry:
    """The same provider without a key, on the embedded sandbox."""
    return Entry(near(entry.terms, f"sandbox-{entry.terms.provider}"), entry.build,
                 sent_as=entry.sent_as, dialect=dialect, path=path)
