"""The input of one Artificial Studio model: which fields it has, and how a job fills them.

Law: nothing is sent that the schema does not name (bodies are strict: an unknown field is 400), and
what is sent is spelled as the schema spells it. (facts/media_apis.md 1.2; the service's own skill
pages and n8n node name the fields, and write schemas in two ways.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pipeline.core.offer import LARGEST_SEED, seconds_of
from pipeline.core.spec import JobSpec

SIZES: Mapping[str, str] = {
    "square_hd": "1:1", "square": "1:1", "portrait_4_3": "3:4", "portrait_16_9": "9:16",
    "landscape_4_3": "4:3", "landscape_16_9": "16:9",
}
"""The words of `image_size` and the shapes that they mean."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt",),
    "aspect_ratio": ("aspect_ratio", "aspectRatio", "image_size", "imageSize"),
    "duration": ("duration",), "resolution": ("resolution",), "quality": ("quality",),
    "negative_prompt": ("negative_prompt", "negativePrompt"), "seed": ("seed",),
    "sound": ("generate_audio", "generateAudio", "sound"),
}
"""Our word for a field, and what schemas call it."""

MEDIA: Mapping[str, tuple[str, ...]] = {
    "image": ("image_urls", "image_url", "images", "image"),
    "video": ("video_urls", "video_url", "video"),
    "audio": ("audio_urls", "audio_url", "audio"),
}
MOST_FIELDS, MOST_CHOICES = 100, 200


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a schema; `choices` are the values that it takes, in the schema's own types."""

    name: str
    is_list: bool = False
    choices: tuple[Any, ...] = ()
    is_needed: bool = False
    default: object = None
    longest: int | None = None
    most: int | None = None
    kind: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """The choices as texts."""
        return tuple(str(choice) for choice in self.choices)

    def choice(self, text: object) -> object:
        """The choice that this text names, in the type of the schema."""
        found = next((each for each in self.choices if str(each) == str(text)), text)
        return int(str(found)) if self.kind == "whole" and str(found).isdecimal() else found


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one model's input, by name."""

    fields: Mapping[str, Field] = field(default_factory=dict)

    def known(self, word: str) -> Field | None:
        """The field that is meant by our word."""
        return next((self.fields[name] for name in NAMES[word] if name in self.fields), None)

    def taking(self, media: str) -> Field | None:
        """The field that takes sources of this medium."""
        return next((self.fields[name] for name in MEDIA[media] if name in self.fields), None)

    def others(self) -> list[Field]:
        """The fields that no word of ours means."""
        meant = {each.name for each in map(self.known, NAMES) if each}
        meant |= {each.name for each in map(self.taking, MEDIA) if each} | {"model"}
        return [each for each in self.fields.values() if each.name not in meant]

    @property
    def has_open_seed(self) -> bool:
        """Whether any seed can be sent, so that one of ours can serve as a mark."""
        seed = self.known("seed")
        return seed is not None and not seed.choices \
            and (seed.most is None or seed.most >= LARGEST_SEED)

    def fill(self, spec: JobSpec, sources: Sequence[str]) -> dict[str, object]:
        """The input of a job, without its model. A length that nobody asked for is sent as the
        schema's own, because it is what the job was priced by."""
        filled: dict[str, object] = {}
        if (length := self.known("duration")) and length.default is not None:
            filled[length.name] = length.default
        if spec.prompt and (prompt := self.known("prompt")):
            filled[prompt.name] = spec.prompt
        if spec.aspect_ratio and (shape := self.known("aspect_ratio")):
            filled[shape.name] = _choice_of_shape(shape, spec.aspect_ratio)
        for name, value in spec.params.items():
            found = self.known(name) if name in NAMES else self.fields.get(name)
            if found:
                filled[found.name] = _length(found, value) if name == "duration" \
                    else found.choice(value)
        return {**filled, **self._sources(spec, sources)}

    def _sources(self, spec: JobSpec, sources: Sequence[str]) -> dict[str, object]:
        """Each source in the first field that takes its medium, pictures before all else."""
        filled: dict[str, object] = {}
        for ref, url in zip(spec.sources, sources, strict=True):
            wanted = (ref.media,) if ref.media in MEDIA else tuple(MEDIA)
            found = next((each for media in wanted if (each := self.taking(media))), None)
            if found and found.is_list:
                before = filled.get(found.name)
                filled[found.name] = [*(before if isinstance(before, list) else []), url]
            elif found:
                filled.setdefault(found.name, url)
        return filled


def read_form(schema: object) -> Form:
    """The form of an `inputSchema`: a JSON schema, or its properties alone."""
    raw = schema if isinstance(schema, Mapping) else {}
    inner = raw.get("properties")
    properties = inner if isinstance(inner, Mapping) else raw
    needed = raw.get("required")
    named = needed if isinstance(needed, list) else []
    fields = [_field(name, rule, is_needed=name in named)
              for name, rule in list(properties.items())[:MOST_FIELDS] if isinstance(rule, Mapping)]
    return Form({each.name: each for each in fields})


def _field(name: str, rule: Mapping[str, Any], *, is_needed: bool) -> Field:
    kind = rule.get("type")
    return Field(
        name, is_list=kind == "array", choices=_choices(rule),
        is_needed=(is_needed or rule.get("required") is True) and rule.get("default") is None
        and rule.get("optional") is not True,
        default=rule.get("default"), longest=_count(rule.get("maxLength")),
        most=_count(rule.get("maxItems", rule.get("maximum"))),
        kind="whole" if kind in ("integer", "int", "number") else str(kind or ""))


def _choices(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    """An enum, or the values of labelled options."""
    said = rule.get("enum")
    if not isinstance(said, list):
        labelled = rule.get("options")
        said = [each.get("value") for each in labelled if isinstance(each, Mapping)] \
            if isinstance(labelled, list) else []
    return tuple(each for each in said if isinstance(each, str | int | Decimal)
                 and not isinstance(each, bool))[:MOST_CHOICES]


def _count(value: object) -> int | None:
    ok = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if ok and isinstance(value, int) else None


def shapes_of(shape: Field | None) -> dict[str, object]:
    """The aspect ratios that a field offers, and the choice that means each."""
    found: dict[str, object] = {}
    for choice in shape.choices if shape else ():
        found.setdefault(SIZES.get(str(choice), str(choice)), choice)
    return found


def _choice_of_shape(shape: Field, ratio: str) -> object:
    return shapes_of(shape).get(ratio, ratio)


def _length(found: Field, value: object) -> object:
    """A duration as the schema spells it: "5", 5 or "5s"."""
    wanted = seconds_of(value)
    for choice in found.choices:
        if wanted is not None and seconds_of(choice) == wanted:
            return choice
    return found.choice(value)
