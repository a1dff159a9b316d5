"""Artificial Studio's tools as models: names, prices, what each takes, and how a job is filled in.

Goal: nothing is sent that the schema does not name, and it is spelled as the schema spells it; what
cannot be priced or filled in is not offered as if it could. Method: rows of both spellings that the
service's own clients know (facts/media_apis.md 1.2).
"""

from typing import Any

import pytest

from pipeline.core.errors import Unreachable
from pipeline.core.offer import LARGEST_SEED
from pipeline.core.price_rule import Flat, PerSecond
from pipeline.core.spec import JobSpec, SourceRef
from pipeline.providers.studio_catalog import read_shelf
from pipeline.providers.studio_form import read_form

AT = "2027-01-15T08:00:00Z"
PROMPT = {"type": "string", "maxLength": 500}


def tool(slug: str, *models: dict[str, Any], makes: str = "image", **more: Any) -> dict[str, Any]:
    return {"slug": slug, "outputType": makes, "models": list(models), **more}


def model(slug: str = "fox", cost: Any = 5, unit: Any = "generation", **fields: Any,
          ) -> dict[str, Any]:
    return {"slug": slug, "name": slug.title(), "cost": cost, "costUnit": unit,
            "inputSchema": {"type": "object", "properties": {"prompt": PROMPT, **fields},
                            "required": ["prompt"]}}


def shelf(*tools: Any) -> Any:
    return read_shelf({"tools": list(tools)}, AT, provider="artificialstudio")


def job(ratio: str | None = None, sources: tuple[SourceRef, ...] = (), **params: Any) -> JobSpec:
    return JobSpec("p", "image", "fox", "a kite", ratio, params, sources)


def test_a_slug_alone_names_a_model_where_one_tool_has_it() -> None:
    found = shelf(tool("create-image", model("fox"), model("owl")),
                  tool("edit-image", model("fox"))).catalog
    assert set(found.models) == {"create-image/fox", "owl", "edit-image/fox"}
    assert found.find("owl") is found.find("create-image/owl") is found.find("owl", "create-image")
    assert found.find("fox") is None
    assert found.find("fox", "edit-image") is found.models["edit-image/fox"]
    assert found.find("owl", "edit-image") is found.models["owl"]  # told as a misfit
    assert found.nearest("fox") == ["create-image/fox", "edit-image/fox"]


@pytest.mark.parametrize(("cost", "unit", "rule"), [
    (5, "generation", Flat), (5, "per generation", Flat), (5, "", Flat), (30, "second", PerSecond),
    (30, "per second", PerSecond), (30, "credits/second", PerSecond), (5, "megapixel", None),
    (5, "minute", None), (0, "generation", None), (-1, "generation", None),
    ("5", "generation", None), (None, "generation", None)])
def test_a_price_is_read_only_where_its_unit_is_known(cost: Any, unit: str, rule: Any) -> None:
    price = shelf(tool("create-image", model(cost=cost, unit=unit))).catalog.models["fox"].price
    assert (price if rule is None else type(price)) is rule


def test_a_resolution_that_costs_more_than_the_one_figure_is_not_offered() -> None:
    tiers = {"type": "string", "enum": ["720p", "4K"]}
    by_second = shelf(tool("t", model(unit="second", resolution=tiers), makes="video"))
    by_job = shelf(tool("t", model(resolution=tiers)))
    assert by_second.catalog.models["fox"].capability.resolutions == ("720p",)
    assert by_job.catalog.models["fox"].capability.resolutions == ("720p", "4K")


@pytest.mark.parametrize(("makes", "kind"), [("image", "image"), ("video", "video"),
                                             ("audio", "other"), ("3d", "other"), ("", "other")])
def test_only_what_we_can_buy_has_a_kind(makes: str, kind: str) -> None:
    assert shelf(tool("t", model(), makes=makes)).catalog.models["fox"].kind == kind


def test_a_model_that_needs_what_no_campaign_can_say_is_not_bought() -> None:
    lists = {"type": "array", "items": {"type": "string"}}
    row = model(loras=lists)
    row["inputSchema"]["required"].append("loras")
    assert shelf(tool("t", row)).catalog.models["fox"].kind == "other"
    assert shelf(tool("t", model(loras=lists))).catalog.models["fox"].kind == "image"


def test_typical_seconds_are_the_services_own_hints() -> None:
    def typical(**fields: Any) -> object:
        return shelf(tool("t", model(**fields), makes="video")).catalog.models["fox"].typical_s

    assert shelf(tool("t", model())).catalog.models["fox"].typical_s == 15.0
    assert typical(duration={"enum": ["2", "4"]}) == 60.0
    assert typical(duration={"enum": ["4", "8"]}) == 120.0
    assert typical(duration={"enum": ["4", "8"], "default": "4"}) == 60.0


@pytest.mark.parametrize("schema", [
    {"type": "object", "properties": {"prompt": PROMPT, "image_size": {"enum": ["square_hd"]}},
     "required": ["prompt"]},
    {"prompt": {"type": "string", "required": True}, "image_size": {"type": "enum", "options": [
        {"label": "Square", "value": "square_hd"}]}}])
def test_schemas_are_read_in_both_spellings(schema: Any) -> None:
    form = read_form(schema)
    assert form.fields["prompt"].is_needed
    assert form.fill(job("1:1"), ()) == {"prompt": "a kite", "image_size": "square_hd"}


@pytest.mark.parametrize(("field", "rule", "params", "sent"), [
    ("duration", {"enum": ["5", "10"]}, {"duration": "5"}, "5"),
    ("duration", {"enum": [5, 10]}, {"duration": "5"}, 5),
    ("duration", {"enum": ["5s"]}, {"duration": "5"}, "5s"),
    ("duration", {"enum": ["5", "10"], "default": "10"}, {}, "10"),
    ("generate_audio", {"type": "boolean"}, {"sound": True}, True),
    ("negativePrompt", {"type": "string"}, {"negative_prompt": "text"}, "text"),
    ("style", {"enum": ["anime"]}, {"style": "anime"}, "anime"),
    ("steps", {"type": "int"}, {"steps": "30"}, 30),
])
def test_a_parameter_is_sent_as_the_schema_spells_it(field: str, rule: Any, params: Any,
                                                     sent: object) -> None:
    form = read_form({"type": "object", "properties": {"prompt": PROMPT, field: rule}})
    assert form.fill(job(**params), ())[field] == sent


def test_sources_go_where_the_schema_takes_them() -> None:
    form = read_form({"properties": {"image_urls": {"type": "array"},
                                     "video_url": {"type": "string"}}})
    sources = (SourceRef("url", "a", "image"), SourceRef("url", "b", "video"),
               SourceRef("url", "c"))
    assert form.fill(job(sources=sources), ("u1", "u2", "u3")) == {
        "image_urls": ["u1", "u3"], "video_url": "u2"}


@pytest.mark.parametrize(("rule", "is_open"), [
    ({"type": "integer"}, True), ({"type": "integer", "maximum": LARGEST_SEED}, True),
    ({"type": "integer", "maximum": 65535}, False), ({"enum": [1, 2]}, False)])
def test_a_seed_is_a_mark_only_where_any_will_do(rule: Any, is_open: bool) -> None:
    assert read_form({"properties": {"seed": rule}}).has_open_seed is is_open


@pytest.mark.parametrize("raw", [None, 7, "x", {}, {"slug": 5}, {"slug": "../x", "models": []},
                                 {"slug": "t", "models": "none"}, {"slug": "t", "models": [None]},
                                 {"slug": "t", "models": [{"slug": "a/b"}]}])
def test_what_cannot_be_read_is_left_out(raw: Any) -> None:
    assert set(shelf(raw, tool("t", model())).catalog.models) == {"fox"}


@pytest.mark.parametrize("payload", [None, [], {}, {"tools": {}}, "x"])
def test_no_catalog_is_said_so(payload: Any) -> None:
    with pytest.raises(Unreachable):
        read_shelf(payload, AT, provider="p")
