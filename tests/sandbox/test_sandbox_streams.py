"""Status as server-sent events: behind a switch, in-process and over a real socket.

Goal: a client that prefers events gets the same answer as one that polls. Method: simulated time
in-process, and a sandbox program whose stream is read line by line.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sandbox_program import served
from sandbox_world import NOON, World

from pipeline.simulation.clock import run_jumping

MEDIA, MUSIC = "/v1/generate/media", "/v1/generate/music"


def events(text: str) -> list[tuple[str, Any]]:
    found = []
    for block in text.split("\n\n"):
        if block:
            name, data = block.split("\n")
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def streamed(switches: Mapping[str, Any], path: str = MEDIA,
             **fields: Any) -> tuple[list[tuple[str, Any]], Any, float]:
    """The events of one job from its start on, its status then, and how long it took."""
    async def go(wall: Callable[[], float]) -> tuple[list[tuple[str, Any]], Any, float]:
        world = World({"streams": True, **switches}, clock=wall)
        body = {"model": "nano-banana-2", "prompt": "x", **fields}
        job_id = (await world.ask_now("POST", path, json=body)).json()["generation_id"]
        answer = await world.ask_now("GET", f"{path}/{job_id}/stream")
        assert answer.headers["content-type"].startswith("text/event-stream")
        now = (await world.ask_now("GET", f"{path}/{job_id}")).json()
        return events(answer.text), now, wall() - NOON

    return run_jumping(go, NOON)


@pytest.mark.parametrize("path", [MEDIA, MUSIC])
def test_a_stream_beats_and_ends_with_what_the_status_says(path: str) -> None:
    seen, status, took_s = streamed({}, path)
    assert [name for name, _ in seen[:-1]] == ["heartbeat"] * (len(seen) - 1)
    assert seen[-1] == ("result", status)
    assert status["status"] == "completed"
    assert len(seen) - 1 == int(took_s // 10) + 1


@pytest.mark.parametrize("word", ["failed", "cancelled"])
def test_a_job_that_ends_badly_ends_with_an_error(word: str) -> None:
    seen, status, _ = streamed({"fail": {"message": "No luck.", "word": word}})
    assert seen[-1] == ("error", {**status, "error": word, "message": "No luck."})


def test_a_stream_of_a_very_long_job_ends_without_its_end() -> None:
    slow = {"models": {"nano-banana-2": {"estimated_time_seconds": 5000}}}
    seen, status, took_s = streamed(slow)
    assert {name for name, _ in seen} == {"heartbeat"}
    assert status["status"] == "processing"
    assert took_s == 300


def test_there_are_no_streams_unless_told() -> None:
    world = World()
    job_id = world.buy()
    answer = world.get(f"{MEDIA}/{job_id}/stream")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert f"{MEDIA}/{{id}}/stream" not in world.get("/openapi.json").json()["paths"]
    told = World({"streams": True})
    assert f"{MEDIA}/{{id}}/stream" in told.get("/openapi.json").json()["paths"]
    assert told.get(f"{MUSIC}/none/stream").status_code == 404
    told.key = {}
    assert told.get(f"{MEDIA}/none/stream").status_code == 401


def test_a_stream_runs_over_a_real_socket(tmp_path: Path) -> None:
    with served("--speed", "200", faults="streams: true", tmp_path=tmp_path) as sandbox:
        job_id = sandbox.start().json()["generation_id"]
        with sandbox.client.stream("GET", f"{MEDIA}/{job_id}/stream") as answer:
            lines = list(answer.iter_lines())
        assert lines[0] == "event: heartbeat"
        assert "event: result" in lines
        assert json.loads(lines[-2].removeprefix("data: "))["outputs"][0]["url"]


def test_a_client_that_leaves_its_stream_hurts_nobody(tmp_path: Path) -> None:
    with served(faults="streams: true", tmp_path=tmp_path) as sandbox:
        job_id = sandbox.start().json()["generation_id"]
        with sandbox.client.stream("GET", f"{MEDIA}/{job_id}/stream") as answer:
            assert next(answer.iter_lines()) == "event: heartbeat"
        assert sandbox.client.get("/health").status_code == 200
        assert sandbox.process.stdin is not None
        sandbox.process.stdin.close()
        assert sandbox.process.wait(20) == 0
