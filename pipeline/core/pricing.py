"""What one job should take from the account, and the most that it can take.

Law: the worst price is what a cap reserves. It is never nothing and never a guess: a job that
cannot be priced is refused unless its author names a `max_price`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from math import ceil

from pipeline.core.catalog import Model
from pipeline.core.kinds import outputs_of
from pipeline.core.money import Money, times_seconds
from pipeline.core.offer import seconds_of
from pipeline.core.origins import TIMED
from pipeline.core.price_rule import ByOption, Flat, PerSecond, PriceRule
from pipeline.core.provider import Preview
from pipeline.core.spec import JobSpec

BILLED_BY_SOURCE = ("captions", "separation")
"""Kinds whose rate is over the seconds of what they work on; they make no length of their own."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of one paid try: expected, worst, and in words what it rests on.

    Where `assumed_s` seconds of sources that are not made yet are in the worst price, `rate` is
    what each of them takes.
    """

    expected: Money
    worst: Money
    basis: str
    rate: Money | None = None
    assumed_s: float = 0.0

    def held(self, measured_s: float | None) -> Money:
        """What to set aside once those sources are there: the worst price for their real length."""
        if self.rate is None or measured_s is None:
            return self.worst
        spared_s = Decimal(str(self.assumed_s)) - Decimal(ceil(measured_s))
        return self.worst.less(times_seconds(self.rate, max(Decimal(0), spared_s)))


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


def confirmed(quote: Quote, preview: Preview) -> Quote:
    """The quote after the service's own word; what is set aside is the worse of both."""
    surety = "exact" if preview.exact else "pessimistic"
    return replace(quote, expected=preview.amount, worst=max(quote.worst, preview.amount),
                   basis=f"{preview.amount} by the service's own quote, {surety}")


def _by_rule(spec: JobSpec, model: Model, rule: PriceRule) -> Quote | Unpriced:
    match rule:
        case Flat():
            return _flat(spec, rule)
        case ByOption(param, amounts, default):
            choice = str(spec.params.get(param, default))
            amount = amounts.get(choice) or max(amounts.values())
            return Quote(amount, amount, f"{amount} a job, {param} {choice}")
        case PerSecond():
            return _by_seconds(spec, model, rule)


def _flat(spec: JobSpec, rule: Flat) -> Quote:
    """One amount for each generation that the job starts."""
    counts = rule.each in spec.params or spec.kind == "ad-copy"
    number = outputs_of(spec.kind, spec.params) if counts else 1
    total = rule.amount * number
    noun = "variants" if spec.kind == "ad-copy" else "files"
    says = f"{rule.amount} a job" if number == 1 else f"{number} {noun} × {rule.amount}"
    return Quote(total, total, says)


def _by_seconds(spec: JobSpec, model: Model, rule: PerSecond) -> Quote | Unpriced:
    """Seconds of output, of sources, or of both; what is not known is assumed at its longest."""
    lengths = _source_lengths(spec, model)
    of_source = spec.kind in BILLED_BY_SOURCE
    if None in lengths and (rule.counts_sources or of_source):
        return Unpriced(f"{model.id} also bills the seconds of its sources, which are not known",
                        "give `max_price`, the most that one job may take")
    known = [length for length in lengths if length is not None]
    made = Decimal(0) if of_source else _length(spec.params, model) or _as_its_source(known)
    if made is None:
        return Unpriced(f"{model.id} bills by the second and names no lengths",
                        "give `params: {duration: …}` or `max_price`")
    taken = sum(known, Decimal(0)) if rule.counts_sources or of_source else Decimal(0)
    own = "its own length" if model.capability.default_duration else "the longest it offers"
    asked = "" if of_source or "duration" in spec.params else f", {own}"
    words = [f"{made.normalize():f} s{asked}"] if made else []
    words += [f"{taken.normalize():f} s of source ({_surety(spec)})"] if taken else []
    assumed_s = _assumed_s(spec, model) if taken else 0.0
    return Quote(times_seconds(rule.rate, made + taken),
                 times_seconds(rule.rate, made + taken.to_integral_value(ROUND_CEILING)),
                 f"{rule.rate} a second × {' + '.join(words)}",
                 rule.rate if assumed_s else None, assumed_s)


def _assumed_s(spec: JobSpec, model: Model) -> float:
    """How many of those seconds are of files that other jobs will bring."""
    longest = model.capability.source_seconds
    return sum(source.seconds if source.seconds is not None else float(longest[1] if longest else 0)
               for source in spec.sources if source.kind == "job" and source.media in TIMED)


def _source_lengths(spec: JobSpec, model: Model) -> list[Decimal | None]:
    """The lengths of the films and sounds it starts from: measured, or the longest there can be."""
    can = model.capability
    open_to_time = spec.kind in BILLED_BY_SOURCE or bool(can.max_videos or can.max_audios)
    timed = [source for source in spec.sources
             if source.media in TIMED or (not source.media and open_to_time)]
    longest = Decimal(can.source_seconds[1]) if can.source_seconds else None
    return [longest if source.seconds is None else Decimal(str(round(source.seconds, 3)))
            for source in timed]


def _surety(spec: JobSpec) -> str:
    timed = [source for source in spec.sources if source.media != "image"]
    return "read from the file" if all(source.measured for source in timed) else "assumed worst"


def _as_its_source(lengths: list[Decimal]) -> Decimal | None:
    """A model that offers no choice of length makes its film as long as the one it starts from."""
    return max(lengths, default=None)


def length_of(spec: JobSpec, model: Model) -> Decimal | None:
    """The longest that the job's film or sound can be, in seconds; None if nothing tells."""
    return _length(spec.params, model)


def _length(params: Mapping[str, object], model: Model) -> Decimal | None:
    own = model.capability.default_duration
    said = [params["duration"]] if "duration" in params else \
        (own,) if own else model.capability.durations
    lengths = [seconds for text in said if (seconds := seconds_of(text))]
    return max(lengths, default=None)


def _unreadable(model: Model) -> Unpriced:
    says = f' (its note says "{model.price_note}")' if model.price_note else ""
    return Unpriced(f"the catalog gives no price for {model.id} that can be relied on{says}",
                    "give `max_price`, the most that one job may take, "
                    "or the account's own price in pipeline.toml")
