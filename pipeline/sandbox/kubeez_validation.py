"""What Kubeez accepts as a start of a picture or a clip, and how it refuses the rest.

Unknown fields, explicit nulls, empty texts and options that a row does not have are ignored, as
the real service is seen to do; a value outside the options that a row does have is refused.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from pipeline.sandbox.catalog import CatalogRow, SandboxCatalog
from pipeline.sandbox.door import Refusal
from pipeline.sandbox.jobs import Order
from pipeline.sandbox.kubeez_fields import (
    PROVIDER,
    Fields,
    invalid,
    missing,
    no_model,
    read_fields,
    read_text,
)
from pipeline.sandbox.kubeez_intake import Intake

MADE_HERE = ("image", "video")
MADE_ELSEWHERE = ("ad-copy",)
"""Rows of those kinds that have a route of their own (facts/kubeez.md 3.7)."""

NOTHING_KNOWN = Intake()

ANY_SHAPE = ("auto", "adaptive")
"""Ratios that leave the shape to the model."""

TYPE_SENT_BY_DEFAULT = "text-to-image"
"""The documented default of `generation_type`; clients send it along whatever they make."""

_SUFFIXES = {
    "video": (".mp4", ".mov", ".webm", ".mkv", ".avi"),
    "audio": (".mp3", ".wav", ".m4a", ".ogg", ".flac"),
}
_DURATION = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)s?\Z")


def read_order(body: bytes, catalog: SandboxCatalog,
               intake: Intake = NOTHING_KNOWN) -> tuple[Order, str]:
    """The order that a request body makes, and its billing mode; raises `Refusal`."""
    fields = read_fields(body)
    row = _find_row(fields, catalog)
    prompt = _read_prompt(fields, row)
    sources = _read_sources(fields, row, intake)
    seconds = read_seconds(fields, row, strictly=intake.faults.durations == "listed")
    price = row.price(seconds, _source_seconds(sources, row, intake))
    late = row.per_second is not None and intake.faults.per_second_charged == "end"
    order = Order(
        provider=PROVIDER, bucket="media", kind=row.kind, model=row.id, prompt=prompt,
        generation_type=_read_type(fields, row, sources),
        details={**_read_details(fields, row, sources, seconds),
                 "sound": _read_sound(fields, row, intake)},
        charge_micros=price.micros, typical_s=row.typical_s(seconds), charged_late=late,
    )
    return order, "per_second" if row.per_second else "flat"


def _read_details(fields: Fields, row: CatalogRow, sources: list[str],
                  seconds: Decimal | None) -> dict[str, object]:
    details: dict[str, object] = {
        "aspect_ratio": _read_shape(fields, row),
        "resolution": _pick(fields, "resolution", row) or row.tier,
        "quality": _pick(fields, "quality", row),
        "negative_prompt": read_text(fields, "negative_prompt"),
        "source_media_urls": sources,
    }
    if seconds is not None:
        details["seconds"] = float(seconds)
    if type(fields.get("seed")) is int:
        details["seed"] = fields["seed"]
    return details


def _read_sound(fields: Fields, row: CatalogRow, intake: Intake) -> bool:
    asked = fields.get("sound")
    by_default = intake.faults.sound_default and row.kind == "video"
    return asked is True or (asked is None and by_default)


def _source_seconds(sources: Sequence[str], row: CatalogRow, intake: Intake) -> Decimal:
    """How long the reference films and sounds play, where the row bills it and they tell."""
    if not row.counts_sources:
        return Decimal(0)
    lengths = (intake.find(url).seconds or 0.0 for url in sources)
    return sum((Decimal(str(length)) for length in lengths), Decimal(0))


def _find_row(fields: Fields, catalog: SandboxCatalog) -> CatalogRow:
    name = read_text(fields, "model")
    if not name:
        raise missing("model")
    row = catalog.find(name)
    if row is None:
        raise no_model(name)
    if row.kind not in MADE_HERE or row.id in MADE_ELSEWHERE:
        raise invalid(f"Model '{name}' makes {row.kind}; it does not run on this endpoint.")
    return row


def _read_prompt(fields: Fields, row: CatalogRow) -> str:
    prompt = read_text(fields, "prompt")
    if not prompt.strip() and not row.prompt_optional:
        raise missing("prompt")
    limit = row.capabilities.get("prompt_max_chars")
    if limit is not None and len(prompt) > limit:
        raise invalid(f"prompt is too long: {len(prompt)} characters, maximum {limit}.")
    return prompt


def _read_sources(fields: Fields, row: CatalogRow, intake: Intake) -> list[str]:
    raw = fields.get("source_media_urls") or []
    urls = [raw] if isinstance(raw, str) else raw
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise invalid("source_media_urls must be an array of URLs.")
    for url in urls:
        intake.check("source_media_urls", url)
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


def read_seconds(fields: Fields, row: CatalogRow, *, strictly: bool) -> Decimal | None:
    """The length that is asked for, else the row's own; None for a picture. Raises `Refusal`."""
    raw = fields.get("duration")
    options = row.capabilities.get("duration_options") or []
    if row.kind != "video" or not options or raw is None or raw == "":
        return row.seconds
    usable = raw in options if strictly else not isinstance(raw, bool)
    found = _DURATION.match(str(raw)) if usable else None
    offered = [Decimal(option.removesuffix("s")) for option in options]
    if found is None or Decimal(found[1]) not in offered:
        raise invalid(f"duration '{raw}' is not supported by '{row.id}'. "
                      f"Supported: {', '.join(options)}.")
    return Decimal(found[1])


def _read_shape(fields: Fields, row: CatalogRow) -> str:
    shape = read_text(fields, "aspect_ratio")
    options = row.capabilities.get("aspect_ratio_options")
    if shape and options and shape not in options:
        raise Refusal(400, "unsupported_aspect", f"aspect_ratio '{shape}' is not supported by "
                                                 f"'{row.id}'. Supported: {', '.join(options)}.")
    if shape and shape not in ANY_SHAPE:
        return shape
    if options:
        return "1:1" if "1:1" in options else str(options[0])
    return "1:1" if row.kind == "image" else "16:9"


def _pick(fields: Fields, name: str, row: CatalogRow) -> str:
    value = read_text(fields, name)
    options: Sequence[str] = row.capabilities.get(f"{name}_options") or []
    if not value or not options:
        return ""
    for option in options:
        if option.lower() == value.lower():
            return option
    raise invalid(f"{name} '{value}' is not supported by '{row.id}'. "
                  f"Supported: {', '.join(options)}.")


def _read_type(fields: Fields, row: CatalogRow, sources: Sequence[str]) -> str:
    wanted = read_text(fields, "generation_type")
    offered: Sequence[str] = row.public["generation_types"]
    if wanted and wanted in offered:
        return wanted
    if wanted not in ("", TYPE_SENT_BY_DEFAULT):
        raise invalid(f"generation_type '{wanted}' is not supported by '{row.id}'. "
                      f"Supported: {', '.join(offered)}.")
    start = "image-to-" if sources else "text-to-"
    return next((each for each in offered if each.startswith(start)), offered[0])
