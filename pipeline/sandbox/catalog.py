"""The model rows that the sandbox offers, with what only the sandbox knows of them.

111 of the 112 rows are a dump of the real catalog of 2026-03-28 (ids, names, prices), `ad-copy` is
the one that April added; capabilities are as audited in April 2026, typical seconds where a source
states them. Where none does, a picture takes 30 s and a clip 12 s for each second of it. Prices are
seed data, not the truth of today.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.core.money import Money, times_seconds

KUBEEZ_MODELS = Path(__file__).with_name("kubeez_models.jsonl")

WORK_PER_SECOND_S = 12.0
"""How long a second of video takes to make where no source says."""

_SUM = re.compile(r"\bref\w*\s*\+", re.I)
"""How a note says it: "(ref_seconds + output_seconds) × rate" (llms.txt, "Cost contract")."""

_NEW: Mapping[str, Any] = {
    "model_type": "image", "provider": "", "cost_per_generation": 0.0,
    "estimated_time_seconds": 30, "generation_types": ["text-to-image"],
    "requires_input_media": False, "input_media_types": [], "capabilities": {}, "sandbox": {},
}
"""What a row that a switch adds has where the switch says nothing."""


@dataclass(frozen=True, slots=True)
class CatalogRow:
    """One model: the public row, and how the sandbox prices and times it.

    `seconds` is the length of a clip when none is asked for, `per_second` its price a second where
    it is not flat. `own` is what the file says of the row to the sandbox alone.
    """

    public: Mapping[str, Any]
    flat: Money
    per_second: Money | None = None
    seconds: Decimal | None = None
    prompt_optional: bool = False
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The model id."""
        return str(self.public["model_id"])

    @property
    def kind(self) -> str:
        """The `model_type` of the row: image, video, music, speech, separation, other."""
        return str(self.public["model_type"])

    @property
    def capabilities(self) -> Mapping[str, Any]:
        """The capabilities as published; keys may be missing."""
        found: Mapping[str, Any] = self.public["capabilities"]
        return found

    @property
    def tier(self) -> str:
        """The resolution that the id itself names, such as 2K or 720p; empty if it names none."""
        found = re.search(r"-(\d+[Kp])(?:-|$)", self.id)
        return found[1] if found else ""

    @property
    def counts_sources(self) -> bool:
        """Whether its note bills the seconds of reference media beside those of the output."""
        return bool(_SUM.search(str(self.public.get("cost_note") or "")))

    def price(self, seconds: Decimal | None, source_seconds: Decimal = Decimal(0)) -> Money:
        """What a job of this length costs, started from sources of that length."""
        if self.per_second is None:
            return self.flat
        counted = source_seconds if self.counts_sources else Decimal(0)
        return times_seconds(self.per_second, (seconds or Decimal(0)) + counted)

    def typical_s(self, seconds: Decimal | None) -> float:
        """How long a job of this length typically takes."""
        if seconds and seconds != self.seconds:
            return WORK_PER_SECOND_S * float(seconds)
        return float(self.public["estimated_time_seconds"])


class SandboxCatalog:
    """All rows by id, in the order of the file."""

    def __init__(self, rows: Mapping[str, CatalogRow]) -> None:
        self._rows = dict(rows)

    @classmethod
    def load(cls, path: Path = KUBEEZ_MODELS) -> "SandboxCatalog":
        """Read a file of one JSON row a line."""
        with path.open(encoding="utf-8") as lines:
            rows = [_row(json.loads(line)) for line in lines if line.strip()]
        return cls({row.id: row for row in rows})

    def changed(self, changes: Mapping[str, Mapping[str, Any] | None]) -> "SandboxCatalog":
        """The catalog with rows changed, added or (None) taken away."""
        if not changes:
            return self
        rows = dict(self._rows)
        for name, change in changes.items():
            if change is None:
                rows.pop(name, None)
            else:
                rows[name] = _changed(name, rows.get(name), change)
        return SandboxCatalog(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[CatalogRow]:
        return iter(self._rows.values())

    def find(self, model_id: str) -> CatalogRow | None:
        """The row of this id, letter by letter."""
        return self._rows.get(model_id)

    def family(self, prefix: str) -> list[CatalogRow]:
        """The rows whose id starts so."""
        return [row for row in self if prefix and row.id.startswith(prefix)]


def _changed(name: str, row: CatalogRow | None, change: Mapping[str, Any]) -> CatalogRow:
    known = {**row.public, "sandbox": row.own} if row else {**_NEW, "display_name": name}
    parts = {part: {field: value for field, value in {**known[part], **change.get(part, {})}.items()
                    if value is not None} for part in ("capabilities", "sandbox")}
    return _row({**known, **change, **parts, "model_id": name})


def _row(raw: Mapping[str, Any]) -> CatalogRow:
    own = raw.get("sandbox", {})
    flat = Decimal(str(raw["cost_per_generation"]))
    public = {name: value for name, value in raw.items() if name != "sandbox"}
    rate, seconds = own.get("credits_per_second"), own.get("seconds")
    return CatalogRow(
        public={**public, "cost_per_generation": float(flat)},
        flat=Money.from_number(flat),
        per_second=Money.parse(str(rate)) if rate else None,
        seconds=Decimal(str(seconds)) if seconds else None,
        prompt_optional=bool(own.get("prompt_optional")),
        own=own,
    )
