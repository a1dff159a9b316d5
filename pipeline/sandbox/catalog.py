"""The model rows that the sandbox offers, with what only the sandbox knows of them.

The 111 rows are a dump of the real catalog of 2026-03-28 (ids, names, prices), with capabilities
as audited in April 2026 and typical seconds where a source states them. Where none does, a picture
takes 30 s and a clip 12 s for each second of it. Prices are seed data, not the truth of today.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.core.money import Money, times_seconds

KUBEEZ_MODELS = Path(__file__).with_name("kubeez_models.jsonl")

WORK_PER_SECOND_S = 12.0
"""How long a second of video takes to make where no source says."""


@dataclass(frozen=True, slots=True)
class CatalogRow:
    """One model: the public row, and how the sandbox prices and times it.

    `seconds` is the length of a clip when none is asked for, `per_second` its price a second where
    it is not flat.
    """

    public: Mapping[str, Any]
    flat: Money
    per_second: Money | None = None
    seconds: Decimal | None = None
    prompt_optional: bool = False

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

    def price(self, seconds: Decimal | None) -> Money:
        """What a job of this length costs."""
        if self.per_second is None:
            return self.flat
        return times_seconds(self.per_second, seconds or Decimal(0))

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
            rows = [_row(line) for line in lines if line.strip()]
        return cls({row.id: row for row in rows})

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


def _row(line: str) -> CatalogRow:
    public = json.loads(line)
    own = public.pop("sandbox", {})
    rate, seconds = own.get("credits_per_second"), own.get("seconds")
    return CatalogRow(
        public=public,
        flat=Money.from_number(Decimal(str(public["cost_per_generation"]))),
        per_second=Money.parse(str(rate)) if rate else None,
        seconds=Decimal(seconds) if seconds else None,
        prompt_optional=bool(own.get("prompt_optional")),
    )
