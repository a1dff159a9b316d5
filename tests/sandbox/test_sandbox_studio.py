"""Artificial Studio as its pages have it, over REST and over MCP (facts/media_apis.md section 1).

Goal: a client that goes by the pages finds what they promise, and the books are true. Method:
requests over ASGI against a service in memory whose clock is turned by hand.
"""

import json
from typing import Any

import pytest
from sandbox_studio import FLUX, StudioWorld

from pipeline.core.money import Money
from pipeline.sandbox.studio import BELL, LIMITS

VEO = {"model": "veo3-1-text-to-video", "prompt": "a red kite"}


def charges(world: StudioWorld) -> list[str]:
    return [str(line.credits) for line in world.books.charges()]


def test_a_run_is_charged_at_once_and_echoes_its_payload() -> None:
    world = StudioWorld()
    answer = world.run(asked={**FLUX, "seed": 7, "aspect_ratio": "16:9"})
    said = answer.json()
    name = said.pop("id")
    assert answer.status_code == 202
    assert said == {"status": "processing", "tool": "create-image",
                    "createdAt": "2027-01-15T08:00:00.000Z"}
    assert charges(world) == ["6"]
    record = world.record(name)
    assert record["status"] == "pending" and record["output"] is None
    assert record["payload"] == {**FLUX, "seed": 7, "aspect_ratio": "16:9"}


def test_the_status_goes_its_way_and_the_file_is_there_in_the_end() -> None:
    world = StudioWorld()
    name = world.run().json()["id"]
    job = next(world.books.jobs())
    words = []
    for share in (0.0, 0.5, 0.97, 1.01):
        world.clock.now = job.created_at + share * (job.finishes_at - job.created_at)
        words.append(world.record(name)["status"])
    assert words == ["pending", "processing", "uploading", "success"]
    record = world.record(name)
    assert b"a red kite" in world.file(record["output"])
    assert world.file(record["thumbnail"])


def test_the_list_shows_no_payload_and_turns_its_pages() -> None:
    world = StudioWorld({"limits": {"media_per_minute": 100}})
    names = []
    for _ in range(3):
        names.append(world.run().json()["id"])
        world.wait(1)
    page = world.get("/api/generations?limit=2").json()
    assert [row["id"] for row in page["data"]] == names[:0:-1]
    assert "payload" not in page["data"][0]
    assert page["pagination"] == {"total": 3, "limit": 2, "offset": 0, "hasMore": True}
    last = world.get("/api/generations?limit=2&offset=2").json()
    assert ([row["id"] for row in last["data"]], last["pagination"]["hasMore"]) == (names[:1],
                                                                                   False)


@pytest.mark.parametrize(("asked", "field", "code"), [
    ({**FLUX, "style": "cubist"}, "input.style", "unrecognized_keys"),
    ({"model": "flux-2"}, "input.prompt", "invalid_type"),
    ({**FLUX, "aspect_ratio": "7:5"}, "input.aspect_ratio", "invalid_enum_value"),
    ({**FLUX, "seed": "7"}, "input.seed", "invalid_type"),
    ({**FLUX, "seed": -1}, "input.seed", "too_small"),
    ({**FLUX, "prompt": "x" * 5001}, "input.prompt", "too_big"),
])
def test_bodies_are_strict_and_a_refusal_is_free(asked: dict[str, Any], field: str,
                                                 code: str) -> None:
    world = StudioWorld()
    answer = world.run(asked=asked)
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (400, field, code)
    assert charges(world) == []


def test_an_unknown_field_beside_the_input_is_refused() -> None:
    answer = StudioWorld().run(metadata={"tag": "a"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "metadata")


@pytest.mark.parametrize(("path", "status"), [
    ("/api/tools/no-such", 404), ("/api/generations/66aa00ff00000000000000aa", 404),
    ("/api/nowhere", 404)])
def test_what_is_not_there_is_404_in_the_services_words(path: str, status: int) -> None:
    answer = StudioWorld().get(path)
    assert (answer.status_code, set(answer.json())) == (status, {"message"})


@pytest.mark.parametrize("key", ["", "Bearer prod_1"])
def test_the_key_is_the_whole_header_without_bearer(key: str) -> None:
    world = StudioWorld()
    world.key = {"Authorization": key} if key else {}
    answer = world.get("/api/account")
    assert (answer.status_code, set(answer.json())) == (401, {"message"})


def test_a_model_with_the_default_of_its_tool_and_prices_by_the_second() -> None:
    world = StudioWorld()
    assert world.run(asked={"prompt": "x"}).status_code == 202          # the tool's first model
    assert world.run("create-video", VEO).status_code == 202            # 8 s at 80
    assert world.run("create-video", {**VEO, "duration": "4", "resolution": "4K"}
                     ).status_code == 202                               # 4 s at 120
    assert charges(world) == ["12", "640", "480"]


@pytest.mark.parametrize(("gives_back", "left"), [(True, "10000"), (False, "9994")])
def test_a_failure_is_given_back_before_it_is_seen(gives_back: bool, left: str) -> None:
    world = StudioWorld({"fail": True, "gives_back": gives_back})
    name = world.run().json()["id"]
    assert str(world.service.balance()) == "9994"
    world.wait(3600)
    record = world.record(name)
    assert (record["status"], bool(record["error"]), record["output"]) == ("error", True, None)
    assert world.get("/api/account").json()["credits"] == float(left)


def test_the_free_plan_runs_20_a_minute_and_says_no_more_than_that() -> None:
    world = StudioWorld({"limits": {"media_per_minute": 2, "reads_per_minute": 3}})
    assert [world.run().status_code for _ in range(3)] == [202, 202, 429]
    assert "retry-after" not in world.run().headers
    assert [world.get("/api/account").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert (LIMITS.per_minute["media"], LIMITS.per_minute["reads"]) == (20, 60)


def test_no_credit_is_402_and_free() -> None:
    world = StudioWorld(granted="5")
    assert world.run().status_code == 402
    assert charges(world) == []


def test_files_come_in_as_a_form_or_as_they_are() -> None:
    world = StudioWorld()
    form = world.ask("POST", "/files", files={"file": ("a.png", b"png", "image/png")}).json()
    raw = world.ask("POST", "/api/files?transient=true", content=b"png",
                    headers={"X-Filename": "a.png", "Content-Type": "image/png"}).json()
    assert [world.file(each["url"]) for each in (form, raw)] == [b"png", b"png"]
    answer = world.run("edit-image", {"model": "flux-kontext", "prompt": "blue",
                                      "image_urls": [form["url"]]})
    assert answer.status_code == 202


def test_it_rings_for_a_success_alone_and_signs_nothing() -> None:
    world = StudioWorld({"fail": {"nth": [2]}})
    for _ in range(2):
        assert world.run(webhook="https://hooks.example.com/a").status_code == 202
    good, bad = world.books.jobs()
    world.wait(3600)
    call = BELL.tell(world.service, good, "http://studio")
    assert call is not None and BELL.tell(world.service, bad, "http://studio") is None
    said = json.loads(call.body)
    assert (said["status"], set(call.headers)) == ("success",
                                                   {"X-Webhook-Source", "X-Media-Id"})
    assert not {"payload", "error"} & set(said)
    assert world.service.rings.next() is not None


@pytest.mark.parametrize("address", ["http://hooks.example.com/a", "ftp://x", 7, "nowhere"])
def test_a_webhook_that_may_not_be_rung_is_refused(address: object) -> None:
    world = StudioWorld()
    assert world.run(webhook=address).status_code == 400
    assert charges(world) == []


def test_over_mcp_a_job_is_started_and_checked() -> None:
    world = StudioWorld()
    said = world.told("generate", tool="create-image", input={**FLUX, "seed": 7})
    assert (said["status"], said["eta_seconds"], said["poll_after_seconds"]) == ("processing", 15,
                                                                                 3)
    name = said["job_id"]
    assert world.told("check_generation", job_id=name)["done"] is False
    world.wait(3600)
    done = world.told("check_generation", job_id=name)
    assert (done["status"], done["done"]) == ("success", True)
    assert "poll_after_seconds" not in done
    assert world.file(done["output"])
    assert [row["id"] for row in world.told("list_generations")["data"]] == [name]
    assert world.record(name)["payload"]["seed"] == 7
    assert world.told("get_account")["credits"] == 9994.0


@pytest.mark.parametrize(("seconds", "eta"), [("4", 60), ("6", 90), ("8", 120)])
def test_the_eta_of_a_film_grows_with_its_length(seconds: str, eta: int) -> None:
    said = StudioWorld().told("generate", tool="create-video", input={**VEO, "duration": seconds})
    assert said["eta_seconds"] == eta


@pytest.mark.parametrize(("arguments", "word"), [
    ({"tool": "create-image", "input": {"prompt": "x"}}, "invalid_request"),  # it must name one
    ({"tool": "no-such", "input": FLUX}, "not_found"),
    ({"tool": "create-image", "input": {**FLUX, "style": "x"}}, "invalid_request"),
    ({"tool": "create-image"}, "invalid_request"),
])
def test_over_mcp_a_refusal_is_an_error_text_and_free(arguments: dict[str, Any],
                                                      word: str) -> None:
    world = StudioWorld()
    assert world.refused("generate", **arguments).startswith(word + ":")
    assert charges(world) == []


def test_over_mcp_an_empty_purse_has_its_documented_word() -> None:
    world = StudioWorld(granted="5")
    text = world.refused("generate", tool="create-image", input=FLUX)
    assert text.startswith("insufficient_credits:")


def test_search_and_detail_tell_models_prices_and_inputs() -> None:
    world = StudioWorld()
    found = {tool["slug"] for tool in world.told("search_tools", query="video")["data"]}
    assert found >= {"create-video", "animate-image"}
    tool = world.told("get_tool_detail", tool_slug="create-video")
    veo = next(model for model in tool["models"] if model["slug"] == VEO["model"])
    assert (veo["cost"], veo["costUnit"]) == (80, "second")
    assert "sandbox" not in veo
    assert world.get("/api/tools/create-video").json() == tool
    assert all("models" not in row for row in world.get("/api/tools").json()["data"])


def test_without_a_token_mcp_says_where_to_sign_in() -> None:
    world = StudioWorld()
    world.key = {}
    answer = world.ask("POST", "/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert answer.status_code == 401
    assert "resource_metadata=" in answer.headers["www-authenticate"]


def test_models_can_be_changed_and_taken_away() -> None:
    world = StudioWorld({"models": {"create-image/flux-2": {"cost": 9},
                                    "create-image/seedream-4": None}})
    assert world.run().status_code == 202
    assert world.run(asked={"model": "seedream-4", "prompt": "x"}).status_code == 404
    assert sum((line.credits for line in world.books.charges()), Money(0)) == Money.parse("9")
