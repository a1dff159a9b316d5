"""How Kubeez says no: the published envelope, and the ones that its clients have met."""

from typing import Any

from starlette.responses import JSONResponse, Response

from pipeline.sandbox.door import Refusal, whole_seconds
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.service import Denied, NotEnoughCredits, TooFast, TooManyInFlight

PURCHASE_URL = "https://kubeez.com/billing"


def show_no(no: Refusal | Denied, faults: Faults) -> Response:
    """A refusal as the answer that carries it."""
    refusal = worded(no)
    code = faults.error_words.get(refusal.code, refusal.code)
    if refusal.code == "insufficient_credits" and faults.insufficient_as_400:
        return JSONResponse({"error": code}, 400)
    if refusal.status == 400 and faults.validation_as_422:
        loc = ["body", refusal.code.removeprefix("missing_")]
        kind = "missing" if refusal.code.startswith("missing_") else "value_error"
        return JSONResponse({"detail": [{"loc": loc, "msg": refusal.message, "type": kind}]}, 422)
    body: dict[str, Any] = {"error": code, "message": refusal.message}
    if refusal.retry_after_s is not None:
        body["retry_after"] = int(whole_seconds(refusal.retry_after_s))
    return JSONResponse(body, refusal.status, dict(refusal.headers))


def worded(no: Refusal | Denied) -> Refusal:
    """Either kind of no as a refusal of this dialect."""
    if isinstance(no, Refusal):
        return no
    if isinstance(no, TooFast | TooManyInFlight):
        return Refusal(429, "rate_limit_exceeded", str(no), retry_after_s=no.wait_s,
                       headers={"retry-after": whole_seconds(no.wait_s)})
    if isinstance(no, NotEnoughCredits):
        return Refusal(402, "insufficient_credits", f"{no} Top up at {PURCHASE_URL}.")
    raise no
