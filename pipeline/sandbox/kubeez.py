"""The Kubeez dialect as one application over the sandbox's service.

Each part has its routes in a file of its own; an address that none of them has is 404 not_found.
"""

from itertools import chain

from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.sandbox import (
    kubeez_account,
    kubeez_ad_copy,
    kubeez_assets,
    kubeez_captions,
    kubeez_dialogue,
    kubeez_extend,
    kubeez_files,
    kubeez_media,
    kubeez_music,
    kubeez_openapi,
    kubeez_pages,
    kubeez_separation,
)
from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.door import Visit, dated
from pipeline.sandbox.gallery import Gallery, Make, make_media
from pipeline.sandbox.kubeez_desk import Desk
from pipeline.sandbox.kubeez_fields import not_found
from pipeline.sandbox.service import RemoteService

_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, PATCH, DELETE, OPTIONS",
    "access-control-allow-headers": "*",
    "access-control-max-age": "86400",
}


def make_app(service: RemoteService, *, make: Make = make_media, threaded: bool = True,
             catalog: SandboxCatalog | None = None) -> ASGIApp:
    """The dialect as an ASGI application, for asyncio and trio alike.

    `make` makes the files; without `threaded` it runs on the loop, so a simulation that hands in a
    cheap one needs no thread. A fault that cuts the line raises `ConnectionCut` out of it.
    """
    gallery = Gallery(service.books, make, threaded=threaded)
    desk = Desk(service, gallery, catalog or SandboxCatalog.load())
    routes = _routes(desk)
    router = Router([*routes, *kubeez_openapi.routes(desk, routes)], redirect_slashes=False,
                    default=desk.door(_refuse_path))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS" and service.faults.cors:
            await dated(Response(None, 204, _PREFLIGHT), service)(scope, receive, send)
        else:
            await router(scope, receive, send)

    return app


def _routes(desk: Desk) -> list[BaseRoute]:
    """The routes of all parts; those asked most come first."""
    parts = (
        kubeez_media.routes(desk),
        kubeez_files.routes(desk),
        kubeez_music.routes(desk),
        kubeez_dialogue.routes(desk),
        kubeez_separation.routes(desk),
        kubeez_captions.routes(desk),
        kubeez_ad_copy.routes(desk),
        kubeez_extend.routes(desk),
        kubeez_assets.routes(desk),
        kubeez_account.routes(desk),
        kubeez_pages.routes(desk),
    )
    return list(chain.from_iterable(parts))


def _refuse_path(visit: Visit) -> Response:
    raise not_found(f"No route for {visit.request.method} {visit.request.url.path}.")
