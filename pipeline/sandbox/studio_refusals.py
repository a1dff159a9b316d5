"""How Artificial Studio says no: `{"message"}`, with `errors` where a field is to blame.

No `Retry-After` and no code word is documented for REST (facts/media_apis.md 1.2).
"""

from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from pipeline.sandbox.door import Refusal
from pipeline.sandbox.service import Denied, NotEnoughCredits, TooFast, TooManyInFlight


class Invalid(Refusal):
    """An input that is not valid, with each fault: field, message, code."""

    def __init__(self, errors: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(400, "invalid_request", "Validation failed")
        self.errors = [{"field": field, "message": message, "code": code}
                       for field, message, code in errors]


def worded(no: Refusal | Denied) -> Refusal:
    """A refusal of the service's as this dialect's."""
    if isinstance(no, Refusal):
        return no
    if isinstance(no, TooFast | TooManyInFlight):
        return Refusal(429, "rate_limit_exceeded", "Rate limit exceeded")
    if isinstance(no, NotEnoughCredits):
        return Refusal(402, "insufficient_credits", "Not enough credits")
    raise no


def body_of(no: Refusal) -> dict[str, Any]:
    """The JSON of a refusal."""
    return {"message": no.message} | ({"errors": no.errors} if isinstance(no, Invalid) else {})


def show_no(no: Refusal | Denied) -> Response:
    """A refusal as the answer that carries it."""
    refusal = worded(no)
    return JSONResponse(body_of(refusal), refusal.status, dict(refusal.headers))
