"""The fate of a job, drawn whole at the moment it is accepted.

Law: it depends on the seed, the job's number in the books and the moment, on nothing else.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.sandbox.chance import mint_id, stream
from pipeline.sandbox.faults import Fault
from pipeline.sandbox.jobs import COMPLETED, Order, RemoteJob
from pipeline.sandbox.strikes import Strikes

SPREAD = 0.25
"""Sigma of the log-normal latency around a model's typical seconds."""

QUEUE_SHARE = 0.05
"""How much of its latency a job spends queued when a slot is free."""

SHORTEST_S = 0.001


@dataclass(frozen=True, slots=True)
class Moment:
    """Where and when a job is accepted: its number, the time, and when a slot is free for it."""

    seed: int
    seq: int
    now: float
    slot_at: float
    speed: float


def draw_fate(order: Order, moment: Moment, strikes: Strikes) -> RemoteJob:
    """The stored job of an accepted order."""
    chance = stream(moment.seed, "job", moment.seq)
    typical_s = max(order.typical_s, SHORTEST_S)
    latency_s = chance.lognormvariate(math.log(typical_s), SPREAD) / moment.speed
    failure = _failure(order, strikes)
    late = strikes.strike("late_links")
    finishes_at = moment.slot_at + latency_s
    return RemoteJob(
        seq=moment.seq,
        id=mint_id(moment.seed, moment.seq, repr(moment.now)),
        provider=order.provider, bucket=order.bucket, kind=order.kind, model=order.model,
        prompt=order.prompt, generation_type=order.generation_type,
        details={"seed": chance.getrandbits(31), **order.details},
        created_at=moment.now,
        starts_at=moment.slot_at + QUEUE_SHARE * latency_s,
        finishes_at=finishes_at,
        links_at=finishes_at + (late.seconds / moment.speed if late else 0.0),
        outcome=failure.word if failure else COMPLETED,
        error=failure.message if failure else "",
        charge_micros=order.charge_micros,
        refund_micros=order.charge_micros
        if failure and (failure.refund or order.refunds) else 0,
        outputs=order.outputs,
        early_404s=_times(strikes.strike("status_404")),
        media_404s=_times(strikes.strike("media_404")),
        late_ends=_times(strikes.strike("late_end")),
        null_links=_times(strikes.strike("null_links")),
        charged_late=order.charged_late,
    )


def slot_at(flights: Sequence[float], limit: int, now: float) -> float:
    """When a slot is free: at once, or when enough of the flights (latest first) have ended."""
    return now if len(flights) < limit else flights[limit - 1]


def _failure(order: Order, strikes: Strikes) -> Fault | None:
    moderation = strikes.strike("moderation")
    if moderation and any(word.lower() in order.prompt.lower() for word in moderation.words):
        return moderation
    return strikes.strike("fail")


def _times(fault: Fault | None) -> int:
    return fault.times if fault else 0
