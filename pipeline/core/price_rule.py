"""How a catalog row prices a job: flat, or a rate over seconds.

Law: a note that speaks of time and cannot be read whole makes the model unpriced. A model without
a price is never free; it waits for the author's `max_price` or for the account's own price.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.core.money import Money


@dataclass(frozen=True, slots=True)
class Flat:
    """One amount a job, whatever comes out; with `each` named, one for each file that this
    parameter asks for."""

    amount: Money
    each: str = ""


@dataclass(frozen=True, slots=True)
class PerSecond:
    """A rate for each second of output; with `counts_sources`, of the reference media as well."""

    rate: Money
    counts_sources: bool = False


@dataclass(frozen=True, slots=True)
class ByOption:
    """An amount for each choice of one parameter; `default` is the choice of a job without it."""

    param: str
    amounts: Mapping[str, Money]
    default: str


PriceRule = Flat | PerSecond | ByOption

LONGEST_NOTE = 500
"""Characters; the longest of Kubeez's rows has 31 (sandbox/kubeez_models.jsonl)."""

_NUMBER = r"(\d+(?:\.\d+)?)"
_SECOND = r"(?:s|sec|secs|second|seconds)"
_RATE = re.compile(rf"{_NUMBER}\s*(?:credits?|cr)?\s*(?:/|per|a|each)\s*{_SECOND}\b", re.I)
_SUM = re.compile(
    rf"\(\s*ref\w*\s*\+\s*out\w*\s*\)\s*[x×*]\s*{_NUMBER}"
    rf"|{_NUMBER}\s*(?:credits?|cr)?\s*[x×*]\s*\(\s*ref\w*\s*\+\s*out\w*\s*\)",
    re.I,
)
_TIME = re.compile(
    r"(?<![a-z])(?:sec|secs|seconds?|min|mins|minutes?|hours?|length|duration)(?![a-z])"
    r"|/\s*s\b|\d\s*s\b|_seconds",
    re.I,
)
_MORE = re.compile(r"[\d$€£+×*%]|doubl|twice|tripl|surcharge|extra", re.I)
"""What a note may not say beside its rate: another figure, or that something comes on top."""


def read_price_rule(amount: Money | None, note: str) -> PriceRule | None:
    """The rule of a row from its `cost_per_generation` and `cost_note`; None if it has none.

    >>> read_price_rule(Money.parse("14"), "")
    Flat(amount=Money(micros=14000000, unit='credits'), each='')
    >>> read_price_rule(Money.parse("105"), "17 credits per second").rate.micros
    17000000
    >>> read_price_rule(Money.parse("105"), "billed by the minute, see site") is None
    True
    """
    if len(note) > LONGEST_NOTE:
        return None
    sums = {group for found in _SUM.findall(note) for group in found if group}
    rest = _SUM.sub(" ", note)
    rates = set(_RATE.findall(rest))
    if (sums or rates) and _MORE.search(_RATE.sub(" ", rest)):
        return None
    unit = amount.unit if amount else "credits"
    if sums:
        return _one_rate(sums | rates, unit, counts_sources=True)
    if rates:
        return _one_rate(rates, unit, counts_sources=False)
    if _TIME.search(note) or not amount:
        return None
    return Flat(amount)


def _one_rate(rates: set[str], unit: str, *, counts_sources: bool) -> PerSecond | None:
    try:
        found = {Money.parse(rate, unit) for rate in rates}
    except ValueError:
        return None
    if len(found) != 1 or not (rate := found.pop()):
        return None
    return PerSecond(rate, counts_sources)


def read_own_price(text: str, unit: str = "credits") -> PriceRule:
    """An account's own price: "21/s" is a rate, "14" is a job; else `ValueError`."""
    amount, slash, per = text.partition("/")
    if slash and per != "s":
        raise ValueError(f"not a price: {text!r}")
    money = Money.parse(amount, unit)
    if not money:
        raise ValueError("a price of nothing is no price")
    return PerSecond(money) if slash else Flat(money)
