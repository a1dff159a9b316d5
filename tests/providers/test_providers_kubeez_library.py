"""The library of an account: what is asked, and what is read of the answers.

Goal: a named file is found, kept, renamed and deleted as the documents say, and every refusal has
its own name. Method: the documented bodies, and bodies with one thing missing or wrong.
"""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from providers_far_end import BASE, KEY, Answer, FarEnd, outcome, says

from pipeline.core.errors import ProviderFailure, Refused, Throttled, Unreachable, Vanished
from pipeline.core.library import LibraryFile, Shelf
from pipeline.core.provider import Provider

PUBLIC = "https://cdn.example/logo.png"
ROW = {"id": "a1b2c3", "name": "acme-logo", "kind": "image", "mime_type": "image/png",
       "size_bytes": 48_211, "url": "https://cdn.kubeez.com/l.png?sig=1",
       "url_expires_at": "2027-01-15T09:00:00Z"}
FILE = LibraryFile("a1b2c3", "acme-logo", "image", "image/png", 48_211,
                   "https://cdn.kubeez.com/l.png?sig=1", 1_800_003_600.0)

Act = Callable[[Any], Any]


def at(act: Act, *answers: Answer) -> tuple[Any, FarEnd]:
    far = FarEnd(*answers)
    return outcome(far, lambda kubeez: act(kubeez.library)), far


def shelf(body: Any) -> Any:
    return at(lambda library: library.shelf(), says(200, json.dumps(body)))[0]


ACTS: list[tuple[Act, str, str, str]] = [
    (lambda library: library.shelf(), "GET", "/v1/assets", ""),
    (lambda library: library.add("acme-logo", PUBLIC), "POST", "/v1/assets",
     f'{{"name":"acme-logo","url":"{PUBLIC}"}}'),
    (lambda library: library.rename("a1b2c3", "logo"), "PATCH", "/v1/assets/a1b2c3",
     '{"name":"logo"}'),
    (lambda library: library.delete("a1b2c3"), "DELETE", "/v1/assets/a1b2c3", ""),
]


@pytest.mark.parametrize(("act", "method", "path", "body"), ACTS)
def test_what_is_asked_is_what_is_documented(act: Act, method: str, path: str, body: str) -> None:
    _, far = at(act, says(200, {"assets": [], "count": 0}))
    (call,) = far.calls
    assert (call.method, str(call.url), call.content.decode()) == (method, BASE + path, body)
    assert call.headers["x-api-key"] == KEY


def test_a_whole_library_is_read_whole() -> None:
    body = {"assets": [ROW, {"name": "b"}], "count": 2, "quota_bytes": 52_428_800,
            "used_bytes": 48_211, "team": {"assets": [{"name": "c"}]}}
    found = shelf(body)
    assert found == Shelf([FILE, LibraryFile("", "b")], 52_428_800, 48_211)
    assert found.find("acme-logo") == FILE == found.find("a1b2c3") and found.find("c") is None


@pytest.mark.parametrize(("field", "odd", "wanted"), [
    ("url_expires_at", "2027-01-15T10:00:00+01:00", 1_800_003_600.0),
    ("url_expires_at", "2027-01-15T09:00:00", 1_800_003_600.0),
    ("url_expires_at", "soon", None), ("url_expires_at", None, None), ("url_expires_at", 7, None),
    ("size_bytes", "48211", None), ("size_bytes", -1, None), ("size_bytes", True, None),
    ("url", None, ""), ("url", "/images/l.png", "https://media.kubeez.com/images/l.png"),
    ("kind", None, ""), ("mime_type", 7, ""), ("id", None, "")])
def test_a_field_that_is_odd_is_not_said(field: str, odd: Any, wanted: Any) -> None:
    names = {"url_expires_at": "url_until_s", "size_bytes": "bytes", "mime_type": "media_type"}
    (file,) = shelf({"assets": [{**ROW, field: odd}]}).files
    assert getattr(file, names.get(field, field)) == wanted


@pytest.mark.parametrize("row", [None, 7, "acme", [], {}, {"id": "a1"}, {"name": 7}, {"name": ""}])
def test_a_row_without_a_name_is_left_out(row: Any) -> None:
    assert shelf({"assets": [row, ROW]}) == Shelf([FILE])


@pytest.mark.parametrize("body", [None, [], {}, {"assets": None}, {"assets": {}}, "x"])
def test_what_is_no_library_is_not_read_as_an_empty_one(body: Any) -> None:
    assert type(shelf(body)) is Unreachable


@pytest.mark.parametrize(("body", "file"), [
    ({"asset": ROW}, FILE), (ROW, FILE), ({"asset": {"id": "a1"}}, LibraryFile("a1", "")),
    ({"asset": "a1"}, LibraryFile("", "acme-logo")), ([], LibraryFile("", ""))])
def test_what_was_added_is_named(body: Any, file: LibraryFile) -> None:
    assert at(lambda library: library.add("acme-logo", PUBLIC), says(201, body))[0] == file


@pytest.mark.parametrize("answer", [says(200), says(204), says(200, {"success": True}),
                                    says(200, {"asset": ROW})])
def test_a_change_may_be_answered_with_nothing(answer: Answer) -> None:
    assert at(lambda library: library.rename("a1b2c3", "logo"), answer)[0] is None
    assert at(lambda library: library.delete("a1b2c3"), answer)[0] is None


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "../generations", "a1\n"])
def test_a_name_that_is_no_id_never_becomes_an_address(name: str) -> None:
    for act in (lambda library: library.delete(name), lambda library: library.rename(name, "b")):
        found, far = at(act, says(204))
        assert type(found) is Vanished and not far.calls


@pytest.mark.parametrize(("status", "code", "failure", "cause"), [
    (409, "name_taken", Refused, "name_taken"), (413, "quota_exceeded", Refused, "quota_exceeded"),
    (413, "file_too_large", Refused, "too_large"), (502, "fetch_failed", Refused, "fetch_failed"),
    (502, "bad_gateway", Unreachable, "unreachable"), (400, "invalid_request", Refused,
                                                       "invalid_request"),
    (404, "not_found", Vanished, "not_found"), (429, "rate_limit_exceeded", Throttled,
                                                "throttled")])
def test_every_refusal_has_its_own_name(status: int, code: str, failure: type[ProviderFailure],
                                        cause: str) -> None:
    answer = says(status, {"error": code, "message": "in its own words"})
    found, far = at(lambda library: library.add("acme-logo", PUBLIC), answer)
    assert (type(found), found.cause, len(far.calls)) == (failure, cause, 1)
    assert found.message in ("in its own words", f"status {status}")


@pytest.mark.parametrize("act", [act for act, *_ in ACTS])
def test_a_call_whose_line_breaks_is_free_and_is_not_made_twice(act: Act) -> None:
    for answer in (httpx.ReadError("cut"), httpx.ReadTimeout("slow"), says(503),
                   says(200, "<html>")):
        found, far = at(act, answer)
        assert (type(found), len(far.calls)) == (Unreachable, 1)
    assert type(at(act, says(404))[0]) is Vanished


odd = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9),
                   lambda inner: st.lists(inner, max_size=3)
                   | st.dictionaries(st.sampled_from([*ROW, "asset"]), inner, max_size=4),
                   max_leaves=8)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["assets", "asset", "quota_bytes", *ROW]), odd))
def test_no_answer_whatever_crashes_the_library(body: dict[str, Any]) -> None:
    assert isinstance(shelf(body), Shelf | Unreachable)
    added, _ = at(lambda library: library.add("x", PUBLIC), says(200, json.dumps(body)))
    assert isinstance(added, LibraryFile)


def test_the_adapter_is_what_the_port_says() -> None:
    async def look(kubeez: Provider) -> Any:
        return await kubeez.library.shelf() if kubeez.library else None

    assert outcome(FarEnd(says(200, {"assets": []})), look) == Shelf([])
