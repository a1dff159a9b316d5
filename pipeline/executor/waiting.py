"""A running job that waits for its end, and what is known of its parts.

Law: the end of a part is kept; only what has not ended, or has no link yet, is asked about again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

import anyio

from pipeline.core.job import Event, Job
from pipeline.core.outlook import Prospect
from pipeline.core.provider import Finished, News, Working
from pipeline.core.verdict import join_news


@dataclass(slots=True, eq=False)
class Waiting:
    """A running job that waits for its end; it typically takes `typical_s`.

    Its own next look is due at `due_s`. `number` is its place in the order of all that waited here,
    `made_s` when the service took it in, as nearly as is known, in stored time. A job is `hidden`
    while a list that should show it does not. `seen` is the latest news of each of its generations:
    what has ended stays as it is.
    """

    job: Job
    typical_s: float
    number: int
    made_s: float
    prospect: Prospect
    due_s: float = float("inf")
    since_s: float = 0.0
    seen: dict[str, News] = field(default_factory=dict)
    looks: int = 0
    looked_s: float = float("-inf")
    unlinked: int = 0
    hidden: bool = False
    unknown_since_s: float | None = None
    entry: int = 0
    event: Event | None = None
    ready: anyio.Event = field(default_factory=anyio.Event)

    def saw(self, news: Mapping[str, News]) -> None:
        """Take up news of some of its generations."""
        self.seen |= news

    def unended(self) -> list[str]:
        """The generations whose end, with links to what they made, is not known yet."""
        return [name for name in self.job.remote_ids
                if name not in self.seen or isinstance(self.seen[name], Working)
                or not says_all(self.seen[name])]

    def news(self) -> News | None:
        """What is known of the whole job; None until every generation was seen."""
        if any(name not in self.seen for name in self.job.remote_ids):
            return None
        return join_news([self.seen[name] for name in self.job.remote_ids])


class Agenda:
    """Whose own look is due next."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Waiting]] = []
        self._numbers = count(1)

    def enter(self, waiting: Waiting, due_s: float) -> None:
        """The look of this job is due then, and at no other time."""
        waiting.due_s, waiting.entry = due_s, next(self._numbers)
        heappush(self._entries, (due_s, waiting.entry, waiting))

    def strike(self, waiting: Waiting) -> None:
        """The job needs no look any more."""
        waiting.entry = 0

    def take(self, now_s: float) -> list[Waiting]:
        """Those that are due; each must be entered again, unless it has come to its end."""
        due = []
        while self.next_s() <= now_s:
            due.append(heappop(self._entries)[2])
        return due

    def next_s(self) -> float:
        """When the next look is due; infinite where there is none."""
        while self._entries and self._entries[0][1] != self._entries[0][2].entry:
            heappop(self._entries)
        return self._entries[0][0] if self._entries else float("inf")


def says_all(news: News) -> bool:
    """A list may name a made job without its links; then the job itself is asked."""
    return not isinstance(news, Finished) or bool(
        news.outputs and all(output.url for output in news.outputs))
