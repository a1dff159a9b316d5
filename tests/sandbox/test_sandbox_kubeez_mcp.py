"""The MCP dialect of Kubeez, asked by plain JSON-RPC as curl would.

Goal: a second door of the same service: same prices, bills, limits, refusals and faults, under the
names of today and of spring 2026 (facts/kubeez.md section 7). Method: the application in memory,
its books and its REST door beside it.
"""

import json
from typing import Any

import pytest
from sandbox_mcp import McpWorld
from sandbox_world import silence

from pipeline.sandbox.door import ConnectionCut


def test_it_greets_old_and_new_clients() -> None:
    world = McpWorld()
    for asked, told in (("2025-11-25", "2025-11-25"), ("2024-11-05", "2024-11-05"),
                        ("2099-01-01", "2025-11-25"), (None, "2025-11-25")):
        answer = world.send("initialize", {"protocolVersion": asked, "capabilities": {}}).json()
        assert answer["result"]["protocolVersion"] == told
        assert answer["id"] == 1
    assert world.send("ping").json()["result"] == {}
    assert world.send("server/discover").json()["error"]["code"] == -32601
    assert world.ask("GET", "/mcp").status_code == 405


@pytest.mark.parametrize(("body", "code"), [
    ("{", -32700), ("[]", -32600), ("7", -32600), ('{"method": 7, "id": 1}', -32600),
    ('"\\ud800"', -32700), ("[" * 100_000, -32700),
])
def test_what_is_no_message_is_called_so(body: str, code: int) -> None:
    answer = McpWorld().ask("POST", "/mcp", content=body)
    assert answer.json()["error"]["code"] == code


def test_a_notice_is_taken_without_a_word() -> None:
    body = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"})
    answer = McpWorld().ask("POST", "/mcp", content=body)
    assert (answer.status_code, answer.content) == (202, b"")


def test_a_picture_is_bought_polled_and_listed_through_either_door() -> None:
    world = McpWorld()
    generation = world.buy(aspect_ratio="16:9")
    assert world.told("get_status", id=generation)["status"] == "pending"
    assert world.told("get_balance")["credits"] == 9986.0
    world.wait(3600)
    told = world.told("get_status", id=generation, kind="media")
    assert (told["kind"], told["status"], told["credits_deducted"]) == ("media", "completed", 14.0)
    path = told["outputs"][0]["url"].removeprefix("http://sandbox/kubeez-mcp")
    assert world.ask("GET", path).status_code == 200
    [row] = world.told("get_generations", limit=5)["generations"]
    assert row["id"] == generation
    assert world.told("get_generation", id=generation)["params"]["aspect_ratio"] == "16:9"
    rest = world.ask("GET", f"/v1/generate/media/{generation}", door=world.rest).json()
    assert rest["status"] == "completed"


@pytest.mark.parametrize(("tool", "arguments", "there"), [
    ("generate_music", {"prompt": "slow rain", "model": "V5"}, "songs"),
    ("generate_dialogue", {"text": "Welcome to the show.", "voice": "Rachel"}, "outputs"),
    ("generate_separation", {"media_url": "https://e.com/a.mp3"}, "vocals_url"),
])
def test_every_kind_has_its_tool(tool: str, arguments: dict[str, Any], there: str) -> None:
    world = McpWorld()
    told = world.told(tool, **arguments)
    world.wait(3600)
    status = world.told("get_status", id=told.get("generation_id") or told["separation_id"])
    assert status["status"] == "completed" and status[there]


def test_ads_come_several_at_a_time() -> None:
    world = McpWorld()
    told = world.told("create_ad_copy", reference_ad_url="https://e.com/a.png", variant_count=3)
    assert len(told["generation_ids"]) == len(world.books.charges()) == 3


def test_tools_have_the_names_of_their_time() -> None:
    new, old = McpWorld(), McpWorld({"mcp_names": "old"})
    assert {"get_status", "estimate"} <= new.names
    assert new.names & old.names == new.names - {"get_status", "estimate"}
    assert old.names - new.names == {"get_generation_status", "get_music_status",
                                     "get_separation_status", "estimate_generation_cost"}
    generation = old.buy()
    assert old.told("get_generation_status", id=generation)["status"] == "pending"
    assert old.send("tools/call", {"name": "get_status", "arguments": {}}).json()["error"][
        "code"] == -32602


def test_a_quote_is_what_is_then_charged() -> None:
    world = McpWorld()
    for asked in ({"model": "nano-banana-2"}, {"model": "kling-3-0-std", "duration": 7}):
        quote = world.told("estimate", **asked)["estimated_cost_credits"]
        before = world.told("get_balance")["credits"]
        world.told("generate_media", prompt="a kite", **asked)
        assert world.told("get_balance")["credits"] == before - quote
    assert world.no("estimate", model="nope").startswith("model_not_found: ")


def test_refusals_are_error_texts_with_their_codes() -> None:
    world = McpWorld({"limits": {"media_per_minute": 1}}, granted="20")
    assert world.no("generate_media", model="nope", prompt="x").startswith("model_not_found: ")
    world.wait(60)
    assert world.no("generate_media", model="nano-banana-2").startswith("missing_prompt: ")
    assert world.no("generate_media", model="nano-banana-2", prompt="x").endswith(
        "Retry after 60 seconds.")
    world.wait(60)
    assert world.no("generate_media", model="veo3-1-text-to-video", prompt="x").startswith(
        "insufficient_credits: ")
    assert world.no("get_status", id="nobody").startswith("not_found: ")
    assert not world.books.charges()


def test_keys_are_tokens_with_scopes() -> None:
    world = McpWorld({"keys": {"reader": ["read:balance"]}})
    answer = world.send("tools/list")
    assert answer.status_code == 401
    assert "resource_metadata=" in answer.headers["www-authenticate"]
    world.token = "reader"
    assert world.told("get_balance")["credits"] == 10000.0
    assert world.no("generate_media", model="nano-banana-2", prompt="x").startswith(
        "missing_scope: ")


def test_faults_strike_here_as_they_do_there() -> None:
    world = McpWorld({"lost_reply": {"first": 1}})
    with pytest.raises(ConnectionCut):
        world.buy()
    assert len(world.books.charges()) == 1
    world = McpWorld({"error_after_charge": {"first": 1, "status": 504}})
    answer = world.send("tools/call", {"name": "generate_media", "arguments": {
        "model": "nano-banana-2", "prompt": "x"}})
    assert (answer.status_code, len(world.books.charges())) == (504, 1)


def test_an_answer_can_be_a_stream_of_events() -> None:
    world = McpWorld({"mcp_answers": "sse"})
    answer = world.send("tools/call", {"name": "get_balance", "arguments": {}})
    assert answer.headers["content-type"] == "text/event-stream"
    primed, event, rest = answer.text.split("\n\n")
    assert (primed, rest) == ("id: 1\nretry: 10\ndata:", "")
    message = json.loads(event.removeprefix("event: message\ndata: "))
    assert message["result"]["structuredContent"]["credits"] == 10000.0


@pytest.mark.parametrize("measured", [True, False])
def test_an_upload_has_a_session_a_form_and_a_measure(measured: bool) -> None:
    world = McpWorld({"uploads_measured": measured})
    session = world.told("get_upload_url", model_id="mvsep-40")
    path = session["direct_upload_url"].removeprefix("http://sandbox/kubeez-mcp")
    form = {"data": {"token": session["token"]},
            "files": {"file": ("a.wav", silence(2.0), "audio/wav")}}
    assert world.ask("POST", path, **form).json()["count"] == 1
    told = world.told("get_upload_session", token=session["token"])
    assert told["billing_readiness"] == ("exact" if measured else "pessimistic_fallback")
    assert told["total_audio_seconds"] == (2.0 if measured else 0.0)
    assert told["unknown_duration_count"] == (0 if measured else 1)
    assert world.told("generate_separation", media_url=told["media_urls"][0])["separation_id"]
    assert world.no("get_upload_session", token="other").startswith("not_found: ")
    untyped = {**form, "files": {"file": ("a", b"x", "application/octet-stream")}}
    assert world.ask("POST", path, **untyped).status_code == 400
    assert world.ask("POST", path, files=form["files"]).status_code == 404
