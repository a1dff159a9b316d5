"""Every contradiction between the sources of Kubeez as a switch, and what a client then sees.

Goal: a client can be tried against both sides of each (facts/kubeez.md sections 10 and 11).
Method: one world a side; what concerns one route alone is tried beside that route.
"""

import pytest
from sandbox_world import CLIP, IMAGE, World

from pipeline.core.money import Money


def test_a_job_may_take_some_reads_to_end() -> None:
    world = World({"late_end": {"times": 2}})
    job_id = world.buy()
    assert world.status(job_id)["status"] == "queued"
    world.wait(600)
    seen = [world.status(job_id) for _ in range(4)]
    assert [row["status"] for row in seen] == ["processing", "processing", "completed", "completed"]
    assert (seen[0]["completed_at"], seen[0]["outputs"]) == (None, [])


def test_a_completed_job_may_lack_its_links_for_some_reads() -> None:
    world = World({"null_links": {"times": 2}})
    job_id, song = world.buy(), world.begin("music", prompt="rain")
    world.wait(600)
    seen = [world.status(job_id) for _ in range(3)]
    assert [row["status"] for row in seen] == ["completed"] * 3
    assert [row["outputs"][0]["url"] is None for row in seen] == [True, True, False]
    assert [row["cdn_ready"] for row in seen] == [False, False, True]
    songs = [world.status(song, "music")["songs"][0]["audio_url"] for _ in range(3)]
    assert [url is None for url in songs] == [True, True, False]


def test_completed_may_be_called_otherwise() -> None:
    world = World({"completed_word": "succeeded"})
    assert world.finished()["status"] == "succeeded"
    rows = world.get("/v1/generations", params={"status": "succeeded"}).json()["generations"]
    assert [row["status"] for row in rows] == ["succeeded"]
    song = world.begin("music", prompt="rain")
    world.wait(600)
    assert world.status(song, "music")["status"] == "succeeded"


def test_error_codes_may_be_called_otherwise() -> None:
    world = World({"error_words": {"not_found": "no_such_generation"}})
    assert world.get("/v1/generate/media/x").json()["error"] == "no_such_generation"
    assert world.start(model="x").json()["error"] == "model_not_found"


def test_browsers_may_be_kept_out() -> None:
    world = World({"cors": False})
    assert "access-control-allow-origin" not in world.get("/health").headers
    answer = world.ask("OPTIONS", "/v1/generate/media")
    assert answer.status_code == 405
    assert "access-control-allow-methods" not in answer.headers


@pytest.mark.parametrize(("asked", "default", "sound"), [
    ({}, False, False), ({}, True, True), ({"sound": False}, True, False),
    ({"sound": None}, True, True), ({"sound": True}, False, True)])
def test_sound_may_be_on_by_default(asked: dict[str, bool], default: bool, sound: bool) -> None:
    world = World({"sound_default": default})
    world.buy(model=CLIP, **asked)
    world.buy(**asked)
    clip, picture = world.get("/sandbox/books").json()["rows"]
    assert clip["details"]["sound"] is sound
    assert picture["details"]["sound"] is (asked.get("sound") is True)


@pytest.mark.parametrize(("duration", "any_status", "listed_status"), [
    ("5s", 200, 200), ("5", 200, 400), (5, 200, 400), (None, 200, 200), ("", 200, 200),
    ("2s", 400, 400)])
def test_durations_may_have_to_be_the_listed_words(duration: object, any_status: int,
                                                   listed_status: int) -> None:
    assert World().start(model=CLIP, duration=duration).status_code == any_status
    strict = World({"durations": "listed"})
    assert strict.start(model=CLIP, duration=duration).status_code == listed_status


def test_an_upload_may_answer_with_one_url() -> None:
    body = World({"upload_answer": "url"}).upload(("a.png", b"x", "image/png")).json()
    assert set(body) == {"success", "url", "uploaded"}


def test_a_job_billed_by_its_length_may_be_charged_when_it_ends() -> None:
    world = World({"per_second_charged": "end"}, granted="120")
    job_id = world.buy(model=CLIP, duration="5s")
    assert world.get("/v1/balance").json()["credits"] == 120.0
    assert world.status(job_id)["credits_deducted"] == 0.0
    assert world.start(model=CLIP, duration="3s").status_code == 402
    world.buy()
    assert world.get("/v1/balance").json()["credits"] == 106.0
    world.wait(600)
    assert world.get("/v1/balance").json()["credits"] == 21.0
    assert world.status(job_id)["credits_deducted"] == 85.0
    books = world.get("/sandbox/books").json()
    assert (books["charged"], books["refunded"], books["balance"]) == ("99", "0", "21")


def test_a_late_charge_may_be_given_back() -> None:
    world = World({"per_second_charged": "end", "fail": {"refund": True}})
    row = world.finished(model=CLIP)
    assert (row["status"], row["credits_deducted"]) == ("failed", 0.0)
    assert world.service.balance() == Money.parse("10000")


def test_there_may_be_no_limit_in_flight() -> None:
    world = World({"concurrency": "none"})
    for _ in range(30):
        world.buy()
    assert world.start().json()["message"].startswith("Rate limit")


def test_a_false_lack_of_credits_may_need_a_crowd() -> None:
    world = World({"insufficient": {"in_flight": 2}})
    world.buy()
    world.buy()
    answer = world.start()
    assert (answer.status_code, answer.json()["error"]) == (402, "insufficient_credits")
    world.wait(600)
    world.buy()


@pytest.mark.parametrize(("switches", "path"), [
    ({"relative_urls": True}, "/uploads/"), ({"relative_urls": True, "signed_uploads": False},
                                             "/uploads/")])
def test_all_links_may_lack_their_host(switches: dict[str, bool], path: str) -> None:
    world = World(switches)
    url = world.upload(("a.png", b"x", "image/png")).json()["urls"][0]
    assert url.startswith(path)
    assert world.start(source_media_urls=[url]).status_code == 200
    song = world.begin("music", prompt="rain")
    world.wait(600)
    told = world.status(song, "music")["songs"][0]
    assert [told[name].partition("/")[0] for name in ("audio_url", "stream_url")] == ["", ""]
    assert world.file(told["audio_url"])


@pytest.mark.parametrize("route", ["music", "dialogue", "captions", "separation", "ad-copy",
                                   "media/extend"])
def test_refusals_of_every_start_may_be_422(route: str) -> None:
    answer = World({"validation_as_422": True}).post(route)
    assert answer.status_code == 422
    assert {"loc", "msg", "type"} == set(answer.json()["detail"][0])


STARTS = {
    "media": {"model": IMAGE, "prompt": "x"}, "music": {"prompt": "x"},
    "dialogue": {"text": "Hello.", "voice": "Paul"},
    "captions": {"media_url": "https://example.com/a.mp4", "quality": "auto"},
    "separation": {"media_url": "https://example.com/a.mp3"},
    "ad-copy": {"reference_ad_url": "https://example.com/a.png"},
}


@pytest.mark.parametrize("route", STARTS)
@pytest.mark.parametrize(("fault", "status", "jobs"), [
    ("error_before_charge", 503, 0), ("error_after_charge", 502, 1), ("throttle", 429, 0),
    ("insufficient", 402, 0)])
def test_faults_of_a_start_strike_every_paid_call(route: str, fault: str, status: int,
                                                  jobs: int) -> None:
    world = World({fault: True}, speed=1e6)
    assert world.post(route, **STARTS[route]).status_code == status
    assert len(world.books.charges()) == jobs
