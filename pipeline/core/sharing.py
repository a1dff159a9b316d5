"""Several accounts side by side: whose turn it is, and who may buy a job instead of whom.

Law: who takes a job over pays no more for it than was planned, and sends the same request. What an
account can do decides how much it is given; what is free decides who buys in the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd

from pipeline.core.cells import Cells, Pattern
from pipeline.core.pricing import Quote
from pipeline.core.terms import Terms

ROUND = 360
"""Turns of the longest round: shares are told to the third of a percent, and of two to six alike
accounts each has a whole number."""


@dataclass(frozen=True, slots=True)
class Reassigned:
    """Another account of its campaign buys the job, at its own price; at `was` nothing was sent for
    it, or it is known that nothing came of it. A pause that `was` asked for is over with it."""

    account: str
    was: str
    quote: Quote


def starts_per_s(terms: Terms | None, kind: str, model_typical_s: float | None) -> float:
    """How many jobs of a kind an account can start a second, for hours: what its window lets
    through, or what its slots do at the typical length; 1 where no limit is known."""
    if terms is None:
        return 1.0
    bucket, rates = terms.bucket(kind), []
    if limit := terms.starts.get(bucket):
        rates.append(limit.calls / limit.window_s)
    if slots := terms.in_flight.get(bucket):
        rates.append(slots / terms.typical_s(kind, model_typical_s))
    return min(rates, default=1.0)


def round_of(weights: Sequence[float]) -> Sequence[int]:
    """Whose turn it is, by number, for as long as it takes until all begins anew: each as often as
    its weight says and at least once, evenly spread; of two that are due the first.

    >>> round_of([2.0, 1.0])
    [0, 1, 0]
    >>> round_of([0.5, 0.5])
    [0, 1]
    """
    shares = [max(1, round(ROUND * weight / sum(weights))) for weight in weights]
    by = gcd(*shares)
    shares = [share // by for share in shares]
    total, given = sum(shares), [0] * len(shares)
    turns = []
    for turn in range(1, total + 1):
        due = [turn * share - total * had for share, had in zip(shares, given, strict=True)]
        turns.append(due.index(max(due)))
        given[turns[-1]] += 1
    return turns


def siblings(patterns: Sequence[Pattern]) -> Sequence[Mapping[str, int]]:
    """For each pattern the accounts that may buy its cells, itself among them, and the numbers of
    their patterns; nothing for one that stays where it is."""
    pools: dict[tuple[str, int], list[int]] = {}
    for number, pattern in enumerate(patterns):
        if pattern.pool:
            pools.setdefault((pattern.campaign, pattern.pool), []).append(number)
    return [{patterns[other].account: other for other in members if _may(pattern, patterns[other])}
            if len(members := pools.get((pattern.campaign, pattern.pool), [])) > 1 else {}
            for pattern in patterns]


def accounts_of(cells: Cells) -> set[str]:
    """Every account that buys some of these cells, or may come to."""
    shared = siblings(cells.patterns)
    return {name for number in set(cells.pattern)
            for name in (cells.patterns[number].account, *shared[number])}


def _may(planned: Pattern, other: Pattern) -> bool:
    return other.spec == planned.spec and other.quote.expected <= planned.quote.expected \
        and other.quote.worst <= planned.quote.worst
