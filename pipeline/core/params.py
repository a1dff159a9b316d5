"""Rules for one parameter of a job: what its author may write, and how it is sent.

Law: a fraction is kept as the text that was written, never as a float; what a rule gives back is a
text, a whole number or a boolean, the only things that a key is made of.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_PLAIN = re.compile(r"(?=[.0-9])[0-9]{0,9}(\.[0-9]{1,9})?\Z")
"""A number as people write it: an exponent could say one of a million digits."""

Setting = str | int | bool


class Unfit(ValueError):
    """A value that the rule does not take; the message says what it would."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    def read(self, value: object) -> Setting:
        """The word as it is spelled in the list; raises `Unfit`."""
        found = next((each for each in self.options if each.lower() == str(value).lower()), None)
        if found is None:
            raise Unfit("one of " + ", ".join(self.options) + near(str(value), self.options))
        return found


@dataclass(frozen=True, slots=True)
class Fraction:
    """A number from `low` to `high`, both included."""

    low: Decimal
    high: Decimal

    def read(self, value: object) -> Setting:
        """The number as text without needless zeros; raises `Unfit`."""
        text = "" if isinstance(value, bool) else str(value)
        number = Decimal(text) if _PLAIN.match(text) else None
        if number is None or not self.low <= number <= self.high:
            raise Unfit(f"a number from {self.low} to {self.high}")
        return f"{number.normalize():f}" if number else "0"


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`, both included."""

    low: int
    high: int

    def read(self, value: object) -> Setting:
        """The number; raises `Unfit`."""
        if not isinstance(value, int) or isinstance(value, bool) \
                or not self.low <= value <= self.high:
            raise Unfit(f"a whole number from {self.low} to {self.high}")
        return value


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def read(self, value: object) -> Setting:
        """The boolean; raises `Unfit`."""
        if not isinstance(value, bool):
            raise Unfit("true or false")
        return value


@dataclass(frozen=True, slots=True)
class Words:
    """A text that says something, of at most `longest` characters."""

    longest: int = 5000

    def read(self, value: object) -> Setting:
        """The text; raises `Unfit`."""
        if isinstance(value, bool) or not str(value).strip() or len(str(value)) > self.longest:
            raise Unfit(f"a text of 1 to {self.longest} characters")
        return str(value)


Rule = Choice | Fraction | Whole | Flag | Words


def near(wanted: str, options: Iterable[str]) -> str:
    """The end of a hint: the option that was probably meant, "" if none comes close."""
    folded = {option.lower(): option for option in options}
    found = difflib.get_close_matches(wanted.lower(), list(folded), n=1, cutoff=0.6)
    return f"; did you mean {folded[found[0]]}?" if found else ""
