"""The fault switches: how the sandbox misbehaves, as read from YAML, JSON or a mapping.

Law: all are off unless named; a name or a setting that is not known is refused, never ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import yaml

from pipeline.sandbox.windows import IN_FLIGHT, PER_MINUTE, UPLOAD_BYTES, Limits

READS = ("status", "history", "balance", "catalog")
CALLS = ("start", "upload", "download", *READS)
"""What a fault can be aimed at with `calls`; `reads` and `all` stand for several."""

_TRIGGER = ("rate", "first", "every", "nth")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "body": ("json", "html"),
    "header": ("seconds", "date", "none"),
    "kind": ("truncated", "wrong_length", "html", "reset", "empty"),
    "first_status": ("queued", "pending"),
    "concurrency": ("refuse", "queue"),
    "windows": ("sliding", "fixed"),
}


class FaultsError(ValueError):
    """The fault switches cannot be used; the message names the key."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: which calls it strikes, and its own settings.

    It strikes a share `rate` of the calls, or by their count: the `first` n, `every` n-th, or those
    numbered in `nth`. `seconds` are ordinary seconds of the service; `times` is a number of reads.
    """

    rate: float = 1.0
    first: int = 0
    every: int = 0
    nth: tuple[int, ...] = ()
    calls: tuple[str, ...] = ("start",)
    status: int = 503
    body: str = "json"
    header: str = "seconds"
    in_body: bool = True
    seconds: float = 0.0
    message: str = ""
    word: str = "failed"
    refund: bool = False
    words: tuple[str, ...] = ()
    times: int = 2
    kind: str = "truncated"

    @property
    def counts(self) -> bool:
        """Whether it strikes by the count of calls."""
        return bool(self.first or self.every or self.nth)

    def strikes_count(self, n: int) -> bool:
        """Whether it strikes the n-th call, counted from 1."""
        return n <= self.first or n in self.nth or bool(self.every and n % self.every == 0)

    @property
    def last_count(self) -> int:
        """The call after which it never strikes again; a count past it need not be kept."""
        return 2**53 if self.every else max(self.first, *self.nth, 0)


FAULTS: Mapping[str, tuple[Fault, tuple[str, ...]]] = {
    "lost_request": (Fault(), ("calls",)),
    "lost_reply": (Fault(), ("calls",)),
    "error_before_charge": (Fault(), ("calls", "status", "body")),
    "error_after_charge": (Fault(status=502, body="html"), ("calls", "status", "body")),
    "html_edge_page": (Fault(status=502, calls=CALLS), ("calls", "status")),
    "throttle": (Fault(calls=("start", "upload", *READS), seconds=5.0),
                 ("calls", "seconds", "header", "in_body")),
    "slow_reply": (Fault(calls=CALLS, seconds=30.0), ("calls", "seconds")),
    "insufficient": (Fault(), ()),
    "late_links": (Fault(seconds=10.0), ("seconds",)),
    "status_404": (Fault(), ("times",)),
    "media_404": (Fault(), ("times",)),
    "fail": (Fault(message="The provider could not complete this generation."),
             ("message", "refund", "word")),
    "moderation": (Fault(message="Your request was rejected by the content moderation system."),
                   ("message", "refund", "words")),
    "broken_download": (Fault(calls=("download",)), ("kind",)),
}
"""Every fault, its values where the file names none, and the settings it takes beside a trigger."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults in force and the habits of the service; `Faults()` is a faultless one.

    `keys` lists the accepted keys with their scopes (empty: any key, all scopes); `history_lag_s`
    is how old a job must be before the list shows it.
    """

    faults: Mapping[str, Fault] = field(default_factory=dict)
    first_status: str = "queued"
    insufficient_as_400: bool = False
    validation_as_422: bool = False
    relative_urls: bool = False
    history_lag_s: float = 0.0
    concurrency: str = "refuse"
    windows: str = "sliding"
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def parse(cls, source: str | Mapping[str, Any]) -> "Faults":
        """Read the switches from YAML or JSON text or from a mapping; raises `FaultsError`."""
        raw = _load(source) if isinstance(source, str) else source
        found = {name: _fault(name, value) for name, value in raw.items()
                 if name in FAULTS and value not in (False, None)}
        return cls(found, **{name: _habit(name, value) for name, value in raw.items()
                             if name not in FAULTS})


def _load(text: str) -> Mapping[str, Any]:
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise FaultsError(f"not YAML: {error}") from error
    if raw is not None and not isinstance(raw, dict):
        raise FaultsError("the fault switches are a mapping of names")
    return raw or {}


def _fault(name: str, value: object) -> Fault:
    defaults, settings = FAULTS[name]
    if value is True:
        return defaults
    if isinstance(value, int | float):
        value = {"rate": value}
    if not isinstance(value, Mapping):
        raise FaultsError(f"{name} is true, a rate, or a mapping of settings")
    for key in value:
        if key not in (*_TRIGGER, *settings):
            raise FaultsError(f"{name} has no setting {key!r}; it takes "
                              + ", ".join((*_TRIGGER, *settings)))
    changes = {key: _as_like(f"{name}.{key}", wish, getattr(defaults, key))
               for key, wish in value.items()}
    fault = replace(defaults, **changes)
    if not 0 <= fault.rate <= 1:
        raise FaultsError(f"{name}.rate is between 0 and 1, not {fault.rate}")
    return replace(fault, calls=_calls(name, fault.calls))


def _calls(name: str, wishes: tuple[str, ...]) -> tuple[str, ...]:
    groups = {"all": CALLS, "reads": READS, **{call: (call,) for call in CALLS}}
    for wish in wishes:
        if wish not in groups:
            raise FaultsError(f"{name}.calls: {wish!r} is none of {', '.join(groups)}")
    return tuple(dict.fromkeys(call for wish in wishes for call in groups[wish]))


def _habit(name: str, value: object) -> Any:
    if name == "limits":
        return _limits(value)
    if name == "keys":
        if not isinstance(value, Mapping):
            raise FaultsError("keys is a mapping of key to scopes")
        return {str(key): _as_like(f"keys.{key}", scopes, ()) for key, scopes in value.items()}
    defaults = {each.name: getattr(Faults(), each.name) for each in fields(Faults)}
    if name not in defaults or name == "faults":
        known = [*FAULTS, *(each for each in defaults if each != "faults")]
        raise FaultsError(f"unknown switch {name!r}; known are {', '.join(known)}")
    return _as_like(name, value, defaults[name])


def _limits(value: object) -> Limits:
    if not isinstance(value, Mapping):
        raise FaultsError("limits is a mapping such as media_per_minute: 30")
    per_minute, in_flight, upload_bytes = dict(PER_MINUTE), dict(IN_FLIGHT), UPLOAD_BYTES
    for name, wish in value.items():
        number = _as_like(f"limits.{name}", wish, 0)
        bucket, _, what = str(name).partition("_per_minute")
        if not what and bucket in per_minute and bucket != name:
            per_minute[bucket] = number
        elif str(name).removesuffix("_in_flight") in in_flight and str(name) not in in_flight:
            in_flight[str(name).removesuffix("_in_flight")] = number
        elif name == "upload_bytes":
            upload_bytes = number
        else:
            raise FaultsError(f"unknown limit {name!r}")
    return Limits(per_minute, in_flight, upload_bytes)


def _as_like(name: str, value: object, default: object) -> Any:
    """The value in the type of the default; raises `FaultsError`."""
    choices = _CHOICES.get(name.rpartition(".")[2])
    if isinstance(default, tuple):
        value = tuple(value) if isinstance(value, list | tuple) else (value,)
        if name.endswith(".nth") and not all(type(each) is int for each in value):
            raise FaultsError(f"{name} is a list of whole numbers")
        return value
    if isinstance(default, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(default):
        raise FaultsError(f"{name} is a {type(default).__name__}, not {value!r}")
    if choices and value not in choices:
        raise FaultsError(f"{name} is one of {', '.join(choices)}, not {value!r}")
    if isinstance(value, int | float) and value < 0:
        raise FaultsError(f"{name} is not negative")
    return value
