"""The account part of the Kubeez dialect: catalog, balance, health, and the sandbox's own books."""

from dataclasses import dataclass
from ipaddress import ip_address

from starlette.datastructures import Address
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.door import Visit
from pipeline.sandbox.kubeez_answers import show_balance, show_books, show_models
from pipeline.sandbox.kubeez_desk import Desk, Way, not_found
from pipeline.sandbox.kubeez_validation import no_model

LLMS_TXT = """# Kubeez REST API, sandbox

> A local emulator of the Kubeez REST API. Nothing here costs money; any key is accepted.

- GET /docs/models.json, GET /docs/models/{id-or-family-prefix}.json: the catalog, no key
- GET /v1/models, POST /v1/generate/media, GET /v1/generate/media/{id}, GET /v1/generations
- POST /v1/upload/media (multipart, field `file`), GET /v1/balance, GET /health
- GET /sandbox/books: what was really charged; only the sandbox has it
"""


@dataclass(frozen=True, slots=True)
class Account:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    def models(self, visit: Visit) -> Response:
        """GET /v1/models and GET /docs/models.json."""
        wanted = visit.request.query_params.get("model_type", "")
        return JSONResponse(show_models(row for row in self.desk.catalog
                                        if wanted in ("", row.kind)))

    def model(self, visit: Visit) -> Response:
        """GET /docs/models/{name}.json: one row by its id, else all that begin so."""
        name = visit.request.path_params["name"]
        if row := self.desk.catalog.find(name):
            return JSONResponse(dict(row.public))
        if not (rows := self.desk.catalog.family(name)):
            raise no_model(name)
        return JSONResponse(show_models(rows))

    def balance(self, visit: Visit) -> Response:
        """GET /v1/balance."""
        return JSONResponse(show_balance(self.desk.service.balance()))

    def books(self, visit: Visit) -> Response:
        """GET /sandbox/books, to loopback only."""
        if not _is_loopback(visit.request.client):
            raise not_found("Not found.")
        service = self.desk.service
        return JSONResponse(show_books(service.books, service.now()))


def _is_loopback(client: Address | None) -> bool:
    try:
        return client is not None and ip_address(client.host).is_loopback
    except ValueError:
        return False


def _health(visit: Visit) -> Response:
    return JSONResponse({"status": "healthy"})


def _llms(visit: Visit) -> Response:
    return PlainTextResponse(LLMS_TXT)


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part."""
    account = Account(desk)
    return [
        desk.route("GET", "/v1/balance", account.balance, Way("balance", "reads", "read:balance")),
        desk.route("GET", "/v1/models", account.models, Way("catalog", "reads", "")),
        desk.route("GET", "/docs/models.json", account.models, Way("catalog")),
        desk.route("GET", "/docs/models/{name}.json", account.model, Way("catalog")),
        desk.route("GET", "/llms.txt", _llms),
        desk.route("GET", "/health", _health),
        desk.route("GET", "/sandbox/books", account.books),
    ]
