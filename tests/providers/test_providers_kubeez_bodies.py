"""What is sent to Kubeez: the bodies, the paths and the headers.

Goal: a paid call says exactly what the spec says, as the service spells it (facts/kubeez.md 4).
Method: the requests that reach the far end are read.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from providers_far_end import BASE, KEY, FarEnd, buy, outcome, over, says

from pipeline.core.errors import Refused
from pipeline.core.kinds import KIND
from pipeline.core.provider import Receipt
from pipeline.core.spec import JobSpec
from pipeline.providers.kubeez import LARGEST_UPLOAD
from pipeline.providers.kubeez_bodies import STARTS
from pipeline.providers.kubeez_terms import TERMS

URLS = ("https://media.kubeez.com/b.png", "https://media.kubeez.com/a.png")


def spec(kind: str, ratio: str | None = None, **params: str | int | bool) -> JobSpec:
    return JobSpec("kubeez", kind, "m", "a kite", ratio, params)


def request_body(wanted: JobSpec, urls: tuple[str, ...]) -> dict[str, object]:
    return STARTS[wanted.kind].body(wanted, urls)


def silent(kind: str, ratio: str | None = None, **params: str | int | bool) -> JobSpec:
    """A job without a prompt."""
    return JobSpec("kubeez", kind, "m", "", ratio, params)


BODIES: list[tuple[JobSpec, tuple[str, ...], dict[str, Any]]] = [
    (spec("image", "16:9"), (), {"generation_type": "text-to-image", "aspect_ratio": "16:9"}),
    (spec("image"), (), {"generation_type": "text-to-image"}),
    (spec("image"), URLS, {"generation_type": "image-to-image",
                           "source_media_urls": list(URLS)}),
    (spec("video", "9:16", duration="5s"), (),
     {"generation_type": "text-to-video", "aspect_ratio": "9:16", "duration": "5s"}),
    (spec("video", duration="10s", sound=False), URLS,
     {"generation_type": "image-to-video", "source_media_urls": list(URLS), "duration": "10s",
      "sound": False}),
    (spec("image", seed=7, quality="high", resolution="2K", negative_prompt="rain"), (),
     {"generation_type": "text-to-image", "seed": 7, "quality": "high", "resolution": "2K",
      "negative_prompt": "rain"}),
]


@pytest.mark.parametrize(("wanted", "urls", "body"), BODIES)
def test_the_body_says_what_the_spec_says_and_no_more(
        wanted: JobSpec, urls: tuple[str, ...], body: dict[str, Any]) -> None:
    assert request_body(wanted, urls) == {"model": "m", "prompt": "a kite", **body}


B, A = URLS
KINDS: list[tuple[JobSpec, tuple[str, ...], str, str]] = [
    (spec("image", "16:9"), (), "media",
     '{"model":"m","prompt":"a kite","generation_type":"text-to-image","aspect_ratio":"16:9"}'),
    (spec("video", sound=True), (B, A), "media",
     '{"model":"m","prompt":"a kite","generation_type":"image-to-video",'
     f'"source_media_urls":["{B}","{A}"],"sound":true}}'),
    (spec("extend"), ("veo-17",), "media/extend",
     '{"prompt":"a kite","source_task_id":"veo-17"}'),
    (spec("extend", extend_model="lite", source_task_id="veo-9"), (), "media/extend",
     '{"prompt":"a kite","extend_model":"lite","source_task_id":"veo-9"}'),
    (spec("music", instrumental=True), (), "music",
     '{"model":"m","prompt":"a kite","instrumental":true}'),
    (silent("music", title="Kite", style="0.5", lyrics="la\nla", vocal_gender="f",
            style_weight="0.65", weirdness_constraint="0", audio_weight="1"), (), "music",
     '{"model":"m","title":"Kite","style":"0.5","lyrics":"la\\nla","vocal_gender":"f",'
     '"style_weight":0.65,"weirdness_constraint":0,"audio_weight":1}'),
    (spec("dialogue", voice="Rachel", stability="0.5", similarity_boost="0.123456789",
          style="0.1", speed="1.25", language_code="en"), (), "dialogue",
     '{"text":"a kite","voice":"Rachel","stability":0.5,"similarity_boost":0.123456789,'
     '"style":0.1,"speed":1.25,"language_code":"en"}'),
    (silent("captions"), (A,), "captions", f'{{"media_url":"{A}","quality":"auto"}}'),
    (silent("captions", quality="best", language="de", code_switching=False), (A,), "captions",
     f'{{"media_url":"{A}","quality":"best","language":"de","code_switching":false}}'),
    (silent("separation"), (A,), "separation", f'{{"media_url":"{A}"}}'),
    (silent("ad-copy"), (B,), "ad-copy", f'{{"reference_ad_url":"{B}"}}'),
    (silent("ad-copy", "4:5", product_text="kites", variant_count=3, language="de"), (B, A),
     "ad-copy", f'{{"reference_ad_url":"{B}","product_image_url":"{A}","aspect_ratio":"4:5",'
                '"product_text":"kites","variant_count":3,"language":"de"}'),
]


@pytest.mark.parametrize(("wanted", "urls", "path", "body"), KINDS)
def test_every_kind_has_its_own_route_and_sends_these_very_bytes(
        wanted: JobSpec, urls: tuple[str, ...], path: str, body: str) -> None:
    far = FarEnd(says(200, {"generation_id": "g1"}))
    assert buy(far, wanted, urls) == Receipt(("g1",))
    (call,) = far.calls
    assert (call.method, call.url.path) == ("POST", f"/v1/generate/{path}")
    assert call.content.decode() == body


def test_every_kind_that_can_be_bought_has_a_body() -> None:
    assert set(STARTS) == set(TERMS.kinds) == set(KIND)


@given(st.decimals(0, 4, places=2))
def test_a_fraction_arrives_as_the_number_that_was_written(wanted: Decimal) -> None:
    body = request_body(spec("dialogue", speed=str(wanted)), ())
    assert Decimal(json.dumps(body["speed"])) == wanted


@pytest.mark.parametrize("odd", ["", "fast", "1e3", "NaN", "0x1", "1.", ".5", "٣", "1.5s"])
def test_what_is_no_plain_number_is_left_for_the_service_to_refuse(odd: str) -> None:
    assert request_body(spec("dialogue", speed=odd), ())["speed"] == odd


def test_what_brings_its_outcome_at_once_is_waited_for_as_long_as_the_terms_say() -> None:
    far = FarEnd(says(200, {"generation_id": "g1"}))
    buy(far)
    buy(far, silent("captions"), (A,))
    waits = [call.extensions["timeout"]["read"] for call in far.calls]
    assert waits == [120.0, TERMS.at_once_s["captions"]] == [120.0, 900.0]


def test_the_order_of_the_sources_is_the_authors() -> None:
    assert request_body(spec("video"), URLS)["source_media_urls"] == list(URLS)
    assert request_body(spec("video"), URLS[::-1])["source_media_urls"] == list(URLS[::-1])


def test_variants_of_a_job_send_the_same_body() -> None:
    second = JobSpec("kubeez", "image", "m", "a kite", variant=2)
    assert request_body(spec("image"), ()) == request_body(second, ())


def test_a_paid_call_is_one_post_with_the_key_in_its_header_only() -> None:
    far = FarEnd(says(200, {"generation_id": "g1"}))
    assert buy(far) == Receipt(("g1",))
    (call,) = far.calls
    assert (call.method, str(call.url)) == ("POST", f"{BASE}/v1/generate/media")
    assert call.headers["x-api-key"] == KEY
    assert KEY not in call.content.decode() and KEY not in str(call.url)
    assert "authorization" not in call.headers and "cookie" not in call.headers


def test_a_prompt_arrives_as_it_was_written() -> None:
    prompt = 'Ein Drache — "rot"\r\nX-Evil: 1\n{{ 7*7 }} \U0001fa81 \u202e'
    far = FarEnd(says(200, {"generation_id": "g1"}))
    buy(far, JobSpec("kubeez", "image", "m", prompt))
    assert json.loads(far.calls[0].content)["prompt"] == prompt
    assert "x-evil" not in far.calls[0].headers


def test_an_upload_is_one_part_named_file_with_its_own_type(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG")
    far = FarEnd(says(200, {"success": True, "urls": ["https://media.kubeez.com/u.png"]}))
    url = over(far, lambda kubeez: kubeez.upload(str(picture)))
    assert url == "https://media.kubeez.com/u.png"
    (call,) = far.calls
    assert call.url.path == "/v1/upload/media"
    assert b'name="file"; filename="a.png"' in call.content
    assert b"Content-Type: image/png" in call.content and b"\x89PNG" in call.content


@pytest.mark.parametrize(("name", "media_type"), [
    ("a.PNG", "image/png"), ("a.jpg", "image/jpeg"), ("a.jpeg", "image/jpeg"),
    ("a.webp", "image/webp"), ("a.gif", "image/gif"), ("a.mp4", "video/mp4"),
    ("a.mov", "video/quicktime"), ("a.webm", "video/webm"), ("a.mp3", "audio/mpeg"),
    ("a.wav", "audio/wav"), ("a.ogg", "audio/ogg"), ("a.m4a", "audio/mp4"),
    ("a.flac", "audio/flac"), ("a.xyz", "application/octet-stream")])
def test_an_upload_says_what_it_is(name: str, media_type: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(b"bytes")
    far = FarEnd(says(200, {"urls": ["https://media.kubeez.com/u"]}))
    over(far, lambda kubeez: kubeez.upload(str(file)))
    assert f"Content-Type: {media_type}".encode() in far.calls[0].content


def test_a_file_that_no_service_takes_is_not_sent(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    with file.open("wb") as stream:
        stream.truncate(LARGEST_UPLOAD + 1)
    far = FarEnd(says(200, {"urls": ["https://media.kubeez.com/u"]}))
    found = outcome(far, lambda kubeez: kubeez.upload(str(file)))
    assert (type(found), found.cause, far.calls) == (Refused, "too_large", [])
