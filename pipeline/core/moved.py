"""What became of models and prices since the last run of a manifest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.core.cells import Offer
from pipeline.core.job import Job
from pipeline.core.money import Money
from pipeline.core.pricing import Quote, price


@dataclass(frozen=True, slots=True)
class Moved:
    """A model whose job took `was` and would take `now`; None where it is gone or has no price."""

    account: str
    model: str
    was: Money
    now: Money | None
    gone: bool = False

    def __str__(self) -> str:
        if self.gone:
            return f"{self.model} is gone from the catalog of {self.account}; " \
                   f"a job took {self.was} credits"
        if self.now is None:
            return f"{self.model} has no price any more that can be relied on; it was {self.was}"
        return f"{self.model} was {self.was} credits a job, and is now {self.now}"


def moved(jobs: Iterable[Job], offers: Mapping[str, Offer]) -> list[Moved]:
    """Every model of these jobs whose price is another today, or that is not there any more.

    A job is priced again as it is, so a length or a tier that costs more is no change of price.
    """
    found: dict[tuple[str, str], Moved] = {}
    for job in jobs:
        place = job.account, job.spec.model
        offer = offers.get(job.account)
        if offer is None or place in found or job.quote.basis.startswith("max_price"):
            continue
        was = job.quote.expected
        model = offer.catalog.find(job.spec.model)
        if model is None:
            found[place] = Moved(*place, was, None, gone=True)
            continue
        quote = price(job.spec, model, own=offer.prices.get(model.id))
        now = quote.expected if isinstance(quote, Quote) else None
        if now != was:
            found[place] = Moved(*place, was, now)
    return list(found.values())
