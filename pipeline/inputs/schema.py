"""The JSON Schema of a manifest, for editors: made from the grammar that the reader uses."""

from functools import cache
from typing import Any

from pydantic import BaseModel

from pipeline.inputs.grammar import ManifestGrammar

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def manifest_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) that accepts whatever the reader accepts, and a little more:
    what takes more than one place to see (a model that is not offered, a circle) it cannot say."""
    return {"$schema": DIALECT, **schema_of(ManifestGrammar), "title": "media-pipeline manifest"}


@cache
def schema_of(grammar: type[BaseModel]) -> dict[str, Any]:
    """The schema of a grammar. No key can be null: a key without a value is left out."""
    schema = _without_null(grammar.model_json_schema())
    return dict(schema)


def _without_null(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_null(below) for below in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _without_null(below) for key, below in part.items()
            if not (key == "default" and below is None)}
    if branches := kept.get("anyOf"):
        kept["anyOf"] = [branch for branch in branches if branch != {"type": "null"}]
        if len(kept["anyOf"]) == 1:
            only = kept.pop("anyOf")[0]
            kept = {**only, **kept}
    return kept
