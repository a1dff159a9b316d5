"""A catalog as a person chooses from it.

Goal: every filter leaves exactly what it says, and nothing beside the catalog is counted as a row.
Method: one small catalog with every way to price, by name, kind, words, price and source.
"""

from io import StringIO

import pytest
from outputs_samples import HOSTILE, NOW_S

from pipeline.core.catalog import Capability, Catalog, Model
from pipeline.core.money import Money
from pipeline.core.price_rule import ByOption, Flat, PerSecond
from pipeline.outputs.console import open_screen
from pipeline.outputs.model_choice import Choice, choose, least, takes, variants, voices_of
from pipeline.outputs.model_view import show_model
from pipeline.outputs.models_view import models_document, show_models, voices_document

TIERS = {"lite": Money.parse("45"), "fast": Money.parse("75"), "quality": Money.parse("300")}

MODELS = (
    Model("nano-banana", "image", "Nano Banana", Flat(Money.parse("7")), typical_s=10,
          generation_types=("text-to-image",), capability=Capability(5000, ("1:1",))),
    Model("nano-banana-2", "image", "Nano Banana 2", Flat(Money.parse("14")), typical_s=42,
          generation_types=("text-to-image", "image-to-image"),
          capability=Capability(20000, ("1:1", "16:9"), max_images=8, negative_prompt=False,
                                source_bytes={"image": 10_000_000})),
    Model("nano-banana-2-4K", "image", "Nano Banana 2 4K", Flat(Money.parse("25"))),
    Model("kling-3-0-std", "video", "Kling 3.0", PerSecond(Money.parse("17")), "17 cr/s",
          capability=Capability(durations=("3s", "5s", "15s"), max_images=2, max_videos=0)),
    Model("seedance-2-480p", "video", "Seedance 2", PerSecond(Money.parse("9"), True),
          "(ref_seconds + output_seconds) × 9",
          capability=Capability(durations=("4s",), max_images=9, max_videos=3, max_audios=3,
                                sound="toggle", source_seconds=(2, 15), needs_source=True)),
    Model("text-to-dialogue-v3", "dialogue", "Dialogue", Flat(Money.parse("21")),
          capability=Capability(5000, voices=("Rachel", "Clyde"), prompt_min_chars=5)),
    Model("auto-caption", "captions", "Auto Caption", PerSecond(Money.parse("0.5"))),
    Model("mystery", "video", HOSTILE, None, "billed by the minute"),
)
EXTEND = Model("veo3-1-extend", "extend", "Veo 3.1 extend", ByOption("extend_model", TIERS, "fast"),
               capability=Capability(needs_source=True, extends="veo3-1", extends_not=("1080p",)))
CATALOG = Catalog("sandbox", "2026-03-12T12:02:03Z", {model.id: model for model in MODELS},
                  {EXTEND.id: EXTEND})
MODEL = CATALOG.models | CATALOG.beside


def names(choice: Choice) -> list[str]:
    return [model.id for model in choose(CATALOG, choice)]


@pytest.mark.parametrize(("choice", "found"), [
    (Choice(), [model.id for model in MODELS]),
    (Choice("nano-banana-2"), ["nano-banana-2"]),
    (Choice("Nano-Banana-"), ["nano-banana-2", "nano-banana-2-4K"]),
    (Choice("seedance-2"), ["seedance-2-480p"]),
    (Choice("veo"), []),
    (Choice("veo3-1-extend"), ["veo3-1-extend"]),
    (Choice(kind="extend"), ["veo3-1-extend"]),
    (Choice("veo", kind="extend"), ["veo3-1-extend"]),
    (Choice("nano-banana-2", kind="video"), []),
    (Choice(text="nano 4k"), ["nano-banana-2-4K"]),
    (Choice(text="IMAGE-TO-IMAGE"), ["nano-banana-2"]),
    (Choice(most=Money.parse("7")), ["nano-banana", "auto-caption"]),
    (Choice(kind="video", most=Money.parse("51")), ["kling-3-0-std", "seedance-2-480p"]),
    (Choice(kind="video", most=Money.parse("50.9")), ["seedance-2-480p"]),
    (Choice(kind="extend", most=Money.parse("44")), []),
    (Choice(takes="audio"), ["seedance-2-480p", "auto-caption"]),
    (Choice(takes="video"), ["seedance-2-480p", "auto-caption"]),
    (Choice(takes="image"), ["nano-banana-2", "kling-3-0-std", "seedance-2-480p"]),
])
def test_a_choice_leaves_what_it_says(choice: Choice, found: list[str]) -> None:
    assert names(choice) == found


@pytest.mark.parametrize(("model", "price"), [
    ("nano-banana", "7"), ("kling-3-0-std", "51"), ("veo3-1-extend", "45"),
    ("auto-caption", "0.5"), ("mystery", None)])
def test_the_least_a_job_takes_is_that_of_its_cheapest_option(model: str,
                                                             price: str | None) -> None:
    assert least(MODEL[model]) == (None if price is None else Money.parse(price))


def test_a_limit_of_the_row_wins_over_what_its_kind_takes() -> None:
    assert not takes(MODEL["kling-3-0-std"], "video")
    assert not takes(MODEL["text-to-dialogue-v3"], "audio")
    assert not takes(MODEL["mystery"], "image")


def test_voices_are_those_of_the_models_that_were_chosen() -> None:
    assert voices_of(choose(CATALOG, Choice())) == ["Rachel", "Clyde"]
    assert voices_document("a", CATALOG, Choice(kind="image"))["voices"] == []


def test_an_operation_beside_the_catalog_says_so_and_is_not_counted() -> None:
    document = models_document("a", CATALOG, Choice(kind="extend"))
    (row,) = document["models"]  # type: ignore[misc]
    assert row["listed"] is False
    assert row["price"] == {"credits": "75", "per": "job", "by": {
        "extend_model": {"lite": "45", "fast": "75", "quality": "300"}}}
    text = shown(Choice(kind="extend"))
    assert "45 lite · 75 fast · 300 quality" in text
    assert "veo3-1-extend: documented by the service, and no row of its catalog" in text
    assert "0 models of sandbox" in text
    everything = models_document("a", CATALOG)["models"]
    assert isinstance(everything, list)
    assert len(everything) == len(MODELS)
    assert not any("listed" in model for model in everything)
    assert "8 models of sandbox" in shown(Choice())


def test_one_model_is_told_in_full() -> None:
    assert in_full("nano-banana-2") == """\
nano-banana-2  image
Nano Banana 2

  Price     14 a job
  Takes     about 40 s
  Makes     text-to-image  image-to-image
  Shapes    1:1  16:9
  Sources   at most 8 images; image up to 10.0 MB
  Prompt    at most 20,000 characters; no negative_prompt
  See also  nano-banana-2-4K

sandbox, fetched 1 h 59 min ago
"""
    assert variants(CATALOG, MODEL["nano-banana"]) == ["nano-banana-2", "nano-banana-2-4K"]


def test_what_is_special_about_a_model_is_said() -> None:
    film = in_full("seedance-2-480p")
    for part in ("9 a second, its sources' seconds included", "(ref_seconds + output_seconds) × 9",
                 "at most 9 images, 3 videos and 3 audio files; at least one is needed; 2 to 15 s "
                 "each", "as `sound: true` or `false` says"):
        assert part in film
    assert "Rachel, Clyde" in in_full("text-to-dialogue-v3")
    assert "5 to 5,000 characters" in in_full("text-to-dialogue-v3")
    assert "goes on from clips of veo3-1, not in 1080p" in in_full("veo3-1-extend")
    assert "documented, and no row of the catalog" in in_full("veo3-1-extend")
    mystery = in_full("mystery")
    assert "no price" in mystery
    assert not set(mystery) & set("\x1b\x07\u202e\u2066\u2028\ud800")


def shown(choice: Choice) -> str:
    stream = StringIO()
    show_models(open_screen(stream, color=False, width=120), CATALOG, choice, now_s=NOW_S)
    return stream.getvalue()


def in_full(name: str) -> str:
    stream = StringIO()
    show_model(open_screen(stream, color=False, width=120), CATALOG, MODEL[name], now_s=NOW_S)
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())
