"""The grammar of `pipeline.toml`.

Law: no message repeats a value of this file, because a value may be a key.
"""

import re
from importlib.metadata import entry_points
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from pipeline.core.money import Money
from pipeline.core.price_rule import PriceRule, read_own_price
from pipeline.core.provider import STRANGERS
from pipeline.inputs.complaints import did_you_mean, wrong
from pipeline.inputs.grammar import Strict
from pipeline.inputs.sources import LOOPBACK
from pipeline.inputs.values import Text, check_amount

SERVICES = ("kubeez-mcp", "artificialstudio", "artificialstudio-rest", "mediaengine")
PROVIDERS = ("sandbox", "kubeez", *SERVICES, *(f"sandbox-{name}" for name in SERVICES))
"""The services there are, and their twins in the sandbox; each has an account of the same name
without any settings."""
DIALECTS = ("auto", "page", "llms", "client")
LARGEST_SPEED = 1_000_000

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,99}\Z")
_SPEED = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?\Z")
_LISTEN = re.compile(r"[0-9A-Za-z.\-\[\]:]{1,100}:[0-9]{1,5}\Z")


def check_provider(value: object) -> str:
    """One of the services."""
    if isinstance(value, str) and (value in PROVIDERS or entry_points(group=STRANGERS, name=value)):
        return value
    guess = did_you_mean(value, PROVIDERS) if isinstance(value, str) else ""
    raise wrong("unknown provider", guess or "one of " + ", ".join(PROVIDERS))


def check_dialect(value: object) -> str:
    """One of the published descriptions of a service."""
    if isinstance(value, str) and value in DIALECTS:
        return value
    raise wrong("unknown dialect", "one of " + ", ".join(DIALECTS))


def check_key_env(value: object) -> str:
    """The name of an environment variable, in capitals, so that no key passes for one."""
    if isinstance(value, str) and _VARIABLE.match(value):
        return value
    raise wrong("api_key_env is the name of an environment variable",
                'in capitals, such as "AGENCY_A_KEY"; the key itself stands in no file')


def check_address(value: object) -> str:
    """An https address, or a plain one of this machine; without a name or a password in it."""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        host, _ = (parts.hostname, parts.port) if parts else (None, None)
    except ValueError:
        parts = host = None
    if not parts or not host or "@" in parts.netloc or parts.query or parts.fragment or (
            parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK)):
        raise wrong("this is not an address that can be used",
                    "https://HOST/PATH, or http:// on 127.0.0.1; no password and no ? in it")
    return parts.geturl().rstrip("/")


def check_plain(value: object) -> str:
    """A path or a name: a text without characters that nobody sees."""
    if isinstance(value, str) and value and value.isprintable():
        return value
    raise wrong("this should be a text without control characters", "put it in plain quotes")


def check_listen(value: object) -> str:
    """A host and a port to listen on."""
    if isinstance(value, str) and _LISTEN.match(value) and (
            0 <= int(value.rpartition(":")[2]) <= 65535):
        return value
    raise wrong("listen is a host and a port", 'such as "127.0.0.1:8899"')


def check_speed(value: object) -> float:
    """How many seconds of the sandbox pass in one of ours."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not _SPEED.match(text) or not 0 < float(text) <= LARGEST_SPEED:
        raise wrong("speed is a number above 0", "60 makes a minute pass in a second")
    return float(text)


def check_cap(value: object) -> Money:
    """An amount of credits."""
    try:
        return check_amount(value)
    except PydanticCustomError as error:
        raise wrong("this is not an amount of credits",
                    (error.context or {}).get("hint", "")) from None


def check_price(value: object) -> PriceRule:
    """An account's own price of a model."""
    try:
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        return read_own_price(text)
    except ValueError:
        raise wrong("this is not a price", '"14" for a job, or "21/s" for a second') from None


Plain = Annotated[str, PlainValidator(check_plain)]
Cap = Annotated[Money, PlainValidator(check_cap)]
Positive = Annotated[int, Field(ge=1, le=1_000_000)]


class LimitsGrammar(Strict):
    """How fast an account may be asked, and how much may be under way."""

    media_per_minute: Positive | None = None
    music_per_minute: Positive | None = None
    dialogue_per_minute: Positive | None = None
    ad_copy_per_minute: Positive | None = None
    upload_per_minute: Positive | None = None
    reads_per_minute: Positive | None = None
    media_in_flight: Positive | None = None
    music_in_flight: Positive | None = None
    dialogue_in_flight: Positive | None = None


class AccountBudgetGrammar(Strict):
    """Caps of an account over all manifests."""

    per_day: Cap | None = None
    per_month: Cap | None = None


class AccountGrammar(Strict):
    """A provider with credentials, limits and addresses."""

    provider: Annotated[str, PlainValidator(check_provider)] | None = None
    api_key_env: Annotated[str, PlainValidator(check_key_env)] = ""
    token_file: Plain = ""
    webhook_secret_env: Annotated[str, PlainValidator(check_key_env)] = ""
    base_url: Annotated[str, PlainValidator(check_address)] = ""
    dialect: Annotated[str, PlainValidator(check_dialect)] = "auto"
    limits: LimitsGrammar = LimitsGrammar()
    probe: bool = False
    prices: dict[Text, Annotated[PriceRule, PlainValidator(check_price)]] = Field(
        default_factory=dict)
    budget: AccountBudgetGrammar = AccountBudgetGrammar()
    speed: Annotated[float, PlainValidator(check_speed)] | None = None
    faults: Plain | None = None
    seed: Annotated[int, Field(ge=0, le=2**53)] | None = None


class WebhooksGrammar(Strict):
    """Where news of finished jobs comes in."""

    listen: Annotated[str, PlainValidator(check_listen)] = ""
    public_url: Annotated[str, PlainValidator(check_address)] = ""


class SettingsGrammar(Strict):
    """The whole file."""

    account: Plain | None = None
    accounts: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")],
                   AccountGrammar] = Field(default_factory=dict)
    max_jobs: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    out: Plain | None = None
    state: Plain | None = None
    webhooks: WebhooksGrammar = WebhooksGrammar()
