"""What a service offers: models, what each can do, and how each is priced.

Law: the catalog is the only source of models, capabilities and prices; nothing is remembered of a
model beside its row. An empty list of options means that the service names none to check against.
"""

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from pipeline.core.price_rule import ByOption, Flat, PerSecond, PriceRule

KINDS = ("image", "video", "extend", "music", "dialogue", "captions", "separation", "ad-copy")
"""The kinds of campaign that a manifest can name."""


@dataclass(frozen=True, slots=True)
class Capability:
    """What one model takes. Texts are spelled as the service spells them, and are sent so.

    `source_seconds` is the shortest and the longest film or sound it takes, `source_bytes` the
    largest file by media. `extends` begins the names of the models whose clips it can go on from,
    but for those in a resolution of `extends_not`. `default_duration` is the length that is sent
    where none is asked for. `options` are parameters that only the service knows, and what each can
    be; no option means anything.
    """

    prompt_max_chars: int | None = None
    aspect_ratios: tuple[str, ...] = ()
    durations: tuple[str, ...] = ()
    default_duration: str = ""
    resolutions: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    max_images: int | None = None
    max_videos: int | None = None
    max_audios: int | None = None
    needs_source: bool = False
    sound: str = ""
    negative_prompt: bool | None = None
    prompt_min_chars: int | None = None
    source_seconds: tuple[int, int] | None = None
    source_bytes: Mapping[str, int] = field(default_factory=dict)
    extends: str = ""
    extends_not: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def max_sources(self) -> int | None:
        """How many source files it takes in all, or None where the row does not say."""
        known = [n for n in (self.max_images, self.max_videos, self.max_audios) if n is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the catalog. `typical_s` is the service's own figure for a finished job, `tool`
    what runs the model where the service sorts its models by tools."""

    id: str
    kind: str
    name: str
    price: PriceRule | None
    price_note: str = ""
    typical_s: float | None = None
    generation_types: tuple[str, ...] = ()
    capability: Capability = field(default_factory=Capability)
    tool: str = ""


@dataclass(frozen=True, slots=True)
class Catalog:
    """All models of one provider, as fetched at `fetched_at` (UTC, ISO 8601).

    `beside` are operations that the service documents and prices, and does not list as models.
    """

    provider: str
    fetched_at: str
    models: Mapping[str, Model]
    beside: Mapping[str, Model] = field(default_factory=dict)

    def find(self, model_id: str, tool: str = "") -> Model | None:
        """The model, or operation, of this name; with `tool`, or as TOOL/SLUG, the one it runs."""
        exact = self.models.get(f"{tool}/{model_id}" if tool else model_id)
        if exact or not tool:
            return exact or self.beside.get(model_id) or self._of_tool(*model_id.rsplit("/", 1))
        return self._of_tool(tool, model_id) or self.models.get(model_id)

    def _of_tool(self, tool: str, slug: str = "") -> Model | None:
        """A model whose slug is enough of a name, named with its tool all the same."""
        model = self.models.get(slug)
        return model if model and model.tool == tool else None

    def unnamed(self, kind: str) -> Model | None:
        """What a campaign of this kind means that names no model.

        Where the service itself chooses among several, the dearest stands for them all.
        """
        found = [m for m in (*self.models.values(), *self.beside.values()) if m.kind == kind]
        return max(found, key=lambda model: (model.price is None, _dearness(model.price)),
                   default=None)

    def nearest(self, model_id: str, kind: str = "") -> list[str]:
        """Names that the author may have meant, nearest first."""
        names = [m.id for m in self.models.values() if not kind or m.kind == kind]
        folded = {name.lower(): name for name in names}
        near = [name for name in folded if name.endswith(f"/{model_id.lower()}")][:3] \
            or difflib.get_close_matches(model_id.lower(), list(folded), n=3, cutoff=0.6)
        return [folded[name] for name in near]

    def digest(self) -> str:
        """A fingerprint of models, capabilities and prices; typical seconds may drift freely."""
        rows = []
        both = (*self.models.values(), *self.beside.values())
        for model in sorted(both, key=lambda m: m.id):
            row = asdict(model)
            del row["typical_s"]
            row["rule"] = type(model.price).__name__
            rows.append(row)
        text = json.dumps(rows, sort_keys=True, ensure_ascii=True)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _dearness(rule: PriceRule | None) -> int:
    """How dear a rule is, in micro-credits of whatever it counts, to tell two of a kind apart."""
    match rule:
        case Flat(amount):
            return amount.micros
        case PerSecond(rate):
            return rate.micros
        case ByOption(_, amounts):
            return max(amount.micros for amount in amounts.values())
        case None:
            return 0
