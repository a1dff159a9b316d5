"""Values to decide about: models, campaigns, jobs, plans, as plain as they can be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.core.catalog import Capability, Catalog, Model
from pipeline.core.cells import Cell, Offer
from pipeline.core.errors import AuthorError, Position, Problem
from pipeline.core.job import Job, State
from pipeline.core.manifest import Axis, Campaign, Manifest, ModelRef
from pipeline.core.money import NOTHING, Money
from pipeline.core.plan import Row, Status
from pipeline.core.price_rule import Flat, PriceRule
from pipeline.core.pricing import Quote
from pipeline.core.spec import JobSpec, SourceRef
from pipeline.core.terms import Limit, Terms

NOW_S = 1_800_000_000.0
RATIOS = ("1:1", "16:9", "9:16", "4:3")

TERMS = Terms(
    provider="acme", starts={"media": Limit(30)}, reads=Limit(120), uploads=Limit(30),
    in_flight={"media": 10}, bucket_of={"image": "media", "video": "media"},
    first_look_s={"image": 10.0, "video": 60.0})


def cr(text: str) -> Money:
    return Money.parse(text)


@dataclass(frozen=True)
class Words:
    """A prompt of words and {names}."""

    text: str
    label: str = "prompt"
    names: frozenset[str] = field(default_factory=frozenset)

    def render(self, variables: Mapping[str, object]) -> str:
        try:
            return self.text.format_map(variables)
        except KeyError as missing:
            raise AuthorError([Problem(f"{missing} is undefined", Position("t.j2", 1))]) from None


def words(text: str) -> Any:
    return Words(text, names=frozenset(re.findall(r"\{(\w+)", text)))


FLAT = Flat(Money(14_000_000))


def make_model(model_id: str = "fox", *, kind: str = "image", price: PriceRule | None = FLAT,
               note: str = "",
               typical_s: float | None = 30.0, types: tuple[str, ...] = (),
               **capability: Any) -> Model:
    capability.setdefault("aspect_ratios", RATIOS)
    return Model(model_id, kind, model_id.title(), price, note, typical_s, types,
                 Capability(**capability))


def make_catalog(*models: Model) -> Catalog:
    return Catalog("acme", "2026-01-02T03:04:05Z", {model.id: model for model in models})


def make_offers(*models: Model, accounts: tuple[str, ...] = ("acme",)) -> dict[str, Offer]:
    catalog = make_catalog(*(models or (make_model(),)))
    return {name: Offer("acme", catalog) for name in accounts}


def make_campaign(name: str = "hero", prompt: str | None = "a {product}", *,
                  models: tuple[str, ...] = ("fox",), **more: Any) -> Campaign:
    axes = more.pop("axes", {})
    param_axes = more.pop("param_axes", {})
    spans = more.pop("spans", {"": Position("m.yaml", 7, 3)})
    return Campaign(
        name, None if prompt is None else words(prompt),
        tuple(ModelRef(model, at=Position("m.yaml", 20 + n, 5)) for n, model in enumerate(models)),
        axes=tuple(Axis(axis, tuple(values)) for axis, values in axes.items()),
        param_axes=tuple(Axis(axis, tuple(values)) for axis, values in param_axes.items()),
        spans=spans, **more)


def make_manifest(*campaigns: Campaign, **more: Any) -> Manifest:
    return Manifest("spring", "m.yaml", "acme", campaigns, **more)


def make_spec(prompt: str = "a kite", *, model: str = "fox", ratio: str | None = "1:1",
              kind: str = "image", variant: int = 1, sources: tuple[SourceRef, ...] = (),
              **params: str | int | bool) -> JobSpec:
    return JobSpec("acme", kind, model, prompt, ratio, params, sources, variant)


def make_quote(expected: str = "10", worst: str = "") -> Quote:
    return Quote(cr(expected), cr(worst or expected), f"{expected} a job")


def make_job(state: State = State.PENDING, *, spec: JobSpec | None = None, price: str = "10",
             **more: Any) -> Job:
    """A job in a state, with the money and the ids that the state implies."""
    spec = spec or make_spec()
    quote = make_quote(price)
    out = state in (State.SUBMITTING, State.IN_DOUBT, State.RUNNING)
    tried = out or state in (State.PRODUCED, State.DONE, State.FAILED)
    known = state in (State.RUNNING, State.PRODUCED, State.DONE)
    job = Job(spec.key(), "acme", spec, quote, state, attempts=int(tried),
              tag="tag-1" if tried else "", remote_ids=("r1",) if known else (),
              held=quote.worst if out else NOTHING, created_s=NOW_S - 60,
              charged=quote.worst if state in (State.PRODUCED, State.DONE) else NOTHING,
              sent_s=NOW_S if tried else None, changed_s=NOW_S)
    return replace(job, **more)


def make_cell(spec: JobSpec | None = None, *, campaign: str = "hero", account: str = "acme",
              price: str = "10", typical_s: float | None = 30.0, tries: int = 1,
              **variables: Any) -> Cell:
    spec = spec or make_spec()
    return Cell(campaign, account, spec, spec.key(), make_quote(price), variables, typical_s,
                tries)


def make_row(spec: JobSpec | None = None, status: Status = Status.NEW, **more: Any) -> Row:
    return Row(make_cell(spec, **more), status)


def make_rows(number: int, **more: Any) -> list[Row]:
    return [make_row(make_spec(f"kite {n}"), **more) for n in range(number)]
