"""Speech: both shapes of the request, the allowed voices, and where it is read.

Goal: the dialogue route does what llms.txt and its clients say. Method: a world with a clock of its
own; refused requests are shown to have cost nothing.
"""

from typing import Any

import pytest
from sandbox_world import World

TALK = {"text": "Welcome to Kubeez.", "voice": "Rachel"}


def turns(*said: str | tuple[str, str]) -> dict[str, Any]:
    return {"dialogue": [{"text": each} if isinstance(each, str)
                         else {"text": each[0], "voice": each[1]} for each in said]}


def test_speech_is_polled_on_the_media_route() -> None:
    world = World()
    answer = world.post("dialogue", **TALK, stability=0.5, speed="1.1").json()
    assert (answer["status"], answer["model"], answer["estimated_cost_credits"]) == (
        "queued", "text-to-dialogue-v3", 21.0)
    assert f"/v1/generate/media/{answer['generation_id']}" in answer["message"]
    world.wait(600)
    row = world.status(answer["generation_id"])
    assert (row["prompt"], row["generation_type"]) == (TALK["text"], "text-to-dialogue")
    made = row["outputs"][0]
    assert (made["media_type"], made["width"], made["thumbnail_url"]) == ("audio", None, None)
    assert made["url"].startswith("http://sandbox/audio/")
    assert made["duration"] == pytest.approx(len(TALK["text"]) / 14 / 1.1, abs=0.1)
    assert b"text-to-dialogue-v3 Rachel" in world.file(made["url"])
    for path in (f"music/{row['id']}", f"dialogue/{row['id']}"):
        assert world.get(f"/v1/generate/{path}").status_code in (404, 405)


def test_several_speak_in_turn() -> None:
    world = World()
    job_id = world.begin("dialogue", **turns(("Hello.", "Drew"), "Good day."), stability=0.5,
                         language_code="auto", model="ignored")
    row = world.get("/sandbox/books").json()["rows"][0]
    assert (row["id"], row["prompt"]) == (job_id, "Hello.\nGood day.")
    assert row["details"]["voices"] == ["Drew", "Rachel"]


@pytest.mark.parametrize(("fields", "code"), [
    ({"voice": "Rachel"}, "missing_text"), ({"text": "Hello there."}, "missing_voice"),
    ({**TALK, "voice": "rachel"}, "invalid_request"), ({**TALK, "voice": "Emily"},
                                                       "invalid_request"),
    ({**TALK, "text": "Hey!"}, "invalid_request"),
    ({**TALK, "text": "x" * 5001}, "invalid_request"),
    (turns("x" * 2500, "x" * 2500), "invalid_request"), (turns(("Hello.", "Adam")),
                                                         "invalid_request"),
    ({"dialogue": []}, "missing_text"), ({"dialogue": "Hello."}, "invalid_request"),
    ({"dialogue": ["Hello."]}, "invalid_request"), ({"dialogue": [{}]}, "missing_text"),
    ({**TALK, "stability": True}, "invalid_request"), ({**TALK, "style": "much"},
                                                       "invalid_request"),
    ({**TALK, "speed": 1.3}, "invalid_request"), ({**TALK, "language_code": 7},
                                                  "invalid_request"),
])
def test_what_cannot_be_spoken_is_refused_free(fields: dict[str, Any], code: str) -> None:
    world = World()
    answer = world.post("dialogue", **fields)
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert world.books.charges() == []


@pytest.mark.parametrize(("shapes", "fields", "status"), [
    ("text", TALK, 200), ("text", turns("Hello there."), 400),
    ("turns", TALK, 400), ("turns", turns("Hello there."), 200),
    ("both", {**TALK, "dialogue": None}, 200),
])
def test_either_shape_can_be_the_only_one(shapes: str, fields: dict[str, Any],
                                          status: int) -> None:
    assert World({"dialogue_shapes": shapes}).post("dialogue", **fields).status_code == status


def test_a_service_without_a_voice_has_no_such_model() -> None:
    answer = World({"models": {"text-to-dialogue-v3": None}}).post("dialogue", **TALK)
    assert (answer.status_code, answer.json()["error"]) == (404, "model_not_found")


def test_voices_come_from_the_catalog() -> None:
    switches = {"models": {"text-to-dialogue-v3": {"voice_allowlist": ["Ada"]}}}
    assert World(switches).post("dialogue", **TALK).status_code == 400
    assert World(switches).post("dialogue", **{**TALK, "voice": "Ada"}).status_code == 200
