"""What an approval of a plan is held against: one digest of all that it says.

Law: two plans have the same one exactly if the same would be bought, by the same accounts, at the
same prices and under the same caps.
"""

import hashlib
from collections.abc import Mapping, Sequence

from pipeline.core.cells import AT_ONCE, Cell, Cells
from pipeline.core.manifest import Budget


def fingerprint(manifest: str, cells: Sequence[Cell], catalogs: Mapping[str, str],
                budget: Budget) -> str:
    """A digest of what would be bought, at which prices, from which catalogs, under which caps."""
    digest = hashlib.sha256(
        f"{manifest}\n{sorted(catalogs.items())}\n{_caps(budget)}\n".encode())
    columns = Cells.of(cells)
    frames = [(f"{p.campaign}\t{p.account}\t", f"\t{p.quote.expected}\t{p.quote.worst}"
               f"\t{p.max_paid_attempts}\n") for p in columns.patterns]
    for start in range(0, len(columns), AT_ONCE):
        framed = [frames[number] for number in columns.pattern[start:start + AT_ONCE]]
        keys = columns.keys(start, start + AT_ONCE)
        digest.update("".join([before + key + after for (before, after), key
                               in zip(framed, keys, strict=True)]).encode())
    return "sha256:" + digest.hexdigest()


def _caps(budget: Budget) -> str:
    """The caps in words that later versions find as well; campaigns' own where there are some."""
    own = f", campaigns={sorted(budget.campaigns.items())}" if budget.campaigns else ""
    return (f"Budget(credits={budget.credits!r}, per_day={budget.per_day!r}, "
            f"per_month={budget.per_month!r}{own})")
