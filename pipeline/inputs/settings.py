"""The settings of this machine and of this folder: accounts, limits, caps, folders.

Law: a flag wins over the environment, the environment over `pipeline.toml`, that over the
manifest; of two files the one in the working folder wins, key by key.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import platformdirs
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.core.expansion import MAX_JOBS
from pipeline.core.manifest import Budget
from pipeline.core.price_rule import PriceRule
from pipeline.inputs.complaints import Loc, complain, named
from pipeline.inputs.schema import schema_of
from pipeline.inputs.settings_grammar import (
    PROVIDERS,
    AccountGrammar,
    SettingsGrammar,
    check_address,
    check_listen,
    check_speed,
)
from pipeline.inputs.toml_file import MAX_TOLD, TomlFile, read_toml

FILE = "pipeline.toml"
APP = "media-pipeline"
SANDBOX = "sandbox"

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """A provider with the name of its key's variable, its limits and its address.

    Empty texts mean the provider's own default. `token_file` is where a sign-in is kept, "" for
    the keyring; `webhook_secret_env` names the variable of the secret that its calls are signed
    with. With `probe` one paid call a run and bucket goes beyond the limit. `speed`, `faults` and
    `seed` are the sandbox's.
    """

    name: str
    provider: str
    api_key_env: str = ""
    base_url: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    prices: Mapping[str, PriceRule] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    speed: float | None = None
    faults: str | None = None
    seed: int | None = None
    dialect: str = "auto"
    at: Position | None = None
    token_file: str = ""
    webhook_secret_env: str = ""
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every manifest. `default_account` is "" where nothing names one."""

    accounts: Mapping[str, AccountSettings]
    default_account: str = ""
    max_jobs: int = MAX_JOBS
    out: Path = Path("outputs")
    state: Path = Path("state")
    listen: str = ""
    public_url: str = ""

    def account(self, name: str) -> AccountSettings | None:
        """The account of this name, or None."""
        return self.accounts.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The accounts that there are, the author's own first."""
        return tuple(self.accounts)


def read_settings(folder: Path, environ: Mapping[str, str]) -> Settings:
    """The settings that hold in a working folder. Raises `AuthorError` with every problem."""
    problems: list[Problem] = []
    env = _Environment(environ, problems)
    files = _files((folder / FILE, config_folder(environ) / FILE), problems)
    merged: dict[str, Any] = {}
    for file in reversed(files):
        merged = _over(file.said, merged)
    said = _validated(merged, files, problems)
    accounts = _accounts(said, files, problems)
    if problems:
        raise _all(problems)
    return Settings(
        {name: env.tune(account) for name, account in accounts.items()},
        env.account or said.account or "", env.max_jobs or said.max_jobs or MAX_JOBS,
        folder / (env.out or said.out or "outputs"),
        folder / (env.state or said.state or "state"),
        env.listen or said.webhooks.listen, env.public_url or said.webhooks.public_url)


def config_folder(environ: Mapping[str, str]) -> Path:
    """The user's own settings: `PIPELINE_CONFIG_DIR`, else where this system keeps them."""
    said = environ.get("PIPELINE_CONFIG_DIR")
    return Path(said) if said else platformdirs.user_config_path(APP)


def _files(paths: tuple[Path, ...], problems: list[Problem]) -> list[TomlFile]:
    found = []
    for path in dict.fromkeys(paths):
        try:
            if path.exists():
                found.append(read_toml(path))
                problems += found[-1].problems
        except AuthorError as error:
            problems += error.problems
        except OSError as error:
            problems.append(Problem(f"{path} cannot be read: {error.strerror}"))
    return found


def _all(problems: list[Problem]) -> AuthorError:
    places = {problem: problem.at or Position("", 0, 0) for problem in problems}
    return AuthorError(sorted(places, key=lambda problem: (
        places[problem].file, places[problem].line, places[problem].column))[:MAX_TOLD])


def _over(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Both, the first winning, key by key."""
    merged = {**second, **first}
    for name in first.keys() & second.keys():
        if isinstance(first[name], dict) and isinstance(second[name], dict):
            merged[name] = _over(first[name], second[name])
    return merged


def _validated(merged: dict[str, Any], files: list[TomlFile],
               problems: list[Problem]) -> SettingsGrammar:
    try:
        return SettingsGrammar.model_validate(merged)
    except ValidationError as error:
        schema = schema_of(SettingsGrammar)
        for detail in error.errors(include_url=False)[:MAX_TOLD]:
            message, hint = complain(detail, schema, hide=True)
            problems.append(Problem(message, _place(files, named(detail)), hint))
    raise _all(problems)


def _place(files: list[TomlFile], loc: Loc) -> Position | None:
    best = max(files, key=lambda file: file.knows(loc), default=None)
    return best.place(loc) if best else None


def _accounts(said: SettingsGrammar, files: list[TomlFile],
              problems: list[Problem]) -> dict[str, AccountSettings]:
    accounts = {}
    for name, account in said.accounts.items():
        at = _place(files, ("accounts", name))
        provider = account.provider or (name if name in PROVIDERS else "")
        if not provider:
            problems.append(Problem(f"account {name!r} names no provider", at,
                                    "provider = one of " + ", ".join(PROVIDERS)))
        accounts[name] = _account(name, provider, account, at)
    for name in PROVIDERS:
        accounts.setdefault(name, AccountSettings(name, name))
    return accounts


def _account(name: str, provider: str, said: AccountGrammar,
             at: Position | None) -> AccountSettings:
    limits = {limit: value for limit, value in said.limits if value is not None}
    return AccountSettings(name, provider, said.api_key_env, said.base_url, limits, said.prices,
                           Budget(None, said.budget.per_day, said.budget.per_month),
                           said.speed, said.faults, said.seed, said.dialect, at, said.token_file,
                           said.webhook_secret_env, said.probe)


class _Environment:
    """The variables that begin with PIPELINE_; an empty one is none."""

    def __init__(self, environ: Mapping[str, str], problems: list[Problem]) -> None:
        self.environ = environ
        self.problems = problems
        self.account = self.text("ACCOUNT")
        self.out, self.state = self.text("OUT"), self.text("STATE")
        self.max_jobs = self.whole("MAX_JOBS", 1)
        self.listen = self.checked("WEBHOOKS_LISTEN", check_listen)
        self.public_url = self.checked("WEBHOOKS_PUBLIC_URL", check_address)
        self.speed = self.checked("SANDBOX_SPEED", check_speed)
        self.seed = self.whole("SANDBOX_SEED", 0)
        self.faults = self.text("SANDBOX_FAULTS")

    def text(self, name: str) -> str:
        return self.environ.get(f"PIPELINE_{name}", "").strip()

    def whole(self, name: str, least: int) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) < 16 and int(text) >= least:
            return int(text)
        self.problems.append(Problem(f"PIPELINE_{name} is a whole number from {least} on"))
        return None

    def checked(self, name: str, check: Callable[[object], Read]) -> Read | None:
        text = self.text(name)
        try:
            return check(text) if text else None
        except PydanticCustomError as error:
            words = error.context or {}
            self.problems.append(Problem(f"PIPELINE_{name}: {words.get('message', '')}",
                                         hint=words.get("hint", "")))
            return None

    def tune(self, account: AccountSettings) -> AccountSettings:
        """An account of the sandbox as the environment wants it."""
        if account.provider.partition("-")[0] != SANDBOX:
            return account
        return replace(
            account, speed=account.speed if self.speed is None else self.speed,
            seed=account.seed if self.seed is None else self.seed,
            faults=self.faults or account.faults)
