"""Every field of the published REST document is taken, and a wrong value of it is refused free.

Goal: what llms.txt says of a field is what the sandbox does with it. Method: a table; each row
names the words it stands for, sends the field and looks at what the books kept of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sandbox_world import CLIP, IMAGE, World

PICTURE = "https://example.com/a.png"
FILM = "https://example.com/a.mp4"
SONG = {"title": "Rain", "style": "slow piano"}
TALK = {"text": "Welcome to Kubeez.", "voice": "Rachel"}


@dataclass(frozen=True, slots=True)
class Field:
    """One documented field: what it is given, what the books keep of it, and what is refused."""

    says: str
    route: str
    name: str
    value: Any
    base: Mapping[str, Any]
    kept: Mapping[str, Any]
    wrong: Any = 7.5
    code: str = "invalid_request"


MEDIA = {"model": IMAGE, "prompt": "a kite"}
MOVIE = {"model": CLIP, "prompt": "a kite"}
ADVERT = {"reference_ad_url": PICTURE}
HEARD = {"media_url": FILM, "quality": "best"}

FIELDS = [
    Field("Required: model", "media", "model", IMAGE, MEDIA, {"model": IMAGE}, None,
          "missing_model"),
    Field("Common: prompt", "media", "prompt", "a tree", MEDIA, {"prompt": "a tree"}, "",
          "missing_prompt"),
    Field("aspect_ratio_options: pick one", "media", "aspect_ratio", "16:9", MEDIA,
          {"aspect_ratio": "16:9"}, "7:1", "unsupported_aspect"),
    Field("duration_options: videos only", "media", "duration", "5s", MOVIE, {"seconds": 5.0},
          "2s"),
    Field("max_input_images", "media", "source_media_urls", [PICTURE], MEDIA,
          {"source_media_urls": [PICTURE]}, [PICTURE] * 9),
    Field("toggle_via_sound_param", "media", "sound", True, MOVIE, {"sound": True}, None, ""),
    Field("quality_options: basic|high", "media", "quality", "high",
          {"model": "seedream-v4-5", "prompt": "x"}, {"quality": "high"}, "ultra"),
    Field("generation_types", "media", "generation_type", "text-to-image", MEDIA,
          {"generation_type": "text-to-image"}, "text-to-music"),
    Field("music { model, prompt } (simple)", "music", "prompt", "rain", {"model": "V5"},
          {"prompt": "rain", "mode": "simple"}, "x" * 401),
    Field("{ model, title, style, ... } (advanced)", "music", "title", "Sun",
          {**SONG, "lyrics": "la"}, {"title": "Sun", "mode": "advanced"}, None, "missing_title"),
    Field("style", "music", "style", "rock", {**SONG, "lyrics": "la"}, {"style": "rock"}, "",
          "missing_style"),
    Field("lyrics|song_description", "music", "lyrics", "la la", SONG, {"prompt": "la la"}, None,
          "missing_lyrics"),
    Field("lyrics|song_description", "music", "song_description", "of rain", SONG,
          {"prompt": "of rain"}),
    Field("vocal_gender", "music", "vocal_gender", "f", {**SONG, "lyrics": "la"},
          {"vocal_gender": "f"}, "x"),
    Field("Body: { text, voice, ... }", "dialogue", "text", "Good morning.", TALK,
          {"prompt": "Good morning."}, None, "missing_text"),
    Field("voice must be one of the 26 names", "dialogue", "voice", "Grimblewood", TALK,
          {"voices": ["Grimblewood"]}, "Adam"),
    Field("stability?", "dialogue", "stability", 0.5, TALK, {"stability": 0.5}, 1.1),
    Field("similarity_boost?", "dialogue", "similarity_boost", 0, TALK, {"similarity_boost": 0.0}),
    Field("style?", "dialogue", "style", 1, TALK, {"style": 1.0}, -0.1),
    Field("speed?", "dialogue", "speed", 1.2, TALK, {"speed": 1.2}, 0.69),
    Field("language_code?", "dialogue", "language_code", "en", TALK, {"language_code": "en"}),
    Field("Body: { media_url, quality, ... }", "captions", "media_url", FILM, HEARD,
          {"media_url": FILM}, None, "missing_media_url"),
    Field("quality", "captions", "quality", "auto", {"media_url": FILM}, {"quality": "auto"}, None,
          "missing_quality"),
    Field("language?", "captions", "language", "de", HEARD, {"language": "de"}),
    Field("code_switching?", "captions", "code_switching", True, HEARD, {"code_switching": True},
          "yes"),
    Field("Body: { media_url }", "separation", "media_url", FILM, {}, {"media_url": FILM}, "",
          "missing_media_url"),
    Field("reference_ad_url", "ad-copy", "reference_ad_url", PICTURE, {},
          {"source_media_urls": [PICTURE]}, None, "missing_reference_ad_url"),
    Field("product_image_url?", "ad-copy", "product_image_url", "/b.png", ADVERT,
          {"source_media_urls": [PICTURE, "/b.png"]}, "file:///b"),
    Field("product_text?", "ad-copy", "product_text", "a lamp", ADVERT, {"prompt": "a lamp"}),
    Field("variant_count?", "ad-copy", "variant_count", 4, ADVERT, {"aspect_ratio": "1:1"}, 5),
    Field("aspect_ratio?", "ad-copy", "aspect_ratio", "4:5", ADVERT, {"aspect_ratio": "4:5"},
          "wide", "unsupported_aspect"),
    Field("language?", "ad-copy", "language", "fr", ADVERT, {"language": "fr"}),
]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.route}.{field.name}")
def test_a_documented_field_is_taken_and_a_wrong_value_is_refused_free(field: Field) -> None:
    world = World(speed=1e6)
    answer = world.post(field.route, **{**field.base, field.name: field.value})
    assert answer.status_code == 200, answer.text
    row = world.get("/sandbox/books").json()["rows"][0]
    assert {**row["details"], **row} | field.kept == {**row["details"], **row}
    if not field.code:
        return
    charged = len(world.books.charges())
    refused = world.post(field.route, **{**field.base, field.name: field.wrong})
    assert (refused.status_code, refused.json()["error"]) == (400, field.code)
    assert refused.json()["message"]
    assert len(world.books.charges()) == charged
