"""The Kubeez dialect as one application over the sandbox's service.

Each part has its routes in a file of its own; what is not there yet (music, dialogue, captions,
separation, ad copy, extend, assets, streams) answers 404 not_found.
"""

from starlette.responses import Response
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.sandbox import kubeez_account, kubeez_media
from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.door import Visit, dated
from pipeline.sandbox.gallery import Gallery, Make, make_media
from pipeline.sandbox.kubeez_desk import Desk, not_found
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
    router = Router([*kubeez_media.routes(desk), *kubeez_account.routes(desk)],
                    redirect_slashes=False, default=desk.door(_refuse_path))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await dated(Response(None, 204, _PREFLIGHT), service.now())(scope, receive, send)
        else:
            await router(scope, receive, send)

    return app


def _refuse_path(visit: Visit) -> Response:
    raise not_found(f"No route for {visit.request.method} {visit.request.url.path}.")
