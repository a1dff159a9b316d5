"""What each kind takes beside its model (CONTRACT section 3, the table of kinds).

Goal: what a route of the service does not take is told at plan, with what it would; what it takes
is sent as the route spells it. Method: parameters against the sheet of a kind, one at a time.
"""

from typing import Any

import pytest
from core_samples import make_model

from pipeline.core.catalog import KINDS, Model
from pipeline.core.kinds import KIND, MOST_VARIANTS, outputs_of, sheet
from pipeline.core.offer import fit_params, fit_prompt, fit_ratio, fit_whole
from pipeline.core.origins import fit_sources
from pipeline.core.spec import SourceRef

VOICE = make_model("talk", kind="dialogue", voices=("Rachel", "Drew"), aspect_ratios=(),
                   prompt_min_chars=5, prompt_max_chars=20)


def model(kind: str) -> Model:
    return VOICE if kind == "dialogue" else make_model("any", kind=kind, aspect_ratios=())


def test_every_kind_of_the_contract_has_a_sheet() -> None:
    assert set(KIND) == set(KINDS)


@pytest.mark.parametrize(("kind", "asked", "sent"), [
    ("extend", {"extend_model": "Lite"}, {"extend_model": "lite"}),
    ("extend", {"source_task_id": "t-1"}, {"source_task_id": "t-1"}),
    ("music", {"vocal_gender": "F"}, {"vocal_gender": "f"}),
    ("music", {"instrumental": True}, {"instrumental": True}),
    ("music", {"audio_weight": "0.650"}, {"audio_weight": "0.65"}),
    ("music", {"style_weight": 1}, {"style_weight": "1"}),
    ("music", {"style_weight": 0}, {"style_weight": "0"}),
    ("dialogue", {"voice": "rachel", "stability": "0.5"}, {"voice": "Rachel", "stability": "0.5"}),
    ("dialogue", {"speed": "1.10", "language_code": "en"}, {"speed": "1.1", "language_code": "en"}),
    ("captions", {"quality": "Best", "language": "de"}, {"quality": "best", "language": "de"}),
    ("captions", {"code_switching": False}, {"code_switching": False}),
    ("ad-copy", {"variant_count": 3, "product_text": "Mugs"},
     {"variant_count": 3, "product_text": "Mugs"})])
def test_what_a_kind_takes_is_sent_as_its_route_spells_it(
        kind: str, asked: dict[str, object], sent: dict[str, object]) -> None:
    assert fit_params(asked, model(kind)) == (sent, [])


@pytest.mark.parametrize(("kind", "asked", "hint"), [
    ("extend", {"extend_model": "fastest"}, "one of lite, fast, quality; did you mean fast?"),
    ("music", {"vocal_gender": "x"}, "one of m, f, random"),
    ("music", {"audio_weight": "1.5"}, "a number from 0 to 1"),
    ("music", {"audio_weight": "nan"}, "a number from 0 to 1"),
    ("music", {"audio_weight": True}, "a number from 0 to 1"),
    ("music", {"audio_weight": "much"}, "a number from 0 to 1"),
    ("music", {"instrumental": "yes"}, "true or false"),
    ("music", {"lyrics": " "}, "a text of 1 to 5000 characters"),
    ("music", {"titel": "x"}, "did you mean title?"),
    ("dialogue", {"voice": "Rachael"}, "one of Rachel, Drew; did you mean Rachel?"),
    ("dialogue", {"speed": 9}, "a number from 0.25 to 4"),
    ("separation", {"quality": "best"}, "it takes none"),
    ("ad-copy", {"variant_count": 0}, f"a whole number from 1 to {MOST_VARIANTS}"),
    ("ad-copy", {"variant_count": "3"}, f"a whole number from 1 to {MOST_VARIANTS}"),
    ("ad-copy", {"variant_count": True}, f"a whole number from 1 to {MOST_VARIANTS}")])
def test_what_a_kind_does_not_take_is_told_with_what_it_would(
        kind: str, asked: dict[str, object], hint: str) -> None:
    sent, [misfit] = fit_params(asked, model(kind))
    assert not sent and misfit.path == ("params", next(iter(asked)))
    assert misfit.hint.endswith(hint)


@pytest.mark.parametrize(("kind", "params", "prompt", "wrong"), [
    ("music", {}, "a waltz", None),
    ("music", {"instrumental": True}, "a waltz", None),
    ("music", {}, "", ("prompt",)),
    ("music", {"title": "T", "style": "S", "lyrics": "L"}, "", None),
    ("music", {"title": "T", "style": "S", "song_description": "D"}, "", None),
    ("music", {"title": "T", "style": "S", "instrumental": True}, "", None),
    ("music", {"title": "T", "style": "S"}, "", ("params", "lyrics")),
    ("music", {"title": "T", "style": "S", "instrumental": False}, "", ("params", "lyrics")),
    ("music", {"title": "T", "lyrics": "L"}, "", ("params", "style")),
    ("music", {"style": "S", "lyrics": "L"}, "", ("params", "title")),
    ("music", {"vocal_gender": "m"}, "", ("params", "title")),
    ("music", {"title": "T", "style": "S", "lyrics": "L", "song_description": "D"}, "",
     ("params", "song_description")),
    ("music", {"title": "T", "style": "S", "lyrics": "L"}, "a waltz", ("prompt",)),
    ("dialogue", {"voice": "Drew"}, "hello there", None),
    ("dialogue", {}, "hello there", ("params", "voice")),
    ("captions", {"quality": "best", "language": "de"}, "", None),
    ("captions", {"language": "de"}, "", ("params", "language")),
    ("captions", {"quality": "auto", "language": "de"}, "", ("params", "language"))])
def test_parameters_that_are_each_right_must_be_enough_together(
        kind: str, params: dict[str, Any], prompt: str, wrong: tuple[str, ...] | None) -> None:
    misfit = fit_whole(params, prompt, model(kind))
    assert (misfit.path if misfit else None) == wrong


@pytest.mark.parametrize(("kind", "prompt", "says"), [
    ("dialogue", "hi!", "at least 5"), ("dialogue", "x" * 21, "at most 20"),
    ("dialogue", " ", "is empty"), ("captions", "words", "takes no prompt"),
    ("separation", "words", "takes no prompt"), ("extend", "", "is empty")])
def test_a_prompt_is_what_its_kind_takes(kind: str, prompt: str, says: str) -> None:
    misfit = fit_prompt(prompt, model(kind))
    assert misfit and says in misfit.message


@pytest.mark.parametrize("kind", ["captions", "separation", "ad-copy", "music"])
def test_a_kind_without_a_prompt_misses_none(kind: str) -> None:
    assert fit_prompt("", model(kind)) is None


def ref(medium: str, **more: Any) -> SourceRef:
    return SourceRef("file", medium, medium, **more)


@pytest.mark.parametrize(("kind", "media"), [
    ("captions", ["video"]), ("captions", ["audio"]), ("captions", [""]), ("separation", ["audio"]),
    ("ad-copy", ["image"]), ("ad-copy", ["image", "image"]), ("music", []), ("dialogue", [])])
def test_a_kind_takes_its_sources(kind: str, media: list[str]) -> None:
    assert fit_sources([ref(medium) for medium in media], model(kind)) is None


@pytest.mark.parametrize(("kind", "media", "says"), [
    ("captions", [], "needs a source file"), ("captions", ["video"] * 2, "one source file, not 2"),
    ("captions", ["image"], "no image source"), ("captions", ["text"], "no text source"),
    ("ad-copy", ["video"], "no video source"), ("ad-copy", ["image"] * 3, "at most 2 source files"),
    ("music", ["audio"], "no source files, not 1"), ("image", ["text"], "no text source")])
def test_a_kind_refuses_other_sources(kind: str, media: list[str], says: str) -> None:
    misfit = fit_sources([ref(medium) for medium in media], model(kind))
    assert misfit and misfit.path == ("sources",) and says in misfit.message


def test_a_model_refuses_a_source_too_large_or_too_long_for_it() -> None:
    dance = make_model("dance", kind="video", max_images=1, max_videos=1,
                       source_seconds=(3, 30), source_bytes={"video": 1000})
    assert fit_sources([ref("video", bytes=1000, seconds=30.0, measured=True)], dance) is None
    assert fit_sources([ref("video", seconds=99.0)], dance) is None, "it may be shorter"
    for more, says in (({"bytes": 1001}, "at most 1,000 bytes"),
                       ({"seconds": 30.5, "measured": True}, "3 to 30 seconds, not 30.5"),
                       ({"seconds": 2.0, "measured": True}, "3 to 30 seconds, not 2.0")):
        misfit = fit_sources([ref("video", **more)], dance)
        assert misfit and says in misfit.message


def test_only_what_has_a_shape_takes_one() -> None:
    misfit = fit_ratio("1:1", model("music"))
    assert misfit and "music has no aspect ratio" in misfit.message
    assert fit_ratio("4:5", model("ad-copy")) is None, "its row names no shapes"


@pytest.mark.parametrize(("kind", "params", "number"), [
    ("image", {}, 1), ("music", {}, 1), ("separation", {}, 2), ("ad-copy", {}, 1),
    ("ad-copy", {"variant_count": 4}, 4), ("image", {"variant_count": 4}, 1)])
def test_a_job_brings_so_many_files_for_sure(kind: str, params: dict[str, object],
                                             number: int) -> None:
    assert outputs_of(kind, params) == number


def test_a_kind_that_nobody_knows_is_open() -> None:
    assert sheet("hologram").params is None
