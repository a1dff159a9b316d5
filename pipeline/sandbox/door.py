"""The way in and out of every route: faults, keys, windows, then the handler; nothing else waits.

Law: whatever a handler has charged stays charged, however its answer leaves the house.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import NoReturn

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from pipeline.sandbox.faults import Fault
from pipeline.sandbox.service import Denied, RemoteService


class ConnectionCut(Exception):
    """The connection ends here without (the rest of) an answer.

    In-process it reaches the caller as it is; the server turns it into a closed socket, with
    `reset` into a reset one.
    """

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__("the sandbox cut the connection")
        self.reset = reset


class Refusal(Exception):
    """A dialect's no: an HTTP status, a code word, a message for people."""

    def __init__(self, status: int, code: str, message: str, *,
                 retry_after_s: float | None = None,
                 headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request as a handler sees it; `body` is empty where the handler reads it itself."""

    request: Request
    key: str = ""
    body: bytes = b""


Handler = Callable[[Visit], Response | Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class House:
    """A dialect: the service behind it, how it knows a key, how it words a no.

    `admit` returns the key of a request or raises `Refusal`; `show_no` words both kinds of no.
    """

    service: RemoteService
    admit: Callable[[Request, str], str]
    show_no: Callable[[Refusal | Denied], Response]


@dataclass(frozen=True, slots=True)
class Door:
    """One route of a house, an ASGI application.

    `call` is what faults are aimed at, `bucket` the rate window ("" for none), `scope` the right
    that its key needs ("" for any key, None for no key at all). With `streams` the handler reads
    the body itself.
    """

    house: House
    handler: Handler
    call: str = ""
    bucket: str = ""
    scope: str | None = None
    streams: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; raises `ConnectionCut` where a fault wants silence."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        service = self.house.service
        if service.strikes.strike("lost_request", self.call):
            raise ConnectionCut
        try:
            body = b"" if self.streams else await request.body()
            response = await self._handle(request, body)
        except (Refusal, Denied) as no:
            response = self.house.show_no(no)
        slow = service.strikes.strike("slow_reply", self.call)
        if slow:
            await anyio.sleep(slow.seconds / service.speed)
        return dated(response, service)

    async def _handle(self, request: Request, body: bytes) -> Response:
        if early := self._fail_before(request):
            return early
        key = ""
        if self.scope is not None:
            key = self.house.admit(request, self.scope)
            self._throttle()
            if self.bucket:
                self.house.service.take_turn(key, self.bucket)
        answer = self.handler(Visit(request, key, body))
        response = await answer if inspect.isawaitable(answer) else answer
        return self._fail_after(response) if response.status_code < 300 else response

    def _fail_before(self, request: Request) -> Response | None:
        strikes = self.house.service.strikes
        if page := strikes.strike("html_edge_page", self.call):
            return _edge_page(page.status, request.url.hostname or "")
        if fault := strikes.strike("error_before_charge", self.call):
            return _server_error(fault)
        return None

    def _throttle(self) -> None:
        fault = self.house.service.strikes.strike("throttle", self.call)
        if fault:
            refuse_as_throttled(fault, self.house.service)

    def _fail_after(self, response: Response) -> Response:
        strikes = self.house.service.strikes
        if strikes.strike("lost_reply", self.call):
            raise ConnectionCut
        fault = strikes.strike("error_after_charge", self.call)
        return _server_error(fault) if fault else response


def refuse_as_throttled(fault: Fault, service: RemoteService) -> NoReturn:
    """Raise the 429 that a fault wants, with or without the two hints when to come back."""
    wait_s = fault.seconds / service.speed
    headers = {}
    if fault.header == "seconds":
        headers["retry-after"] = whole_seconds(wait_s)
    elif fault.header == "date":
        headers["retry-after"] = formatdate(service.now() + wait_s, usegmt=True)
    raise Refusal(429, "rate_limit_exceeded", "Too many requests. Please slow down.",
                  retry_after_s=wait_s if fault.in_body else None, headers=headers)


def whole_seconds(wait_s: float) -> str:
    """A wait in whole seconds, rounded up, as `Retry-After` has it.

    >>> whole_seconds(0.2), whole_seconds(7.0)
    ('1', '7')
    """
    return str(max(1, -int(-wait_s // 1)))


def dated(response: Response, service: RemoteService) -> Response:
    """The response with the service's date and, if it has them, its cross-origin headers."""
    response.headers["date"] = formatdate(service.now(), usegmt=True)
    if service.faults.cors:
        response.headers["access-control-allow-origin"] = "*"
        response.headers["cross-origin-resource-policy"] = "cross-origin"
    return response


def _server_error(fault: Fault) -> Response:
    if fault.body == "html":
        return _edge_page(fault.status, "the service")
    return JSONResponse({"error": "internal_error", "message": "Something went wrong."},
                        fault.status)


def _edge_page(status: int, host: str) -> Response:
    return HTMLResponse(f"<!DOCTYPE html>\n<html><head><title>{host} | {status}: error</title>"
                        f"</head><body><h1>Error {status}</h1><p>The web server reported an "
                        "error.</p></body></html>\n", status)
