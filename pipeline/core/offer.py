"""One cell held against the catalog row of its model: what is sent, or why it cannot be.

Law: nothing is sent that the row does not offer, and what is sent is spelled as the row spells it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pipeline.core.catalog import Model
from pipeline.core.kinds import sheet
from pipeline.core.params import Setting, Unfit, near

PARAMS = ("duration", "resolution", "quality", "sound", "negative_prompt", "seed")
"""The parameters of an image or a video, beside the prompt, the shape and the sources."""

LARGEST_SEED = 2**31 - 1
LONGEST_TEXT = 5000
"""Characters of a negative prompt, as of the other texts without a limit of their own (`Words`)."""


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
    if not sheet(model.kind).takes_shape:
        return Misfit(("aspect_ratios",), f"{model.kind} has no aspect ratio", "leave it out")
    if not offered and model.kind == "ad-copy":
        return None  # its row names no shapes, and its route takes one
    return _not_offered(("aspect_ratios",), "aspect ratio", ratio, model, offered)


def fit_params(params: Mapping[str, object], model: Model) -> tuple[dict[str, Setting],
                                                                    list[Misfit]]:
    """The parameters as they are sent, and those that the model does not take."""
    sent: dict[str, Setting] = {}
    misfits: list[Misfit] = []
    fit = _fit_param if sheet(model.kind).params is None else _fit_by_sheet
    for name, value in params.items():
        if name == "tool" and value == model.tool:
            continue  # it said which model is meant, and that is known now
        setting = fit(name, value, model)
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
        if len(str(value)) > LONGEST_TEXT:
            return Misfit(path, f"the negative prompt has {len(str(value))} characters",
                          f"at most {LONGEST_TEXT}")
        return str(value)
    if name in capability.options:
        return _fit_named(name, value, model)
    if name == "tool" and model.tool:
        return Misfit(path, f"{model.id} is run by {model.tool}, not by {value}",
                      "leave tool out, or name a model of that tool")
    return Misfit(path, f"unknown parameter {name!r} for {model.id}",
                  "known are " + ", ".join((*PARAMS, *capability.options)))


def _fit_named(name: str, value: object, model: Model) -> Setting | Misfit:
    """A parameter that only the model's own service knows."""
    options = model.capability.options[name]
    if options:
        return _fit_option(("params", name), value, model, options)
    if isinstance(value, bool | int | str) and len(str(value)) <= LONGEST_TEXT:
        return value
    return Misfit(("params", name), f"{name} {value!r} is no text, whole number or boolean")


def _fit_by_sheet(name: str, value: object, model: Model) -> Setting | Misfit:
    """A parameter of a kind whose sheet is closed; a voice is one of the model's own."""
    rules = sheet(model.kind).params or {}
    path = ("params", name)
    if name not in rules:
        known = f"known are {', '.join(rules)}" if rules else "it takes none"
        return Misfit(path, f"unknown parameter {name!r} for {model.kind}",
                      known + near(name, rules))
    if name == "voice" and model.capability.voices:
        return _fit_voice(str(value), model)
    try:
        return rules[name].read(value)
    except Unfit as unfit:
        return Misfit(path, f"{name} {value!r} is not what {model.kind} takes", str(unfit))


def _fit_voice(value: str, model: Model) -> Setting | Misfit:
    voices = model.capability.voices
    found = next((voice for voice in voices if voice.lower() == value.lower()), None)
    return found or Misfit(("params", "voice"), f"{model.id} has no voice {value!r}",
                           "one of " + ", ".join(voices) + near(value, voices))


def fit_whole(params: Mapping[str, Setting], prompt: str | None, model: Model) -> Misfit | None:
    """Whether parameters that are each right are enough together; no prompt is one not yet known.
    """
    lack = sheet(model.kind).lack(params, prompt)
    if lack is None:
        return None
    name, message, hint = lack
    return Misfit(("prompt",) if name == "prompt" else ("params", name), message, hint)


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
    """Whether the prompt says something and keeps to the model's limits."""
    wish = sheet(model.kind).prompt
    capability = model.capability
    if not prompt.strip():
        return Misfit(("prompt",), "the prompt is empty", "give it some text") \
            if wish == "needed" else None
    if wish == "none":
        return Misfit(("prompt",), f"{model.kind} takes no prompt", "leave it out")
    limit = capability.prompt_max_chars
    if limit is not None and len(prompt) > limit:
        return Misfit(("prompt",), f"the prompt has {len(prompt)} characters; "
                                   f"{model.id} takes at most {limit}")
    if len(prompt.strip()) < (capability.prompt_min_chars or 0):
        return Misfit(("prompt",), f"the prompt has {len(prompt.strip())} characters; "
                                   f"{model.id} takes at least {capability.prompt_min_chars}")
    return None


def _not_offered(path: tuple[str, ...], what: str, value: object, model: Model,
                 offered: Sequence[str]) -> Misfit:
    hint = f"it offers {', '.join(offered)}" if offered else f"it offers no choice of {what}"
    return Misfit(path, f"{model.id} does not offer {what} {value}", hint)
