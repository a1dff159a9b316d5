"""Kubeez's catalog rows as models: whole ones, broken ones, and notes about seconds.

Goal: a row says what a model takes and what it is billed; what cannot be relied on has no price.
Method: rows as the service publishes them, the sandbox's 111, and rows with one thing wrong.
"""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from providers_far_end import BASE, KEY, FarEnd, outcome, over, says

from pipeline.core.catalog import Capability, Catalog, Model
from pipeline.core.errors import Unreachable
from pipeline.core.money import Money
from pipeline.core.price_rule import ByOption, Flat, PerSecond
from pipeline.providers.kubeez_catalog import read_catalog
from pipeline.providers.kubeez_terms import TERMS
from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.kubeez_answers import show_models

ROW = {
    "model_id": "kite-1", "display_name": "Kite 1", "model_type": "image", "provider": "Acme",
    "cost_per_generation": 14.0, "cost_note": "", "estimated_time_seconds": 42,
    "generation_types": ["text-to-image"], "requires_input_media": False,
    "capabilities": {"prompt_max_chars": 2000, "aspect_ratio_options": ["1:1"],
                     "duration_options": ["5s", "10s"], "resolution_options": ["1K"],
                     "quality_options": ["high"], "max_input_images": 8,
                     "video_audio": "toggle_via_sound_param", "supports_negative_prompt": False},
    "usage_notes": "be kind", "voice_allowlist": ["Rachel"]}


def read(*rows: Any) -> Catalog:
    payload = json.loads(json.dumps({"models": rows, "total_count": 1}), parse_float=Decimal)
    return read_catalog(payload, "2027-01-15T08:00:00Z", provider="kubeez")


def only(**changes: Any) -> Model:
    (model,) = read({**ROW, **changes}).models.values()
    return model


def test_a_whole_row_is_read_whole() -> None:
    assert only() == Model(
        "kite-1", "image", "Kite 1", Flat(Money.parse("14")), "", 42.0, ("text-to-image",),
        Capability(prompt_max_chars=2000, aspect_ratios=("1:1",), durations=("5s", "10s"),
                   resolutions=("1K",), qualities=("high",), voices=("Rachel",), max_images=8,
                   sound="toggle", negative_prompt=False,
                   source_bytes={"image": 10_000_000}))


def test_a_row_of_the_least_is_a_model_without_a_price() -> None:
    model = read({"model_id": "bare"}).models["bare"]
    assert (model.kind, model.name, model.price, model.typical_s) == ("image", "bare", None, None)
    assert model.capability == Capability()


@pytest.mark.parametrize("row", [
    None, 7, "kite", [], {}, {"model_id": 7}, {"model_id": ""}, {"model_id": "a/b"},
    {"model_id": "a b"}, {"model_id": "\n"}, {"model_id": "../x"}, {"model_id": "k" * 129}])
def test_a_row_without_a_usable_id_is_left_out(row: Any) -> None:
    assert list(read(row, ROW).models) == ["kite-1"]


@pytest.mark.parametrize("amount", [None, 0, -1, "14", True, 1e300, [], 0.0])
def test_an_amount_that_is_none_is_no_price(amount: Any) -> None:
    assert only(cost_per_generation=amount).price is None


@pytest.mark.parametrize(("note", "rule"), [
    ("17 credits per second", PerSecond(Money.parse("17"))),
    ("21 cr/s", PerSecond(Money.parse("21"))),
    ("(ref_seconds + output_seconds) × 9", PerSecond(Money.parse("9"), counts_sources=True)),
    ("17 credits per second, 21 credits per second with sound", None),
    ("17 credits per second, doubled with sound", None),
    ("billed by output duration", None), ("6 per minute", None), ("0 credits per second", None),
    ("best for posters", Flat(Money.parse("14")))])
def test_a_note_about_seconds_is_read_whole_or_not_at_all(note: str, rule: object) -> None:
    assert only(cost_note=note).price == rule


@pytest.mark.parametrize(("changes", "kind"), [
    ({"model_type": "video"}, "video"), ({"model_type": "speech"}, "dialogue"),
    ({"model_type": "music"}, "music"), ({"model_type": "separation"}, "separation"),
    ({"model_type": "other"}, "other"), ({"model_type": None}, "image"),
    ({"model_id": "auto-caption", "model_type": "other"}, "captions"),
    ({"model_id": "auto-caption-universal-3-pro", "model_type": "speech",
      "generation_types": ["text-to-dialogue"]}, "captions"),
    ({"model_id": "Burned-Captions", "model_type": "video"}, "captions"),
    ({"model_id": "suno-lyrics-generation", "model_type": "music"}, "other"),
    ({"model_id": "suno-add-vocals", "model_type": "music"}, "other"),
    ({"model_id": "sonilo-text-to-sfx", "model_type": "music"}, "other"),
    ({"model_id": "V5_5", "model_type": "music", "capabilities": {}}, "music"),
    ({"model_id": "ad-copy-2", "model_type": "other"}, "ad-copy")])
def test_the_kind_is_ours(changes: dict[str, Any], kind: str) -> None:
    assert only(**changes).kind == kind


def test_what_the_documents_say_and_rows_do_not_stands_in_the_capability() -> None:
    song = only(model_id="V5_5", model_type="music", capabilities={}).capability
    speech = only(model_type="speech", capabilities={}).capability
    motion = only(model_id="kling-3-0-motion-control-720p", model_type="video",
                  generation_types=["image-to-video"], capabilities={}).capability
    captions = only(model_id="auto-caption", model_type="other", capabilities={}).capability
    assert (song.prompt_min_chars, song.prompt_max_chars) == (None, 400)
    assert (speech.prompt_min_chars, speech.prompt_max_chars) == (5, 5000)
    assert (motion.source_seconds, motion.source_bytes) == \
        ((3, 30), {"video": 100_000_000, "image": 10_000_000})
    assert captions.source_seconds == (1, 1800)


def test_a_row_that_says_it_itself_is_believed() -> None:
    for kind in ("music", "speech"):
        says_it = only(model_type=kind, capabilities={"prompt_max_chars": 777}).capability
        assert says_it.prompt_max_chars == 777


@pytest.mark.parametrize(("changes", "takes"), [
    ({"capabilities": {"max_input_images": 2}}, True), ({"input_media_types": ["image"]}, True),
    ({"generation_types": ["image-to-video"]}, True), ({"capabilities": {}}, False),
    ({"capabilities": {"max_input_images": 0}}, False), ({"input_media_types": ["video"]}, False)])
def test_only_a_model_that_takes_pictures_limits_them(changes: dict[str, Any],
                                                      takes: bool) -> None:
    capability = only(**{"capabilities": {}, **changes}).capability
    assert capability.source_bytes == ({"image": 10_000_000} if takes else {})


def test_going_on_from_a_clip_stands_beside_the_models() -> None:
    catalog = read(ROW)
    extend = catalog.find("veo3-1-extend")
    assert extend is not None and list(catalog.models) == ["kite-1"]
    assert extend is catalog.unnamed("extend")
    assert extend.price == ByOption("extend_model", {
        "lite": Money.parse("45"), "fast": Money.parse("75"), "quality": Money.parse("300")},
        "fast")
    assert extend.capability == Capability(needs_source=True, extends="veo3-1",
                                           extends_not=("1080p",))
    assert catalog.digest() != replace(catalog, beside={}).digest()


@pytest.mark.parametrize("name", ["capabilities", "generation_types", "display_name", "cost_note",
                                  "estimated_time_seconds", "requires_input_media",
                                  "voice_allowlist", "model_type"])
@pytest.mark.parametrize("value", [None, 7, "odd", [], {}, [None, {}], True])
def test_a_field_of_the_wrong_type_is_a_missing_field(name: str, value: Any) -> None:
    assert only(**{name: value}).id == "kite-1"


@pytest.mark.parametrize("name", list(ROW["capabilities"]))  # type: ignore[call-overload]
@pytest.mark.parametrize("value", [None, -7, "odd", {}, [None, {}]])
def test_a_capability_of_the_wrong_type_is_not_said(name: str, value: Any) -> None:
    capability = only(capabilities={name: value}, voice_allowlist=None).capability
    assert capability in (Capability(), Capability(sound="odd"))


def test_options_may_be_called_either_way() -> None:
    assert only(capabilities={"resolution": ["2K"]}).capability.resolutions == ("2K",)
    assert only(capabilities={"supports_sound": True}).capability.sound == "toggle"
    assert only(capabilities={"video_audio": "silent"}).capability.sound == "silent"


@pytest.mark.parametrize("payload", [None, [], {}, {"models": {}}, {"models": None}, "x"])
def test_what_is_no_catalog_is_not_read_as_an_empty_one(payload: Any) -> None:
    with pytest.raises(Unreachable):
        read_catalog(payload, "", provider="kubeez")


def test_the_whole_catalog_of_the_sandbox_is_read() -> None:
    rows = show_models(SandboxCatalog.load())["models"]
    models = read(*rows).models
    assert len(models) == len(rows) >= 111
    bought = [model for model in models.values() if model.kind in TERMS.kinds]
    assert len(bought) > 90 and all(model.price for model in bought)


names = st.sampled_from([*ROW, *ROW["capabilities"]])  # type: ignore[misc]
junk = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9)
                    | st.decimals(allow_nan=False, allow_infinity=False),
                    lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(names, inner, max_size=3), max_leaves=8)


@settings(deadline=None)
@given(st.dictionaries(names, junk))
def test_no_row_whatever_crashes(row: dict[str, Any]) -> None:
    payload = {"models": [{**row, "model_id": "x"}]}
    assert list(read_catalog(payload, "", provider="kubeez").models) == ["x"]


def test_a_key_that_may_not_read_the_catalog_reads_the_public_one() -> None:
    for status in (401, 403):
        far = FarEnd(says(status), says(200, {"models": [ROW]}))
        payload = over(far, lambda kubeez: kubeez.fetch_catalog())
        assert read_catalog(payload, "", provider="kubeez").models
        assert [call.url.path for call in far.calls] == ["/v1/models", "/docs/models.json"]
        assert all(str(call.url).startswith(BASE) for call in far.calls)


def test_a_catalog_names_no_host_no_header_and_no_key() -> None:
    hostile = {**ROW, "base_url": "https://evil.example", "headers": {"x": KEY},
               "endpoint": "https://evil.example/v1"}
    assert "evil" not in repr(read(hostile)) and KEY not in repr(read(hostile))


def test_a_server_that_is_down_gives_no_catalog() -> None:
    found = outcome(FarEnd(says(503)), lambda kubeez: kubeez.fetch_catalog())
    assert type(found) is Unreachable
