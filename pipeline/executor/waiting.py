"""A running job that waits for its end, and what is known of its parts.

Law: the end of a part is kept; only what has not ended, or has no link yet, is asked about again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio

from pipeline.core.job import Event, Job
from pipeline.core.provider import Finished, News, Working
from pipeline.core.verdict import join_news


@dataclass(slots=True)
class Waiting:
    """A running job that waits for its end, here since `since_s`. `seen` is the latest news of each
    of its generations: what has ended stays as it is."""

    job: Job
    due_s: float
    expected_s: float
    since_s: float
    seen: dict[str, News] = field(default_factory=dict)
    looks: int = 0
    unlinked: int = 0
    unknown_since_s: float | None = None
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


def says_all(news: News) -> bool:
    """A list may name a made job without its links; then the job itself is asked."""
    return not isinstance(news, Finished) or bool(
        news.outputs and all(output.url for output in news.outputs))
