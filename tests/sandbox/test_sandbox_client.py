"""A real public client works against the sandbox unchanged, command by command.

Goal: what a client that was written for the real service sends is taken as there.
Method: the requests of `ai-media-cli` 2.2.0 as facts/kubeez.md section 8 describes them (headers,
explicit nulls, empty texts, durations as bare numbers), sent to a sandbox program over real HTTP.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sandbox_program import Served, served

HEADERS = {"X-API-Key": "sk_live_abc", "User-Agent": "ai-image-cli/2.2.0",
           "X-Client": "ai-image-cli", "X-Client-Version": "2.2.0"}
ENDED = ("completed", "failed", "error")

NULLS = {"negative_prompt": "", "quality": None, "source_media_urls": None, "sound": False,
         "fixed_lens": False, "generation_type": "text-to-image", "aspect_ratio": "1:1"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Served]:
    """A program that runs a thousand times as fast."""
    with served("--speed", "1000") as program:
        program.client.headers.clear()
        program.client.headers.update(HEADERS)
        yield program


def wait(sandbox: Served, job_id: str, route: str = "media") -> Any:
    """Poll as the client does, until a word that it knows as the end."""
    while True:
        body = sandbox.client.get(f"/v1/generate/{route}/{job_id}").json()
        if body["status"] in ENDED:
            return body


def test_models_balance_and_whoami(sandbox: Served) -> None:
    listed = sandbox.client.get("/v1/models").json()
    assert listed["total_count"] == len(listed["models"]) == 112
    assert sandbox.client.get("/v1/models?model_type=music").json()["models"]
    balance = sandbox.client.get("/v1/balance").json()
    assert {"credits", "message", "purchase_url"} == set(balance)


@pytest.mark.parametrize(("model", "more", "medium"), [
    ("nano-banana-2", {}, "image"),
    ("kling-2-6-text-to-video-5s", {"duration": "5", "aspect_ratio": "16:9"}, "video"),
    ("kling-3-0-std", {"duration": "5", "sound": True}, "video"),
])
def test_generate_and_wait(sandbox: Served, model: str, more: dict[str, Any],
                           medium: str) -> None:
    body = {"prompt": "a kite", "model": model, **NULLS, **more}
    started = sandbox.client.post("/v1/generate/media", json=body)
    assert started.status_code == 200, started.text
    assert {"generation_id", "status", "model", "estimated_cost_credits", "billing_mode",
            "message"} == set(started.json())
    row = wait(sandbox, started.json()["generation_id"])
    assert {"id", "media_type", "url", "thumbnail_url", "optimized_url", "width", "height",
            "duration", "format", "file_size"} <= set(row["outputs"][0])
    assert row["outputs"][0]["media_type"] == medium


def test_music_and_status_of_music(sandbox: Served) -> None:
    body = {"prompt": "rain", "model": "V5", "instrumental": True}
    started = sandbox.client.post("/v1/generate/music", json=body)
    assert started.status_code == 200, started.text
    assert len(wait(sandbox, started.json()["generation_id"], "music")["songs"]) == 2


@pytest.mark.parametrize(("voices", "status"), [
    (("Adam", "Emily"), 400), (("Rachel", "Drew"), 200), ((None, "Drew"), 200)])
def test_dialogue_in_turns(sandbox: Served, voices: tuple[str | None, str], status: int) -> None:
    turns = [{"text": "Hello there.", **({"voice": voice} if voice else {})} for voice in voices]
    body = {"dialogue": turns, "stability": 0.5, "language_code": "auto"}
    before = sandbox.books()["jobs"]
    answer = sandbox.client.post("/v1/generate/dialogue", json=body)
    assert answer.status_code == status
    assert sandbox.books()["jobs"] == before + (status == 200)
    if status == 200:
        made = wait(sandbox, answer.json()["generation_id"])["outputs"][0]
        assert made["media_type"] == "audio"


def test_ad_copy(sandbox: Served) -> None:
    body = {"reference_ad_url": "https://example.com/ad.png", "product_image_url": None,
            "product_text": "a lamp", "language": "en", "variant_count": 2, "aspect_ratio": "1:1"}
    answer = sandbox.client.post("/v1/generate/ad-copy", json=body)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"project_id", "generation_ids"}
    for job_id in answer.json()["generation_ids"]:
        assert wait(sandbox, job_id)["outputs"][0]["media_type"] == "image"


def test_upload_as_a_nameless_kind_of_bytes(sandbox: Served) -> None:
    content = b"\x89PNG\r\n\x1a\n" + bytes(100)
    answer = sandbox.client.post("/v1/upload/media?bucket=media-inputs", files={
        "file": ("photo.png", content, "application/octet-stream")})
    assert (answer.status_code, answer.json()["uploaded"]) == (200, 1)
    url = answer.json()["urls"][0]
    assert sandbox.client.get(url).content == content
    body = {"prompt": "a kite", "model": "nano-banana-2", **NULLS, "source_media_urls": [url]}
    assert sandbox.client.post("/v1/generate/media", json=body).status_code == 200


def test_generations_narrowed_as_the_flags_do(sandbox: Served) -> None:
    sandbox.client.post("/v1/generate/media", json={"prompt": "x", "model": "z-image", **NULLS})
    rows = sandbox.client.get("/v1/generations?model=z-image").json()["generations"]
    assert [row["model"] for row in rows] == ["z-image"]
    assert {"id", "prompt", "model", "generation_type", "status", "created_at"} <= set(rows[0])
    assert sandbox.client.get("/v1/generations?status=failed").json() == {"generations": []}


def test_a_wrong_key_and_a_wrong_model_are_errors_with_words(sandbox: Served) -> None:
    refused = sandbox.client.post("/v1/generate/media", json={"prompt": "x", "model": "kite"})
    assert (refused.status_code, refused.json()["error"]) == (404, "model_not_found")
    nobody = sandbox.client.get("/v1/balance", headers={"X-API-Key": ""})
    assert (nobody.status_code, bool(nobody.json()["message"])) == (401, True)
