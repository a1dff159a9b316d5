"""One cell held against the catalog row of its model: what is sent, or why it cannot be.

Law: nothing is sent that the row does not offer, and what is sent is spelled as the row spells it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pipeline.core.catalog import Model
from pipeline.core.spec import SourceRef

PARAMS = ("duration", "resolution", "quality", "sound", "negative_prompt", "seed")
"""The parameters of an image or a video, beside the prompt, the shape and the sources."""

LARGEST_SEED = 2**31 - 1

Setting = str | int | bool


@dataclass(frozen=True, slots=True)
class Misfit:
    """What a model does not offer; `path` is the manifest key that asked for it."""

    path: tuple[str, ...]
    message: str
    hint: str = ""


def seconds_of(text: object) -> Decimal | None:
    """The length that `5`, `"5"`, `"5s"` mean, in seconds; None if it is no length.

    >>> seconds_of("5s") == seconds_of(5) == Decimal(5)
    True
    """
    if isinstance(text, bool) or not re.fullmatch(r"\d{1,6}(\.\d{1,3})?s?", str(text)):
        return None
    try:
        return Decimal(str(text).removesuffix("s"))
    except InvalidOperation:
        return None


def fit_ratio(ratio: str | None, model: Model) -> Misfit | None:
    """Whether the model offers this aspect ratio."""
    offered = model.capability.aspect_ratios
    if ratio is None or ratio in offered:
        return None
    return _not_offered(("aspect_ratios",), "aspect ratio", ratio, model, offered)


def fit_params(params: Mapping[str, object], model: Model) -> tuple[dict[str, Setting],
                                                                    list[Misfit]]:
    """The parameters as they are sent, and those that the model does not take."""
    sent: dict[str, Setting] = {}
    misfits: list[Misfit] = []
    for name, value in params.items():
        setting = _fit_param(name, value, model)
        if isinstance(setting, Misfit):
            misfits.append(setting)
        else:
            sent[name] = setting
    return sent, misfits


def _fit_param(name: str, value: object, model: Model) -> Setting | Misfit:
    capability = model.capability
    path = ("params", name)
    if name == "duration":
        return _fit_duration(value, model)
    if name == "resolution":
        return _fit_option(path, value, model, capability.resolutions)
    if name == "quality":
        return _fit_option(path, value, model, capability.qualities)
    if name == "sound":
        return _fit_sound(value, model)
    if name == "seed":
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_SEED:
            return value
        return Misfit(path, f"seed {value!r} is not a whole number from 0 to {LARGEST_SEED}")
    if name == "negative_prompt":
        if capability.negative_prompt is False:
            return Misfit(path, f"{model.id} takes no negative prompt", "leave it out")
        return str(value)
    return Misfit(path, f"unknown parameter {name!r} for {model.id}",
                  "known are " + ", ".join(PARAMS))


def _fit_duration(value: object, model: Model) -> Setting | Misfit:
    wanted = seconds_of(value)
    for option in model.capability.durations:
        if wanted is not None and seconds_of(option) == wanted:
            return option
    return _not_offered(("params", "duration"), "duration", value, model,
                        model.capability.durations)


def _fit_option(path: tuple[str, ...], value: object, model: Model,
                offered: Sequence[str]) -> Setting | Misfit:
    for option in offered:
        if option.lower() == str(value).lower():
            return option
    return _not_offered(path, path[-1], value, model, offered)


def _fit_sound(value: object, model: Model) -> Setting | Misfit:
    path = ("params", "sound")
    if not isinstance(value, bool):
        return Misfit(path, f"sound is true or false, not {value!r}")
    if value and (model.capability.sound == "silent" or model.kind == "image"):
        return Misfit(path, f"{model.id} makes no sound", "leave sound out, or set it to false")
    if not value and model.capability.sound == "included":
        return Misfit(path, f"{model.id} always makes sound", "leave sound out")
    return value


def fit_prompt(prompt: str, model: Model) -> Misfit | None:
    """Whether the prompt says something and stays under the model's limit."""
    if not prompt.strip():
        return Misfit(("prompt",), "the prompt is empty", "give it some text")
    limit = model.capability.prompt_max_chars
    if limit is not None and len(prompt) > limit:
        return Misfit(("prompt",), f"the prompt has {len(prompt)} characters; "
                                   f"{model.id} takes at most {limit}")
    return None


def fit_sources(sources: Iterable[SourceRef], model: Model) -> Misfit | None:
    """Whether the model takes sources of these kinds, and as many."""
    capability = model.capability
    counts = dict.fromkeys(("image", "video", "audio"), 0)
    total = 0
    for source in sources:
        total += 1
        if source.media in counts:
            counts[source.media] += 1
    if not total:
        if capability.needs_source:
            return Misfit(("sources",), f"{model.id} needs a source file",
                          "add `sources:`, or `from:` another campaign")
        return None
    if (most := _most_sources(model)) is not None and total > most:
        return Misfit(("sources",), f"{model.id} takes {_at_most(most)}, not {total}")
    limits = {"image": capability.max_images, "video": capability.max_videos,
              "audio": capability.max_audios}
    for media, count in counts.items():
        limit = limits[media]
        if limit is not None and count > limit:
            return Misfit(("sources",), f"{model.id} takes {limit or 'no'} {media} "
                                        f"source{'s' if limit > 1 else ''}, not {count}")
    return None


def _most_sources(model: Model) -> int | None:
    most = model.capability.max_sources
    if most is not None:
        return most
    takes_any = model.capability.needs_source or any(
        "text-to" not in word for word in model.generation_types)
    return None if takes_any or not model.generation_types else 0


def _at_most(most: int) -> str:
    return {0: "no source files", 1: "one source file"}.get(most, f"at most {most} source files")


def _not_offered(path: tuple[str, ...], what: str, value: object, model: Model,
                 offered: Sequence[str]) -> Misfit:
    hint = f"it offers {', '.join(offered)}" if offered else f"it offers no choice of {what}"
    return Misfit(path, f"{model.id} does not offer {what} {value}", hint)
