"""Keys, scopes, catalog, balance, limits per minute and in flight."""

import pytest
from sandbox_world import IMAGE, World

GUARDED = [
    ("GET", "/v1/models", None), ("GET", "/v1/balance", "read:balance"),
    ("GET", "/v1/generations", "read:generations"),
    ("GET", "/v1/generate/media/x", "read:generations"),
    ("POST", "/v1/generate/media", "generate:media"),
    ("POST", "/v1/upload/media", "generate:media"),
]


@pytest.mark.parametrize(("method", "path", "scope"), GUARDED)
def test_every_guarded_route_wants_a_key_and_its_scope(method: str, path: str,
                                                       scope: str | None) -> None:
    world = World()
    for headers in ({}, {"X-API-Key": ""}, {"Authorization": "Bearer "},
                    {"Authorization": "Basic abc"}):
        world.key = headers
        answer = world.ask(method, path)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    strict = World({"keys": {"sk_test": ["nothing"], "sk_all": "*"}})
    answer = strict.ask(method, path)
    if scope:
        assert (answer.status_code, answer.json()["error"]) == (403, "missing_scope")
        assert scope in answer.json()["message"]
    else:
        assert answer.status_code == 200
    assert strict.ask(method, path, headers={"X-API-Key": "sk_other"}).status_code == 401
    strict.key = {"Authorization": "bearer sk_all"}
    assert strict.ask(method, path).status_code not in (401, 403)


@pytest.mark.parametrize("path", ["/health", "/llms.txt", "/docs/models.json", "/sandbox/books",
                                  f"/docs/models/{IMAGE}.json"])
def test_open_routes_want_no_key(path: str) -> None:
    world = World()
    world.key = {}
    answer = world.get(path)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT"


def test_preflight_requests_are_allowed() -> None:
    answer = World().ask("OPTIONS", "/v1/generate/media")
    assert answer.status_code == 204
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_the_catalog_has_112_rows() -> None:
    world = World()
    body = world.get("/docs/models.json").json()
    assert (len(body["models"]), body["total_count"]) == (112, 112)
    assert world.get("/v1/models").json() == body
    assert all("sandbox" not in row for row in body["models"])
    assert all(isinstance(row["cost_per_generation"], float) for row in body["models"])
    pictures = world.get("/v1/models", params={"model_type": "image"}).json()
    assert (pictures["total_count"], pictures["models"][0]["model_type"]) == (32, "image")


def test_one_model_or_a_family() -> None:
    world = World()
    row = world.get(f"/docs/models/{IMAGE}.json").json()
    assert (row["model_id"], row["cost_per_generation"], row["estimated_time_seconds"]) == (
        IMAGE, 14.0, 42)
    family = world.get("/docs/models/kling-3-0.json").json()
    assert [row["model_id"] for row in family["models"]] == [
        "kling-3-0-std", "kling-3-0-motion-control-720p", "kling-3-0-motion-control-1080p",
        "kling-3-0-pro"]
    assert family["models"][0]["cost_note"] == "17 credits per second of output"


def test_the_balance_falls_at_the_start() -> None:
    world = World()
    assert world.get("/v1/balance").json() == {
        "credits": 10000.0, "message": "You have 10000 credits remaining.",
        "purchase_url": "https://kubeez.com/billing"}
    world.buy()
    assert world.get("/v1/balance").json()["credits"] == 9986.0


def test_too_little_credit_is_said_and_nothing_is_taken() -> None:
    world = World(granted="13.99")
    answer = world.start()
    assert (answer.status_code, answer.json()["error"]) == (402, "insufficient_credits")
    assert world.get("/v1/balance").json()["credits"] == 13.99


def test_starts_have_a_sliding_window_of_their_own() -> None:
    world = World({"limits": {"media_in_flight": 1000}})
    for _ in range(30):
        world.buy()
        world.wait(1)
    answer = world.start()
    assert (answer.status_code, answer.json()["error"]) == (429, "rate_limit_exceeded")
    assert answer.headers["retry-after"] == "30"
    assert answer.json()["retry_after"] == 30
    assert world.get("/v1/balance").status_code == 200
    assert world.ask("POST", "/v1/generate/media", json={"model": IMAGE, "prompt": "x"},
                     headers={"X-API-Key": "another"}).status_code == 200
    world.wait(29.5)
    assert world.start().headers["retry-after"] == "1"
    world.wait(0.5)
    assert world.start().status_code == 200
    assert world.start().status_code == 429


def test_a_fixed_window_opens_on_the_minute() -> None:
    world = World({"windows": "fixed", "limits": {"reads_per_minute": 2}})
    world.wait(59)
    for expected in (200, 200, 429):
        assert world.get("/v1/balance").status_code == expected
    world.wait(1)
    for expected in (200, 200, 429):
        assert world.get("/v1/balance").status_code == expected


def test_windows_shrink_with_speed() -> None:
    world = World({"limits": {"reads_per_minute": 1}}, speed=60)
    assert world.get("/v1/balance").status_code == 200
    assert world.get("/v1/balance").headers["retry-after"] == "1"
    world.wait(1)
    assert world.get("/v1/balance").status_code == 200


@pytest.mark.parametrize(("path", "limit"), [("/v1/balance", 120), ("/v1/upload/media", 30)])
def test_reads_and_uploads_have_their_windows(path: str, limit: int) -> None:
    world = World()
    method = "POST" if "upload" in path else "GET"
    seen = [world.ask(method, path).status_code for _ in range(limit + 1)]
    assert 429 not in seen[:-1]
    assert seen[-1] == 429


def test_the_eleventh_job_in_flight_is_refused() -> None:
    world = World()
    for _ in range(10):
        world.buy()
    answer = world.start()
    assert (answer.status_code, answer.json()["error"]) == (429, "rate_limit_exceeded")
    assert "Concurrency limit" in answer.json()["message"]
    assert answer.headers["retry-after"] == "5"
    world.wait(600)
    assert world.start().status_code == 200


def test_the_eleventh_job_may_be_made_to_queue() -> None:
    world = World({"concurrency": "queue", "limits": {"media_in_flight": 2}})
    ids = [world.buy() for _ in range(4)]
    jobs = [job for job in map(world.books.job, ids) if job]
    ends = sorted(job.finishes_at for job in jobs[:2])
    assert jobs[2].starts_at > ends[0]
    assert jobs[3].starts_at > min(jobs[2].finishes_at, ends[1])
    for job in jobs:
        flying = [each for each in jobs if each.starts_at <= job.starts_at < each.finishes_at]
        assert len(flying) <= 2
