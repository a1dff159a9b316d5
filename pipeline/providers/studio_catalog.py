"""Artificial Studio's tools to models: one for each model of a tool that makes what we can buy.

A model is named by its slug where one tool alone has it, else by TOOL/SLUG.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pydantic import ValidationError

from pipeline.core.catalog import Capability, Catalog, Model
from pipeline.core.errors import Unreachable
from pipeline.core.money import Money
from pipeline.core.offer import seconds_of
from pipeline.core.price_rule import Flat, PerSecond, PriceRule
from pipeline.providers.kubeez_rows import ID
from pipeline.providers.studio_form import Field, Form, read_form, shapes_of
from pipeline.providers.studio_rows import ModelRow, ToolRow

KINDS = {"image": "image", "video": "video"}
"""What a tool makes, and the kind of campaign that buys it."""

PER_JOB = ("", "generation", "per generation", "per_generation", "image", "video", "run", "job")
PER_SECOND = ("second", "seconds", "per second", "per_second", "sec", "s")
"""Words that `costUnit` may use; any other makes a model unpriced."""

DEARER = ("4k", "2160p")
"""Resolutions that cost more than the catalog's one figure a second (Veo 3.1: 80 credits a second,
and 120 at 4K; facts/media_apis.md 1.2): they are not offered where a model is billed so."""

IMAGE_ETA_S, SHORT_ETA_S, LONG_ETA_S = 15.0, 60.0, 120.0
SHORT_S, LONG_S = Decimal(4), Decimal(8)
"""Hints of the service (mcp/tools): an image 15 s, a film of up to 4 s 60, one of 8 s 120."""

MOST_MODELS = 10_000


@dataclass(frozen=True, slots=True)
class Offered:
    """One model of one tool: what is sent to have it run."""

    tool: str
    slug: str
    form: Form


@dataclass(frozen=True, slots=True)
class Shelf:
    """The models by the names that campaigns use."""

    catalog: Catalog
    offered: Mapping[str, Offered]

    def name_of(self, tool: str, slug: str) -> str:
        """What campaigns call the model that a record names; the slug itself for an unknown one."""
        return next((name for name in (f"{tool}/{slug}", slug)
                     if (found := self.offered.get(name)) and found.tool == tool), slug)


def read_shelf(payload: object, fetched_at: str, *, provider: str) -> Shelf:
    """The tools of a payload `{"tools": […]}`; what cannot be read is left out.

    Raises `Unreachable` for no such payload.
    """
    rows = payload.get("tools") if isinstance(payload, Mapping) else None
    if not isinstance(rows, list):
        raise Unreachable("the answer is no list of tools")
    found = [pair for raw in rows for pair in _models(raw)]
    if len(found) > MOST_MODELS:
        raise Unreachable(f"the catalog has more than {MOST_MODELS:,} models")
    tools = Counter(slug for _, slug in {(tool.slug, row.slug) for tool, row in found})
    models: dict[str, Model] = {}
    offered: dict[str, Offered] = {}
    for tool, row in found:
        name = row.slug if tools[row.slug] == 1 else f"{tool.slug}/{row.slug}"
        form = read_form(row.inputSchema)
        form = form if form.fields else read_form(tool.inputSchema)
        models[name] = _model(name, tool, row, form)
        offered[name] = Offered(tool.slug, row.slug, form)
    return Shelf(Catalog(provider, fetched_at, models), offered)


def read_tool(raw: object) -> ToolRow | None:
    """One tool; None for what is none."""
    try:
        tool = ToolRow.model_validate(raw)
    except ValidationError:
        return None
    return tool if ID.match(tool.slug) else None


def _models(raw: object) -> Iterator[tuple[ToolRow, ModelRow]]:
    tool = read_tool(raw)
    for row in tool.models if tool and isinstance(tool.models, list) else ():
        try:
            model = ModelRow.model_validate(row)
        except ValidationError:
            continue
        if tool and ID.match(model.slug):
            yield tool, model


def kind_of(tool: ToolRow) -> str:
    """The kind of campaign that a tool serves; "other" for what this version does not buy."""
    return KINDS.get((tool.outputType or tool.type).lower(), "other")


def _model(name: str, tool: ToolRow, row: ModelRow, form: Form) -> Model:
    capability = _capability(form, per_second=row.costUnit.lower() in PER_SECOND)
    kind = "other" if _lacks(form, capability) else kind_of(tool)
    return Model(id=name, kind=kind, name=row.name or row.slug, price=_price(row),
                 price_note=row.costUnit, typical_s=_typical_s(kind, capability),
                 generation_types=(tool.slug,), capability=capability, tool=tool.slug)


def _lacks(form: Form, capability: Capability) -> bool:
    """Whether it needs something that no campaign can say."""
    return any(each.is_needed and each.name not in capability.options for each in form.others())


def _price(row: ModelRow) -> PriceRule | None:
    try:
        amount = Money.from_number(row.cost)
    except ValueError:
        return None
    unit = row.costUnit.lower().strip().removeprefix("credits/").removeprefix("/").strip()
    if not amount:
        return None
    return Flat(amount) if unit in PER_JOB else PerSecond(amount) if unit in PER_SECOND else None


def _capability(form: Form, *, per_second: bool) -> Capability:
    prompt, sound = form.known("prompt"), form.known("sound")
    images = form.taking("image")
    tiers = _options(form.known("resolution"))
    return Capability(
        prompt_max_chars=prompt.longest if prompt else None,
        aspect_ratios=tuple(shapes_of(form.known("aspect_ratio"))),
        durations=_durations(form.known("duration")),
        default_duration=_default_length(form.known("duration")),
        resolutions=tuple(each for each in tiers
                          if not (per_second and each.lower() in DEARER)),
        qualities=_options(form.known("quality")),
        max_images=_most(images), max_videos=_most(form.taking("video")),
        max_audios=_most(form.taking("audio")),
        needs_source=any(each.is_needed for each in map(form.taking, ("image", "video", "audio"))
                         if each),
        sound="toggle" if sound else "silent",
        negative_prompt=form.known("negative_prompt") is not None,
        options={each.name: each.options for each in form.others() if not each.is_list})


def _options(found: Field | None) -> tuple[str, ...]:
    return found.options if found else ()


def _durations(found: Field | None) -> tuple[str, ...]:
    return tuple(text for text in _options(found) if seconds_of(text))


def _default_length(found: Field | None) -> str:
    """The length of a film whose author names none."""
    said = str(found.default) if found and found.default is not None else ""
    return said if seconds_of(said) else ""


def _most(found: Field | None) -> int | None:
    """How many sources a field takes; a list that names no bound has none that is known."""
    if found is None:
        return 0
    return found.most if found.is_list else 1


def _typical_s(kind: str, capability: Capability) -> float | None:
    if kind == "image":
        return IMAGE_ETA_S
    said = (capability.default_duration,) if capability.default_duration else capability.durations
    lengths = [seconds for text in said if (seconds := seconds_of(text))]
    return SHORT_ETA_S if lengths and max(lengths) <= SHORT_S else LONG_ETA_S
