"""The service of a rehearsal: the models of a plan at their quoted prices, in virtual time.

Law: a rehearsal buys nothing and asks nobody. What it stands on is the plan: the catalog it was
drawn from, the account's own limits, and the lengths that earlier runs have seen.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from anyio.abc import TaskGroup

from pipeline.core.catalog import Capability, Model
from pipeline.core.cells import Cell
from pipeline.core.money import Money
from pipeline.core.price_rule import PerSecond
from pipeline.core.provider import Provider
from pipeline.core.terms import Terms
from pipeline.providers.http import Http
from pipeline.providers.registry import PROVIDERS
from pipeline.providers.secret import Secret
from pipeline.sandbox.books import Books
from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.kubeez import make_app
from pipeline.sandbox.service import RemoteService
from pipeline.simulation.goods import make_small
from pipeline.simulation.life import Life
from pipeline.simulation.transport import SandboxTransport
from pipeline.simulation.wire import CALM, Caller, Weather, Wire

ADDRESS = "http://127.0.0.1:8787"
MODEL_TYPES = {"dialogue": "speech", "captions": "other", "ad-copy": "image"}
GRANTED = Money.parse("1000000000")
"""The account of a rehearsal is never short; whether the real one is, the plan says."""
ANY_NUMBER = 99
"""How many sources a stand-in takes whose row does not say; the plan was checked already."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is rehearsed: cells on one account, under its terms, with these faults.

    `lengths` are the seconds that jobs of a model took lately, where that is known.
    """

    cells: tuple[Cell, ...]
    models: Mapping[str, Model]
    terms: Terms
    faults: Mapping[str, Any] = field(default_factory=dict)
    lengths: Mapping[str, float] = field(default_factory=dict)
    granted: Money = GRANTED
    seed: int = 0


class Stage:
    """One account's simulated service, and the provider that calls it."""

    def __init__(self, wish: Wish, wall: Callable[[], float], tasks: TaskGroup) -> None:
        faults = Faults.parse({"signed_uploads": False, **wish.faults,
                               "limits": _limits(wish.terms)})
        self.books = Books.open(None, granted=wish.granted)
        service = RemoteService(self.books, now=wall, faults=faults, seed=wish.seed,
                                speed=1.0 / wish.terms.scale)
        app = make_app(service, make=make_small, threaded=False, catalog=stand_ins(wish))
        weather = Weather(CALM.fastest_s * wish.terms.scale, CALM.slowest_s * wish.terms.scale)
        self.wire = Wire(app, tasks, wall, wish.seed, weather)
        self.http = Http(ADDRESS, Secret("rehearsal"), now=wall,
                         transport=SandboxTransport(Caller(self.wire, Life(), 1)))
        self.provider: Provider = PROVIDERS["sandbox"].build(self.http, wish.terms, True)

    def calls(self) -> Counter[str]:
        """What was called, and how often: paid, uploads, files, reads; and refused (429)."""
        told: Counter[str] = Counter()
        for call in self.wire.calls:
            told["refused"] += call.status == 429
            if call.method == "POST":
                told["uploads" if "/upload/" in call.path else "paid"] += 1
            else:
                told["reads" if call.path.startswith("/v1/") else "files"] += 1
        return told


def _limits(terms: Terms) -> dict[str, int]:
    """The account's limits in the words of the sandbox's switches."""
    return {**{f"{name}_per_minute": limit.calls for name, limit in terms.starts.items()},
            "reads_per_minute": terms.reads.calls, "upload_per_minute": terms.uploads.calls,
            **{f"{name}_in_flight": number for name, number in terms.in_flight.items()}}


def stand_ins(wish: Wish) -> SandboxCatalog:
    """A row for every model of the plan, priced as it was quoted."""
    quoted = {cell.spec.model: cell for cell in wish.cells}
    return SandboxCatalog({}).changed({
        name: _row(model, quoted[name], wish) for name, model in wish.models.items()
        if name in quoted and model.kind != "extend"})


def _row(model: Model, cell: Cell, wish: Wish) -> dict[str, Any]:
    priced = model.price if isinstance(model.price, PerSecond) else None
    typical_s = wish.lengths.get(model.id, 0.0) / wish.terms.scale
    if not typical_s:
        typical_s = wish.terms.typical_s(model.kind, model.typical_s) / wish.terms.scale
    own: dict[str, Any] = {"prompt_optional": True}
    if priced and cell.spec.kind not in ("captions", "separation"):
        own |= {"credits_per_second": str(priced.rate), "seconds": cell.longest_s or 5}
    return {
        "model_type": MODEL_TYPES.get(model.kind, model.kind), "display_name": model.name,
        "cost_per_generation": _flat(cell), "cost_note": model.price_note,
        "estimated_time_seconds": typical_s,
        "generation_types": _generation_types(model),
        "requires_input_media": model.capability.needs_source,
        "capabilities": _capabilities(model.capability), "sandbox": own,
        "voice_allowlist": list(model.capability.voices)}


def _flat(cell: Cell) -> str:
    """The price of one generation; a start of several is quoted for all of them."""
    number = cell.spec.params.get("variant_count", 1) if cell.spec.kind == "ad-copy" else 1
    return str(Money(cell.quote.expected.micros // max(1, int(number))))


def _generation_types(model: Model) -> list[str]:
    if model.generation_types:
        return list(model.generation_types)
    return [f"text-to-{model.kind}", f"image-to-{model.kind}"]


def _capabilities(can: Capability) -> dict[str, Any]:
    def many(number: int | None) -> int:
        return ANY_NUMBER if number is None else number

    return {
        "aspect_ratio_options": list(can.aspect_ratios), "duration_options": list(can.durations),
        "resolution_options": list(can.resolutions), "quality_options": list(can.qualities),
        "max_input_images": many(can.max_images), "max_input_videos": many(can.max_videos),
        "max_input_audios": many(can.max_audios)}


def models_of(cells: Iterable[Cell], known: Mapping[str, Model]) -> dict[str, Model]:
    """The models of these cells that the catalog has."""
    names = {cell.spec.model for cell in cells}
    return {name: model for name, model in known.items() if name in names}
