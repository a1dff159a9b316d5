"""An order as the service takes it, and the job that it becomes.

Law: what a job shows is a pure function of its row and the moment; no work goes on behind it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.sandbox.chance import mint_id

QUEUED = "queued"
PROCESSING = "processing"
COMPLETED = "completed"

STREAMED_AFTER = 0.7
"""The part of its making after which the beginning of a song can be heard."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a dialect asks for once it has checked it.

    `bucket` names the limits it falls under (media, music, dialogue, ad_copy), `kind` what it is
    (image, video, speech, music, separation, captions), `typical_s` the median of its duration in
    ordinary seconds, `outputs` how many files it yields. `details` is everything else that decides
    the bytes, as JSON values. One `charged_late` is paid for when it ends, one that `refunds` is
    given back when it fails.
    """

    provider: str
    bucket: str
    kind: str
    model: str
    prompt: str
    generation_type: str
    charge_micros: int
    typical_s: float
    details: Mapping[str, object] = field(default_factory=dict)
    outputs: int = 1
    charged_late: bool = False
    refunds: bool = False


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """One stored job with its whole fate; times are unix seconds by the service's clock.

    `links_at` is when its links appear, `outcome` the word it ends with, `early_404s` and
    `media_404s` how many first reads of it and of its files find nothing, `late_ends` and
    `null_links` how many reads after its end show it under way, or without links.
    """

    seq: int
    id: str
    provider: str
    bucket: str
    kind: str
    model: str
    prompt: str
    generation_type: str
    details: Mapping[str, object]
    created_at: float
    starts_at: float
    finishes_at: float
    links_at: float
    outcome: str
    error: str
    charge_micros: int
    refund_micros: int
    outputs: int = 1
    early_404s: int = 0
    media_404s: int = 0
    late_ends: int = 0
    null_links: int = 0
    charged_late: bool = False

    def phase(self, now: float) -> str:
        """The status word at this moment: queued, processing, then the outcome for good."""
        if now < self.starts_at:
            return QUEUED
        return PROCESSING if now < self.finishes_at else self.outcome

    def is_streaming(self, now: float) -> bool:
        """Whether the beginning of its files can be fetched at this moment, or more."""
        streams_at = self.starts_at + STREAMED_AFTER * (self.finishes_at - self.starts_at)
        return self.outcome == COMPLETED and now >= streams_at

    def is_linked(self, now: float) -> bool:
        """Whether its files can be fetched at this moment."""
        return self.outcome == COMPLETED and now >= self.links_at

    def net_micros(self, now: float) -> int:
        """What it has cost the account so far, after a refund that came with its end."""
        if now >= self.finishes_at:
            return self.charge_micros - self.refund_micros
        return 0 if self.charged_late else self.charge_micros

    def output_ids(self) -> list[str]:
        """The ids of its files, known from the start and shown once it is completed."""
        return [mint_id("output", self.id, n) for n in range(self.outputs)]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a client has handed in; `name` is the last part of its address."""

    name: str
    media_type: str
    size: int
    created_at: float
