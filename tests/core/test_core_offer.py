"""One cell against its model's row: every kind of misfit, and how what fits is spelled.

Goal: nothing is sent that the row does not offer, and what is sent is the row's own spelling.
"""

from decimal import Decimal
from typing import Any

import pytest
from core_samples import make_model

from pipeline.core.catalog import Model
from pipeline.core.offer import (
    LARGEST_SEED,
    fit_params,
    fit_prompt,
    fit_ratio,
    seconds_of,
)
from pipeline.core.origins import fit_sources
from pipeline.core.spec import SourceRef


@pytest.mark.parametrize(("text", "seconds"), [
    (5, "5"), ("5", "5"), ("5s", "5"), ("2.5s", "2.5"), ("0.125", "0.125"), ("015s", "15")])
def test_a_length_is_seconds_with_or_without_the_s(text: object, seconds: str) -> None:
    assert seconds_of(text) == Decimal(seconds)


@pytest.mark.parametrize("text", ["", "s", "5 s", "5m", "five", "-5", "5s5", "1e3", True, None,
                                  "1234567", "5.1234", "5.", "nan", "5\n"])
def test_what_is_no_length_is_none(text: object) -> None:
    assert seconds_of(text) is None


@pytest.mark.parametrize("asked", [5, "5", "5s"])
@pytest.mark.parametrize("offered", [("3s", "5s"), ("3", "5"), ("3.0", "5.0s")])
def test_a_duration_is_sent_as_the_row_spells_it(asked: object, offered: tuple[str, ...]) -> None:
    sent, misfits = fit_params({"duration": asked}, make_model(durations=offered))
    assert (sent, misfits) == ({"duration": offered[1]}, [])


@pytest.mark.parametrize(("name", "offered", "asked", "sent"), [
    ("resolution", {"resolutions": ("1K", "2K")}, "2k", "2K"),
    ("quality", {"qualities": ("basic", "high")}, "High", "high"),
    ("resolution", {"resolutions": ("720", "1080")}, 720, "720")])
def test_a_choice_is_sent_as_the_row_spells_it(name: str, offered: dict[str, Any], asked: object,
                                               sent: str) -> None:
    assert fit_params({name: asked}, make_model(**offered)) == ({name: sent}, [])


@pytest.mark.parametrize(("asked", "model", "says", "hint"), [
    ({"duration": 7}, make_model(durations=("5s", "10s")), "does not offer duration 7",
     "it offers 5s, 10s"),
    ({"duration": "long"}, make_model(durations=("5s",)), "does not offer duration long", "5s"),
    ({"duration": 5}, make_model(), "does not offer duration 5", "no choice of duration"),
    ({"resolution": "8K"}, make_model(resolutions=("1K", "2K")), "resolution 8K", "1K, 2K"),
    ({"quality": "best"}, make_model(qualities=("basic",)), "quality best", "basic"),
    ({"sound": "yes"}, make_model(), "sound is true or false", ""),
    ({"sound": True}, make_model(kind="video", sound="silent"), "makes no sound", "it to false"),
    ({"sound": True}, make_model(kind="image"), "makes no sound", "leave sound out"),
    ({"sound": False}, make_model(sound="included"), "always makes sound", "leave sound out"),
    ({"seed": -1}, make_model(), "not a whole number", ""),
    ({"seed": LARGEST_SEED + 1}, make_model(), "not a whole number", ""),
    ({"seed": True}, make_model(), "not a whole number", ""),
    ({"seed": "7"}, make_model(), "not a whole number", ""),
    ({"negative_prompt": "x"}, make_model(negative_prompt=False), "takes no negative prompt", ""),
    ({"colour": "red"}, make_model(), "unknown parameter 'colour'", "known are duration"),
])
def test_a_setting_that_the_row_does_not_offer_is_a_misfit(asked: dict[str, object], model: Model,
                                                           says: str, hint: str) -> None:
    sent, [misfit] = fit_params(asked, model)
    assert sent == {}
    assert says in misfit.message
    assert hint in misfit.hint
    assert misfit.path == ("params", *asked)


def test_every_misfit_is_found_and_what_fits_is_kept() -> None:
    sent, misfits = fit_params({"duration": 7, "seed": 3, "quality": "x"}, make_model())
    assert sent == {"seed": 3}
    assert [misfit.path[1] for misfit in misfits] == ["duration", "quality"]


@pytest.mark.parametrize(("sound", "asked"), [
    ("toggle", True), ("toggle", False), ("", True), ("silent", False), ("included", True)])
def test_sound_is_sent_where_it_can_be_had(sound: str, asked: bool) -> None:
    model = make_model(kind="video", sound=sound)
    assert fit_params({"sound": asked}, model) == ({"sound": asked}, [])


def test_a_ratio_is_offered_or_not() -> None:
    assert fit_ratio("16:9", make_model()) is None
    assert fit_ratio(None, make_model(aspect_ratios=())) is None
    misfit = fit_ratio("21:9", make_model())
    assert misfit is not None
    assert "does not offer aspect ratio 21:9" in misfit.message
    assert "1:1, 16:9" in misfit.hint
    nothing = fit_ratio("1:1", make_model(aspect_ratios=()))
    assert nothing is not None
    assert "no choice of aspect ratio" in nothing.hint


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t", "\u2003"])
def test_an_empty_prompt_is_a_misfit(prompt: str) -> None:
    misfit = fit_prompt(prompt, make_model())
    assert misfit is not None
    assert misfit.message == "the prompt is empty"


def test_a_prompt_is_measured_in_characters() -> None:
    model = make_model(prompt_max_chars=4)
    assert fit_prompt("äöü…", model) is None
    misfit = fit_prompt("12345", model)
    assert misfit is not None
    assert "has 5 characters; fox takes at most 4" in misfit.message
    assert fit_prompt("x" * 10**6, make_model(prompt_max_chars=None)) is None


def sources(*media: str) -> list[SourceRef]:
    return [SourceRef("url", f"https://a/{n}", name) for n, name in enumerate(media)]


@pytest.mark.parametrize(("model", "media", "says"), [
    (make_model(needs_source=True), (), "needs a source file"),
    (make_model(max_images=1), ("image", "image"), "takes one source file, not 2"),
    (make_model(max_images=0), ("image",), "takes no source files, not 1"),
    (make_model(max_images=3, max_videos=1), ("image",) * 5, "takes at most 4 source files, not 5"),
    (make_model(max_images=2, max_videos=2), ("video",) * 3, "takes 2 video sources, not 3"),
    (make_model(max_images=2, max_videos=0), ("video",), "takes no video source, not 1"),
    (make_model(max_images=2, max_videos=1, max_audios=1), ("audio",) * 2,
     "takes 1 audio source, not 2"),
    (make_model(types=("text-to-image",)), ("image",), "takes no source files, not 1"),
])
def test_sources_that_a_model_does_not_take_are_a_misfit(model: Model, media: tuple[str, ...],
                                                         says: str) -> None:
    misfit = fit_sources(sources(*media), model)
    assert misfit is not None
    assert misfit.path == ("sources",)
    assert says in misfit.message


@pytest.mark.parametrize(("model", "media"), [
    (make_model(), ()),
    (make_model(max_images=2), ("image", "image")),
    (make_model(max_images=2), ("", "")),
    (make_model(max_images=1, max_videos=1), ("image", "video")),
    (make_model(needs_source=True), ("image",) * 9),
    (make_model(types=("text-to-image", "image-to-image")), ("image",) * 9),
    (make_model(types=()), ("image",) * 9),
])
def test_sources_that_it_may_take_are_none(model: Model, media: tuple[str, ...]) -> None:
    assert fit_sources(sources(*media), model) is None
