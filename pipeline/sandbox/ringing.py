"""Webhooks as they are delivered: called when due, and again after a pause until answered with 2xx.

Law: one call at a time to each service's clients, each bounded in time; nothing of an answer is
read but its status. A fault may lose a call, send it late, or send it twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream

from pipeline.sandbox.jobs import RemoteJob
from pipeline.sandbox.rings import Ring
from pipeline.sandbox.service import RemoteService

IDLE_S = 0.2
"""How often the books are asked for a call that was not there before."""

STATUS_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Call:
    """What a client is told of a job."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bell:
    """How a service rings: what it tells of a job that ended (None: nothing, as one that tells of
    successes only), the pauses between its tries, and how long it waits for an answer."""

    tell: Callable[[RemoteService, RemoteJob, str], Call | None]
    pauses_s: tuple[float, ...]
    answer_s: float


async def keep_ringing(service: RemoteService, bell: Bell) -> None:
    """Make every call of a service when it is due, until cancelled."""
    while True:
        ring = service.rings.next()
        wait_s = min(IDLE_S, ring.due_at - service.now()) if ring else IDLE_S
        if ring is None or wait_s > 0:
            await anyio.sleep(wait_s)
        else:
            await deliver(service, bell, ring)


async def deliver(service: RemoteService, bell: Bell, ring: Ring) -> None:
    """Try one call, and settle in the books what becomes of it."""
    job = service.books.job(ring.job)
    call = bell.tell(service, job, ring.root) if job else None
    late = service.strikes.strike("late_ring") if call and not ring.tries else None
    if late:
        service.rings.put_off(ring, service.now() + late.seconds / service.speed)
    elif call is None or service.strikes.strike("lost_ring"):
        service.rings.end(ring)
    elif await _was_answered(ring.url, call, bell.answer_s):
        if service.strikes.strike("double_ring"):
            await _was_answered(ring.url, call, bell.answer_s)
        service.rings.end(ring)
    elif ring.tries < len(bell.pauses_s):
        service.rings.put_off(ring, service.now() + bell.pauses_s[ring.tries] / service.speed)
    else:
        service.rings.end(ring)


async def _was_answered(url: str, call: Call, within_s: float) -> bool:
    """Whether the call was answered with 2xx in time."""
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    headers = {"Host": parts.netloc, "Content-Type": "application/json", "Connection": "close",
               "Content-Length": str(len(call.body)), **call.headers}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items())
    try:
        with anyio.fail_after(within_s):
            async with await _connect(parts.hostname or "", port, is_tls=is_tls) as line:
                await line.send(f"{head}\r\n".encode("ascii") + call.body)
                return _is_success(await line.receive(STATUS_BYTES))
    except (OSError, TimeoutError, ValueError, anyio.EndOfStream, anyio.BrokenResourceError,
            anyio.ClosedResourceError):
        return False


async def _connect(host: str, port: int, *, is_tls: bool) -> ByteStream:
    if is_tls:
        return await anyio.connect_tcp(host, port, tls=True)
    return await anyio.connect_tcp(host, port)


def _is_success(answer: bytes) -> bool:
    """Whether an answer begins with a status of 2xx.

    >>> _is_success(b"HTTP/1.1 204 No Content"), _is_success(b"HTTP/1.1 500 Oh"), _is_success(b"")
    (True, False, False)
    """
    words = answer.split(b" ", 2)
    return len(words) > 1 and words[0].startswith(b"HTTP/1.") and words[1][:1] == b"2"
