"""A catalog as a person chooses from it, and as JSON."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.core.catalog import Capability, Catalog, Model
from pipeline.core.price_rule import ByOption, Flat, PerSecond
from pipeline.outputs.console import foreign
from pipeline.outputs.model_choice import EVERYTHING, Choice, choose, voices_of
from pipeline.outputs.phrases import about, age, amount, count
from pipeline.outputs.printable import visible

OPTIONS_CHARS = 60


def models_document(account: str, catalog: Catalog,
                    choice: Choice = EVERYTHING) -> dict[str, object]:
    """`models --json`. A model without a price that can be relied on has `"price": null`; an
    operation that is documented beside the catalog has `"listed": false`."""
    rows = [_model(model) | ({} if model.id in catalog.models else {"listed": False})
            for model in choose(catalog, choice)]
    return {"schema_version": 1, "account": account, "fetched_at": catalog.fetched_at,
            "models": rows}


def voices_document(account: str, catalog: Catalog, choice: Choice) -> dict[str, object]:
    """`models --voices --json`."""
    return {"schema_version": 1, "account": account, "fetched_at": catalog.fetched_at,
            "voices": voices_of(choose(catalog, choice))}


def _model(model: Model) -> dict[str, object]:
    return {"model": model.id, "kind": model.kind, "name": model.name, "price": _price(model),
            "price_note": model.price_note, "typical_seconds": model.typical_s,
            "generation_types": list(model.generation_types),
            "capabilities": _capabilities(model.capability)}


def _price(model: Model) -> dict[str, object] | None:
    match model.price:
        case None:
            return None
        case PerSecond(rate, counts_sources):
            return {"credits": str(rate), "per": "second", "counts_sources": counts_sources}
        case ByOption(param, amounts, default):
            by = {option: str(price) for option, price in amounts.items()}
            return {"credits": by.get(default), "per": "job", "by": {param: by}}
        case Flat(price):
            return {"credits": str(price), "per": "job"}


def _capabilities(can: Capability) -> dict[str, object]:
    return {"aspect_ratios": list(can.aspect_ratios), "durations": list(can.durations),
            "resolutions": list(can.resolutions), "qualities": list(can.qualities),
            "voices": list(can.voices), "max_sources": can.max_sources,
            "max_images": can.max_images, "max_videos": can.max_videos,
            "max_audios": can.max_audios, "needs_source": can.needs_source, "sound": can.sound,
            "negative_prompt": can.negative_prompt, "prompt_max_chars": can.prompt_max_chars,
            "prompt_min_chars": can.prompt_min_chars,
            "source_seconds": list(can.source_seconds) if can.source_seconds else None,
            "source_bytes": dict(can.source_bytes)}


def show_models(console: Console, catalog: Catalog, choice: Choice = EVERYTHING, *,
                now_s: float) -> None:
    """Print the models of a catalog by kind, and how old it is."""
    models = choose(catalog, choice)
    for kind in dict.fromkeys(model.kind for model in models):
        group = [model for model in models if model.kind == kind]
        console.print(Text.assemble(foreign(kind, "bold"), (f"  {len(group)}", "dim")))
        console.print(_table(group))
        console.print()
    listed = sum(model.id in catalog.models for model in models)
    beside = ", ".join(visible(model.id) for model in models if model.id not in catalog.models)
    if beside:
        console.print(Text(f"{beside}: documented by the service, and no row of its catalog",
                           "dim"))
    console.print(Text(f"{count(listed, 'model')} of {visible(catalog.provider)}, "
                       f"fetched {age(catalog.fetched_at, now_s)}", "dim"))


def _table(models: Sequence[Model]) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 2), pad_edge=True, show_header=False,
                  expand=False)
    table.add_column("model", no_wrap=True, max_width=36, overflow="ellipsis")
    table.add_column("price", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True, style="dim")
    table.add_column("offers", ratio=1, overflow="fold", style="dim")
    for model in models:
        typical = f"~{about(model.typical_s)}" if model.typical_s else ""
        table.add_row(foreign(model.id), price_text(model), typical, _offers(model.capability))
    return table


def price_text(model: Model) -> Text:
    """What a model takes, in few words."""
    match model.price:
        case None:
            return Text("no price", "yellow")
        case PerSecond(rate):
            return Text.assemble((amount(rate), "bold"), (" a second", "dim"))
        case ByOption(_, amounts):
            return Text(" · ", "dim").join(
                Text.assemble((amount(price), "bold"), (f" {visible(option, 30)}", "dim"))
                for option, price in amounts.items())
        case Flat(price):
            return Text.assemble((amount(price), "bold"), (" a job", "dim"))


def _offers(can: Capability) -> Text:
    parts = [_options(options) for options in (can.aspect_ratios, can.durations, can.resolutions,
                                               can.qualities) if options]
    if can.voices:
        parts.append(count(len(can.voices), "voice"))
    if can.max_sources:
        parts.append(f"{'needs' if can.needs_source else 'takes'} "
                     f"{count(can.max_sources, 'source')}")
    return Text(" · ".join(parts))


def _options(options: Sequence[str]) -> str:
    """As many options as there is room for, and how many more there are."""
    shown: list[str] = []
    for option in options:
        if len(" ".join(shown)) + len(option) > OPTIONS_CHARS:
            break
        shown.append(visible(option, 30))
    more = len(options) - len(shown)
    return " ".join(shown) + (f" +{more}" if more else "")
