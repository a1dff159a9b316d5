"""The account part of the Kubeez dialect: catalog, balance, health, and the sandbox's own books."""

from dataclasses import dataclass

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from pipeline.sandbox.door import Visit
from pipeline.sandbox.kubeez_answers import show_balance, show_models
from pipeline.sandbox.kubeez_desk import Desk, Way
from pipeline.sandbox.kubeez_fields import no_model
from pipeline.sandbox.truth import show_truth


@dataclass(frozen=True, slots=True)
class Account:
    """The handlers; each takes a `Visit` and gives a response or refuses."""

    desk: Desk

    def models(self, visit: Visit) -> Response:
        """GET /v1/models and GET /docs/models.json: the catalog."""
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
        """GET /v1/balance: the credits left."""
        return JSONResponse(show_balance(self.desk.service.balance()))

    def books(self, visit: Visit) -> Response:
        """GET /sandbox/books: the ground truth, to loopback only."""
        return show_truth(visit, self.desk.service)


def health(visit: Visit) -> Response:
    """GET /health: it is there."""
    return JSONResponse({"status": "healthy"})


def routes(desk: Desk) -> list[BaseRoute]:
    """The routes of this part."""
    account = Account(desk)
    return [
        desk.route("GET", "/v1/balance", account.balance, Way("balance", "reads", "read:balance")),
        desk.route("GET", "/v1/models", account.models, Way("catalog", "reads", "")),
        desk.route("GET", "/docs/models.json", account.models, Way("catalog")),
        desk.route("GET", "/docs/models/{name}.json", account.model, Way("catalog")),
        desk.route("GET", "/health", health),
        desk.route("GET", "/sandbox/books", account.books),
    ]
