"""The scalar values of a manifest and of the settings: text, whole numbers, amounts of money.

Law: a fraction is text until it is money; no float is ever made on the way.
"""

import re
from typing import Annotated, Any

from pydantic import Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from pipeline.core.money import Money
from pipeline.inputs.complaints import did_you_mean, show, wrong

RESERVED = frozenset({
    "model", "aspect_ratio", "campaign", "loop", "self", "caller", "varargs", "kwargs", "range",
    "namespace", "and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True",
    "False", "None", "recursive",
})
"""Names that a prompt already gives a meaning."""
MAX_TEXT = 100_000
"""Characters of a value: no prompt can be longer, and every job carries its values."""
MAX_LABEL = 1000
"""Characters of a tag or its name."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
_NAME = re.compile(r"[a-z0-9-]{1,64}\Z")
_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,6})?\Z")

Schema = dict[str, Any]
SCALAR_SCHEMA: Schema = {"type": ["string", "number", "boolean"]}
AMOUNT_SCHEMA: Schema = {"anyOf": [
    {"type": "number", "minimum": 0},
    {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,6})?$"},
]}


def check_scalar(value: object) -> str | int | bool:
    """A text, a whole number or a boolean."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise wrong(f"this text has {len(value):,} characters", f"at most {MAX_TEXT:,}")
    if isinstance(value, str | int):
        return value
    if value is None:
        raise wrong("this value is empty", 'write "" for an empty text')
    raise wrong(f"a single value should stand here, not {show(value)}",
                "a text, a number, true or false")


def check_label(value: object) -> str:
    """A text; a number is taken as the text that it looks like."""
    if isinstance(value, str) and len(value) > MAX_LABEL:
        raise wrong(f"this text has {len(value):,} characters", f"at most {MAX_LABEL:,}")
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise wrong(f"a text should stand here, not {show(value)}", "put it in quotes")


def check_name(value: object) -> str:
    """The name of a manifest or campaign."""
    if isinstance(value, str) and _NAME.match(value):
        return value
    raise wrong(f"{show(value)} is not a name",
                "lower-case letters, digits and dashes, 1 to 64 of them")


def check_variable(value: object) -> str:
    """The name of a variable, as a template can write it."""
    if value in RESERVED:
        raise wrong(f"{show(value)} already has a meaning in templates", "choose another name")
    return check_param(value)


def check_param(value: object) -> str:
    """The name of a parameter."""
    if isinstance(value, str) and _IDENTIFIER.match(value):
        return value
    raise wrong(f"{show(value)} cannot be a name here",
                "letters, digits and underscores, not starting with a digit")


def check_amount(value: object) -> Money:
    """An amount of credits, written as a plain decimal."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not _AMOUNT.match(text):
        raise wrong(f"{show(value)} is not an amount of credits",
                    "a plain decimal such as 500 or 0.5, at most six digits after the point")
    try:
        return Money.parse(text)
    except ValueError:
        raise wrong(f"{show(value)} is more than can be counted") from None


def check_price_cap(value: object) -> Money:
    """An amount of credits above nothing."""
    if not (money := check_amount(value)):
        raise wrong("a cap of 0 would refuse every job", "an amount above 0")
    return money


def check_version(value: object) -> int:
    """The version of the manifest's grammar."""
    if type(value) is int and value == 1:
        return value
    raise wrong(f"version {show(value)} is not known to this program", "version: 1")


def check_word(value: object, words: tuple[str, ...], what: str) -> str:
    """One of a closed set of words."""
    if isinstance(value, str) and value in words:
        return value
    guess = did_you_mean(value, words) if isinstance(value, str) else ""
    raise wrong(f"unknown {what} {show(value)}", guess or f"one of {', '.join(words)}")


def entry_shape(value: object) -> str:
    """Which branch of a union a value takes; the brackets keep it out of messages."""
    if isinstance(value, list):
        return "(list)"
    return "(mapping)" if isinstance(value, dict) else "(value)"


def list_or_value(value: object) -> str:
    """As `entry_shape`, where a mapping cannot stand."""
    return "(list)" if isinstance(value, list) else "(value)"


def row_or_value(value: object) -> str:
    """As `entry_shape`, where a list cannot stand."""
    return "(mapping)" if isinstance(value, dict) else "(value)"


Text = Annotated[str, Field(min_length=1)]
Scalar = Annotated[str | int | bool, PlainValidator(check_scalar), WithJsonSchema(SCALAR_SCHEMA)]
Label = Annotated[str, PlainValidator(check_label),
                  WithJsonSchema({"type": ["string", "number"]})]
Name = Annotated[str, PlainValidator(check_name),
                 WithJsonSchema({"type": "string", "pattern": "^[a-z0-9-]{1,64}$"})]
VarName = Annotated[str, PlainValidator(check_variable), WithJsonSchema({"type": "string"})]
ParamName = Annotated[str, PlainValidator(check_param), WithJsonSchema({"type": "string"})]
Amount = Annotated[Money, PlainValidator(check_amount), WithJsonSchema(AMOUNT_SCHEMA)]
PriceCap = Annotated[Money, PlainValidator(check_price_cap), WithJsonSchema(AMOUNT_SCHEMA)]
Version = Annotated[int, PlainValidator(check_version), WithJsonSchema({"const": 1})]
Row = Annotated[dict[ParamName, Scalar], Field(min_length=1)]
Entry = Annotated[Annotated[Row, Tag("(mapping)")] | Annotated[Scalar, Tag("(value)")],
                  Discriminator(row_or_value)]
