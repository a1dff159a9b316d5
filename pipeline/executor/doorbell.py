"""A door for the services to ring at: a small server beside the executor.

Law: a ring is never believed; it is a reason to look, and the job is then read through the
service's own address with the account's key. Whatever a caller sends, and however often, changes
nothing but when that is. Each attempt has a path of its own that nobody can guess.
"""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256

import anyio
import anyio.lowlevel
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.core.errors import Exit, Halt
from pipeline.core.webhooks import is_signed

LARGEST_BODY = 64 * 1024
"""What a call may bring (SAFETY section 3); it is read to be signed, and for nothing else."""
QUIET_S = 2.0
"""So long after a ring the same path rings again for nothing: the job is being looked at."""
MOST_CALLS = 64
"""More callers at a time are turned away at once."""
LAST_PORT = 65535
START_S = 10.0
END_S = 1.0

Ring = Callable[[str], None]


def room_of(tag: str) -> str:
    """The last word of the address of an attempt: its tag is random, and this tells nothing of it.

    >>> room_of("00") == room_of("00"), len(room_of("00"))
    (True, 32)
    """
    return sha256(f"doorbell {tag}".encode()).hexdigest()[:32]


class Doorbell:
    """The server, in a thread and a loop of its own, so that a storm of calls holds nobody up.

    `secrets` are the signing secrets by account: calls for that account must be signed.
    """

    def __init__(self, listen: str, public_url: str, secrets: Mapping[str, bytes]) -> None:
        self.public_url = public_url.rstrip("/")
        self._listen = listen
        self._secrets = secrets
        self._tags: dict[str, tuple[str, str]] = {}
        self._rung_s: dict[str, float] = {}
        self._rings: dict[str, Ring] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.port = 0

    def address(self, account: str, tag: str) -> str:
        """Where the service may ring for this attempt, from now on."""
        room = room_of(tag)
        self._tags[room] = (account, tag)
        return f"{self.public_url}/{room}"

    def answer_for(self, account: str, ring: Ring) -> None:
        """Who is told of rings for this account; called in the loop of the executor."""
        self._rings[account] = ring

    def forget(self, tag: str) -> None:
        """The attempt has come to its end: its path is nobody's again."""
        room = room_of(tag)
        self._tags.pop(room, None)
        self._rung_s.pop(room, None)

    @contextlib.contextmanager
    def open(self) -> Iterator["Doorbell"]:
        """Serve while the run works. Raises `Halt` (2) where the address cannot be listened at."""
        listener = _listener(self._listen)
        self.port = int(listener.getsockname()[1])
        self._loop = asyncio.get_running_loop()
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["POST", "PUT"])])
        server = _Server(uvicorn.Config(
            app, ws="none", lifespan="off", log_config=None, access_log=False,
            server_header=False, date_header=False, limit_concurrency=MOST_CALLS,
            timeout_keep_alive=5, timeout_graceful_shutdown=int(END_S)))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True,
                                  name="doorbell")
        thread.start()
        try:
            yield self
        finally:
            server.should_exit = True
            thread.join(START_S)
            listener.close()

    async def _answer(self, request: Request) -> Response:
        """Any call: 204 for a path that is somebody's, 404 for any other."""
        room = request.path_params["path"].rpartition("/")[2]
        account, tag = self._tags.get(room, ("", ""))
        if not tag:
            return Response(None, 404)
        body = await _bounded(request)
        if body is None:
            return Response(None, 413)
        secret = self._secrets.get(account)
        if secret is not None and not is_signed(secret, request.headers, body, time.time()):
            return Response(None, 401)
        self._pass_on(room, account, tag)
        return Response(None, 204)

    def _pass_on(self, room: str, account: str, tag: str) -> None:
        now_s = time.monotonic()
        if now_s - self._rung_s.get(room, float("-inf")) < QUIET_S:
            return
        self._rung_s[room] = now_s
        ring = self._rings.get(account)
        if ring is not None and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the run has ended meanwhile
                asyncio.run_coroutine_threadsafe(_tell(ring, tag), self._loop)


async def _tell(ring: Ring, tag: str) -> None:
    """A task of the executor's loop, because a bare callback has no backend to ask for the time."""
    await anyio.lowlevel.checkpoint()
    ring(tag)


class _Server(uvicorn.Server):
    """A server that leaves the signals to the run."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


def _listener(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    try:
        if int(port) > LAST_PORT:
            raise ValueError
        return socket.create_server((host, int(port)), backlog=256,
                                    family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is HOST:PORT"
        raise Halt(Exit.USAGE, f"webhooks cannot be listened for at {listen}: {why}",
                   hint="[webhooks] listen in pipeline.toml, such as 127.0.0.1:8899",
                   code="webhooks_address") from None


async def _bounded(request: Request) -> bytes | None:
    """The body, None for one that is too large, or that does not come to its end in time."""
    parts = bytearray()
    try:
        with anyio.fail_after(END_S * 5):
            async for part in request.stream():
                parts += part
                if len(parts) > LARGEST_BODY:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return bytes(parts)
