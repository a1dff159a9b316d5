"""What Kubeez accepts as a start of a picture or a clip, and how it refuses the rest.

Unknown fields, explicit nulls, empty texts and options that a row does not have are ignored, as
the real service is seen to do; a value outside the options that a row does have is refused.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pipeline.sandbox.catalog import CatalogRow, SandboxCatalog
from pipeline.sandbox.door import Refusal
from pipeline.sandbox.jobs import Order

PROVIDER = "kubeez"
MADE_HERE = ("image", "video")
ANY_SHAPE = ("auto", "adaptive")
"""Ratios that leave the shape to the model."""

TYPE_SENT_BY_DEFAULT = "text-to-image"
"""The documented default of `generation_type`; clients send it along whatever they make."""

_SUFFIXES = {
    "video": (".mp4", ".mov", ".webm", ".mkv", ".avi"),
    "audio": (".mp3", ".wav", ".m4a", ".ogg", ".flac"),
}
_DURATION = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)s?\Z")


def read_order(body: bytes, catalog: SandboxCatalog) -> tuple[Order, str]:
    """The order that a request body makes, and its billing mode; raises `Refusal`."""
    fields = read_fields(body)
    row = _find_row(fields, catalog)
    prompt = _read_prompt(fields, row)
    sources = _read_sources(fields, row)
    seconds = _read_seconds(fields, row)
    details = {
        "aspect_ratio": _read_shape(fields, row),
        "resolution": _pick(fields, "resolution", row) or row.tier,
        "quality": _pick(fields, "quality", row),
        "negative_prompt": _text(fields, "negative_prompt"),
        "sound": fields.get("sound") is True,
        "source_media_urls": sources,
    }
    if seconds is not None:
        details["seconds"] = float(seconds)
    if type(fields.get("seed")) is int:
        details["seed"] = fields["seed"]
    order = Order(
        provider=PROVIDER, bucket="media", kind=row.kind, model=row.id, prompt=prompt,
        generation_type=_read_type(fields, row, sources), details=details,
        charge_micros=row.price(seconds).micros, typical_s=row.typical_s(seconds),
    )
    return order, "per_second" if row.per_second else "flat"


def read_fields(body: bytes) -> Mapping[str, Any]:
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


def no_model(name: str) -> Refusal:
    """The refusal of a model that is not there."""
    return Refusal(404, "model_not_found", f"Model '{name}' is disabled or unknown.")


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string.")
    return value


def _find_row(fields: Mapping[str, Any], catalog: SandboxCatalog) -> CatalogRow:
    name = _text(fields, "model")
    if not name:
        raise Refusal(400, "missing_model", "model is required.")
    row = catalog.find(name)
    if row is None:
        raise no_model(name)
    if row.kind not in MADE_HERE:
        raise invalid(f"Model '{name}' makes {row.kind}; it does not run on this endpoint.")
    return row


def _read_prompt(fields: Mapping[str, Any], row: CatalogRow) -> str:
    prompt = _text(fields, "prompt")
    if not prompt.strip() and not row.prompt_optional:
        raise Refusal(400, "missing_prompt", "prompt is required.")
    limit = row.capabilities.get("prompt_max_chars")
    if limit is not None and len(prompt) > limit:
        raise invalid(f"prompt is too long: {len(prompt)} characters, maximum {limit}.")
    return prompt


def _read_sources(fields: Mapping[str, Any], row: CatalogRow) -> list[str]:
    raw = fields.get("source_media_urls") or []
    urls = [raw] if isinstance(raw, str) else raw
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise invalid("source_media_urls must be an array of URLs.")
    for url in urls:
        if not url.startswith(("https://", "http://", "/")):
            raise invalid(f"source_media_urls: '{url}' is not a URL.")
    if not urls and row.public["requires_input_media"]:
        raise Refusal(400, "missing_source_media", f"Model '{row.id}' requires input media.")
    for medium in ("image", "video", "audio"):
        limit = row.capabilities.get(f"max_input_{medium}s", 0)
        count = sum(_medium_of(url) == medium for url in urls)
        if count > limit:
            raise invalid(f"Model '{row.id}' accepts at most {limit} input {medium}(s), "
                          f"got {count}.")
    return urls


def _medium_of(url: str) -> str:
    suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
    return next((medium for medium, known in _SUFFIXES.items() if suffix in known), "image")


def _read_seconds(fields: Mapping[str, Any], row: CatalogRow) -> Decimal | None:
    raw = fields.get("duration")
    options = row.capabilities.get("duration_options") or []
    if row.kind != "video" or not options or raw is None or raw == "":
        return row.seconds
    found = None if isinstance(raw, bool) else _DURATION.match(str(raw))
    offered = [Decimal(option.removesuffix("s")) for option in options]
    if found is None or Decimal(found[1]) not in offered:
        raise invalid(f"duration '{raw}' is not supported by '{row.id}'. "
                      f"Supported: {', '.join(options)}.")
    return Decimal(found[1])


def _read_shape(fields: Mapping[str, Any], row: CatalogRow) -> str:
    shape = _text(fields, "aspect_ratio")
    options = row.capabilities.get("aspect_ratio_options")
    if shape and options and shape not in options:
        raise Refusal(400, "unsupported_aspect", f"aspect_ratio '{shape}' is not supported by "
                                                 f"'{row.id}'. Supported: {', '.join(options)}.")
    if shape and shape not in ANY_SHAPE:
        return shape
    if options:
        return "1:1" if "1:1" in options else str(options[0])
    return "1:1" if row.kind == "image" else "16:9"


def _pick(fields: Mapping[str, Any], name: str, row: CatalogRow) -> str:
    value = _text(fields, name)
    options: Sequence[str] = row.capabilities.get(f"{name}_options") or []
    if not value or not options:
        return ""
    for option in options:
        if option.lower() == value.lower():
            return option
    raise invalid(f"{name} '{value}' is not supported by '{row.id}'. "
                  f"Supported: {', '.join(options)}.")


def _read_type(fields: Mapping[str, Any], row: CatalogRow, sources: Sequence[str]) -> str:
    wanted = _text(fields, "generation_type")
    offered: Sequence[str] = row.public["generation_types"]
    if wanted and wanted in offered:
        return wanted
    if wanted not in ("", TYPE_SENT_BY_DEFAULT):
        raise invalid(f"generation_type '{wanted}' is not supported by '{row.id}'. "
                      f"Supported: {', '.join(offered)}.")
    start = "image-to-" if sources else "text-to-"
    return next((each for each in offered if each.startswith(start)), offered[0])
