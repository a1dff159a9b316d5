"""Whether what a service owes has come back: its balance alone is believed.

Law: the sum must be right to the last fraction. A balance that moved by anything else, because
somebody filled it up or bought beside us, proves nothing, and what is due goes on counting as spent
(SAFETY 2.7).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.core.evidence import Reading
from pipeline.core.money import NOTHING, Money


@dataclass(frozen=True, slots=True)
class Due:
    """What one attempt of a job took and the service, by its terms, gives back."""

    tag: str
    job: str
    amount: Money


def total(dues: Iterable[Due]) -> Money:
    """All that is due."""
    return sum((due.amount for due in dues), NOTHING)


def came_back(before: Reading, now: Reading, due: Money) -> bool:
    """Whether the balance is what it must be if all that is due has come back.

    Both readings were made while nothing was open on the account, and `charged` counts the due.

    >>> reading = lambda balance, charged: Reading(Money(balance), Money(charged))
    >>> came_back(reading(100, 0), reading(70, 50), Money(20))
    True
    >>> came_back(reading(100, 0), reading(50, 50), Money(20))
    False
    """
    if now.charged < before.charged:
        return False
    return now.balance + now.charged.less(before.charged) == before.balance + due
