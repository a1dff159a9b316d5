"""What Kubeez's answers to a paid call are called.

Goal: free is only what surely was (SAFETY 2.4): no byte left, or a documented refusal in the
service's own envelope; everything else is a doubt. Method: a table of answers and exceptions.
"""

import json
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from providers_far_end import NOW_S, FarEnd, Stream, buy, outcome, says

from pipeline.core.errors import (
    Barred,
    ProviderFailure,
    Refused,
    ReplyLost,
    Throttled,
    Unreachable,
    Vanished,
)
from pipeline.core.provider import Receipt

PAGE = "<!DOCTYPE html><html><h1>Error</h1> scope</html>"
DEEP = b"[" * 100_000 + b"]" * 100_000


def short(value: Any) -> str:
    """A name for a row of a table."""
    return repr(value)[:30]


def no(code: str, message: str = "no") -> dict[str, str]:
    return {"error": code, "message": message}


ACCEPTED: list[tuple[int, Any]] = [
    (200, {"generation_id": "g1", "status": "queued"}),
    (201, {"id": "g1"}),
    (202, {"generationId": "g1"}),
    (200, {"data": {"generation_id": "g1"}}),
    (200, {"result": {"id": "g1"}}),
    (200, {"generation_id": None, "generation": {"id": "g1"}}),
    (200, {"generation_id": 7, "job": {"id": "g1"}}),
]
LOST: list[tuple[int, Any]] = [
    (200, None), (204, None), (200, "{}"), (200, []), (200, "null"), (200, '"g1"'), (200, PAGE),
    (200, '{"generation_id": "g1"'), (200, {"generation_id": 12}), (200, {"generation_id": ""}),
    (200, {"generation_id": "a/../b"}), (200, {"generation_id": "g1\n"}),
    (200, {"generation_id": "g" * 129}), (200, {"generation_id": ["g1"]}), (206, {"x": 1}),
    (200, '{"generation_id": "g1", "generation_id": "g2"}'),
    (200, '{"generation_id": "g1", "estimated_cost_credits": NaN}'), (200, DEEP),
    (200, b"\xff\xfe{}"), (200, '{"generation_id": "g1"} {}'),
    (301, None), (302, None), (303, None), (307, None), (308, None), (304, None),
    (400, None), (400, PAGE), (400, {}), (400, {"error": {"code": "invalid_request"}}),
    (400, {"error": "x" * 65}), (400, DEEP), (401, PAGE), (402, PAGE), (402, None), (403, PAGE),
    (403, {"error": "forbidden"}), (404, PAGE), (408, no("timeout")), (408, None),
    (409, no("conflict")), (409, no("name_taken")), (409, no("invalid_request")),
    (409, {"detail": "already submitted"}), (409, None), (425, None),
    (418, no("teapot")), (429, PAGE), (422, {"detail": 7}), (422, {"detail": []}),
    (500, no("internal_error")), (500, no("invalid_request")), (502, PAGE), (503, None),
    (504, PAGE), (520, PAGE), (524, PAGE), (599, None), (502, no("insufficient_credits")),
]
REFUSED: list[tuple[int, Any, str]] = [
    (400, no("invalid_request"), "invalid_request"),
    (400, no("unsupported_aspect"), "unsupported_aspect"),
    (400, no("missing_prompt"), "missing_field"),
    (400, no("schema_mismatch"), "invalid_request"),
    (404, no("model_not_found"), "model_not_found"),
    (404, no("not_found"), "not_found"),
    (413, no("file_too_large"), "too_large"),
    (413, no("quota_exceeded"), "quota_exceeded"),
    (400, no("content_policy_violation"), "content_refused"),
    (400, no("prompt_moderation"), "content_refused"),
    (422, {"detail": "Field required"}, "invalid_request"),
    (422, {"detail": [{"loc": ["body", "prompt"], "msg": "Field required"}]}, "invalid_request"),
    (422, {"detail": [{"loc": 5, "msg": ["x"]}, "x", {"loc": None}, {"msg": "bad"}]},
     "invalid_request"),
]
BARRED: list[tuple[int, Any, str]] = [
    (401, no("unauthorized"), "bad_key"), (401, {"detail": "no"}, "bad_key"),
    (401, None, "bad_key"), (402, no("insufficient_credits"), "insufficient_credits"),
    (402, {}, "insufficient_credits"), (400, {"error": "insufficient_credits"},
                                        "insufficient_credits"),
    (403, no("missing_scope"), "missing_scope"),
    (403, {"detail": "the key lacks the scope generate:media"}, "missing_scope"),
]
CUT: list[Exception] = [
    httpx.ReadError("reset"), httpx.ReadTimeout("slow"), httpx.WriteError("cut"),
    httpx.WriteTimeout("slow"), httpx.RemoteProtocolError("cut"), httpx.CloseError("cut"),
    TimeoutError("slow"), ConnectionResetError("reset"),
    httpx.LocalProtocolError("odd"), httpx.ProxyError("proxy"),
]
NEVER_LEFT: list[Exception] = [
    httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full"),
    httpx.InvalidURL("odd"), httpx.UnsupportedProtocol("odd"),
]


@pytest.mark.parametrize(("status", "body"), ACCEPTED)
def test_an_answer_with_an_id_is_a_receipt(status: int, body: Any) -> None:
    assert buy(FarEnd(says(status, body))) == Receipt(("g1",))


@pytest.mark.parametrize(("status", "body"), LOST, ids=short)
def test_an_answer_that_is_no_documented_refusal_is_a_doubt(status: int, body: Any) -> None:
    far = FarEnd(says(status, body, {"location": "https://evil.example/take"}))
    assert type(buy(far)) is ReplyLost
    assert len(far.calls) == 1


@pytest.mark.parametrize(("status", "body", "cause"), REFUSED)
def test_a_documented_refusal_is_free(status: int, body: Any, cause: str) -> None:
    found = buy(FarEnd(says(status, body)))
    assert (type(found), found.cause) == (Refused, cause)
    assert isinstance(found.message, str) and len(found.message) <= 300


@pytest.mark.parametrize(("status", "body", "cause"), BARRED)
def test_a_refusal_of_the_account_closes_it(status: int, body: Any, cause: str) -> None:
    found = buy(FarEnd(says(status, body)))
    assert (type(found), found.cause) == (Barred, cause)


@pytest.mark.parametrize("error", CUT, ids=lambda error: type(error).__name__)
def test_a_line_that_breaks_after_the_first_byte_is_a_doubt(error: Exception) -> None:
    far = FarEnd(error)
    assert type(buy(far)) is ReplyLost
    assert len(far.calls) == 1


@pytest.mark.parametrize("error", NEVER_LEFT, ids=lambda error: type(error).__name__)
def test_a_call_of_which_no_byte_left_is_free(error: Exception) -> None:
    far = FarEnd(error)
    assert type(buy(far)) is Unreachable
    assert len(far.calls) == 1


def test_a_body_that_breaks_off_is_a_doubt_whatever_its_status() -> None:
    for status in (200, 400, 429):
        half = Stream(b'{"generation_id": ', httpx.ReadError("cut"))
        assert type(buy(FarEnd(httpx.Response(status, stream=half)))) is ReplyLost


def test_the_message_is_the_services_own_and_short() -> None:
    found = buy(FarEnd(says(400, no("invalid_request", "x" * 5000))))
    assert found.message == "x" * 300
    found = buy(FarEnd(says(422, {"detail": [{"loc": ["body", "duration", 0], "msg": "odd"}]})))
    assert found.message == "duration.0: odd"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8)
    | st.sampled_from(["insufficient_credits", "invalid_request", "scope", "1e9"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner,
                                                                max_size=3), max_leaves=8)
FIELDS = ("error", "message", "detail", "retry_after", "generation_id", "id", "data", "result")


@settings(deadline=None)
@given(status=st.integers(200, 599), body=st.one_of(
    json_values, st.dictionaries(st.sampled_from(FIELDS), json_values)))
def test_no_answer_whatever_crashes_a_paid_call(status: int, body: Any) -> None:
    found = buy(FarEnd(says(status, json.dumps(body))))
    assert isinstance(found, Receipt | ProviderFailure)
    assert status < 300 or not isinstance(found, Receipt)
    assert status < 500 or type(found) is ReplyLost


WAITS: list[tuple[dict[str, str], Any, float | None]] = [
    ({"retry-after": "7"}, None, 7.0), ({"retry-after": " 7 "}, None, 7.0),
    ({"retry-after": "1.5"}, None, 1.5), ({"retry-after": "0"}, None, 0.0),
    ({}, {"error": "rate_limit_exceeded", "retry_after": 9}, 9.0),
    ({}, {"error": "rate_limit_exceeded", "retry_after": 2.5}, 2.5),
    ({}, {"error": "rate_limit_exceeded", "retry_after": "4"}, 4.0),
    ({"retry-after": "3"}, {"retry_after": 11}, 11.0),
    ({"retry-after": "30"}, {"retry_after": 11}, 30.0),
    ({"retry-after": "soon"}, {"retry_after": 6}, 6.0),
    ({"retry-after": "901"}, None, 900.0), ({"retry-after": "99999999999"}, None, 900.0),
    ({"retry-after": "9" * 40}, None, None), ({"retry-after": "-5"}, None, None),
    ({"retry-after": "1e3"}, None, None), ({"retry-after": "nan"}, None, None),
    ({"retry-after": "inf"}, None, None), ({"retry-after": ""}, None, None),
    ({"retry-after": "1.2.3"}, None, None), ({"retry-after": "."}, None, None),
    ({"retry-after": "tomorrow"}, None, None), ({"retry-after": "0x10"}, None, None),
    ({}, {"error": "rate_limit_exceeded"}, None), ({}, None, None),
    ({}, {"error": "rate_limit_exceeded", "retry_after": True}, None),
    ({}, {"error": "rate_limit_exceeded", "retry_after": [5]}, None),
    ({}, {"error": "rate_limit_exceeded", "retry_after": {"s": 5}}, None),
    ({}, {"error": "rate_limit_exceeded", "retry_after": None}, None),
    ({}, {"error": "rate_limit_exceeded", "retry_after": -1}, None),
]


@pytest.mark.parametrize(("headers", "body", "wait_s"), WAITS)
def test_retry_after_is_read_wherever_it_stands(headers: dict[str, str], body: Any,
                                                wait_s: float | None) -> None:
    found = buy(FarEnd(says(429, body, headers)))
    assert type(found) is Throttled
    assert found.retry_after_s == wait_s


@pytest.mark.parametrize(("until", "wait_s"), [
    (formatdate(NOW_S + 60, usegmt=True), 60.0),
    (formatdate(NOW_S - 60, usegmt=True), 0.0),
    (formatdate(NOW_S + 60), 60.0),
    ("Fri Jan 15 08:01:00 2027", 60.0),
    ("Fri, 31 Dec 2099 23:59:59 GMT", 900.0),
    ("Fri, 99 Jan 2027 08:01:00 GMT", None),
    ("Fri, 15 Jan 2027 08:01:00 +9999999", None),
])
def test_a_date_counts_from_the_services_own_clock(until: str, wait_s: float | None) -> None:
    date = formatdate(NOW_S, usegmt=True)
    found = buy(FarEnd(says(429, None, {"retry-after": until, "date": date})))
    assert found.retry_after_s == wait_s


def test_a_date_without_the_services_own_clock_says_nothing() -> None:
    for date in ({}, {"date": "yesterday"}):
        headers = {"retry-after": formatdate(NOW_S + 60, usegmt=True), **date}
        assert buy(FarEnd(says(429, None, headers))).retry_after_s is None


def test_digits_of_another_script_are_no_number() -> None:
    header = [(b"retry-after", "٣".encode())]
    found = buy(FarEnd(httpx.Response(429, headers=header, stream=Stream(b""))))
    assert found.retry_after_s is None


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_retry_after_crashes(until: str, date: str) -> None:
    headers = [(b"retry-after", until.encode("utf-8", "replace")),
               (b"date", date.encode("utf-8", "replace"))]
    found = buy(FarEnd(httpx.Response(429, headers=headers, stream=Stream(b""))))
    assert found.retry_after_s is None or 0 <= found.retry_after_s <= 900


READS: list[tuple[int, Any, type[ProviderFailure], str]] = [
    (404, None, Vanished, "not_found"), (410, PAGE, Vanished, "not_found"),
    (401, PAGE, Barred, "bad_key"), (402, {}, Barred, "insufficient_credits"),
    (403, no("missing_scope"), Barred, "missing_scope"), (403, PAGE, Unreachable, "unreachable"),
    (429, PAGE, Throttled, "throttled"), (400, no("odd"), Refused, "invalid_request"),
    (301, None, Unreachable, "unreachable"), (500, no("internal"), Unreachable, "unreachable"),
    (502, PAGE, Unreachable, "unreachable"), (200, PAGE, Unreachable, "unreachable"),
    (200, None, Unreachable, "unreachable"), (200, DEEP, Unreachable, "unreachable"),
    (200, {"id": "other"}, Unreachable, "unreachable"), (200, [], Unreachable, "unreachable"),
]


@pytest.mark.parametrize(("status", "body", "kind", "cause"), READS, ids=short)
def test_a_question_without_an_answer_says_why(status: int, body: Any,
                                               kind: type[ProviderFailure], cause: str) -> None:
    found = outcome(FarEnd(says(status, body)), lambda kubeez: kubeez.look("g1", "image"))
    assert (type(found), found.cause) == (kind, cause)


@pytest.mark.parametrize("error", CUT, ids=lambda error: type(error).__name__)
def test_a_question_whose_line_breaks_may_be_asked_again(error: Exception) -> None:
    found = outcome(FarEnd(error), lambda kubeez: kubeez.look("g1", "image"))
    assert type(found) is Unreachable
