"""What Kubeez's rows are read as: news, sightings, links, money.

Goal: a reader meets every row without a crash, and believes of it only what has the right type.
Method: rows whole, broken, missing and hostile, by table and by chance.
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from providers_far_end import FarEnd, outcome, over, says

from pipeline.core.errors import ProviderFailure, Unreachable
from pipeline.core.money import Money
from pipeline.core.provider import Broken, Finished, Output, Scan, Working

LINK = "https://media.kubeez.com/images/a.png"


def look(**row: Any) -> Any:
    return over(FarEnd(says(200, {"id": "g1", **row})), lambda kubeez: kubeez.look("g1", "image"))


def scan(*rows: Any, **headers: str) -> Scan:
    far = FarEnd(says(200, {"generations": list(rows)}, headers))
    return over(far, lambda kubeez: kubeez.scan({}))


@pytest.mark.parametrize("word", ["completed", "complete", "success", "succeeded", "ready", "done",
                                  "finished", "Completed", "DONE"])
def test_every_word_for_made_is_known(word: str) -> None:
    assert look(status=word, outputs=[{"url": LINK}]) == Finished((Output(LINK),))


@pytest.mark.parametrize(("word", "cause"), [
    ("failed", "generation_failed"), ("error", "generation_failed"),
    ("failure", "generation_failed"), ("cancelled", "cancelled_there"),
    ("canceled", "cancelled_there")])
def test_every_word_for_broken_is_known(word: str, cause: str) -> None:
    assert look(status=word, error_message="it fell", credits_deducted=14) == \
        Broken(cause, "it fell", Money.parse("14"))


@pytest.mark.parametrize("words", [
    "Your request was rejected by the content moderation system.", "NSFW", "policy violation",
    "flagged as Sensitive"])
def test_words_of_moderation_are_told_from_those_of_a_machine(words: str) -> None:
    assert look(status="failed", error_message=words).cause == "content_refused"


@pytest.mark.parametrize("word", ["queued", "pending", "processing", "streaming", "brewing", "",
                                  None, 7, ["completed"]])
def test_any_other_word_is_no_end(word: Any) -> None:
    assert isinstance(look(status=word, outputs=[{"url": LINK}]), Working)


def test_a_whole_row_is_read_whole() -> None:
    news = look(status="completed", credits_deducted=10.5, processing_time_ms=12_345, outputs=[
        {"url": LINK, "media_type": "image", "width": 1024, "height": 768, "file_size": 9}])
    assert news == Finished((Output(LINK, "image", 1024, 768, 9),), Money.parse("10.5"), 12.345)


@pytest.mark.parametrize(("url", "found"), [
    ("/images/a.png", LINK), ("images/a.png", LINK),
    ("https://cdn.example/a.png?sig=1", "https://cdn.example/a.png?sig=1"),
    ("//cdn.example/a.png", "https://cdn.example/a.png"), (None, None), ("", None), (7, None),
    ("http://[", "http://["), ("//a\u2100b/x", "//a\u2100b/x"), ("https://[::1/x", "https://[::1/x"),
])
def test_links_are_made_absolute_and_odd_ones_left_alone(url: Any, found: str | None) -> None:
    assert look(status="completed", outputs=[{"url": url}]).outputs[0].url == found


def test_a_made_job_without_links_waits_for_them() -> None:
    assert look(status="completed", outputs=[{"url": None}, {"url": LINK}]).outputs == \
        (Output(None), Output(LINK))
    assert look(status="completed", outputs=None).outputs == ()
    assert look(status="completed", result_url="/images/a.png").outputs == (Output(LINK),)


@pytest.mark.parametrize("charge", [None, "14", True, -1, 1e300, [], {}, "NaN"])
def test_a_charge_that_is_no_amount_is_not_said(charge: Any) -> None:
    assert look(status="failed", credits_deducted=charge).charged is None


@pytest.mark.parametrize("width", [None, "1024", True, -1, 1.5, []])
def test_a_field_of_the_wrong_type_is_missing(width: Any) -> None:
    news = look(status="completed", outputs=[{"url": LINK, "width": width}, "odd", 7, None])
    assert news.outputs == (Output(LINK),)


def test_a_row_about_another_generation_is_no_news() -> None:
    for body in ({"id": "g2", "status": "completed"}, {"status": "completed"}, {"id": 1}):
        found = outcome(FarEnd(says(200, body)), lambda kubeez: kubeez.look("g1", "image"))
        assert type(found) is Unreachable


ROW = {"id": "g1", "status": "processing", "model": "m", "prompt": "a kite",
       "created_at": "2027-01-15T08:00:00Z"}


def test_a_history_is_read_newest_first_with_its_clock() -> None:
    found = scan({**ROW, "id": "g2", "created_at": "2027-01-15T09:00:10+01:00"}, ROW,
                 date="Fri, 15 Jan 2027 08:10:00 GMT")
    assert [row.remote_id for row in found.sightings] == ["g2", "g1"]
    assert [row.created_s for row in found.sightings] == [1_800_000_010.0, 1_800_000_000.0]
    assert (found.complete, found.skew_s, found.unread) == (True, 600.0, 0)


@pytest.mark.parametrize("created", ["2027-01-15T08:00:00", "2027-01-15T08:00:00.000000+00:00",
                                     "2027-01-15 08:00:00Z"])
def test_a_time_without_a_zone_is_utc(created: str) -> None:
    assert scan({**ROW, "created_at": created}).sightings[0].created_s == 1_800_000_000.0


def test_a_list_as_long_as_it_ever_is_may_hold_something_back() -> None:
    assert scan(*[ROW] * 24).complete
    assert not scan(*[ROW] * 25).complete


@pytest.mark.parametrize("row", [
    None, 7, "g1", [], {}, {**ROW, "id": 7}, {**ROW, "id": "a/b"}, {**ROW, "created_at": None},
    {**ROW, "created_at": "yesterday"}, {**ROW, "created_at": "99999-01-01"}, {"id": "g1"}])
def test_a_row_that_cannot_be_read_is_counted(row: Any) -> None:
    found = scan(ROW, row)
    assert (len(found.sightings), found.unread) == (1, 1)


@pytest.mark.parametrize("body", [{}, [], None, {"generations": {}}, {"generations": "x"}])
def test_an_answer_without_rows_is_no_history(body: Any) -> None:
    found = outcome(FarEnd(says(200, json.dumps(body))), lambda kubeez: kubeez.scan({}))
    assert type(found) is Unreachable


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["completed", "failed", "g1", "http://[::", "//a\u2100b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["url", "id", "width", "x"]), inner, max_size=3), max_leaves=6)
FIELDS = ("status", "model", "prompt", "created_at", "processing_time_ms", "credits_deducted",
          "error_message", "outputs", "result_url")
rows = st.fixed_dictionaries({"id": st.just("g1")}, optional=dict.fromkeys(FIELDS, odd))


@settings(deadline=None)
@given(rows)
def test_no_row_whatever_crashes_a_look_or_a_scan(row: dict[str, Any]) -> None:
    news = outcome(FarEnd(says(200, row)), lambda kubeez: kubeez.look("g1", "image"))
    assert isinstance(news, Working | Finished | Broken | ProviderFailure)
    found = outcome(FarEnd(says(200, {"generations": [row]})), lambda kubeez: kubeez.scan({}))
    assert isinstance(found, Scan) and len(found.sightings) + found.unread == 1


@pytest.mark.parametrize(("body", "url"), [
    ({"urls": ["https://a.example/u.png"]}, "https://a.example/u.png"),
    ({"url": "/images/u.png"}, "https://media.kubeez.com/images/u.png"),
    ({"urls": [], "url": "https://a.example/u.png"}, "https://a.example/u.png")])
def test_an_upload_is_named_by_urls_or_by_url(body: Any, url: str, tmp_path: Any) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"x")
    assert over(FarEnd(says(200, body)), lambda kubeez: kubeez.upload(str(file))) == url


@pytest.mark.parametrize("body", [{}, {"urls": [None]}, {"urls": "x"}, {"url": 7}, [], None])
def test_an_upload_without_an_address_is_asked_for_again(body: Any, tmp_path: Any) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(b"x")
    found = outcome(FarEnd(says(200, json.dumps(body))), lambda kubeez: kubeez.upload(str(file)))
    assert type(found) is Unreachable


@pytest.mark.parametrize(("body", "left"), [
    ({"credits": 12.5}, Money.parse("12.5")), ({"credits": 0}, Money(0)), ({}, None), ([], None),
    ({"credits": "12"}, None), ({"credits": -1}, None), ({"credits": None}, None)])
def test_a_balance_is_an_amount_or_not_said(body: Any, left: Money | None) -> None:
    assert over(FarEnd(says(200, body)), lambda kubeez: kubeez.balance()) == left
