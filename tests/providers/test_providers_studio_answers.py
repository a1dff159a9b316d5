"""What Artificial Studio's answers and refusals mean, over REST and over MCP (SAFETY 2.4).

Goal: `done` decides where it is told; only documented words make a paid call free; whatever else
may have come after the charge is a doubt. Method: answers of every kind, put to the readers.
"""

import json
from typing import Any

import pytest

from pipeline.core.errors import Barred, Refused, ReplyLost, Throttled, Unreachable, Vanished
from pipeline.core.provider import Broken, Finished, Output, Receipt, Working
from pipeline.providers.reply import Reply
from pipeline.providers.studio_answers import (
    read_about,
    read_news,
    read_receipt,
    read_record,
    read_rows,
)
from pipeline.providers.studio_refusals import (
    failure_of_generate,
    failure_of_tool,
    lost_or_out,
    refusal_of_run,
)
from pipeline.providers.tool_line import ToolAnswer

URL = "https://files.example.com/a.png"
MADE = Finished((Output(URL, ""),))


def news(**said: Any) -> object:
    record = read_record({"id": "66aa", **said})
    assert record is not None
    return read_news(record, str)


@pytest.mark.parametrize(("said", "means"), [
    ({"status": "pending"}, Working("pending")),
    ({"status": "uploading"}, Working("uploading")),
    ({"status": "processing", "done": False, "poll_after_seconds": 5}, Working("processing", 5.0)),
    ({"status": "success", "output": URL}, MADE),
    ({"status": "success", "done": True, "output": URL}, MADE),
    ({"status": "success", "output": [URL, URL]}, Finished((Output(URL, ""),) * 2)),
    ({"status": "success", "output": None}, Finished((Output(None, ""),))),
    ({"status": "success", "done": False, "output": URL}, Working("success")),   # `done` decides
    ({"status": "finished", "done": True, "output": URL}, MADE),
    ({"status": "finished"}, Working("finished")),
    ({"status": "error", "error": "no luck"}, Broken("generation_failed", "no luck")),
    ({"status": "error", "done": True, "error": "no luck"}, Broken("generation_failed", "no luck")),
    ({"status": "error", "error": "violates our content policy"},
     Broken("content_refused", "violates our content policy")),
    ({"status": "processing", "done": False, "poll_after_seconds": 10**9},
     Working("processing", 60.0)),
    ({}, Working("unknown")),
])
def test_what_a_record_says_of_its_job(said: Any, means: object) -> None:
    assert news(**said) == means


@pytest.mark.parametrize(("body", "receipt"), [
    ({"id": "66aa", "status": "processing"}, Receipt(("66aa",))),
    ({"job_id": "66aa", "status": "pending", "eta_seconds": 15}, Receipt(("66aa",), 15.0)),
    ({"job_id": "66aa", "eta_seconds": -3}, Receipt(("66aa",))),
    ({"job_id": "../66aa"}, None), ({"job_id": 5}, None), ({}, None), (None, None), ("x", None),
])
def test_an_acceptance_names_the_job(body: Any, receipt: object) -> None:
    assert read_receipt(body) == receipt


def test_a_record_of_another_job_is_not_believed() -> None:
    with pytest.raises(Unreachable):
        read_about({"id": "66bb", "status": "error"}, "66aa")


def test_rows_that_cannot_be_read_are_counted_and_the_end_of_the_list_is_known() -> None:
    rows, whole = read_rows({"data": [{"id": "a"}, None, {"id": 7}],
                             "pagination": {"hasMore": False}})
    assert ([row and row.name for row in rows], whole) == (["a", None, None], True)
    assert read_rows({"data": []})[1] is False
    with pytest.raises(Unreachable):
        read_rows({"generations": []})


def reply(status: int, body: Any) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    is_json = not isinstance(body, bytes)
    return Reply(status, {}, body if is_json else None, is_json, not content, 0.0, content)


@pytest.mark.parametrize(("status", "body", "kind", "cause"), [
    (400, {"message": "Validation failed", "errors": [{"field": "input.x", "message": "odd"}]},
     Refused, "invalid_request"),
    (400, {"message": "prompt violates our content policy"}, Refused, "content_refused"),
    (401, {"message": "Invalid API key"}, Barred, "bad_key"),
    (402, {"message": "Not enough credits"}, Barred, "insufficient_credits"),
    (403, {"message": "Forbidden"}, Refused, "invalid_request"),
    (404, {"message": "Model not found"}, Refused, "model_not_found"),
    (429, {"message": "Rate limit exceeded"}, Throttled, "throttled"),
    (429, b"", Throttled, "throttled"),
    (500, {"message": "oh"}, ReplyLost, "reply_lost"),
    (503, b"<html>", ReplyLost, "reply_lost"),
    (400, b"<html>", ReplyLost, "reply_lost"),          # a proxy's page
    (402, {"error": "x"}, ReplyLost, "reply_lost"),     # not the service's envelope
    (409, {"message": "conflict"}, ReplyLost, "reply_lost"),
    (302, {"message": "moved"}, ReplyLost, "reply_lost"),
])
def test_a_start_over_rest_is_free_only_in_documented_words(status: int, body: Any, kind: type,
                                                            cause: str) -> None:
    failure = refusal_of_run(reply(status, body))
    assert (type(failure), failure.cause) == (kind, cause)


def answer(text: str, body: Any = None) -> ToolAnswer:
    return ToolAnswer(True, body, text)


@pytest.mark.parametrize(("said", "kind", "cause"), [
    (answer("insufficient_credits"), Barred, "insufficient_credits"),
    (answer("Error: insufficient_credits, buy more"), Barred, "insufficient_credits"),
    (answer("", {"error": "insufficient_credits", "message": "no"}), Barred,
     "insufficient_credits"),
    (answer("", {"error": {"code": "insufficient_credits"}}), Barred, "insufficient_credits"),
    (answer("invalid_request: input.x"), Refused, "invalid_request"),
    (answer("model_not_found"), Refused, "model_not_found"),
    (answer("rate_limit_exceeded: slow down"), Throttled, "throttled"),
    (answer("unauthorized: sign in"), Barred, "bad_key"),
    (answer("Something went wrong"), ReplyLost, "reply_lost"),
    (answer("queue is full"), ReplyLost, "reply_lost"),
    (answer("internal_error: oh"), ReplyLost, "reply_lost"),
    (answer(""), ReplyLost, "reply_lost"),
])
def test_an_error_text_of_generate_is_free_only_by_a_documented_word(said: ToolAnswer, kind: type,
                                                                     cause: str) -> None:
    failure = failure_of_generate(said)
    assert (type(failure), failure.cause) == (kind, cause)


@pytest.mark.parametrize(("words", "kind"), [
    ("the service says -32000: insufficient_credits", Barred),
    ("the service says -32603: internal error", ReplyLost),
    ("the line was cut", ReplyLost)])
def test_a_json_rpc_error_is_a_doubt_unless_it_has_the_documented_word(words: str,
                                                                       kind: type) -> None:
    assert type(lost_or_out(ReplyLost(words))) is kind


@pytest.mark.parametrize(("text", "kind"), [
    ("not_found: Generation not found", Vanished), ("unauthorized: x", Barred),
    ("missing_scope: x", Barred), ("rate_limit_exceeded", Throttled), ("odd", Unreachable)])
def test_an_error_text_of_a_free_tool(text: str, kind: type) -> None:
    assert type(failure_of_tool(answer(text))) is kind
