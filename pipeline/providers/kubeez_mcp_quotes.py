"""The service's own word on a price, asked before anything is bought (facts/kubeez.md section 5).

Law: a preview is exact only if everything that the price hangs on was asked: each length of a
source read from its file, and each name taken by the tool.
"""

from collections.abc import Mapping
from math import fsum

from pipeline.core.money import Money
from pipeline.core.origins import TIMED
from pipeline.core.provider import Preview
from pipeline.core.spec import JobSpec

AMOUNTS = ("estimated_cost_credits", "estimated_credits", "total_credits", "cost_credits",
           "credits", "cost")
"""What an answer may call the amount: the names of its fields are published nowhere."""
PLACES = ("estimate", "data", "result")
DECISIVE = ("resolution", "quality", "duration", "sound")


def quote_arguments(spec: JobSpec) -> dict[str, object]:
    """What a price is asked for with."""
    asked: dict[str, object] = {"model": spec.model}
    if spec.kind in ("image", "video"):
        asked["generation_type"] = f"{'image' if spec.sources else 'text'}-to-{spec.kind}"
    asked |= {name: spec.params[name] for name in DECISIVE if name in spec.params}
    for medium in TIMED:
        lengths = [source.seconds for source in spec.sources if source.media == medium]
        known = [seconds for seconds in lengths if seconds is not None]
        if known:
            asked[f"reference_{medium}_seconds"] = round(fsum(known), 3)
    return asked


def read_preview(body: object, spec: JobSpec, *, is_whole: bool) -> Preview | None:
    """The preview in an answer; None for an answer that names no amount."""
    said = body if isinstance(body, Mapping) else {}
    places = [said, *(said[name] for name in PLACES if isinstance(said.get(name), Mapping))]
    for place in places:
        for name in AMOUNTS:
            try:
                amount = Money.from_number(place[name])
            except (KeyError, TypeError, ValueError):
                continue
            if amount:
                return Preview(amount, exact=is_whole and _is_measured(spec))
    return None


def _is_measured(spec: JobSpec) -> bool:
    return all(source.measured for source in spec.sources if source.media != "image")
