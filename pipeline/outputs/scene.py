"""What a run looks like at this moment: its figures, its pace, the jobs under way.

Law: a change costs the same however many jobs the run has.
"""

from collections import deque
from dataclasses import dataclass, field

from pipeline.core.job import AT_REST, Job, State
from pipeline.core.money import Money
from pipeline.core.report import Totals

PACE_JOBS = 60
"""The pace is that of the last so many jobs."""

PACE_LEAST = 4
"""Below so many jobs the forecast knows better."""

UNDER_WAY = frozenset({State.SUBMITTING, State.RUNNING, State.PRODUCED})


@dataclass(slots=True)
class Scene:
    """The figures of a run under way. Times are seconds of one clock; `finish_s` is a forecast."""

    started_s: float
    totals: Totals
    cap: Money | None = None
    finish_s: float | None = None
    waits_for: str = ""
    under_way: dict[str, tuple[Job, float]] = field(default_factory=dict)
    ends_s: deque[float] = field(default_factory=lambda: deque(maxlen=PACE_JOBS))

    def change(self, job: Job, totals: Totals, now_s: float) -> None:
        """A job is in a new state."""
        self.totals = totals
        if job.state in UNDER_WAY:
            since_s = self.under_way.get(job.key, (job, now_s))[1]
            self.under_way[job.key] = (job, since_s)
            return
        self.under_way.pop(job.key, None)
        if job.state in AT_REST:
            self.ends_s.append(now_s)

    @property
    def at_rest(self) -> int:
        """How many rows are at rest."""
        return sum(self.totals.states.get(state, 0) for state in AT_REST)

    def pace_per_min(self, now_s: float) -> float | None:
        """Jobs that come to rest in a minute, None before there is a pace to speak of."""
        if len(self.ends_s) < PACE_LEAST:
            return None
        since_s = self.ends_s[0] if len(self.ends_s) == PACE_JOBS else self.started_s
        return 60 * len(self.ends_s) / max(1e-9, now_s - since_s)

    def left_s(self, now_s: float) -> float | None:
        """How long it will still take: by the pace, before that by the forecast."""
        left = self.totals.total - self.at_rest
        pace = self.pace_per_min(now_s)
        if pace:
            return left * 60 / pace
        if self.finish_s is None:
            return None
        return max(0.0, self.started_s + self.finish_s - now_s)
