"""How the fields of a request body are read in the Kubeez dialect, and how it is refused.

Law: what is not there, null, or an empty text is one and the same; unknown fields are ignored, as
the real service is seen to do.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from pipeline.sandbox.door import Refusal

PROVIDER = "kubeez"

Fields = Mapping[str, Any]


def read_fields(body: bytes) -> Fields:
    """The JSON object of a body; raises `Refusal`."""
    try:
        fields = json.loads(body)
        json.dumps(fields, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise invalid(f"The request body is not valid JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise invalid("The request body must be a JSON object.")
    return fields


def invalid(message: str) -> Refusal:
    """The general refusal of a request."""
    return Refusal(400, "invalid_request", message)


def missing(name: str) -> Refusal:
    """The refusal of a request that lacks a field."""
    return Refusal(400, f"missing_{name}", f"{name} is required.")


def no_model(name: str) -> Refusal:
    """The refusal of a model that is not there."""
    return Refusal(404, "model_not_found", f"Model '{name}' is disabled or unknown.")


def not_found(message: str) -> Refusal:
    """The refusal of something that is not there."""
    return Refusal(404, "not_found", message)


def read_text(fields: Fields, name: str) -> str:
    """A text, "" where there is none; raises `Refusal`."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string.")
    return value


def read_needed(fields: Fields, name: str) -> str:
    """A text that says something; raises `Refusal`."""
    value = read_text(fields, name)
    if not value.strip():
        raise missing(name)
    return value


def read_choice(fields: Fields, name: str, options: Sequence[str]) -> str:
    """One of the options, "" where none is asked for; raises `Refusal`."""
    value = read_text(fields, name)
    if value and value not in options:
        raise invalid(f"{name} '{value}' is not supported. Supported: {', '.join(options)}.")
    return value


def read_flag(fields: Fields, name: str) -> bool:
    """A switch, off where it is not given; raises `Refusal`."""
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"{name} must be true or false.")
    return value is True


def read_share(fields: Fields, name: str, low: float = 0.0, high: float = 1.0) -> float | None:
    """A number within bounds, None where there is none; raises `Refusal`.

    A text that is one counts as one, as the real service's validation takes it.
    """
    value = fields.get(name)
    if value is None or value == "":
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not low <= number <= high:
        raise invalid(f"{name} must be a number from {low:g} to {high:g}.")
    return number


def read_address(fields: Fields, name: str) -> str:
    """A URL, "" where there is none; raises `Refusal`."""
    if url := read_text(fields, name):
        check_address(name, url)
    return url


def check_address(name: str, url: str) -> None:
    """Refuse what is no URL that could be followed; raises `Refusal`."""
    try:
        urlsplit(url)
    except ValueError:
        url = f"a broken one, {url}"
    if not url.startswith(("https://", "http://", "/")):
        raise invalid(f"{name}: '{url}' is not a URL.")
