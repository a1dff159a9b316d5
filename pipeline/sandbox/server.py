"""The sandbox as a program of its own: an HTTP server on a loopback socket.

Law: it ends cleanly on SIGINT, SIGTERM, and where asked when its standard input ends, so that it
never outlives the program that started it. What it has sold is in its books.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline.core.money import Money
from pipeline.sandbox.books import GRANT, Books
from pipeline.sandbox.dialects import DIALECTS, folder_of, mount, services_of
from pipeline.sandbox.door import ConnectionCut
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.ringing import keep_ringing
from pipeline.sandbox.service import RemoteService

LOOPBACK = "127.0.0.1"
EXIT_USAGE = 2

KEEP_ALIVE_S = 75
"""Longer than clients keep idle connections, so that none is closed under a paid call."""

LEAVE_S = 1
"""How long answers under way may take once the server is leaving."""

_LINGER_OFF = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve; `folder` None keeps all in memory, port 0 takes a free one.

    `providers` are dialects, `faults` the switches by service. With `announce` "json" one line on
    stdout tells a parent program the address. Without `makes_books` a service that has none yet is
    kept in memory.
    """

    host: str = LOOPBACK
    port: int = 0
    providers: tuple[str, ...] = ("kubeez",)
    speed: float = 1.0
    seed: int = 0
    credits: Money = GRANT
    faults: Mapping[str, Faults] = field(default_factory=dict)
    folder: Path | None = None
    makes_books: bool = True
    announce: str = ""
    until_stdin_closes: bool = False


def serve(options: Options) -> int:
    """Serve until told to stop, and return the exit code: 0, or 2 where it cannot begin."""
    try:
        listener = _listen(options)
    except OSError as error:
        return _give_up(f"cannot listen on {options.host}:{options.port}", error)
    with listener, contextlib.ExitStack() as stack:
        try:
            services = {name: stack.enter_context(_opened(name, options))
                        for name in services_of(options.providers)}
        except (OSError, sqlite3.DatabaseError) as error:
            return _give_up(f"cannot open its books in {options.folder}", error)
        server = SandboxServer(cuttable(mount(options.providers, services)),
                               lambda: _announce(options, services, listener))
        asyncio.run(_run(server, listener, options, services))
    return 0


@contextlib.contextmanager
def _opened(name: str, options: Options) -> Iterator[RemoteService]:
    """One service with its books, which are closed in the end."""
    folder = folder_of(name, options.folder) if options.folder else None
    if folder and not options.makes_books and not (folder / "books.db").exists():
        folder = None
    with contextlib.closing(Books.open(folder, granted=options.credits)) as books:
        yield RemoteService(books, now=time.time, faults=options.faults.get(name),
                            speed=options.speed, seed=options.seed)


def _give_up(what: str, error: Exception) -> int:
    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
    sys.stderr.write(f"The sandbox {what}: {reason}\n")
    return EXIT_USAGE


def _listen(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    return socket.create_server((options.host, options.port), family=family, backlog=256)


async def _run(server: "SandboxServer", listener: socket.socket, options: Options,
               services: Mapping[str, RemoteService]) -> None:
    if options.until_stdin_closes:
        loop = asyncio.get_running_loop()
        _when_stdin_closes(lambda: loop.call_soon_threadsafe(server.leave))
    async with anyio.create_task_group() as ringers:
        for dialect in (DIALECTS[name] for name in options.providers):
            if dialect.bell:
                ringers.start_soon(keep_ringing, services[dialect.service], dialect.bell)
        await server.serve(sockets=[listener])
        ringers.cancel_scope.cancel()


def _when_stdin_closes(leave: Callable[[], object]) -> None:
    # A thread, because stdin may be a file or a null device, which a loop cannot watch; the bare
    # descriptor, because a buffered stream would be locked while the interpreter shuts down.
    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has already ended
            leave()

    threading.Thread(target=watch, daemon=True, name="stdin").start()


def _announce(options: Options, services: Mapping[str, RemoteService],
              listener: socket.socket) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    url = f"http://{host}:{listener.getsockname()[1]}"
    balances = {name: str(service.balance()) for name, service in services.items()}
    if options.announce == "json":
        told = {"url": url, "provider": ",".join(options.providers), "speed": options.speed,
                "folder": str(options.folder) if options.folder else None, "pid": os.getpid(),
                "balance": next(iter(balances.values())), "balances": balances}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        return
    purse = ", ".join(f"{name} {left}" if len(balances) > 1 else left
                      for name, left in balances.items())
    sys.stderr.write(f"Sandbox of {', '.join(options.providers)} at {url}, {options.speed:g} times "
                     f"as fast, balance {purse} credits. Ctrl-C stops it.\n")
    for name in options.providers:
        sys.stderr.write(DIALECTS[name].exports.format(url=url) + "\n")


class CuttableProtocol(H11Protocol):
    """HTTP/1.1 whose connection an application can cut, through `scope["state"]["cut"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Hand the application the scissors of this connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "cut": lambda reset: _cut(transport, reset)}


def _cut(transport: asyncio.Transport, reset: bool) -> None:
    line = transport.get_extra_info("socket")
    if reset and line is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
    transport.abort()


def cuttable(app: ASGIApp) -> ASGIApp:
    """The application with every `ConnectionCut` turned into a closed connection."""
    async def cutting(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except ConnectionCut as cut:
            scope["state"]["cut"](cut.reset)
            # Returning before the server knows of the cut would make it answer with a 500.
            while (await receive())["type"] != "http.disconnect":
                pass

    return cutting


class SandboxServer(uvicorn.Server):
    """A server that says when it is ready, and takes a signal as an ordinary end."""

    def __init__(self, app: ASGIApp, ready: Callable[[], None]) -> None:
        super().__init__(uvicorn.Config(
            app, http=CuttableProtocol, ws="none", lifespan="off", log_config=None,
            access_log=False, date_header=False, server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S, timeout_graceful_shutdown=LEAVE_S))
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets=sockets)
        self._ready()

    def leave(self, *_signal: Any) -> None:
        """Stop soon; asked twice, stop at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave on SIGINT and SIGTERM without raising them again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.leave)
                  for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
