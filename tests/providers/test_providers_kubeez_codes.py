"""Every error that Kubeez documents, in every form it was seen in: its name, and what follows.

Goal: one table from an answer to its failure, cause, remedy and exit code, for the paid call and
for free ones (llms.txt, "Errors"; facts/kubeez.md 3.5). Method: the table is the test.
"""

from email.utils import formatdate
from typing import Any, NamedTuple

import pytest
from providers_far_end import NOW_S, SPEC, FarEnd, outcome, says

from pipeline.core.causes import CAUSES, Remedy
from pipeline.core.errors import (
    Barred,
    Exit,
    ProviderFailure,
    Refused,
    ReplyLost,
    Throttled,
    Unreachable,
    Vanished,
)

PAGE = "<!DOCTYPE html><html><title>502 Bad gateway</title></html>"
Headers = dict[str, str]


class Meaning(NamedTuple):
    """What an answer comes to."""

    failure: type[ProviderFailure]
    cause: str
    remedy: Remedy
    exit_code: Exit | None = None


def change(cause: str) -> Meaning:
    """The author has to change something."""
    return Meaning(Refused, cause, Remedy.CHANGE)


LOST = Meaning(ReplyLost, "reply_lost", Remedy.EVIDENCE)
AWAY = Meaning(Unreachable, "unreachable", Remedy.WAIT, Exit.REFUSED)
SLOW = Meaning(Throttled, "throttled", Remedy.WAIT)
GONE = Meaning(Vanished, "not_found", Remedy.CHANGE)
POOR = Meaning(Barred, "insufficient_credits", Remedy.ACCOUNT, Exit.NO_CREDITS)
KEY = Meaning(Barred, "bad_key", Remedy.ACCOUNT, Exit.KEY)
SCOPE = Meaning(Barred, "missing_scope", Remedy.ACCOUNT, Exit.KEY)
WRONG = change("invalid_request")


def says_no(code: str, message: str = "in its own words", **more: Any) -> dict[str, Any]:
    return {"error": code, "message": message, **more}


DETAIL = {"detail": [{"loc": ["body", "voice"], "msg": "Input should be Rachel", "type": "enum"}]}
RATE = says_no("rate_limit_exceeded")
ANSWERS: list[tuple[int, Any, Headers, Meaning, Meaning]] = [
    # status, body, headers, from the paid call, from a look
    (400, says_no("invalid_request"), {}, WRONG, WRONG),
    (400, says_no("unsupported_aspect"), {}, *[change("unsupported_aspect")] * 2),
    (400, says_no("missing_prompt"), {}, *[change("missing_field")] * 2),
    (400, says_no("missing_media_url"), {}, *[change("missing_field")] * 2),
    (400, says_no("invalid_voice"), {}, WRONG, WRONG),
    (400, says_no("voice_not_allowed", "voice Adam is not in the list"), {}, WRONG, WRONG),
    (400, says_no("invalid_voice_id"), {}, WRONG, WRONG),
    (400, {"error": "insufficient_credits"}, {}, POOR, POOR),
    (400, {"error": "insufficient_credits: 14 needed, 3 left"}, {}, POOR, POOR),
    (402, says_no("insufficient_credits"), {}, POOR, POOR),
    (402, {"detail": "top up"}, {}, POOR, POOR),
    (401, says_no("unauthorized"), {}, KEY, KEY),
    (401, {"detail": "Invalid API key"}, {}, KEY, KEY),
    (401, None, {}, KEY, KEY),
    (403, says_no("missing_scope", "generate:music"), {}, SCOPE, SCOPE),
    (403, says_no("shared_scope_required"), {}, SCOPE, SCOPE),
    (403, {"detail": "the key lacks the scope generate:media"}, {}, SCOPE, SCOPE),
    (404, says_no("model_not_found"), {}, change("model_not_found"), GONE),
    (404, says_no("not_found"), {}, change("not_found"), GONE),
    (409, says_no("name_taken"), {}, LOST, change("name_taken")),
    (409, says_no("conflict"), {}, LOST, WRONG),
    (413, says_no("file_too_large"), {}, *[change("too_large")] * 2),
    (413, says_no("quota_exceeded"), {}, *[change("quota_exceeded")] * 2),
    (413, PAGE, {}, LOST, change("too_large")),
    (422, DETAIL, {}, WRONG, WRONG),
    (422, {"detail": "Field required"}, {}, WRONG, WRONG),
    (429, RATE, {"retry-after": "7"}, SLOW, SLOW),
    (429, {**RATE, "retry_after": 7}, {}, SLOW, SLOW),
    (429, {**RATE, "retry_after": 3}, {"retry-after": "7"}, SLOW, SLOW),
    (429, {"retry_after": 7}, {}, SLOW, SLOW),
    (429, {"detail": "Too many requests"}, {"retry-after": "7"}, SLOW, SLOW),
    (429, PAGE, {"retry-after": formatdate(NOW_S + 7, usegmt=True),
                 "date": formatdate(NOW_S, usegmt=True)}, SLOW, SLOW),
    (429, PAGE, {}, LOST, SLOW),
    (502, says_no("fetch_failed"), {}, LOST, AWAY),
    (400, says_no("content_policy_violation"), {}, *[change("content_refused")] * 2),
    (400, says_no("prompt_moderation_failed"), {}, *[change("content_refused")] * 2),
    (403, says_no("moderation"), {}, *[change("content_refused")] * 2),
    (500, says_no("internal_error"), {}, LOST, AWAY),
    (502, PAGE, {}, LOST, AWAY),
    (503, says_no("unavailable"), {}, LOST, AWAY),
    (524, PAGE, {}, LOST, AWAY),
    (200, PAGE, {}, LOST, AWAY),
    (400, PAGE, {}, LOST, AWAY),
    (403, PAGE, {}, LOST, AWAY),
    (301, None, {"location": "https://evil.example/"}, LOST, AWAY),
]


def label(value: Any) -> str:
    """A name for a row."""
    return repr(value)[:48]


def meaning_of(found: ProviderFailure) -> Meaning:
    """What follows from a failure, by the set of causes."""
    cause = CAUSES[found.cause]
    return Meaning(type(found), found.cause, cause.remedy, cause.exit_code)


@pytest.mark.parametrize(("status", "body", "headers", "paid", "free"), ANSWERS, ids=label)
def test_what_an_answer_means(status: int, body: Any, headers: Headers, paid: Meaning,
                              free: Meaning) -> None:
    for act, meaning in ((lambda k: k.submit(SPEC, ()), paid),
                         (lambda k: k.look("g1", "image"), free)):
        far = FarEnd(says(status, body, headers))
        found = outcome(far, act)
        assert meaning_of(found) == meaning
        assert len(far.calls) == 1
        if isinstance(found, Throttled) and headers | (body if isinstance(body, dict) else {}):
            assert found.retry_after_s == 7.0


WITHOUT_WAIT: list[tuple[Any, Headers]] = [(RATE, {}), (None, {}), ({"message": "slow down"}, {}),
                                           (RATE, {"retry-after": "soon"})]


@pytest.mark.parametrize(("body", "headers"), WITHOUT_WAIT)
def test_a_throttle_need_not_say_for_how_long(body: Any, headers: Headers) -> None:
    for act in (lambda k: k.submit(SPEC, ()), lambda k: k.look("g1", "image")):
        found = outcome(FarEnd(says(429, body, headers)), act)
        assert (type(found), found.retry_after_s) == (Throttled, None)


LIBRARY: list[tuple[int, Any, Meaning]] = [
    (409, says_no("name_taken"), change("name_taken")),
    (413, says_no("quota_exceeded"), change("quota_exceeded")),
    (413, says_no("file_too_large"), change("too_large")),
    (502, says_no("fetch_failed"), change("fetch_failed")),
    (502, PAGE, AWAY), (504, says_no("timeout"), AWAY), (400, says_no("invalid_request"), WRONG),
    (403, says_no("missing_scope"), SCOPE), (429, {**RATE, "retry_after": 7}, SLOW),
]


@pytest.mark.parametrize(("status", "body", "meaning"), LIBRARY, ids=label)
def test_what_the_library_answers_means(status: int, body: Any, meaning: Meaning) -> None:
    found = outcome(FarEnd(says(status, body)),
                    lambda kubeez: kubeez.library.add("logo", "https://cdn.example/l.png"))
    assert meaning_of(found) == meaning


@pytest.mark.parametrize(("status", "body", "meaning"), [
    (413, PAGE, change("too_large")), (413, says_no("file_too_large"), change("too_large")),
    (400, says_no("unsupported_media_type"), WRONG), (502, PAGE, AWAY), (401, None, KEY)])
def test_what_an_upload_is_answered_means(status: int, body: Any, meaning: Meaning,
                                          tmp_path: Any) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"bytes")
    found = outcome(FarEnd(says(status, body)), lambda kubeez: kubeez.upload(str(file)))
    assert meaning_of(found) == meaning
