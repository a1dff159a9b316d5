"""The fault switches: how the sandbox misbehaves, as read from YAML, JSON or a mapping.

Law: all are off unless named; a name or a setting that is not known is refused, never ignored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import yaml

from pipeline.sandbox.switches import (
    FaultsError,
    as_like,
    read_changes,
    read_keys,
    read_limits,
    read_words,
)
from pipeline.sandbox.windows import Limits

__all__ = ["CALLS", "FAULTS", "READS", "Fault", "Faults", "FaultsError"]

READS = ("status", "history", "balance", "catalog", "library")
CALLS = ("start", "upload", "download", *READS)
"""What a fault can be aimed at with `calls`; `reads` and `all` stand for several."""

_TRIGGER = ("rate", "first", "every", "nth")

_MAPPINGS: Mapping[str, Callable[[object], Any]] = {
    "keys": read_keys, "error_words": read_words, "models": read_changes,
}
_PUBLISHED = Limits()


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: which calls it strikes, and its own settings.

    It strikes a share `rate` of the calls, or by their count: the `first` n, `every` n-th, or those
    numbered in `nth`. `seconds` are ordinary seconds of the service; `times` is a number of reads,
    `in_flight` how many jobs must be under way for it to strike.
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
    in_flight: int = 0
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
    "insufficient": (Fault(), ("in_flight",)),
    "late_links": (Fault(seconds=10.0), ("seconds",)),
    "status_404": (Fault(), ("times",)),
    "late_end": (Fault(), ("times",)),
    "null_links": (Fault(), ("times",)),
    "media_404": (Fault(), ("times",)),
    "fail": (Fault(message="The provider could not complete this generation."),
             ("message", "refund", "word")),
    "moderation": (Fault(message="Your request was rejected by the content moderation system."),
                   ("message", "refund", "words")),
    "broken_download": (Fault(calls=("download",)), ("kind",)),
    "lost_ring": (Fault(), ()),
    "late_ring": (Fault(seconds=60.0), ("seconds",)),
    "double_ring": (Fault(), ()),
}
"""Every fault, its values where the file names none, and the settings it takes beside a trigger."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults in force and the habits of the service; `Faults()` is a faultless one.

    A habit stands where sources contradict each other (facts/kubeez.md section 10), or where a
    client must be ready for either; the default is what llms.txt says, where it says it.
    """

    faults: Mapping[str, Fault] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The accepted keys with their scopes; empty: any key, all scopes."""
    limits: Limits = field(default_factory=Limits)
    models: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    """What differs from the catalog's file: fields by model id, None for a row that is gone."""

    first_status: str = "queued"
    completed_word: str = "completed"
    insufficient_as_400: bool = False
    validation_as_422: bool = False
    error_words: Mapping[str, str] = field(default_factory=dict)
    """What error codes are called instead."""
    cors: bool = True
    streams: bool = False
    """Whether a status can be had as server-sent events."""

    concurrency: str = "refuse"
    """What becomes of a job too many in flight; with "none" there is no such thing."""
    windows: str = "sliding"
    per_second_charged: str = "start"
    """When a job billed by its length is charged: at its start, or at its end."""
    gives_back: bool = True
    """Whether a service that promises to refund what fails does so."""
    history_lag_s: float = 0.0
    """How old a job must be before the list shows it."""
    music_in_history: bool = True
    captions_in_history: bool = False
    separation_in_history: bool = False

    relative_urls: bool = False
    upload_answer: str = "urls"
    signed_uploads: bool = True
    link_lives_s: float = 3600.0
    """How long a signed link lives by the clock on the wall, which no speed shortens."""

    sound_default: bool = False
    """Whether a clip has sound that nobody asked for."""
    durations: str = "any"
    """Whether 5 and "5" are taken for the listed "5s"."""
    unknown_music_model: str = "fallback"
    music_mode_note: bool = False
    """Whether a described song is made in simple mode, with a note that says so."""
    music_streaming: bool = True
    dialogue_shapes: str = "both"
    captions_times: str = "seconds"
    captions_billing: str = "flat"
    captions_burned: bool = False
    """Whether captions come with a film that they are burned into."""
    separation_billing: str = "flat"
    separation_task_id: bool = False
    """Whether a separation starts as "pending" and names a task."""

    mediaengine_dialect: str = "page"
    """Which of its three published descriptions it goes by (facts/media_apis.md section 2)."""
    mcp_answers: str = "json"
    """Whether an MCP call is answered with a body or with a stream of events."""
    mcp_names: str = "new"
    """Whether MCP tools have the names of today, or those of spring 2026 (facts/kubeez.md 7)."""
    uploads_measured: bool = True
    """Whether an upload session tells how long its files play."""
    sign_in_denied: bool = False
    token_lives_s: float = 3600.0
    """How long an access token lives by the clock on the wall."""

    @classmethod
    def parse(cls, source: str | Mapping[str, Any], limits: Limits = _PUBLISHED) -> "Faults":
        """Read the switches from YAML or JSON text or from a mapping; raises `FaultsError`.

        `limits` are those that hold where the switches name none.
        """
        raw = load_switches(source) if isinstance(source, str) else source
        found = {name: _fault(name, value) for name, value in raw.items()
                 if name in FAULTS and value not in (False, None)}
        habits = {name: _habit(name, value) for name, value in raw.items()
                  if name not in (*FAULTS, "limits")}
        return cls(found, limits=read_limits(raw.get("limits", {}), limits), **habits)


def load_switches(text: str) -> Mapping[str, Any]:
    """The switches of a YAML or JSON text, not yet checked; raises `FaultsError` for no mapping."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise FaultsError(f"not YAML: {error}") from error
    if raw is not None and not isinstance(raw, dict):
        raise FaultsError("the fault switches are a mapping of names")
    return raw or {}


def switches_of(raw: Mapping[str, Any], service: str) -> Mapping[str, Any]:
    """The switches of one service: those under `services: {NAME: …}` win over the general ones.

    Raises `FaultsError`.
    """
    own = raw.get("services", {})
    if not isinstance(own, Mapping) or not all(isinstance(each, Mapping) for each in own.values()):
        raise FaultsError("services is a mapping of a service to its own switches")
    general = {name: value for name, value in raw.items() if name != "services"}
    return {**general, **own.get(service, {})}


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
    changes = {key: as_like(f"{name}.{key}", wish, getattr(defaults, key))
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
    if name in _MAPPINGS:
        return _MAPPINGS[name](value)
    defaults = {each.name: getattr(Faults(), each.name) for each in fields(Faults)}
    if name not in defaults or name == "faults":
        known = [*FAULTS, *(each for each in defaults if each != "faults")]
        raise FaultsError(f"unknown switch {name!r}; known are {', '.join(known)}")
    return as_like(name, value, defaults[name])
