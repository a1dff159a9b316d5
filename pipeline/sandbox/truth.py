"""The ground truth of a service, at an address of its own; only the sandbox has it."""

from ipaddress import ip_address

from starlette.datastructures import Address
from starlette.responses import JSONResponse, Response

from pipeline.sandbox.door import Refusal, Visit
from pipeline.sandbox.kubeez_answers import show_books
from pipeline.sandbox.service import RemoteService


def show_truth(visit: Visit, service: RemoteService) -> Response:
    """GET /sandbox/books: every job and charge, to loopback only."""
    if not _is_loopback(visit.request.client):
        raise Refusal(404, "not_found", "Not found.")
    return JSONResponse(show_books(service.books, service.now()))


def _is_loopback(client: Address | None) -> bool:
    try:
        return client is not None and ip_address(client.host).is_loopback
    except ValueError:
        return False
