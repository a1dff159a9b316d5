"""What Artificial Studio accepts as a start: bodies are strict, an unknown field is refused."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.sandbox.door import Refusal
from pipeline.sandbox.jobs import Order
from pipeline.sandbox.rings import may_be_rung
from pipeline.sandbox.studio_refusals import Invalid
from pipeline.sandbox.studio_shelf import StudioModel, StudioShelf

PROVIDER = "artificialstudio"
BODY = ("tool", "input", "webhook")

SHAPES: Mapping[str, str] = {
    "square_hd": "1:1", "square": "1:1", "portrait_4_3": "3:4", "portrait_16_9": "9:16",
    "landscape_4_3": "4:3", "landscape_16_9": "16:9",
}
"""What the words of `image_size` mean."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "array": (list,),
}

Fault = tuple[str, str, str]


def read_body(body: bytes) -> Mapping[str, Any]:
    """The JSON object of a body with known fields only; raises `Refusal`."""
    try:
        fields = json.loads(body)
        json.dumps(fields, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        raise Refusal(400, "invalid_request", "Invalid JSON") from None
    if not isinstance(fields, dict):
        raise Invalid([("", "Expected object", "invalid_type")])
    if unknown := [name for name in fields if name not in BODY]:
        raise Invalid([(name, f"Unrecognized key: {name}", "unrecognized_keys")
                       for name in unknown])
    return fields


def read_order(fields: Mapping[str, Any], shelf: StudioShelf, *,
               needs_model: bool = False) -> Order:
    """The order that a start makes; raises `Refusal`."""
    slug, asked = fields.get("tool"), fields.get("input")
    if not isinstance(slug, str) or not isinstance(asked, dict):
        raise Invalid([("tool" if not isinstance(slug, str) else "input", "Required",
                        "invalid_type")])
    if (tool := shelf.find(slug)) is None:
        raise Refusal(404, "not_found", f"Tool {slug} not found")
    name = asked.get("model", "")
    if not isinstance(name, str) or (needs_model and not name):
        raise Invalid([("input.model", "Required", "invalid_type")])
    if (model := tool.find(name)) is None:
        raise Refusal(404, "not_found", f"Model {name} not found in {slug}")
    if errors := _faults(model, asked):
        raise Invalid(errors)
    return _order(model, asked)


def read_webhook(url: object) -> str:
    """Where to ring at the end, "" for nowhere; raises `Refusal`. The service itself takes no
    address of a machine like this one."""
    if url is None:
        return ""
    if isinstance(url, str) and may_be_rung(url):
        return url
    raise Invalid([("webhook", "Must be a public HTTPS URL", "invalid_string")])


def _faults(model: StudioModel, asked: Mapping[str, Any]) -> list[Fault]:
    found: list[Fault] = [(f"input.{name}", f"Unrecognized key: {name}", "unrecognized_keys")
                          for name in asked if name != "model" and name not in model.fields]
    found += [(f"input.{name}", "Required", "invalid_type")
              for name in model.needed if asked.get(name) in (None, "")]
    for name, rule in model.fields.items():
        if name in asked and (why := _why_wrong(asked[name], rule)):
            found.append((f"input.{name}", *why))
    return found


def _why_wrong(value: Any, rule: Mapping[str, Any]) -> tuple[str, str] | None:
    kind = rule["type"]
    if not isinstance(value, _TYPES[kind]) or (kind != "boolean" and isinstance(value, bool)):
        return f"Expected {kind}", "invalid_type"
    if "enum" in rule and value not in rule["enum"]:
        return f"Expected one of {', '.join(rule['enum'])}", "invalid_enum_value"
    size = len(value) if isinstance(value, str | list) else value
    most = rule.get("maxLength", rule.get("maxItems", rule.get("maximum")))
    least = rule.get("minItems", rule.get("minimum"))
    if most is not None and size > most:
        return f"At most {most}", "too_big"
    if least is not None and size < least:
        return f"At least {least}", "too_small"
    return None


def _order(model: StudioModel, asked: Mapping[str, Any]) -> Order:
    seconds = model.seconds(asked)
    shape = SHAPES.get(str(asked.get("image_size", ""))) or asked.get("aspect_ratio")
    details: dict[str, object] = {
        "tool": model.tool, "payload": {**asked, "model": model.slug},
        "aspect_ratio": shape if shape and shape != "auto" else _shape(model),
        "resolution": asked.get("resolution", ""), "source_media_urls": asked.get("image_urls", []),
        "sound": asked.get("generate_audio", "generate_audio" in model.fields) is True,
    }
    if seconds is not None:
        details["seconds"] = float(seconds)
    if "seed" in asked:
        details["seed"] = asked["seed"]
    return Order(
        provider=PROVIDER, bucket="media", kind=model.makes, model=model.slug,
        prompt=str(asked.get("prompt", "")), generation_type=model.tool, details=details,
        charge_micros=model.price(asked).micros, typical_s=model.eta_s(asked))


def _shape(model: StudioModel) -> str:
    return "1:1" if model.makes == "image" else "16:9"
