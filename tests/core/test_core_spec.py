"""The key that recognises a job in every run: what is part of it, and what is not.

Goal: the same wish is paid for once, by every version of this program; another wish never passes
for it.
"""

from dataclasses import replace

import pytest
from core_samples import make_catalog, make_model, make_spec

from pipeline.core.catalog import Capability
from pipeline.core.spec import SourceRef

FILE = SourceRef("file", "0" * 64, "image", "a.png")
SPEC = make_spec("kite", ratio="16:9", seed=3, sources=(FILE,))


def test_a_key_is_the_same_in_every_process_and_version() -> None:
    assert SPEC.key() == "9607ae4eaf0aabb43865351b3c7dc253"


@pytest.mark.parametrize("change", [
    {"provider": "other"}, {"kind": "video"}, {"model": "owl"}, {"prompt": "kites"},
    {"prompt": "kite "}, {"aspect_ratio": None}, {"aspect_ratio": "1:1"}, {"params": {}},
    {"params": {"seed": 4}}, {"params": {"seed": "3"}}, {"params": {"seed": 3, "sound": True}},
    {"sources": ()}, {"sources": (replace(FILE, value="1" * 64),)},
    {"sources": (replace(FILE, kind="url"),)}, {"sources": (FILE, FILE)}, {"variant": 2}])
def test_whatever_decides_the_bytes_is_in_the_key(change: dict[str, object]) -> None:
    assert replace(SPEC, **change).key() != SPEC.key()  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [
    {"sources": (replace(FILE, path="moved/b.png"),)}, {"sources": (replace(FILE, media=""),)}])
def test_where_a_file_lies_is_not(change: dict[str, object]) -> None:
    assert replace(SPEC, **change).key() == SPEC.key()  # type: ignore[arg-type]


def test_the_order_of_parameters_makes_no_difference_and_that_of_sources_does() -> None:
    assert make_spec(seed=1, sound=True).key() == make_spec(sound=True, seed=1).key()
    other = replace(FILE, value="1" * 64)
    assert make_spec(sources=(FILE, other)).key() != make_spec(sources=(other, FILE)).key()


def test_true_and_one_are_two_wishes() -> None:
    assert make_spec(sound=True).key() != make_spec(sound=1).key()


def test_a_prompt_cannot_speak_for_another_field() -> None:
    assert make_spec('a","1:1",[],[]').key() != make_spec("a").key()


def test_a_job_waits_for_the_jobs_it_starts_from() -> None:
    assert make_spec(sources=(FILE, SourceRef("job", "k1"), SourceRef("job", "k2"))).waits_for == (
        "k1", "k2")


def test_a_catalog_is_known_by_models_capabilities_and_prices_and_not_by_its_clock() -> None:
    catalog = make_catalog(make_model(), make_model("owl"))
    later = replace(make_catalog(make_model("owl", typical_s=1.0), make_model()), fetched_at="now")
    assert catalog.digest() == later.digest()
    for changed in (make_model(price=None), make_model(note="x"),
                    replace(make_model(), capability=Capability())):
        assert make_catalog(changed, make_model("owl")).digest() != catalog.digest()


@pytest.mark.parametrize(("asked", "kind", "near"), [
    ("fx", "", ["fox"]), ("FOX", "", ["fox"]), ("fax", "image", ["fox"]), ("fox", "video", []),
    ("zzz", "", [])])
def test_the_nearest_names_are_found_whatever_their_case(asked: str, kind: str,
                                                         near: list[str]) -> None:
    assert make_catalog(make_model("fox"), make_model("whale")).nearest(asked, kind) == near
