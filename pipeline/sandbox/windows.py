"""The service's limits, and the rate windows that enforce the ones per minute.

Law: a refused call takes no turn, but where the kind of window says so. Windows live in memory; a
restart forgets them.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

PER_MINUTE: Mapping[str, int] = MappingProxyType({
    "media": 30, "music": 10, "dialogue": 10, "ad_copy": 5, "upload": 30, "reads": 120,
})
"""Calls per key and minute (Kubeez llms.txt, "Rate limits")."""

STARTS = ("media", "music", "dialogue", "ad_copy")
"""The buckets of paid calls."""

IN_FLIGHT: Mapping[str, int] = MappingProxyType({"media": 10, "music": 5, "dialogue": 5})
"""Unfinished jobs per account (Kubeez docs/limitations)."""

UPLOAD_BYTES = 500_000_000
"""The largest upload request (Kubeez llms.txt: "max 500 MB per request"); a library file too."""

LIBRARY_BYTES = 50_000_000
"""What the asset library holds (Kubeez llms.txt: "50 MB per-user default quota")."""

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one account may do: calls per minute, jobs in flight, bytes per upload and in all.

    A bucket that `in_flight` does not name has no limit of its own.
    """

    per_minute: Mapping[str, int] = field(default_factory=lambda: PER_MINUTE)
    in_flight: Mapping[str, int] = field(default_factory=lambda: IN_FLIGHT)
    upload_bytes: int = UPLOAD_BYTES
    library_bytes: int = LIBRARY_BYTES


KINDS = ("sliding", "fixed", "bucket", "counting")
"""The last minute; the minute of the clock; turns that come back one by one; and the last minute
where a refused call takes a turn as well."""


class Windows:
    """The calls of each key and bucket within the last window, of one of the `KINDS`."""

    def __init__(self, limits: Limits, *, window_s: float = MINUTE_S, kind: str = "sliding",
                 ) -> None:
        self._limits = limits
        self._window_s = window_s
        self._kind = kind
        self._calls: dict[tuple[str, str], deque[float]] = {}
        self._full_at: dict[tuple[str, str], float] = {}

    def take(self, key: str, bucket: str, now: float) -> float:
        """Take a turn; 0 if it was due, else the seconds until the next one is."""
        most = self._limits.per_minute[bucket]
        if self._kind == "bucket":
            return self._drip((key, bucket), most, now)
        calls = self._calls.setdefault((key, bucket), deque())
        fixed = self._kind == "fixed"
        opened = self._opened(now) if fixed else now - self._window_s
        while calls and (calls[0] < opened if fixed else calls[0] <= opened):
            calls.popleft()
        if len(calls) < most:
            calls.append(now)
            return 0.0
        if self._kind == "counting":
            calls.append(now)
            calls.popleft()
        since = opened if fixed or not calls else calls[0]
        return max(since + self._window_s - now, 1e-6)

    def _drip(self, whose: tuple[str, str], most: int, now: float) -> float:
        """A turn from a bucket that fills evenly and is full at a moment; one takes it later."""
        if not most:
            return self._window_s
        each_s = self._window_s / most
        full_at = max(self._full_at.get(whose, now), now)
        wait_s = full_at + each_s - self._window_s - now
        if wait_s > 1e-9:
            return wait_s
        self._full_at[whose] = full_at + each_s
        return 0.0

    def _opened(self, now: float) -> float:
        return math.floor(now / self._window_s) * self._window_s
