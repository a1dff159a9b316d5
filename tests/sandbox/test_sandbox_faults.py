"""Every fault switch: what the client sees, and what the books say really happened."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sandbox_world import IMAGE, World

from pipeline.sandbox.door import ConnectionCut
from pipeline.sandbox.faults import FAULTS, Faults, FaultsError


def outcomes(world: World, starts: int) -> list[str]:
    """How each of so many starts ended: its status, or cut."""
    seen = []
    for _ in range(starts):
        try:
            seen.append(str(world.start().status_code))
        except ConnectionCut:
            seen.append("cut")
    return seen


@pytest.mark.parametrize(("fault", "seen", "charged"), [
    ({"lost_reply": True}, "cut", 1),
    ({"lost_request": True}, "cut", 0),
    ({"error_after_charge": True}, "502", 1),
    ({"error_before_charge": True}, "503", 0),
    ({"error_after_charge": {"status": 504, "body": "json"}}, "504", 1),
    ({"throttle": True}, "429", 0),
    ({"html_edge_page": {"status": 520}}, "520", 0),
    ({"insufficient": True}, "402", 0),
    ({"lost_reply": 0}, "200", 1),
    ({"lost_reply": False}, "200", 1),
])
def test_a_fault_at_the_start_and_the_truth_behind_it(fault: Mapping[str, Any], seen: str,
                                                      charged: int) -> None:
    world = World(fault)
    assert outcomes(world, 1) == [seen]
    assert len(world.books.charges()) == charged
    balance = world.service.balance()
    assert str(balance) == str(10000 - 14 * charged)


@pytest.mark.parametrize(("trigger", "struck"), [
    ({"first": 2}, [1, 2]), ({"every": 3}, [3, 6]), ({"nth": [2, 5]}, [2, 5]),
    ({"first": 1, "nth": [4]}, [1, 4]),
])
def test_faults_strike_by_count_also_across_a_restart(trigger: Mapping[str, Any],
                                                      struck: list[int], tmp_path: Path) -> None:
    seen = []
    for _ in range(3):
        world = World({"lost_reply": trigger}, folder=tmp_path)
        seen += outcomes(world, 2)
        world.books.close()
    assert [n for n, each in enumerate(seen, 1) if each == "cut"] == struck


def test_a_rate_strikes_its_share_and_the_seed_decides_which() -> None:
    limits = {"media_in_flight": 1000, "media_per_minute": 1000}

    def seen(seed: int) -> list[str]:
        return outcomes(World({"lost_reply": 0.3, "limits": limits}, seed=seed), 200)

    assert 40 <= seen(1).count("cut") <= 80
    assert seen(1) == seen(1)
    assert seen(1) != seen(2)


def test_a_fault_is_aimed_by_calls() -> None:
    world = World({"lost_request": {"calls": ["reads"]}, "slow_reply": {"calls": "upload"}},
                  speed=1e6)
    job_id = world.buy()
    for path in (f"/v1/generate/media/{job_id}", "/v1/balance", "/v1/generations", "/v1/models"):
        with pytest.raises(ConnectionCut):
            world.get(path)
    assert world.upload(("a.png", b"x", "image/png")).status_code == 200


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_slow_reply_comes_after_the_work_is_done(backend: str) -> None:
    world = World({"slow_reply": {"seconds": 20}}, speed=1000, backend=backend)
    assert world.start().status_code == 200
    assert len(world.books.charges()) == 1


@pytest.mark.parametrize(("settings", "header", "in_body"), [
    ({}, "5", 5), ({"seconds": 90, "in_body": False}, "90", None), ({"header": "none"}, None, 5),
    ({"header": "date", "seconds": 60}, "Fri, 15 Jan 2027 08:01:00 GMT", 60),
])
def test_a_throttle_tells_when_to_come_back_or_not(settings: Mapping[str, Any],
                                                   header: str | None,
                                                   in_body: int | None) -> None:
    answer = World({"throttle": settings}).get("/v1/balance")
    assert answer.status_code == 429
    assert answer.headers.get("retry-after") == header
    assert answer.json().get("retry_after") == in_body


def test_errors_come_as_json_or_as_a_page() -> None:
    page = World({"error_after_charge": True}).start()
    assert page.headers["content-type"].startswith("text/html")
    body = World({"error_before_charge": True}).start()
    assert body.json()["error"] == "internal_error"


def test_links_may_come_late() -> None:
    world = World({"late_links": {"seconds": 20}})
    job_id = world.buy()
    job = world.books.job(job_id)
    assert job is not None
    world.clock.now = job.finishes_at
    row = world.status(job_id)
    assert row["status"] == "completed"
    assert (row["cdn_ready"], row["outputs"][0]["url"]) == (False, None)
    assert world.get(f"/images/{row['outputs'][0]['id']}.png").status_code == 404
    world.wait(20)
    row = world.status(job_id)
    assert world.get(row["outputs"][0]["url"]).status_code == 200


def test_the_first_reads_of_a_job_and_of_a_file_may_find_nothing() -> None:
    world = World({"status_404": {"times": 2}, "media_404": {"times": 3}})
    job_id = world.buy()
    seen = [world.get(f"/v1/generate/media/{job_id}").status_code for _ in range(4)]
    assert seen == [404, 404, 200, 200]
    assert len(world.get("/v1/generations").json()["generations"]) == 1
    world.wait(600)
    url = world.status(job_id)["outputs"][0]["url"]
    assert [world.get(url).status_code for _ in range(5)] == [404, 404, 404, 200, 200]


@pytest.mark.parametrize(("settings", "word", "balance", "deducted"), [
    ({}, "failed", "9986", 14.0), ({"refund": True}, "failed", "10000", 0.0),
    ({"word": "cancelled"}, "cancelled", "9986", 14.0),
])
def test_a_job_may_fail_with_or_without_a_refund(settings: Mapping[str, Any], word: str,
                                                 balance: str, deducted: float) -> None:
    world = World({"fail": {"message": "No luck.", **settings}})
    job_id = world.buy()
    assert str(world.service.balance()) == "9986"
    assert world.status(job_id)["error_message"] is None
    world.wait(600)
    row = world.status(job_id)
    assert (row["status"], row["error_message"], row["outputs"]) == (word, "No luck.", [])
    assert row["credits_deducted"] == deducted
    assert str(world.service.balance()) == balance
    books = world.get("/sandbox/books").json()
    assert books["charged"] == "14"
    assert books["balance"] == balance
    assert world.get("/v1/generations", params={"status": word}).json()["generations"]


def test_moderation_goes_by_words_of_the_prompt() -> None:
    world = World({"moderation": {"words": ["Forbidden"]}})
    assert world.finished(prompt="a forbidden kite")["status"] == "failed"
    assert "moderation" in world.finished(prompt="a forbidden kite")["error_message"]
    assert world.finished(prompt="a kite")["status"] == "completed"


@pytest.mark.parametrize("kind", ["truncated", "wrong_length", "html", "empty", "reset"])
def test_a_download_may_break_once(kind: str) -> None:
    world = World({"broken_download": {"kind": kind, "first": 1}})
    url = world.finished()["outputs"][0]["url"]
    assert world.ask("HEAD", url).status_code == 200
    if kind == "reset":
        with pytest.raises(ConnectionCut):
            world.get(url)
    else:
        broken = world.get(url)
        whole = world.get(url).content
        assert broken.status_code == 200
        assert broken.content != whole
        short = {"truncated": len(whole) // 2, "wrong_length": len(whole), "empty": 0}
        if kind in short:
            assert broken.headers["content-length"] == str(short[kind])
            assert whole.startswith(broken.content)
        else:
            assert broken.headers["content-type"].startswith("text/html")
    assert world.get(url).status_code == 200


def test_the_habits_of_the_service_can_be_changed() -> None:
    world = World({"first_status": "pending", "relative_urls": True, "history_lag_s": 30,
                   "insufficient_as_400": True, "validation_as_422": True}, granted="20")
    job_id = world.buy()
    assert world.status(job_id)["status"] == "pending"
    assert world.get("/v1/generations").json() == {"generations": []}
    short = world.start()
    assert (short.status_code, short.json()) == (400, {"error": "insufficient_credits"})
    wrong = world.start(prompt="")
    assert wrong.status_code == 422
    assert wrong.json()["detail"] == [{"loc": ["body", "prompt"], "msg": "prompt is required.",
                                       "type": "missing"}]
    world.wait(30)
    assert len(world.get("/v1/generations").json()["generations"]) == 1
    world.wait(600)
    url = world.status(job_id)["outputs"][0]["url"]
    assert url.startswith("/images/")
    assert world.get(url).status_code == 200


def test_pending_can_be_listed_where_it_is_the_word() -> None:
    world = World({"first_status": "pending"})
    world.buy()
    rows = world.get("/v1/generations", params={"status": "pending"}).json()["generations"]
    assert [row["status"] for row in rows] == ["pending"]


def test_switches_are_read_from_text() -> None:
    faults = Faults.parse('lost_reply: 0.25\nfail: {nth: 3, refund: true}\nhistory_lag_s: 3\n')
    assert faults.faults["lost_reply"].rate == 0.25
    assert faults.faults["fail"].nth == (3,)
    assert faults.history_lag_s == 3.0
    assert Faults.parse('{"first_status": "pending"}').first_status == "pending"
    assert Faults.parse("") == Faults()
    assert set(Faults.parse(dict.fromkeys(FAULTS, True)).faults) == set(FAULTS)


@pytest.mark.parametrize(("text", "named"), [
    ("lost_replies: 1", "lost_replies"), ("lost_reply: {rat: 1}", "rat"),
    ("lost_reply: 1.5", "rate"), ("lost_reply: often", "lost_reply"),
    ("fail: {refund: 1}", "refund"), ("fail: {nth: [a]}", "nth"),
    ("lost_reply: {calls: [music]}", "music"), ("broken_download: {kind: odd}", "kind"),
    ("first_status: soon", "first_status"), ("limits: {media: 3}", "media"),
    ("limits: 3", "limits"), ("keys: [a]", "keys"), ("- a", "mapping"), ("a: [", "YAML"),
    ("faults: {}", "faults"), ("history_lag_s: -1", "history_lag_s"),
    ("slow_reply: {first: 1.5}", "first"), ("error_words: [a]", "error_words"),
    ("error_words: {a: 1}", "error_words.a"), ("limits: {reads_in_flight: 1}", "reads_in_flight"),
    ("captions_times: hours", "captions_times"), ("streams: maybe", "streams"),
    ("insufficient: {in_flight: -1}", "in_flight"),
])
def test_a_switch_that_is_not_known_is_refused(text: str, named: str) -> None:
    with pytest.raises(FaultsError, match=named):
        Faults.parse(text)


def test_limits_can_be_set() -> None:
    world = World({"limits": {"media_in_flight": 1, "reads_per_minute": 1, "upload_bytes": 5}})
    world.buy(model=IMAGE)
    assert world.start().status_code == 429
    assert [world.get("/v1/balance").status_code for _ in range(2)] == [200, 429]
