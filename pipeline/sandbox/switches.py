"""How one switch is read: a wish of the file in the type and the range of its default.

Law: a wish that does not fit is refused with the switch's name, never bent until it does.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pipeline.sandbox.windows import KINDS, STARTS, Limits

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "body": ("json", "html"),
    "header": ("seconds", "date", "none"),
    "kind": ("truncated", "wrong_length", "html", "reset", "empty"),
    "first_status": ("queued", "pending"),
    "concurrency": ("refuse", "queue", "none"),
    "windows": KINDS,
    "durations": ("any", "listed"),
    "per_second_charged": ("start", "end"),
    "unknown_music_model": ("fallback", "refuse"),
    "dialogue_shapes": ("both", "text", "turns"),
    "captions_times": ("seconds", "milliseconds"),
    "captions_billing": ("flat", "per_second"),
    "separation_billing": ("flat", "per_minute"),
    "upload_answer": ("urls", "url"),
    "mediaengine_dialect": ("page", "llms", "client"),
    "mcp_answers": ("json", "sse"),
    "mcp_names": ("new", "old"),
}


class FaultsError(ValueError):
    """The fault switches cannot be used; the message names the key."""


def as_like(name: str, value: object, default: object) -> Any:
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


def read_keys(value: object) -> Mapping[str, tuple[str, ...]]:
    """The accepted keys with their scopes."""
    keys = _mapping("keys", value, "key to scopes")
    return {key: as_like(f"keys.{key}", scopes, ()) for key, scopes in keys.items()}


def read_words(value: object) -> Mapping[str, str]:
    """What error codes are called instead."""
    words = _mapping("error_words", value, "code to word")
    return {code: as_like(f"error_words.{code}", word, "") for code, word in words.items()}


def read_changes(value: object) -> Mapping[str, Mapping[str, Any] | None]:
    """Changes of the catalog by model id; None takes a row away."""
    changes = _mapping("models", value, "model id to what changes of its row, or to null")
    return {name: None if change is None else _change(name, change)
            for name, change in changes.items()}


def _change(name: str, value: object) -> Mapping[str, Any]:
    change = _mapping(f"models.{name}", value, "field to value")
    for part in ("capabilities", "sandbox"):
        if part in change:
            _mapping(f"models.{name}.{part}", change[part], "field to value")
    own = change.get("sandbox", {})
    figures = {"cost_per_generation": change.get("cost_per_generation"),
               "estimated_time_seconds": change.get("estimated_time_seconds"),
               **{f"sandbox.{each}": own.get(each) for each in ("credits_per_second", "seconds")}}
    for field, figure in figures.items():
        if figure is not None and not _is_amount(figure):
            raise FaultsError(f"models.{name}.{field} is an amount, not {figure!r}")
    return change


def _is_amount(value: object) -> bool:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return False
    return not isinstance(value, bool) and number.is_finite() and 0 <= number < 10**9


def read_limits(value: object, limits: Limits) -> Limits:
    """The limits, those that are not named as they are in `limits`."""
    per_minute, in_flight = dict(limits.per_minute), dict(limits.in_flight)
    plain = {"upload_bytes": limits.upload_bytes, "library_bytes": limits.library_bytes}
    for name, wish in _mapping("limits", value, "a limit, such as media_per_minute, to it").items():
        number = as_like(f"limits.{name}", wish, 0)
        bucket, _, what = name.rpartition("_per_minute")
        flying = name.removesuffix("_in_flight")
        if not what and bucket in per_minute:
            per_minute[bucket] = number
        elif flying != name and flying in STARTS:
            in_flight[flying] = number
        elif name in plain:
            plain[name] = number
        else:
            raise FaultsError(f"unknown limit {name!r}")
    return Limits(per_minute, in_flight, **plain)


def _mapping(name: str, value: object, of: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise FaultsError(f"{name} is a mapping of {of}")
    return {str(key): each for key, each in value.items()}
