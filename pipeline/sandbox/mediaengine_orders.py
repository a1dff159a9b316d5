"""What Media Engine accepts as a job, in each of its descriptions, and how it refuses the rest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.sandbox.brief import RATIO
from pipeline.sandbox.catalog import CatalogRow, SandboxCatalog
from pipeline.sandbox.door import Refusal
from pipeline.sandbox.jobs import Order
from pipeline.sandbox.kubeez_fields import read_fields, read_text
from pipeline.sandbox.rings import may_be_rung

PROVIDER = "mediaengine"
KINDS = ("image", "video")
MOST_ASSETS = 4
"""Assets of one job (the page: "1-4")."""

MOST_KEYS, LONGEST_VALUE = 50, 2000
"""Of `metadata`; the page names no bound, these are the sandbox's own."""

_SHAPE = re.compile(rf"(?<![\d:]){RATIO.pattern.strip()}(?![\d:])")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order, and the address to call when its job has ended; "" for none."""

    order: Order
    webhook: str


def invalid(message: str) -> Refusal:
    """The documented refusal of a parameter."""
    return Refusal(400, "invalid_request", message)


def read_wanted(body: bytes, catalog: SandboxCatalog, dialect: str) -> Wanted:
    """The job that a request asks for; raises `Refusal`."""
    fields = read_fields(body)
    said = {**fields, **_inputs(fields)} if dialect == "client" else fields
    row = _find_row(said, catalog, needs_type=dialect != "llms")
    prompt = read_text(said, "prompt")
    if not prompt.strip():
        raise invalid("prompt is required.")
    count = _read_count(said)
    details: dict[str, object] = {"aspect_ratio": _shape_in(prompt)}
    if row.seconds is not None:
        details["seconds"] = float(row.seconds)
    if dialect == "page":
        details["metadata"] = _read_metadata(said)
    order = Order(
        provider=PROVIDER, bucket="media", kind=row.kind, model=row.id, prompt=prompt,
        generation_type=f"text-to-{row.kind}", details=details, outputs=count,
        charge_micros=row.flat.micros * count, typical_s=row.typical_s(row.seconds))
    return Wanted(order, _read_webhook(said, dialect))


def _inputs(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    inputs = fields.get("inputParams")
    if not isinstance(inputs, dict):
        raise invalid("inputParams must be an object.")
    return inputs


def _find_row(fields: Mapping[str, Any], catalog: SandboxCatalog, *,
              needs_type: bool) -> CatalogRow:
    kind = read_text(fields, "type")
    if (needs_type or kind) and kind not in KINDS:
        raise invalid(f"type must be one of {', '.join(KINDS)}.")
    name = read_text(fields, "model")
    row = catalog.find(name)
    if row is None:
        raise invalid(f"model '{name}' is unknown." if name else "model is required.")
    if kind and row.kind != kind:
        raise invalid(f"model '{name}' makes {row.kind}, not {kind}.")
    return row


def _read_count(fields: Mapping[str, Any]) -> int:
    count = fields.get("n", 1)
    if type(count) is not int or not 1 <= count <= MOST_ASSETS:
        raise invalid(f"n must be a whole number from 1 to {MOST_ASSETS}.")
    return count


def _read_metadata(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = fields.get("metadata") or {}
    if not isinstance(metadata, dict) or len(metadata) > MOST_KEYS \
            or any(len(str(value)) > LONGEST_VALUE for value in metadata.values()):
        raise invalid("metadata must be an object of a few short values.")
    return metadata


def _read_webhook(fields: Mapping[str, Any], dialect: str) -> str:
    name = {"page": "webhook_url", "llms": "webhook"}.get(dialect, "")
    url = read_text(fields, name) if name else ""
    if url and not may_be_rung(url):
        raise invalid(f"{name} must be an https address.")
    return url


def _shape_in(prompt: str) -> str:
    """The shape that a prompt speaks of, as in "warm light, 16:9"; there is no field for it."""
    found = _SHAPE.search(prompt)
    return found[0].strip() if found else "1:1"
