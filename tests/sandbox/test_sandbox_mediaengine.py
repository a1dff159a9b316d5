"""The Media Engine dialect as its three published descriptions have it (facts/media_apis.md 2).

Goal: a client that goes by any one of them finds what it was promised, and the books are true.
Method: requests over ASGI against a service in memory whose clock is turned by hand.
"""

from typing import Any

import pytest
from sandbox_world import World, make_cheap

from pipeline.sandbox.mediaengine import make_app


class Engine(World):
    """One Media Engine service."""

    def __init__(self, faults: dict[str, Any] | None = None, **more: Any) -> None:
        super().__init__(faults, **more)
        self.app = make_app(self.service, make=make_cheap, threaded=False)
        self.key = {"Authorization": "Bearer me_test_1"}

    def create(self, path: str = "/v1/jobs", **fields: Any) -> Any:
        """A job of the cheapest model, or what the fields say."""
        body = {"type": "image", "model": "flux2-turbo", "prompt": "a red kite, 16:9", **fields}
        return self.ask("POST", path, json=body)

    def made(self, path: str = "/v1/jobs", **fields: Any) -> Any:
        """A job bought and waited for."""
        said = self.create(path, **fields).json()
        said = said.get("data", said)
        name = said.get("id") or said.get("jobId") or said.get("mediaJobId")
        self.wait(3600)
        found = self.get(f"{path}/{name}").json()
        return found.get("data", found)


def test_a_job_of_the_page_has_its_fields_and_its_metadata() -> None:
    world = Engine()
    answer = world.create(metadata={"a": "b"})
    said = answer.json()
    assert answer.status_code == 201
    assert said.pop("id").startswith("job_")
    assert said == {"status": "queued", "type": "image", "model": "flux2-turbo",
                    "created_at": "2027-01-15T08:00:00.000Z", "metadata": {"a": "b"}}


def test_a_finished_job_names_its_files_and_what_it_took() -> None:
    world = Engine()
    job = world.made(n=3, model="seedream")
    assert (job["status"], job["credits_used"], len(job["output"])) == ("succeeded", 9, 3)
    files = [world.file(output["url"]) for output in job["output"]]
    assert len({*files}) == 3
    assert b"16:9" in files[0]
    assert [str(line.credits) for line in world.books.charges()] == ["9"]


def test_the_list_shows_the_newest_first_with_their_metadata() -> None:
    world = Engine()
    for name in "ab":
        world.create(metadata={"tag": name})
        world.wait(1)
    rows = world.get("/v1/jobs").json()["jobs"]
    assert [row["metadata"] for row in rows] == [{"tag": "b"}, {"tag": "a"}]


def test_the_llms_text_has_words_of_its_own() -> None:
    world = Engine({"mediaengine_dialect": "llms"})
    assert {*world.create().json()} == {"jobId", "status"}
    job = world.made()
    assert job["status"] == "completed"
    assert world.file(job["assetUrl"])


def test_the_published_client_finds_everything_wrapped_and_under_api() -> None:
    world = Engine({"mediaengine_dialect": "client"})
    inputs = {"inputParams": {"prompt": "a red kite"}}
    job = world.made("/api/jobs", **inputs)
    assert job["mediaJobId"].startswith("mjob_")
    assert (job["status"], job["inputParams"]) == ("done", {"prompt": "a red kite"})
    link = world.get(f"/api/jobs/{job['mediaJobId']}/download").json()["data"]
    assert link == {"url": job["outputUrl"], "expiresIn": 3600}
    assert world.get("/api/models").json()["data"][0]["id"] == "flux2-turbo"
    assert world.get("/v1/models").status_code == 404
    assert world.get("/api/jobs?limit=1").json()["data"][0]["mediaJobId"] == job["mediaJobId"]


@pytest.mark.parametrize("fields", [
    {"type": "song"}, {"type": ""}, {"model": "no-such-model"}, {"model": ""}, {"prompt": " "},
    {"n": 0}, {"n": 5}, {"n": "2"}, {"n": True}, {"metadata": [1]}, {"metadata": {"a": "x" * 2001}},
    {"webhook_url": "http://example.com/h"}, {"webhook_url": "https://a@example.com/"},
    {"type": "video"},
])
def test_what_it_does_not_take_is_refused_and_free(fields: dict[str, Any]) -> None:
    world = Engine()
    answer = world.create(**fields)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert not world.books.charges()


@pytest.mark.parametrize(("faults", "status", "code"), [
    ({"keys": {"other": ["*"]}}, 401, "unauthorized"),
    ({"insufficient": True}, 402, "insufficient_credits"),
    ({"throttle": True}, 429, "rate_limited"),
])
@pytest.mark.parametrize("dialect", ["page", "client"])
def test_refusals_have_the_documented_codes(faults: dict[str, Any], status: int, code: str,
                                            dialect: str) -> None:
    world = Engine({**faults, "mediaengine_dialect": dialect})
    path = "/v1/jobs" if dialect == "page" else "/api/jobs"
    answer = world.create(path, inputParams={"prompt": "a kite"})
    told = answer.json() if dialect == "page" else answer.json()["error"]
    assert (answer.status_code, told["code"]) == (status, code)
    assert told["message"]


@pytest.mark.parametrize(("refund", "used"), [(False, 1), (True, 0)])
def test_a_failed_job_says_what_it_took(refund: bool, used: int) -> None:
    world = Engine({"fail": {"refund": refund, "message": "the model gave up"}})
    job = world.made()
    assert (job["status"], job["credits_used"], job["output"]) == ("failed", used, [])
    assert job["error"]["message"] == "the model gave up"


def test_a_job_whose_links_are_late_is_not_done_before_they_are_there() -> None:
    world = Engine({"late_links": {"seconds": 100}})
    name = world.create().json()["id"]
    world.wait(60)
    assert world.get(f"/v1/jobs/{name}").json()["status"] == "processing"
    world.wait(3600)
    assert world.get(f"/v1/jobs/{name}").json()["status"] == "succeeded"


@pytest.mark.parametrize("path", ["/v1/jobs/job_0", "/v1/jobs/x", "/cdn/job_0/0.png",
                                  "/cdn/x/y", "/v1/nothing"])
def test_what_is_not_there_is_not_found(path: str) -> None:
    answer = Engine().get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
