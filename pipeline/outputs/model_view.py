"""One model in full, as who is about to name it in a manifest reads it."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.core.catalog import Capability, Catalog, Model
from pipeline.core.price_rule import PerSecond
from pipeline.outputs.console import foreign
from pipeline.outputs.model_choice import variants
from pipeline.outputs.models_view import price_text
from pipeline.outputs.phrases import about, age, count, size
from pipeline.outputs.printable import visible

SOUNDS = {"toggle": "as `sound: true` or `false` says", "included": "always", "silent": "never"}
"""What a row says of sound, in the words of a manifest."""


def show_model(console: Console, catalog: Catalog, model: Model, *, now_s: float) -> None:
    """Print everything that is known of a model."""
    console.print(Text.assemble(foreign(model.id, "bold"), "  ", foreign(model.kind, "dim"), "\n",
                                foreign(model.name)))
    console.print()
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in _facts(model):
        facts.add_row(name, text)
    if also := variants(catalog, model):
        facts.add_row("See also", foreign(", ".join(also), limit=600))
    console.print(Padding(facts, (0, 0, 1, 2)))
    beside = "" if model.id in catalog.models else "documented, and no row of the catalog; "
    console.print(Text(f"{beside}{visible(catalog.provider)}, fetched "
                       f"{age(catalog.fetched_at, now_s)}", "dim"))


def _facts(model: Model) -> Iterable[tuple[str, Text]]:
    can = model.capability
    yield "Price", _price(model)
    if model.price_note:
        yield "Its note", foreign(model.price_note, limit=400)
    if model.typical_s:
        yield "Takes", Text(f"about {about(model.typical_s)}")
    for name, options in (("Makes", model.generation_types), ("Shapes", can.aspect_ratios),
                          ("Durations", can.durations), ("Resolutions", can.resolutions),
                          ("Qualities", can.qualities)):
        if options:
            yield name, foreign("  ".join(options), limit=2000)
    if can.sound:
        yield "Sound", foreign(SOUNDS.get(can.sound, can.sound))
    if sources := "; ".join(_sources(can)):
        yield "Sources", Text(sources)
    if prompt := "; ".join(_prompt(can)):
        yield "Prompt", Text(prompt)
    if can.voices:
        yield "Voices", foreign(", ".join(can.voices), limit=4000)


def _price(model: Model) -> Text:
    text = price_text(model)
    if isinstance(model.price, PerSecond) and model.price.counts_sources:
        text.append(", its sources' seconds included")
    return text


def _sources(can: Capability) -> Iterable[str]:
    limits = {"image": can.max_images, "video": can.max_videos, "audio file": can.max_audios}
    most = [count(limit, noun) for noun, limit in limits.items() if limit]
    if most:
        yield "at most " + _listed(most)
    elif any(limit is not None for limit in limits.values()):
        yield "none"
    if can.needs_source:
        yield "at least one is needed"
    if can.source_seconds:
        yield "{} to {} s each".format(*can.source_seconds)
    for media, most_bytes in can.source_bytes.items():
        yield f"{visible(media, 20)} up to {size(most_bytes)}"
    if can.extends:
        yield f"goes on from clips of {visible(can.extends, 60)}" + "".join(
            f", not in {visible(name, 20)}" for name in can.extends_not)


def _prompt(can: Capability) -> Iterable[str]:
    if can.prompt_min_chars and can.prompt_max_chars:
        yield f"{can.prompt_min_chars:,} to {can.prompt_max_chars:,} characters"
    elif can.prompt_max_chars:
        yield f"at most {can.prompt_max_chars:,} characters"
    if can.negative_prompt is not None:
        yield f"{'with' if can.negative_prompt else 'no'} negative_prompt"


def _listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them.

    >>> _listed(["9 images"]), _listed(["9 images", "3 videos", "1 sound"])
    ('9 images', '9 images, 3 videos and 1 sound')
    """
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
