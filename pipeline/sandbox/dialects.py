"""The services that the sandbox can be, and how their dialects share one port.

Law: a service has one account and one set of books, through whatever door it is asked. Kubeez is at
the root, every other dialect under the path of its name.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.sandbox import kubeez, kubeez_mcp, mediaengine, studio, studio_mcp
from pipeline.sandbox.ringing import Bell
from pipeline.sandbox.service import RemoteService
from pipeline.sandbox.windows import Limits

ALL = "all"
AT_ROOT = "kubeez"
"""The service at the root of the port, whose books lie in the folder itself."""


def _none(_service: RemoteService) -> Sequence[BaseRoute]:
    return ()


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to talk to one service.

    `path` is what its addresses begin with, seen by its application as `root_path`; `exports` is
    what a client's environment says to reach it at `{url}`. `at_root` are routes that a standard
    wants at the root of the host, such as `/.well-known/…`; `bell` is how its webhooks are called.
    """

    service: str
    path: str
    make_app: Callable[[RemoteService], ASGIApp]
    exports: str
    at_root: Callable[[RemoteService], Sequence[BaseRoute]] = _none
    bell: Bell | None = None


SERVICES: Mapping[str, Limits] = {
    "kubeez": Limits(),
    "artificialstudio": studio.LIMITS,
    "mediaengine": mediaengine.LIMITS,
}
"""The services with the limits that they publish."""

DIALECTS: Mapping[str, Dialect] = {
    "kubeez": Dialect("kubeez", "", kubeez.make_app,
                      "KUBEEZ_BASE_URL={url} KUBEEZ_API_KEY=anything"),
    "artificialstudio": Dialect("artificialstudio", studio_mcp.PATH, studio.make_app,
                                studio.EXPORTS, studio_mcp.at_root, studio.BELL),
    "kubeez-mcp": Dialect("kubeez", kubeez_mcp.PATH, kubeez_mcp.make_app,
                          "KUBEEZ_MCP_URL={url}/kubeez-mcp/mcp KUBEEZ_MCP_TOKEN=anything",
                          kubeez_mcp.at_root),
    "mediaengine": Dialect("mediaengine", "/mediaengine", mediaengine.make_app,
                           "MEDIAENGINE_BASE_URL={url}/mediaengine MEDIAENGINE_API_KEY=anything",
                           bell=mediaengine.BELL),
}
"""Every dialect by the name that `--provider` knows it by."""


def chosen(names: Iterable[str]) -> tuple[str, ...]:
    """The dialects of these names, each once; `all` is every one of them."""
    wanted = [*names]
    return tuple(DIALECTS) if ALL in wanted else tuple(dict.fromkeys(wanted))


def services_of(names: Iterable[str]) -> tuple[str, ...]:
    """The services behind these dialects."""
    return tuple(dict.fromkeys(DIALECTS[name].service for name in names))


def folder_of(service: str, folder: Path) -> Path:
    """Where the books of a service lie."""
    return folder if service == AT_ROOT else folder / service


def mount(names: Iterable[str], services: Mapping[str, RemoteService]) -> ASGIApp:
    """These dialects over these services as one application."""
    doors: dict[str, ASGIApp] = {}
    routes: list[BaseRoute] = []
    for dialect in (DIALECTS[name] for name in names):
        service = services[dialect.service]
        routes += dialect.at_root(service)
        doors[dialect.path] = dialect.make_app(service)
    root = doors.pop("", None)
    if root is not None:
        doors[f"/{AT_ROOT}"] = _as_at_root(root)
    return Port(doors, Router(routes, default=root or _no_such_address, redirect_slashes=False))


@dataclass(frozen=True, slots=True)
class Port:
    """Leads a request to the door that its address names, and every other one to the root."""

    doors: Mapping[str, ASGIApp]
    root: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        first = "/" + scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        door = self.doors.get(first)
        if door is None:
            await self.root(scope, receive, send)
        else:
            root_path = scope.get("root_path", "") + first
            await door({**scope, "root_path": root_path}, receive, send)


def _as_at_root(app: ASGIApp) -> ASGIApp:
    """The application as if its address had no path of its own: what it links to is at the root."""
    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope["root_path"]) or "/"
        await app({**scope, "path": path, "root_path": ""}, receive, send)

    return asked


async def _no_such_address(scope: Scope, receive: Receive, send: Send) -> None:
    words = "Nothing is served at the root; the dialects are under paths of their own."
    await JSONResponse({"error": "not_found", "message": words}, 404)(scope, receive, send)
