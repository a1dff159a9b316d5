"""What a rehearsal of a plan came to."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.core.errors import Exit
from pipeline.core.money import Money
from pipeline.core.report import Totals


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What would happen: virtual seconds, what was charged, which limit held the run back for how
    many of those seconds, how often the services were called, and how long the rehearsal took."""

    seconds: float
    totals: Totals
    charged: Money
    exit_code: Exit
    waits_s: Mapping[str, float]
    calls: Mapping[str, int]
    took_s: float

    @property
    def bottleneck(self) -> str:
        """The limit that held the run back longest, `latency` if none did for a tenth of it."""
        name, seconds = max(self.waits_s.items(), key=lambda pair: pair[1], default=("", 0.0))
        return name if seconds >= self.seconds / 10 else "latency"
