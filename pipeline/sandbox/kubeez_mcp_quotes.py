"""What Kubeez's MCP says that a generation will take, before it is bought.

The names of its fields are published nowhere; these are the sandbox's own.
"""

from decimal import Decimal
from typing import Any

from pipeline.sandbox.catalog import CatalogRow
from pipeline.sandbox.kubeez_answers import number
from pipeline.sandbox.kubeez_captions import price as price_captions
from pipeline.sandbox.kubeez_desk import Desk
from pipeline.sandbox.kubeez_fields import Fields, missing, no_model, read_share, read_text
from pipeline.sandbox.kubeez_separation import price as price_separation
from pipeline.sandbox.kubeez_validation import read_seconds

DAY_S = 86_400.0


def quote(desk: Desk, fields: Fields) -> dict[str, Any]:
    """The price and the time of a generation; raises `Refusal`."""
    row = desk.catalog.find(read_text(fields, "model"))
    if not read_text(fields, "model"):
        raise missing("model")
    if row is None:
        raise no_model(read_text(fields, "model"))
    seconds = read_seconds(fields, row, strictly=desk.service.faults.durations == "listed")
    sources_s = sum(read_share(fields, f"reference_{medium}_seconds", 0.0, DAY_S) or 0.0
                    for medium in ("video", "audio"))
    faults = desk.service.faults
    if row.id.startswith("auto-caption"):
        micros = price_captions(row, sources_s, faults).micros
    elif row.kind == "separation":
        micros = price_separation(row, sources_s, faults).micros
    else:
        micros = row.price(seconds, Decimal(str(sources_s))).micros
    return {"model": row.id, "estimated_cost_credits": number(micros),
            "billing_mode": _mode(row), "estimated_time_seconds": row.typical_s(seconds)}


def _mode(row: CatalogRow) -> str:
    return "per_second" if row.per_second else "flat"
