"""Artificial Studio as one application over the sandbox's service: REST, and MCP beside it."""

import json

from starlette.responses import Response
from starlette.routing import Router
from starlette.types import ASGIApp

from pipeline.sandbox import studio_mcp, studio_rest
from pipeline.sandbox.door import Refusal, Visit
from pipeline.sandbox.gallery import Gallery, Make, make_media
from pipeline.sandbox.jobs import COMPLETED, RemoteJob
from pipeline.sandbox.ringing import Bell, Call
from pipeline.sandbox.service import RemoteService
from pipeline.sandbox.studio_answers import Teller
from pipeline.sandbox.studio_desk import StudioDesk
from pipeline.sandbox.studio_shelf import StudioShelf
from pipeline.sandbox.windows import Limits

LIMITS = Limits(per_minute={"media": 20, "reads": 60, "upload": 20}, in_flight={})
"""The free plan: 20 runs and 60 reads a minute (the pro plan: 60 and 200; facts/media_apis.md 1.2);
nothing is published of uploads, nor of jobs at once."""

EXPORTS = ("ARTIFICIALSTUDIO_BASE_URL={url}/artificialstudio ARTIFICIALSTUDIO_API_KEY=anything "
           "ARTIFICIALSTUDIO_MCP_URL={url}/artificialstudio/mcp ARTIFICIALSTUDIO_TOKEN=anything")

PAUSES_S = (5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 43_200.0, 86_400.0)
ANSWER_S = 5.0
"""A call must be answered with 200 within 5 s, and comes again after these pauses (skills)."""


def make_app(service: RemoteService, *, make: Make = make_media,
             threaded: bool = True) -> ASGIApp:
    """The service as an ASGI application; `make` and `threaded` are as at the Kubeez dialect."""
    desk = StudioDesk(service, Gallery(service.books, make, threaded=threaded),
                      StudioShelf.load())
    nowhere = desk.route("GET", "/", _refuse_path).app
    return Router([*studio_rest.routes(desk), *studio_mcp.routes(desk)],
                  redirect_slashes=False, default=nowhere)


def _tell_ring(service: RemoteService, job: RemoteJob, root: str) -> Call | None:
    """A success alone is told of: the record without `payload` and `error`."""
    if job.outcome != COMPLETED:
        return None
    row = Teller(service, root).row(job)
    del row["error"]
    headers = {"X-Webhook-Source": "artificial-studio", "X-Media-Id": str(row["id"])}
    return Call(json.dumps(row).encode(), headers)


BELL = Bell(_tell_ring, PAUSES_S, ANSWER_S)
"""It signs nothing."""


def _refuse_path(visit: Visit) -> Response:
    raise Refusal(404, "not_found", f"No route for {visit.request.url.path}")
