"""What is sent to Kubeez: the bodies, the paths and the headers.

Goal: a paid call says exactly what the spec says, as the service spells it (facts/kubeez.md 4).
Method: the requests that reach the far end are read.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from providers_far_end import BASE, KEY, FarEnd, buy, over, says

from pipeline.core.provider import Receipt
from pipeline.core.spec import JobSpec
from pipeline.providers.kubeez import request_body

URLS = ("https://media.kubeez.com/b.png", "https://media.kubeez.com/a.png")


def spec(kind: str, ratio: str | None = None, **params: str | int | bool) -> JobSpec:
    return JobSpec("kubeez", kind, "m", "a kite", ratio, params)


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
