"""What the caps of a run still allow, asked of the ledger."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.core.caps import Candidate, Caps, Scope, campaign_scope, scopes
from pipeline.core.money import Money
from pipeline.executor.sources import held_for
from pipeline.ledger.questions import Questions


@dataclass(frozen=True, slots=True)
class Rooms:
    """`left` is what the tightest cap of all still allows, None without one; `campaigns` what those
    with a cap of their own have."""

    left: Money | None = None
    campaigns: Mapping[str, Money] = field(default_factory=dict)


def rooms(ask: Questions | None, caps: Caps, *, run: str, manifest: str, account: str,
          at_s: float) -> Rooms:
    """What is left now; without a ledger, all of it."""
    shared = _left(ask, scopes(caps, run=run, manifest=manifest, account=account, at_s=at_s))
    own = {name: _left(ask, [campaign_scope(caps, run, name)]) for name in caps.campaigns}
    return Rooms(min(shared, default=None), {name: min(left) for name, left in own.items()})


def _left(ask: Questions | None, found: Iterable[Scope]) -> list[Money]:
    left = []
    for scope in found:
        if scope.cap is not None:
            held, charged, refunded = ask.sums(scope.name) if ask else (0, 0, 0)
            left.append(scope.cap.less(Money(max(0, held + charged - refunded))))
    return left


def candidates(ask: Questions, run: str) -> Iterator[Candidate]:
    """The pending jobs of a run as caps look at them, each with what an attempt would set aside."""
    for candidate, job in ask.candidates(run):
        yield candidate if job is None else candidate._replace(worst=held_for(job, ask))
