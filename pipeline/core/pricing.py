"""What one job should take from the account, and the most that it can take.

Law: the worst price is what a cap reserves. It is never nothing and never a guess: a job that
cannot be priced is refused unless its author names a `max_price`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from pipeline.core.catalog import Model
from pipeline.core.money import Money, times_seconds
from pipeline.core.offer import seconds_of
from pipeline.core.price_rule import Flat, PerSecond, PriceRule
from pipeline.core.spec import JobSpec


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of one paid try: expected, worst, and in words what it rests on."""

    expected: Money
    worst: Money
    basis: str


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Why a job has no price, and what its author can do about it."""

    message: str
    hint: str


def price(spec: JobSpec, model: Model, *, own: PriceRule | None = None,
          max_price: Money | None = None) -> Quote | Unpriced:
    """The quote of a job from its catalog row, or from the account's own price where it has one."""
    rule = own or model.price
    quote = _by_rule(spec, model, rule) if rule else _unreadable(model)
    if isinstance(quote, Quote):
        if max_price is not None and quote.worst > max_price:
            return Unpriced(f"{model.id} can take {quote.worst} credits a job ({quote.basis}), "
                            f"over max_price {max_price}",
                            "raise max_price, or choose a model or a length that fits")
        return quote
    if max_price is not None:
        return Quote(max_price, max_price, f"max_price; {quote.message}")
    return quote


def _by_rule(spec: JobSpec, model: Model, rule: PriceRule) -> Quote | Unpriced:
    if isinstance(rule, Flat):
        return Quote(rule.amount, rule.amount, f"{rule.amount} a job")
    return _by_seconds(spec, model, rule)


def _by_seconds(spec: JobSpec, model: Model, rule: PerSecond) -> Quote | Unpriced:
    if rule.counts_sources and any(s.media not in ("image", "") for s in spec.sources):
        return Unpriced(f"{model.id} also bills the seconds of its sources, which are not known",
                        "give `max_price`, the most that one job may take")
    length = _length(spec.params, model)
    if length is None:
        return Unpriced(f"{model.id} bills by the second and names no lengths",
                        "give `params: {duration: …}` or `max_price`")
    amount = times_seconds(rule.rate, length)
    asked = "" if "duration" in spec.params else ", the longest it offers"
    return Quote(amount, amount, f"{rule.rate} a second × {length.normalize():f} s{asked}")


def _length(params: Mapping[str, object], model: Model) -> Decimal | None:
    said = [params["duration"]] if "duration" in params else model.capability.durations
    lengths = [seconds for text in said if (seconds := seconds_of(text))]
    return max(lengths, default=None)


def _unreadable(model: Model) -> Unpriced:
    says = f' (its note says "{model.price_note}")' if model.price_note else ""
    return Unpriced(f"the catalog gives no price for {model.id} that can be relied on{says}",
                    "give `max_price`, the most that one job may take, "
                    "or the account's own price in pipeline.toml")
