"""What every part of the Kubeez dialect shares: keys, refusals, links, and how a door is hung."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.door import Door, Handler, House, Refusal
from pipeline.sandbox.gallery import Gallery
from pipeline.sandbox.kubeez_answers import Teller, show_no
from pipeline.sandbox.service import Denied, RemoteService


@dataclass(frozen=True, slots=True)
class Way:
    """How a route is guarded; the fields are those of a `Door`."""

    call: str = ""
    bucket: str = ""
    scope: str | None = None
    streams: bool = False


OPEN = Way()


@dataclass(frozen=True, slots=True)
class Desk:
    """The service, its files and its models, as the handlers of all parts use them."""

    service: RemoteService
    gallery: Gallery
    catalog: SandboxCatalog

    def route(self, method: str, path: str, handler: Handler, way: Way = OPEN) -> Route:
        """A route that leads to this handler through a guarded door."""
        return Route(path, self.door(handler, way), methods=[method], name=path)

    def door(self, handler: Handler, way: Way = OPEN) -> Door:
        """A door of this dialect."""
        house = House(self.service, self.admit, self.refuse)
        return Door(house, handler, way.call, way.bucket, way.scope, streams=way.streams)

    def admit(self, request: Request, scope: str) -> str:
        """The key of a request, which must have the scope; raises `Refusal`."""
        key = request.headers.get("x-api-key", "").strip()
        if not key:
            kind, _, key = request.headers.get("authorization", "").strip().partition(" ")
            key = key.strip() if kind.lower() == "bearer" else ""
        keys = self.service.faults.keys
        if not key or (keys and key not in keys):
            raise Refusal(401, "unauthorized", "Missing or invalid API key.")
        granted = keys.get(key, ("*",))
        if scope and scope not in granted and "*" not in granted:
            raise Refusal(403, "missing_scope", f"This API key lacks the scope '{scope}'.")
        return key

    def refuse(self, no: Refusal | Denied) -> Response:
        """A no in this dialect's words."""
        return show_no(no, self.service.faults)

    def teller(self, request: Request) -> Teller:
        """One that tells jobs to this client at this moment."""
        return Teller(self.service.now(), self.root(request), self.gallery, self.service.faults)

    def root(self, request: Request) -> str:
        """What links begin with: the address that the client itself used, or nothing."""
        return "" if self.service.faults.relative_urls else str(request.base_url).rstrip("/")


def not_found(message: str) -> Refusal:
    """The refusal of something that is not there."""
    return Refusal(404, "not_found", message)
