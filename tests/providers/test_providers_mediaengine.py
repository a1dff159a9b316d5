"""The Media Engine adapter against answers in all three descriptions, and in none.

Goal: every published id field and finish word is understood, whatever the account is set to; one
paid call is one request; and nothing odd becomes an id, a link or an amount. Method: scripted
answers over the real HTTP client, with every request noted.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import anyio
import httpx
import pytest
from providers_far_end import says

from pipeline.core.errors import (
    Barred,
    ProviderFailure,
    Refused,
    ReplyLost,
    Throttled,
    Unreachable,
    Vanished,
)
from pipeline.core.money import Money
from pipeline.core.price_rule import Flat
from pipeline.core.provider import Broken, Finished, Mark, Receipt, Working
from pipeline.core.spec import JobSpec
from pipeline.providers.http import Http
from pipeline.providers.mediaengine import MediaEngine
from pipeline.providers.mediaengine_terms import TERMS
from pipeline.providers.secret import BEARER, Secret

BASE = "https://api.mcpmediaengine.com"
SPEC = JobSpec("mediaengine", "image", "flux2-turbo", "a red kite")
MARK = Mark("t1")
MODELS = {"models": [{"id": "flux2-turbo", "type": "image", "credits": 1}]}
PAGE = {"id": "job_1", "status": "succeeded", "type": "image", "output": [{"url": "/f/0.png"}],
        "credits_used": 2, "created_at": "2027-01-15T08:00:00Z",
        "completed_at": "2027-01-15T08:00:14Z", "metadata": {"media_pipeline": "t1"}}
LLMS = {"jobId": "job_1", "status": "completed", "assetUrl": "https://cdn.e.com/0.png",
        "prompt": "a red kite", "createdAt": "2027-01-15T08:00:00Z"}
CLIENT = {"data": {"mediaJobId": "mjob_1", "status": "done", "type": "image",
                   "outputUrl": "https://cdn.e.com/0.png", "estimatedCostCents": 5,
                   "inputParams": {"prompt": "a red kite"}, "createdAt": "2027-01-15T08:00:00Z"}}

T = TypeVar("T")
Far = Callable[[httpx.Request], Any]


def engine(answer: Far, work: Callable[[MediaEngine], Awaitable[T]], *,
           dialect: str = "auto") -> tuple[T | ProviderFailure, list[httpx.Request]]:
    """What the adapter makes of a service, and every request that it made."""
    calls: list[httpx.Request] = []

    def far(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        found = answer(request)
        status, body = found if isinstance(found, tuple) else (200, found)
        return says(status, body)(request)

    async def go() -> T | ProviderFailure:
        http = Http(BASE, Secret("me_test_canary"), now=lambda: 1_800_000_000.0, sent_as=BEARER,
                    transport=httpx.MockTransport(far))
        adapter = MediaEngine(http, TERMS, dialect=dialect, loopback=False)
        try:
            return await work(adapter)
        except ProviderFailure as failure:
            return failure
        finally:
            await adapter.close()

    return anyio.run(go), calls


def always(body: Any, status: int = 200) -> Far:
    return lambda request: (status, body)


def paid(answer: Far, *, dialect: str = "page", spec: JobSpec = SPEC,
         mark: Mark = MARK) -> tuple[Any, list[httpx.Request]]:
    return engine(answer, lambda adapter: adapter.submit(spec, (), mark), dialect=dialect)


def looked(body: Any, remote_id: str = "job_1", dialect: str = "auto") -> Any:
    return engine(always(body), lambda adapter: adapter.look(remote_id, "image"),
                  dialect=dialect)[0]


@pytest.mark.parametrize("dialect", ["auto", "page", "llms", "client"])
@pytest.mark.parametrize(("body", "name"), [(PAGE, "job_1"), (LLMS, "job_1"), (CLIENT, "mjob_1")])
def test_a_finished_job_is_one_in_every_description(body: Any, name: str, dialect: str) -> None:
    news = looked(body, name, dialect)
    assert isinstance(news, Finished)
    assert [output.url for output in news.outputs] == [
        f"{BASE}/f/0.png" if body is PAGE else "https://cdn.e.com/0.png"]
    assert news.charged == (Money.parse("2") if body is PAGE else None)
    assert news.made_in_s == (14.0 if body is PAGE else None)


@pytest.mark.parametrize("word", ["succeeded", "completed", "done", "Done", "success"])
def test_every_finish_word_is_one_state(word: str) -> None:
    assert isinstance(looked({**PAGE, "status": word}), Finished)


@pytest.mark.parametrize(("change", "news"), [
    ({"status": "failed", "error": {"code": "x", "message": "no"}, "credits_used": 0},
     Broken("generation_failed", "no", Money.parse("0"))),
    ({"status": "failed", "error": "our content policy", "credits_used": 2},
     Broken("content_refused", "our content policy", Money.parse("2"))),
    ({"status": "failed", "errorMessage": "gone", "credits_used": None},
     Broken("generation_failed", "gone", None)),
    ({"status": "cancelled", "credits_used": "2"}, Broken("cancelled_there", "", None)),
    ({"status": "uploading"}, Working("uploading")), ({"status": 7}, Working("unknown")),
])
def test_what_else_can_become_of_a_job(change: Mapping[str, Any], news: Any) -> None:
    assert looked({**PAGE, **change}) == news


def test_a_clients_job_without_a_link_is_asked_for_its_download() -> None:
    def answer(request: httpx.Request) -> Any:
        if request.url.path.endswith("/download"):
            return {"data": {"url": "https://cdn.e.com/9.png", "expiresIn": 60}}
        return {"data": {**CLIENT["data"], "outputUrl": None}}

    news, calls = engine(answer, lambda adapter: adapter.look("mjob_1", "image"))
    assert isinstance(news, Finished)
    assert news.outputs[0].url == "https://cdn.e.com/9.png"
    assert [call.url.path for call in calls] == ["/api/jobs/mjob_1", "/api/jobs/mjob_1/download"]


@pytest.mark.parametrize("body", [[], {}, "x", None, {"id": 7}, {**PAGE, "id": "job_2"},
                                  {**PAGE, "id": "../etc"}, {"data": [PAGE]}])
def test_an_answer_about_something_else_is_no_news(body: Any) -> None:
    assert isinstance(looked(body), Unreachable)


def test_the_paid_call_says_what_the_page_says() -> None:
    spec = replace(SPEC, params={"n": "3"})
    told, calls = paid(always({"id": "job_1"}, 201), spec=spec, mark=Mark("t1", "https://h.e/x"))
    assert told == Receipt(("job_1",))
    [call] = calls
    assert call.headers["authorization"] == "Bearer me_test_canary"
    assert (call.method, call.url.path) == ("POST", "/v1/jobs")
    assert json.loads(call.content) == {
        "type": "image", "model": "flux2-turbo", "prompt": "a red kite", "n": 3,
        "metadata": {"media_pipeline": "t1"}, "webhook_url": "https://h.e/x"}


@pytest.mark.parametrize(("dialect", "path", "body"), [
    ("llms", "/v1/jobs", {"type": "image", "model": "flux2-turbo", "prompt": "a red kite",
                          "webhook": "https://h.e/x"}),
    ("client", "/api/jobs", {"type": "image", "model": "flux2-turbo",
                             "inputParams": {"prompt": "a red kite"}}),
])
def test_the_other_descriptions_have_bodies_of_their_own(dialect: str, path: str,
                                                         body: Any) -> None:
    _, calls = paid(always({"id": "job_1"}), dialect=dialect, mark=Mark("t1", "https://h.e/x"))
    assert [(call.url.path, json.loads(call.content)) for call in calls] == [(path, body)]


def test_a_description_is_found_out_by_reads_and_paid_for_once() -> None:
    def answer(request: httpx.Request) -> Any:
        if request.url.path.startswith("/v1"):
            return 404, {"error": {"code": "not_found", "message": "no such route"}}
        return CLIENT if request.method == "POST" else {"data": MODELS["models"]}

    told, calls = paid(answer, dialect="auto")
    assert told == Receipt(("mjob_1",))
    assert [(call.method, call.url.path) for call in calls] == [
        ("GET", "/v1/models"), ("GET", "/api/models"), ("POST", "/api/jobs")]


@pytest.mark.parametrize("status", [401, 429, 500, 502])
def test_nothing_is_paid_where_the_service_does_not_say_what_it_is(status: int) -> None:
    told, calls = paid(always({"code": "x", "message": "no"}, status), dialect="auto")
    assert isinstance(told, Barred | Throttled | Unreachable)
    assert [call.method for call in calls] == ["GET"]


@pytest.mark.parametrize(("status", "body", "failure"), [
    (400, {"code": "invalid_request", "message": "no"}, Refused),
    (401, {"code": "unauthorized", "message": "no"}, Barred),
    (402, {"error": {"code": "insufficient_credits", "message": "no"}}, Barred),
    (404, {"code": "not_found", "message": "no"}, Refused),
    (429, {"code": "rate_limited", "message": "no"}, Throttled),
    (500, {"code": "server_error", "message": "no"}, ReplyLost),
    (503, "<html>", ReplyLost), (400, "<html>", ReplyLost), (302, {}, ReplyLost),
    (200, {}, ReplyLost), (201, {"id": "a/../b"}, ReplyLost), (200, [PAGE], ReplyLost),
])
def test_a_paid_call_is_free_only_in_the_services_own_words(
        status: int, body: Any, failure: type[ProviderFailure]) -> None:
    told, calls = paid(always(body, status))
    assert isinstance(told, failure), told
    assert len(calls) == 1


def test_the_list_gives_marks_back_and_is_never_whole() -> None:
    rows = {"jobs": [PAGE, {**PAGE, "id": "job_2", "metadata": None}, {"id": "?"}, 7]}
    scan, _ = engine(always(rows), lambda adapter: adapter.scan({}), dialect="page")
    assert not isinstance(scan, ProviderFailure)
    assert [(row.remote_id, row.tag) for row in scan.sightings] == [("job_1", "t1"), ("job_2", "")]
    assert (scan.complete, scan.unread) == (False, 2)


@pytest.mark.parametrize(("number", "complete"), [(3, True), (100, False)])
def test_the_clients_list_is_whole_when_it_is_shorter_than_was_asked(number: int,
                                                                     complete: bool) -> None:
    row = CLIENT["data"]
    rows = [{**row, "mediaJobId": f"mjob_{n}"} for n in range(number)]
    scan, calls = engine(always({"data": rows}), lambda adapter: adapter.scan({}),
                         dialect="client")
    assert not isinstance(scan, ProviderFailure)
    assert (scan.complete, scan.unread, len(scan.sightings)) == (complete, 0, number)
    assert calls[0].url.params["limit"] == "100"


def test_a_row_that_shows_neither_mark_nor_words_may_be_anything() -> None:
    scan, _ = engine(always({"jobs": [{**LLMS, "prompt": None}]}),
                     lambda adapter: adapter.scan({}), dialect="llms")
    assert not isinstance(scan, ProviderFailure)
    assert scan.unread == 1


@pytest.mark.parametrize(("dialect", "echo"), [("page", True), ("auto", True), ("llms", False),
                                               ("client", False)])
def test_only_the_page_has_a_field_for_a_mark(dialect: str, echo: bool) -> None:
    async def echoes(adapter: MediaEngine) -> bool:
        return adapter.terms.echo

    assert engine(always({}), echoes, dialect=dialect)[0] is echo


@pytest.mark.parametrize(("dialect", "counts"), [("page", ("1", "2", "3", "4")), ("auto", None),
                                                 ("client", ())])
def test_a_catalog_is_read_whatever_a_cost_is_called(dialect: str, counts: Any) -> None:
    rows = [{"id": "flux2-turbo", "type": "image", "credits": 1}, {"id": "bad/../id"}, 7,
            {"model": "b", "type": "video", "credit_cost": 2}, {"slug": "c", "cost": "4"}]

    async def read(adapter: MediaEngine) -> Any:
        payload = await adapter.fetch_catalog()
        return adapter.read_catalog(payload, "2027-01-15T08:00:00Z")

    catalog, _ = engine(always({"data": rows}), read, dialect=dialect)
    assert {name: model.price for name, model in catalog.models.items()} == {
        "flux2-turbo": Flat(Money.parse("1"), each="n"), "b": Flat(Money.parse("2"), each="n"),
        "c": None}
    offered = catalog.models["b"].capability.options.get("n", ())
    assert offered == (("1", "2", "3", "4") if counts is None else counts)


@pytest.mark.parametrize("body", [{}, [], {"models": {}}, "x", {"data": 7}])
def test_no_catalog_is_no_catalog(body: Any) -> None:
    async def read(adapter: MediaEngine) -> Any:
        return adapter.read_catalog(await adapter.fetch_catalog(), "2027-01-15T08:00:00Z")

    told, _ = engine(always(body), read)
    assert isinstance(told, Unreachable) or not told.models


def test_what_it_does_not_have_it_says() -> None:
    async def follow(adapter: MediaEngine) -> Any:
        return await adapter.follow("job_1", "image")

    async def upload(adapter: MediaEngine) -> Any:
        return await adapter.upload("/nowhere.png")

    assert isinstance(engine(always({}), follow)[0], Vanished)
    assert isinstance(engine(always({}), upload)[0], Refused)
