"""The MCP dialect of Kubeez: a second door of the same service and the same books.

Law: a tool is the route of its kind, asked in other words; what a route would refuse, charge or
delay, its tool does too (facts/kubeez.md section 7).
"""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp

from pipeline.sandbox import kubeez_files
from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.door import Refusal, Visit, whole_seconds
from pipeline.sandbox.gallery import Gallery, Make, make_media
from pipeline.sandbox.kubeez_account import Account
from pipeline.sandbox.kubeez_ad_copy import AdCopy
from pipeline.sandbox.kubeez_captions import Captions
from pipeline.sandbox.kubeez_desk import Desk
from pipeline.sandbox.kubeez_dialogue import Dialogue
from pipeline.sandbox.kubeez_fields import not_found
from pipeline.sandbox.kubeez_mcp_quotes import quote
from pipeline.sandbox.kubeez_mcp_uploads import UploadSessions
from pipeline.sandbox.kubeez_media import Media
from pipeline.sandbox.kubeez_music import Music
from pipeline.sandbox.kubeez_openapi import BODIES, FLAG, TEXT, WHOLE
from pipeline.sandbox.kubeez_refusals import worded
from pipeline.sandbox.kubeez_separation import Separation
from pipeline.sandbox.mcp_desk import Arguments, McpDesk, Run, Tool
from pipeline.sandbox.oauth import OAuth
from pipeline.sandbox.service import Denied, RemoteService

PATH = "/kubeez-mcp"
SCOPES = ("generate:media", "generate:music", "generate:speech", "generate:ads", "read:balance",
          "read:generations")
READS = ("status", "reads", "read:generations")

OLD_NAMES = {"get_status": ("get_generation_status", "get_music_status", "get_separation_status"),
             "estimate": ("estimate_generation_cost",)}
"""What tools of today were called in spring 2026; others kept their names."""

NUMBER = {"type": "number", "minimum": 0}
KIND = {"type": "string", "enum": ["media", "music", "separation"]}

Handler = Callable[[Visit], Response | Awaitable[Response]]


def make_app(service: RemoteService, *, make: Make = make_media, threaded: bool = True) -> ASGIApp:
    """The dialect as an ASGI application; its MCP endpoint is at `/mcp` under its own path."""
    desk = Desk(service, Gallery(service.books, make, threaded=threaded), SandboxCatalog.load())
    oauth, sessions = _oauth(service), UploadSessions(desk)
    tools = _Tools(desk, sessions)
    mcp = McpDesk("kubeez", service, tools.listed, oauth.admit, _word)
    return Router([Route("/mcp", mcp, methods=["GET", "POST", "DELETE"]), *oauth.routes(),
                   *sessions.routes(), *kubeez_files.routes(desk)],
                  default=desk.door(_refuse_path), redirect_slashes=False)


def at_root(service: RemoteService) -> Sequence[BaseRoute]:
    """The metadata that clients look for at the root of the host."""
    return _oauth(service).at_root()


def _oauth(service: RemoteService) -> OAuth:
    return OAuth(service, PATH, SCOPES)


class _Tools:
    """The tools over the handlers of the routes."""

    def __init__(self, desk: Desk, sessions: UploadSessions) -> None:
        self._desk = desk
        self._all = [*_starts(desk), *self._reads(), *sessions.tools()]

    def listed(self) -> Sequence[Tool]:
        """The tools by the names that the switches want."""
        old = {name for names in OLD_NAMES.values() for name in names}
        hidden = old if self._desk.service.faults.mcp_names == "new" else set(OLD_NAMES)
        return [tool for tool in self._all if tool.name not in hidden]

    def _reads(self) -> list[Tool]:
        account, media = Account(self._desk), Media(self._desk)
        wants = {"id": TEXT, "kind": KIND}
        filters = {"limit": WHOLE, "status": TEXT, "model": TEXT, "generation_type": TEXT}
        asked = {"model": TEXT, "generation_type": TEXT, "resolution": TEXT, "quality": TEXT,
                 "duration": {"type": ["string", "number"]}, "sound": FLAG,
                 "reference_video_seconds": NUMBER, "reference_audio_seconds": NUMBER}
        tools = [
            Tool("get_models", "The catalog, with prices.", {"model_type": TEXT},
                 _by_query(account.models), (), "catalog", "reads"),
            Tool("get_balance", "The credits left.", {}, _by_query(account.balance), (),
                 "balance", "reads", "read:balance"),
            Tool("get_generations", "The newest generations.", filters, _by_query(media.history),
                 (), "history", "reads", "read:generations"),
            Tool("get_generation", "One generation, with what it was asked for.", {"id": TEXT},
                 self._generation, ("id",), *READS)]
        for name in ("estimate", *OLD_NAMES["estimate"]):
            tools.append(Tool(name, "What a generation will take; free.", asked, self._quote,
                              ("model",), "catalog", "reads"))
        for name in ("get_status", *OLD_NAMES["get_status"]):
            fields = wants if name == "get_status" else {"id": TEXT}
            tools.append(Tool(name, "How far a generation is.", fields, self._status, ("id",),
                              *READS))
        return tools

    def _quote(self, visit: Visit, arguments: Arguments) -> Mapping[str, Any]:
        return quote(self._desk, arguments)

    async def _status(self, visit: Visit, arguments: Arguments) -> Mapping[str, Any]:
        """The status by the route of the job's kind, whatever kind was asked for."""
        job = self._desk.service.books.job(str(arguments.get("id", "")))
        kind = job.kind if job and job.kind in ("music", "separation") else "media"
        routes: Mapping[str, Handler] = {"media": Media(self._desk).status,
                                         "music": Music(self._desk).status,
                                         "separation": Separation(self._desk).status}
        told = await _by_path(routes[kind])(visit, arguments)
        return {"kind": kind, **told}

    def _generation(self, visit: Visit, arguments: Arguments) -> Mapping[str, Any]:
        job = self._desk.service.books.job(str(arguments.get("id", "")))
        if job is None:
            raise not_found("No such generation.")
        teller = self._desk.teller(visit.request)
        return {**_pending(teller.row(job)), "params": dict(job.details)}


def _starts(desk: Desk) -> list[Tool]:
    """The tools that cost."""
    ads = ("ad_copy", "generate:ads")
    media, speech = ("media", "generate:media"), ("dialogue", "generate:speech")
    rows: Sequence[tuple[str, str, Handler, tuple[str, str]]] = (
        ("generate_media", "media", Media(desk).start, media),
        ("generate_music", "music", Music(desk).start, ("music", "generate:music")),
        ("generate_dialogue", "dialogue", Dialogue(desk).start, speech),
        ("generate_captions", "captions", Captions(desk).start, media),
        ("generate_separation", "separation", Separation(desk).start, media),
        ("create_ad_copy", "ad-copy", AdCopy(desk).start, ads))
    tools = []
    for name, route, handler, (bucket, scope) in rows:
        required, fields = BODIES[f"/v1/generate/{route}"]
        tools.append(Tool(name, f"Starts {route}; costs credits.", fields, _by_body(handler),
                          required, "start", bucket, scope))
    return tools


def _by_body(handler: Handler) -> Run:
    async def run(visit: Visit, arguments: Arguments) -> Mapping[str, Any]:
        body = json.dumps(arguments).encode()
        return await _told(handler, Visit(visit.request, visit.key, body))

    return run


def _by_query(handler: Handler) -> Run:
    async def run(visit: Visit, arguments: Arguments) -> Mapping[str, Any]:
        query = urlencode({name: value for name, value in arguments.items() if value is not None})
        scope = {**visit.request.scope, "query_string": query.encode()}
        return await _told(handler, Visit(Request(scope), visit.key))

    return run


def _by_path(handler: Handler) -> Callable[[Visit, Arguments], Awaitable[Mapping[str, Any]]]:
    async def run(visit: Visit, arguments: Arguments) -> Mapping[str, Any]:
        scope = {**visit.request.scope, "path_params": {"id": str(arguments.get("id", ""))}}
        return await _told(handler, Visit(Request(scope), visit.key))

    return run


async def _told(handler: Handler, visit: Visit) -> Mapping[str, Any]:
    answer = handler(visit)
    response = await answer if inspect.isawaitable(answer) else answer
    told: Mapping[str, Any] = json.loads(bytes(response.body))
    return _pending(told)


def _pending(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first word of a status here is `pending` (facts/kubeez.md section 7)."""
    rows = told.get("generations")
    if isinstance(rows, list):
        return {**told, "generations": [_pending(row) for row in rows]}
    return {**told, "status": "pending"} if told.get("status") == "queued" else told


def _word(no: Refusal | Denied) -> Refusal:
    """A no as an error text: its code, its words, and when to come back."""
    refusal = worded(no)
    wait_s = refusal.retry_after_s
    words = refusal.message if wait_s is None else \
        f"{refusal.message} Retry after {whole_seconds(wait_s)} seconds."
    return Refusal(refusal.status, refusal.code, words, headers=refusal.headers)


def _refuse_path(visit: Visit) -> Response:
    raise not_found(f"No route for {visit.request.method} {visit.request.url.path}.")
