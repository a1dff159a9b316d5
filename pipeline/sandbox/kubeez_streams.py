"""Status reads as server-sent events, which some clients prefer to asking again and again.

Law: a stream ends with its job, or after as many heartbeats as it has, and watches no client: an
ended one costs nothing, and one that was left ends by itself.
"""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pipeline.sandbox.door import Visit
from pipeline.sandbox.jobs import COMPLETED, RemoteJob
from pipeline.sandbox.kubeez_desk import Desk
from pipeline.sandbox.kubeez_fields import not_found

BEAT_S = 10.0
BEATS = 30
"""Five minutes: longer than most jobs, shorter than a line that nobody listens to."""

Tell = Callable[[RemoteJob], dict[str, Any]]


def stream_status(desk: Desk, visit: Visit, job: RemoteJob, tell: Tell) -> Response:
    """The stream of one job; raises `Refusal` where there are none."""
    if not desk.service.faults.streams:
        raise not_found(f"No route for GET {visit.request.url.path}.")
    return EventResponse(_events(desk, job, tell))


async def _events(desk: Desk, job: RemoteJob, tell: Tell) -> AsyncIterator[bytes]:
    service = desk.service
    for _ in range(BEATS):
        left_s = job.finishes_at - service.now()
        if left_s <= 0:
            break
        yield _event("heartbeat", {})
        await anyio.sleep(min(left_s, BEAT_S / service.speed))
    if service.now() < job.finishes_at:
        return
    told = tell(job)
    if job.outcome == COMPLETED:
        yield _event("result", told)
    else:
        yield _event("error", {**told, "error": job.outcome, "message": job.error})


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


class EventResponse(Response):
    """Sends events as they come."""

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        super().__init__(headers={"cache-control": "no-cache"}, media_type="text/event-stream")
        del self.headers["content-length"]
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the stream ends."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for event in self._events:
            await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
