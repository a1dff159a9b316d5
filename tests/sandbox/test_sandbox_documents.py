"""Every route and error code of the published REST document is there and does what it says.

Goal: what llms.txt says of a call is what the sandbox does. Method: tables; each row names the
sentence it stands for, makes the call and looks at the answer. The fields have a file of their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sandbox_world import IMAGE, World

PICTURE = "https://example.com/a.png"
FILM = "https://example.com/a.mp4"
TALK = {"text": "Welcome to Kubeez.", "voice": "Rachel"}


@dataclass(frozen=True, slots=True)
class Route:
    """One documented call: what it is given, and the keys that its answer has."""

    says: str
    call: str
    body: Mapping[str, Any] | None = None
    keys: tuple[str, ...] = ()
    open: bool = False
    prepare: Callable[[World], str] = field(default=lambda world: "")

    def run(self, world: World) -> Any:
        """The answer, asked with a key only where one is needed."""
        method, _, path = self.call.partition(" ")
        subject = self.prepare(world)
        asked = {"json": self.body} if self.body is not None else {}
        if self.open:
            world.key = {}
        if path == "/v1/upload/media":
            return world.upload(("photo.jpg", b"x", "image/jpeg"))
        return world.ask(method, path.replace("{id}", subject), **asked)


def picture(world: World) -> str:
    return world.buy()


def song(world: World) -> str:
    return world.begin("music", prompt="rain")


def split(world: World) -> str:
    return world.begin("separation", media_url=FILM)


def shelved(world: World) -> str:
    made = world.upload(("logo.png", b"logo", "image/png")).json()["urls"][0]
    answer = world.ask("POST", "/v1/assets", json={"name": "acme-logo", "url": made})
    return str(answer.json()["asset"]["id"])


def nothing(world: World) -> str:
    return IMAGE


STARTED = ("generation_id", "status")
ROW = ("models", "total_count")
STEMS = ("id", "status", "vocals_url", "instrumental_url")

ROUTES = [
    Route("/llms.txt: this file", "GET /llms.txt", open=True),
    Route("/docs/models.json: full live catalog", "GET /docs/models.json", keys=ROW, open=True),
    Route("/docs/models/{model_id}.json: single model row by id", "GET /docs/models/{id}.json",
          keys=("model_id", "cost_per_generation", "capabilities"), open=True, prepare=nothing),
    Route("/openapi.json: OpenAPI 3.1 spec", "GET /openapi.json", keys=("openapi", "paths"),
          open=True),
    Route("/docs: interactive HTML reference", "GET /docs", open=True),
    Route("/docs/openapi: full Scalar OpenAPI viewer", "GET /docs/openapi", open=True),
    Route('/health: {"status":"healthy"}', "GET /health", keys=("status",), open=True),
    Route("start an image or video generation", "POST /v1/generate/media",
          {"model": IMAGE, "prompt": "x"}, STARTED),
    Route("start a music generation", "POST /v1/generate/music",
          {"model": "V5", "prompt": "x"}, STARTED),
    Route("single-voice TTS", "POST /v1/generate/dialogue", TALK, STARTED),
    Route("Synchronous, no polling", "POST /v1/generate/captions",
          {"media_url": FILM, "quality": "auto"}, ("status", "text", "words")),
    Route("Returns { separation_id, status }", "POST /v1/generate/separation",
          {"media_url": FILM}, ("separation_id", "status")),
    Route("Returns { project_id, generation_ids[] }", "POST /v1/generate/ad-copy",
          {"reference_ad_url": PICTURE}, ("project_id", "generation_ids")),
    Route("GET /v1/generate/media/{id}: image/video/dialogue", "GET /v1/generate/media/{id}",
          keys=("id", "status", "outputs"), prepare=picture),
    Route("GET /v1/generate/music/{id}: music", "GET /v1/generate/music/{id}",
          keys=("id", "status", "songs"), prepare=song),
    Route("GET /v1/generate/separation/{id}: audio separation", "GET /v1/generate/separation/{id}",
          keys=STEMS, prepare=split),
    Route("Returns { success, urls[], uploaded }", "POST /v1/upload/media",
          keys=("success", "urls", "uploaded")),
    Route("Returns { assets[], count, quota_bytes, used_bytes }", "GET /v1/assets",
          keys=("assets", "count", "quota_bytes", "used_bytes")),
    Route("rename. Body: { name }", "PATCH /v1/assets/{id}", {"name": "other"}, ("asset",),
          prepare=shelved),
    Route("DELETE /v1/assets/{id}: permanent", "DELETE /v1/assets/{id}", prepare=shelved),
    Route("same payload as /docs/models.json but auth-gated", "GET /v1/models", keys=ROW),
    Route("GET /v1/balance: { credits, message }", "GET /v1/balance", keys=("credits", "message")),
    Route("GET /v1/generations: recent jobs", "GET /v1/generations", keys=("generations",)),
]
WITH_TESTS_OF_THEIR_OWN = {"POST /v1/generate/media/extend", "POST /v1/assets",
                           "GET /sandbox/books", "GET /images/{name}", "GET /audio/{name}",
                           "GET /uploads/{name}", "GET /library/{name}"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.call)
def test_a_documented_route_answers_with_the_documented_keys(route: Route) -> None:
    world = World(speed=1e6)
    answer = route.run(world)
    assert answer.status_code == 200, answer.text
    if route.keys:
        assert set(route.keys) <= set(answer.json())


def test_the_routes_are_all_of_the_sandbox_and_no_more() -> None:
    paths = World().get("/openapi.json").json()["paths"]
    told = {f"{method.upper()} {path}" for path, calls in paths.items() for method in calls}
    named = {route.call.replace("/docs/models/{id}", "/docs/models/{name}") for route in ROUTES}
    assert told == (named | WITH_TESTS_OF_THEIR_OWN) - {"GET /openapi.json"}


def asset(world: World, name: str = "logo", content: bytes = b"x" * 60) -> Any:
    url = world.upload(("a.png", content, "image/png")).json()["urls"][0]
    return world.ask("POST", "/v1/assets", json={"name": name, "url": url})


def asset_from(url: str) -> Callable[[World], Any]:
    return lambda world: world.ask("POST", "/v1/assets", json={"name": "logo", "url": url})


def twice(world: World) -> Any:
    asset(world)
    return asset(world)


def hurry(world: World) -> Any:
    return [world.get("/v1/balance") for _ in range(121)][-1]


ERRORS: list[tuple[str, Mapping[str, Any], Callable[[World], Any], int, str]] = [
    ("schema or value mismatch", {}, lambda w: w.start(prompt=7), 400, "invalid_request"),
    ("aspect_ratio not in aspect_ratio_options", {}, lambda w: w.start(aspect_ratio="9:1"), 400,
     "unsupported_aspect"),
    ("missing_*: required field missing", {}, lambda w: w.start(model=""), 400, "missing_model"),
    ("bad / missing API key", {}, lambda w: w.get("/v1/balance", headers={"X-API-Key": ""}), 401,
     "unauthorized"),
    ("top up at https://kubeez.com/billing", {"models": {IMAGE: {"cost_per_generation": 99999}}},
     World.start, 402, "insufficient_credits"),
    ("your key needs the listed scope", {"keys": {"sk_test": ["read:balance"]}}, World.start, 403,
     "missing_scope"),
    ("model_id is disabled or unknown", {}, lambda w: w.start(model="kite"), 404,
     "model_not_found"),
    ("generation/asset id wrong", {}, lambda w: w.get("/v1/generate/media/x"), 404, "not_found"),
    ("generation/asset id wrong", {}, lambda w: w.ask("DELETE", "/v1/assets/x"), 404, "not_found"),
    ("POST /v1/assets name collision", {}, twice, 409, "name_taken"),
    ("upload over 500 MB", {"limits": {"upload_bytes": 100}},
     lambda w: w.upload(("a.png", b"x" * 101, "image/png")), 413, "file_too_large"),
    ("library over 50 MB", {"limits": {"library_bytes": 59}}, asset, 413, "quota_exceeded"),
    ("back off; response includes retry_after", {}, hurry, 429, "rate_limit_exceeded"),
    ("POST /v1/assets couldn't fetch your URL", {}, asset_from(PICTURE), 502, "fetch_failed"),
    ("server side; safe to retry", {"error_before_charge": True}, World.start, 503,
     "internal_error"),
]


@pytest.mark.parametrize(("says", "switches", "act", "status", "code"), ERRORS,
                         ids=[f"{row[3]} {row[4]} {n}" for n, row in enumerate(ERRORS)])
def test_a_documented_error_comes_in_its_envelope(
        says: str, switches: Mapping[str, Any], act: Callable[[World], Any], status: int,
        code: str) -> None:
    answer = act(World(switches))
    assert (answer.status_code, answer.json()["error"]) == (status, code), says
    assert answer.json()["message"]
    if status == 429:
        assert answer.json()["retry_after"] == int(answer.headers["retry-after"])


@pytest.mark.parametrize(("call", "per_minute"), [
    ("media", 30), ("media/extend", 30), ("captions", 30), ("separation", 30), ("music", 10),
    ("dialogue", 10), ("ad-copy", 5)])
def test_each_start_counts_in_its_documented_bucket(call: str, per_minute: int) -> None:
    world = World()
    seen = [world.post(call).status_code for _ in range(per_minute + 1)]
    assert set(seen[:-1]) == {400}
    assert seen[-1] == 429


@pytest.mark.parametrize(("method", "path", "scope"), [
    ("POST", "/v1/generate/media", "generate:media"),
    ("POST", "/v1/generate/media/extend", "generate:media"),
    ("POST", "/v1/generate/captions", "generate:media"),
    ("POST", "/v1/generate/separation", "generate:media"),
    ("POST", "/v1/generate/music", "generate:music"),
    ("POST", "/v1/generate/dialogue", "generate:speech"),
    ("POST", "/v1/generate/ad-copy", "generate:ads"),
    ("POST", "/v1/upload/media", "generate:media"), ("GET", "/v1/assets", "generate:media"),
    ("POST", "/v1/assets", "generate:media"), ("PATCH", "/v1/assets/x", "generate:media"),
    ("DELETE", "/v1/assets/x", "generate:media"), ("GET", "/v1/balance", "read:balance"),
    ("GET", "/v1/generations", "read:generations"),
    ("GET", "/v1/generate/media/x", "read:generations"),
    ("GET", "/v1/generate/music/x", "read:generations"),
    ("GET", "/v1/generate/separation/x", "read:generations")])
def test_each_call_needs_its_scope_and_no_other(method: str, path: str, scope: str) -> None:
    scopes = {"generate:media", "generate:music", "generate:speech", "generate:ads",
              "read:balance", "read:generations"}
    lacking = World({"keys": {"sk_test": sorted(scopes - {scope})}})
    answer = lacking.ask(method, path)
    assert (answer.status_code, answer.json()["error"]) == (403, "missing_scope")
    assert scope in answer.json()["message"]
    assert World({"keys": {"sk_test": [scope]}}).ask(method, path).status_code not in (401, 403)
