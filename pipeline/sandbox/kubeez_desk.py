"""What every part of the Kubeez dialect shares: keys, refusals, links, and how a door is hung."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.door import Door, Handler, House, Refusal, Visit
from pipeline.sandbox.gallery import Gallery
from pipeline.sandbox.jobs import RemoteJob
from pipeline.sandbox.kubeez_answers import Teller
from pipeline.sandbox.kubeez_fields import PROVIDER, not_found
from pipeline.sandbox.kubeez_intake import Intake
from pipeline.sandbox.kubeez_refusals import show_no
from pipeline.sandbox.links import sign
from pipeline.sandbox.service import Denied, RemoteService
from pipeline.sandbox.sources import Sources


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
    rows: SandboxCatalog

    @property
    def catalog(self) -> SandboxCatalog:
        """The rows as the switches have them at this moment."""
        return self.rows.changed(self.service.faults.models)

    @property
    def intake(self) -> Intake:
        """One that takes the media of a request at this moment."""
        service = self.service
        return Intake(service.faults, Sources(service.books), service.now())

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

    def signed(self, request: Request, path: str) -> tuple[str, int]:
        """A link of ours that ends, and when (unix seconds)."""
        ends = int(self.service.now() + self.service.faults.link_lives_s)
        root = self.root(request)
        before = urlsplit(root).path  # of a dialect that has a path of its own
        return root.removesuffix(before) + sign(before + path, ends), ends

    def find_job(self, visit: Visit, kinds: Collection[str]) -> RemoteJob:
        """The job that a status route is asked for; raises `Refusal`."""
        job_id = visit.request.path_params["id"]
        job = self.service.visible_job(job_id, PROVIDER, kinds)
        if job is None:
            raise not_found(f"Generation '{job_id}' not found.")
        return job
