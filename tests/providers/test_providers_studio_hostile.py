"""Artificial Studio's answers as nobody should send them.

Goal: whatever JSON comes, the readers give a value or one of the provider's failures, in bounded
time; and a paid call is never called free by accident. Method: generated JSON, shaped and unshaped.
"""

from typing import Any

from bounded import within
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.errors import Barred, ProviderFailure, Refused, ReplyLost, Throttled
from pipeline.core.provider import Broken, Finished, Working
from pipeline.core.spec import JobSpec
from pipeline.providers.studio_answers import (
    asked_of,
    read_news,
    read_receipt,
    read_record,
    read_rows,
    read_sighting,
)
from pipeline.providers.studio_catalog import read_shelf
from pipeline.providers.studio_form import read_form
from pipeline.providers.studio_refusals import failure_of_generate
from pipeline.providers.tool_line import ToolAnswer

FIELDS = ("id", "job_id", "status", "done", "output", "error", "payload", "createdAt", "data",
          "pagination", "hasMore", "slug", "models", "inputSchema", "properties", "required",
          "enum", "options", "value", "type", "cost", "costUnit", "seed", "prompt", "input",
          "maximum", "maxItems", "default", "duration", "image_size", "eta_seconds")
SCALARS = st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(
    max_size=9) | st.sampled_from(["success", "error", "fox", "array", "second"])
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
    st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=6), max_leaves=25)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_any_record_is_news_or_nothing(body: Any) -> None:
    read_receipt(body)
    record = read_record(body)
    if record is not None:
        assert isinstance(read_news(record, str), Working | Finished | Broken)
        read_sighting(record, asked_of(record), "fox", str)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_any_list_and_any_catalog_is_read_or_refused(body: Any) -> None:
    for read in (read_rows, lambda raw: read_shelf({"tools": [raw]}, "", provider="p")):
        try:
            read(body)
        except ProviderFailure:
            continue


@settings(max_examples=150, deadline=None)
@given(JSON, st.dictionaries(st.sampled_from(("duration", "seed", "style")), st.text(max_size=5)))
def test_any_schema_can_be_filled_in_and_only_with_fields_of_its_own(schema: Any,
                                                                     params: Any) -> None:
    form = read_form(schema)
    spec = JobSpec("p", "image", "fox", "a kite", "1:1", params)
    assert set(form.fill(spec, ())) <= set(form.fields)


@settings(max_examples=150, deadline=None)
@given(JSON, st.text(max_size=40))
def test_any_error_of_generate_is_a_doubt_or_a_documented_no(body: Any, text: str) -> None:
    failure = failure_of_generate(ToolAnswer(True, body, text))
    assert isinstance(failure, ReplyLost | Barred | Refused | Throttled)
    if "insufficient_credits" not in f"{body}{text}":
        assert failure.cause != "insufficient_credits"


def test_a_huge_catalog_is_read_in_time() -> None:
    row = {"slug": "m", "cost": 5, "costUnit": "second", "inputSchema": {"properties": {
        f"f{n}": {"enum": list(range(500))} for n in range(300)}}}
    with within(5.0):
        read_shelf({"tools": [{"slug": f"t{n}", "outputType": "video", "models": [row] * 20}
                              for n in range(10)]}, "", provider="p")
