"""Media Engine's models: ids, types, and what one asset takes in credits.

The shape of `/v1/models` is published nowhere ("available models and their per-job credit cost"),
so a cost is looked for under every name that it is likely to have; without one, a model is
unpriced. Whether the cost of a job grows with `n` is not said: it is counted for each asset, which
is the most that it can be (facts/media_apis.md section 2).
"""

from collections.abc import Mapping

from pipeline.core.catalog import Capability, Catalog, Model
from pipeline.core.money import Money
from pipeline.core.price_rule import Flat
from pipeline.providers.kubeez_answers import charge_of
from pipeline.providers.kubeez_rows import ID
from pipeline.providers.mediaengine_answers import listed

COSTS = ("credits", "credit_cost", "creditCost", "credits_per_job", "creditsPerJob", "cost")
NAMES = ("id", "model", "slug")
COUNTS = ("1", "2", "3", "4")
"""`n`, "number of assets to generate (1-4)": the page has it, the other two descriptions do not."""


def read_catalog(payload: object, fetched_at: str, *, provider: str) -> Catalog:
    """The catalog; a row that cannot be read is left out. Raises `Unreachable` for no catalog."""
    kept = payload if isinstance(payload, Mapping) else {}
    rows = listed(kept.get("answer"), "catalog")
    counts = kept.get("dialect") == "page"
    models = [_model(row, counts=counts) for row in rows if isinstance(row, Mapping)]
    return Catalog(provider, fetched_at, {model.id: model for model in models if model})


def _model(row: Mapping[str, object], *, counts: bool) -> Model | None:
    name = next((str(row[key]) for key in NAMES if isinstance(row.get(key), str)), "")
    kind, title = row.get("type"), row.get("name")
    if not ID.match(name):
        return None
    cost = _cost(row)
    return Model(
        id=name, kind=kind if isinstance(kind, str) and kind else "image",
        name=title if isinstance(title, str) and title else name,
        price=Flat(cost, each="n") if cost else None,
        capability=Capability(max_images=0, max_videos=0, max_audios=0,
                              options={"n": COUNTS} if counts else {}))


def _cost(row: Mapping[str, object]) -> Money | None:
    found = (charge_of(row.get(name)) for name in COSTS)
    return next((cost for cost in found if cost), None)
