"""What was spent, by whatever a person asks: the groups there are, and the sums of one of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.core.money import NOTHING, Money
from pipeline.core.params import Unfit, near

GROUPS = ("campaign", "model", "day", "month", "account", "kind", "run", "manifest", "tag")
"""What spending can be told by; `tag:NAME` is one tag, `tag` all that a job has."""

TAG = "tag:"
TIMES = frozenset({"day", "month"})


@dataclass(frozen=True, slots=True)
class Spent:
    """The money of one group of paid tries. `group` has a value for each name that was asked for,
    None where there is none.

    `held` is what is set aside for tries under way, doubts included, `in_doubt` their part of it.
    `refunded` came back after it was charged; what a service gives back before a job has ended
    makes its charge smaller instead.
    """

    group: tuple[str | None, ...]
    jobs: int = 0
    charged: Money = NOTHING
    held: Money = NOTHING
    in_doubt: Money = NOTHING
    refunded: Money = NOTHING


@dataclass(frozen=True, slots=True)
class Spending:
    """All groups and their sum. A job that was paid for in two groups counts in both, and once in
    the total."""

    by: tuple[str, ...]
    rows: Sequence[Spent]
    total: Spent


def read_groups(text: str) -> tuple[str, ...]:
    """The names in a text such as `campaign,tag:client`; raises `Unfit`.

    >>> read_groups("model, tag:client")
    ('model', 'tag:client')
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        if name not in GROUPS and not (name.startswith(TAG) and name != TAG):
            raise Unfit(f"{name!r} is none of {', '.join(GROUPS)} and {TAG}NAME"
                        + near(name, GROUPS))
    return names


def add_up(by: tuple[str, ...], rows: Sequence[Spent], jobs: int) -> Spending:
    """The groups in the order of a reader, and their sum over so many jobs.

    Times and nested groups go by name, so that what belongs together stands together; else the
    dearest group comes first.
    """
    def named(row: Spent) -> tuple[tuple[bool, str], ...]:
        return tuple((value is None, value or "") for value in row.group)

    ordered = sorted(rows, key=named)
    if len(by) == 1 and not TIMES.intersection(by):
        ordered.sort(key=lambda row: -(row.charged + row.held).micros)
    return Spending(by, ordered, Spent(
        (), jobs, sum((row.charged for row in rows), NOTHING),
        sum((row.held for row in rows), NOTHING), sum((row.in_doubt for row in rows), NOTHING),
        sum((row.refunded for row in rows), NOTHING)))
