"""Exact amounts in a named unit, kept as whole micro-units.

Law: no float and no NaN ever becomes money, and unlike units neither add nor compare.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

MICROS = 1_000_000
LARGEST_MICROS = 2**53
"""Amounts stay below 2**53 micro-units (nine thousand million credits), so that sums fit SQLite."""

_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,6})?\Z")


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount of `unit`, never negative.

    >>> Money.parse("0.1") * 30 == Money.parse("3")
    True
    >>> str(Money.parse("14.50"))
    '14.5'
    >>> Money.parse("1") + Money.parse("1", unit="usd")
    Traceback (most recent call last):
    ValueError: credits and usd do not add
    """

    micros: int
    unit: str = "credits"

    def __post_init__(self) -> None:
        if type(self.micros) is not int or not 0 <= self.micros <= LARGEST_MICROS:
            raise ValueError(f"not an amount of money: {self.micros!r}")

    @classmethod
    def parse(cls, text: str, unit: str = "credits") -> "Money":
        """Read a decimal text such as "14" or "0.5"; anything else raises `ValueError`."""
        if not isinstance(text, str) or not _DECIMAL.match(text):
            raise ValueError(f"not an amount: {text!r}")
        return cls(int(Decimal(text) * MICROS), unit)

    @classmethod
    def from_number(cls, number: object, unit: str = "credits") -> "Money":
        """Take a JSON number parsed as int or Decimal, never a float; `ValueError` if unusable."""
        if isinstance(number, bool) or not isinstance(number, int | Decimal):
            raise ValueError(f"not an amount: {number!r}")
        if isinstance(number, Decimal) and not number.is_finite():
            raise ValueError(f"not an amount: {number!r}")
        if not 0 <= number < LARGEST_MICROS // MICROS:
            raise ValueError(f"not an amount: {number!r}")
        return cls(int((Decimal(number) * MICROS).to_integral_value()), unit)

    def __add__(self, other: "Money") -> "Money":
        self._like(other)
        return Money(self.micros + other.micros, self.unit)

    def less(self, other: "Money") -> "Money":
        """This amount without the other, and nothing at least: what is left of it."""
        self._like(other)
        return Money(max(0, self.micros - other.micros), self.unit)

    def __mul__(self, times: int) -> "Money":
        return Money(self.micros * times, self.unit)

    def __lt__(self, other: "Money") -> bool:
        self._like(other)
        return self.micros < other.micros

    def __le__(self, other: "Money") -> bool:
        self._like(other)
        return self.micros <= other.micros

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    def __bool__(self) -> bool:
        return self.micros > 0

    def __str__(self) -> str:
        whole, part = divmod(self.micros, MICROS)
        return f"{whole}.{part:06d}".rstrip("0").rstrip(".")

    def _like(self, other: "Money") -> None:
        if self.unit != other.unit:
            raise ValueError(f"{self.unit} and {other.unit} do not add")


NOTHING = Money(0)


def times_seconds(rate: Money, seconds: Decimal) -> Money:
    """A rate per second over a length, rounded up to a whole micro-unit.

    >>> str(times_seconds(Money.parse("17"), Decimal(5)))
    '85'
    """
    exact = Decimal(rate.micros) * seconds
    return Money(int(exact.to_integral_value(rounding="ROUND_CEILING")), rate.unit)
