"""Which models of a catalog a person wants to see."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from pipeline.core.catalog import Catalog, Model
from pipeline.core.kinds import sheet
from pipeline.core.money import Money, times_seconds
from pipeline.core.offer import seconds_of
from pipeline.core.price_rule import ByOption, Flat, PerSecond

MEDIA = ("image", "video", "audio")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person asks of a catalog; what is "" or None is not asked.

    `name` is an id, or the beginning of several. `text` are words that a row has somewhere, `most`
    is what the cheapest job of a model may take, `takes` one of `MEDIA` that it starts from.
    """

    name: str = ""
    kind: str = ""
    text: str = ""
    most: Money | None = None
    takes: str = ""


EVERYTHING = Choice()


def choose(catalog: Catalog, choice: Choice = EVERYTHING) -> list[Model]:
    """The models that answer, in the catalog's order.

    Operations beside the catalog are no rows of the service: only who names one, or its kind,
    is shown it.
    """
    return [model for model in _named(catalog, choice) if _answers(model, choice)]


def variants(catalog: Catalog, model: Model) -> list[str]:
    """The other models whose names begin with the name of this one."""
    return [name for name in catalog.models if name.startswith(model.id) and name != model.id]


def voices_of(models: Iterable[Model]) -> list[str]:
    """The voices of these models, each once."""
    return list(dict.fromkeys(voice for model in models for voice in model.capability.voices))


def _named(catalog: Catalog, choice: Choice) -> list[Model]:
    exact = catalog.find(choice.name)
    if exact is not None:
        return [exact]
    rows = list(catalog.models.values())
    if choice.kind:
        rows += [model for model in catalog.beside.values() if model.kind == choice.kind]
    return [model for model in rows if model.id.lower().startswith(choice.name.lower())]


def _answers(model: Model, choice: Choice) -> bool:
    if choice.kind and model.kind != choice.kind:
        return False
    if choice.takes and not takes(model, choice.takes):
        return False
    if choice.most is not None:
        price = least(model)
        if price is None or price > Money(choice.most.micros, price.unit):
            return False
    says = " ".join((model.id, model.name, model.kind, *model.generation_types, model.price_note))
    return all(word in says.lower() for word in choice.text.lower().split())


def least(model: Model) -> Money | None:
    """What the cheapest job of a model takes: its cheapest option, or the shortest that it makes.

    A rate over seconds that nothing bounds counts one second; None is a model without a price.
    """
    match model.price:
        case Flat(amount):
            return amount
        case ByOption(_, amounts):
            return min(amounts.values())
        case PerSecond(rate):
            return times_seconds(rate, _shortest_s(model))
        case None:
            return None


def _shortest_s(model: Model) -> Decimal:
    can = model.capability
    lengths = [seconds for text in can.durations if (seconds := seconds_of(text))]
    return min(lengths, default=Decimal(can.source_seconds[0] if can.source_seconds else 1))


def takes(model: Model, media: str) -> bool:
    """Whether a model starts from pictures, films or sounds, as far as its row or kind says."""
    can = model.capability
    limit = {"image": can.max_images, "video": can.max_videos, "audio": can.max_audios}[media]
    if limit is not None:
        return limit > 0
    if any(word.startswith(f"{media}-to-") for word in model.generation_types):
        return True
    fixed = sheet(model.kind)
    return bool(fixed.sources and fixed.sources[1]) and media in fixed.media
