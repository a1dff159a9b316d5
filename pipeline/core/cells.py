"""The cells of a manifest: every wanted job with its spec, its key and its quote."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.core.catalog import Catalog
from pipeline.core.errors import Problem
from pipeline.core.manifest import Value
from pipeline.core.price_rule import PriceRule
from pipeline.core.pricing import Quote
from pipeline.core.spec import JobSpec


@dataclass(frozen=True, slots=True)
class Offer:
    """What one account can be asked for: its provider's catalog, its own prices, and the kinds that
    can be bought there. `gone` are models of the last run that the catalog has no more, in words.
    """

    provider: str
    catalog: Catalog
    prices: Mapping[str, PriceRule] = field(default_factory=dict)
    kinds: tuple[str, ...] = ("image", "video")
    gone: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """One job that a manifest wants, with the place it takes in its campaign's matrix.

    `longest_s` is how long its film or sound can be at most, in seconds; None if nothing tells.
    """

    campaign: str
    account: str
    spec: JobSpec
    key: str
    quote: Quote
    vars: Mapping[str, Value]
    typical_s: float | None
    max_paid_attempts: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)
    longest_s: float | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A cell left out because the catalog does not offer it (`unsupported: skip`)."""

    campaign: str
    model: str
    aspect_ratio: str | None
    why: str


@dataclass(slots=True)
class Expansion:
    """All cells in the author's order, what was left out, and every problem."""

    cells: list[Cell] = field(default_factory=list)
    excluded: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
