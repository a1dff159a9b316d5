"""Goal: the schema that editors use accepts every manifest that the reader accepts, and knows keys.

Method: a checker for the words of JSON Schema that the schema uses, run over the good manifests;
a word that it does not know fails.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.inputs.marked_yaml import plain, read_yaml
from pipeline.inputs.schema import manifest_schema

HERE = Path(__file__).parent
SCHEMA = manifest_schema()
TYPES: dict[str, Any] = {"string": str, "number": (int, float), "integer": int, "boolean": bool,
                         "object": dict, "array": list}
CHECKED = {"$ref", "anyOf", "oneOf", "not", "type", "enum", "const", "pattern", "minLength",
           "minimum", "maximum", "minItems", "maxItems", "items", "properties", "required",
           "additionalProperties", "minProperties", "maxProperties"}
IGNORED = {"$schema", "$defs", "title", "description", "default"}


def fits(value: Any, schema: Any) -> bool:
    if isinstance(schema, bool):
        return schema
    assert schema.keys() <= CHECKED | IGNORED, schema.keys() - CHECKED - IGNORED
    if reference := schema.get("$ref"):
        return fits(value, SCHEMA["$defs"][reference.rpartition("/")[2]])
    return (_fits_words(value, schema) and _fits_branches(value, schema)
            and (not isinstance(value, dict) or _fits_map(value, schema))
            and (not isinstance(value, list) or _fits_list(value, schema)))


def _fits_branches(value: Any, schema: Any) -> bool:
    return (("anyOf" not in schema or any(fits(value, part) for part in schema["anyOf"]))
            and ("oneOf" not in schema or sum(fits(value, part) for part in schema["oneOf"]) == 1)
            and ("not" not in schema or not fits(value, schema["not"])))


def _fits_words(value: Any, schema: Any) -> bool:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return (
        (not kinds or any(isinstance(value, TYPES[kind]) and (
            kind == "boolean" or not isinstance(value, bool)) for kind in kinds))
        and ("enum" not in schema or value in schema["enum"])
        and ("const" not in schema or value == schema["const"])
        and ("pattern" not in schema or not isinstance(value, str)
             or bool(re.search(schema["pattern"], value)))
        and (not isinstance(value, str) or len(value) >= schema.get("minLength", 0))
        and (not is_number
             or schema.get("minimum", value) <= value <= schema.get("maximum", value)))


def _fits_map(value: dict[str, Any], schema: Any) -> bool:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    return (schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", 10**6)
            and all(name in value for name in schema.get("required", ()))
            and all(fits(part, known.get(name, others)) for name, part in value.items()))


def _fits_list(value: list[Any], schema: Any) -> bool:
    return (schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**6)
            and all(fits(part, schema.get("items", True)) for part in value))


def as_an_editor(value: Any) -> Any:
    """A tree whose plain fractions are numbers, as other YAML readers have them."""
    if isinstance(value, dict):
        return {name: as_an_editor(part) for name, part in value.items()}
    if isinstance(value, list):
        return [as_an_editor(part) for part in value]
    return float(value) if isinstance(value, str) and re.fullmatch(r"\d+\.\d+", value) else value


@pytest.mark.parametrize("path", sorted((HERE / "good").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_schema_accepts_every_good_manifest(path: Path) -> None:
    said = plain(read_yaml(path.read_text(), str(path)))
    assert fits(said, SCHEMA)
    assert fits(as_an_editor(said), SCHEMA)


@pytest.mark.parametrize("name", ["keys", "shapes", "no_campaigns", "not_a_mapping"])
def test_the_schema_refuses_wrong_keys_and_shapes(name: str) -> None:
    path = HERE / "bad" / f"{name}.yaml"
    assert not fits(plain(read_yaml(path.read_text(), str(path))), SCHEMA)


def test_the_schema_names_its_dialect_and_describes_every_key() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$id" not in SCHEMA
    for part in (SCHEMA, *SCHEMA["$defs"].values()):
        assert part["description"]
        assert all(field["description"] for field in part["properties"].values())
    keys = SCHEMA["$defs"]["CampaignGrammar"]["properties"]
    assert {"from", "prompt", "template", "models", "exclude", "unsupported"} <= keys.keys()
