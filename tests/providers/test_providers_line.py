"""Real sockets: what the client makes of lines that fail in every phase of a paid call.

Goal: free only if no byte left (SAFETY 2.4, F21 to F36); one call is one request on the wire.
Method: a listener on loopback that reads, answers, cuts and resets as a script says.
"""

import socket
import struct
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from providers_far_end import NOW_S, SPEC

from pipeline.core.errors import ProviderFailure, ReplyLost, Unreachable
from pipeline.core.provider import Broken, Receipt
from pipeline.providers.http import Http, Secret
from pipeline.providers.kubeez import Kubeez
from pipeline.providers.kubeez_terms import TERMS

YES = b'{"generation_id": "g1"}'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 23\r\n\r\n"


class Listener:
    """Takes lines, one script for all, and counts the requests that came whole."""

    def __init__(self, script: Callable[["Listener", SocketStream], Awaitable[None]]) -> None:
        self.script = script
        self.lines = 0
        self.requests = 0

    async def take(self, stream: SocketStream) -> None:
        """One line."""
        self.lines += 1
        async with stream:
            await self.script(self, stream)

    async def hear(self, stream: SocketStream) -> bool:
        """Read a request to its end; False at the end of the line."""
        heard = b""
        while b"\r\n\r\n" not in heard or not heard.endswith(b"}"):
            try:
                heard += await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return False
            if heard.startswith(b"GET") and heard.endswith(b"\r\n\r\n"):
                break
        self.requests += 1
        return True


def at(script: Callable[[Listener, SocketStream], Awaitable[None]],
       act: Callable[[Kubeez], Awaitable[Any]] | None = None, *, key: str = "sk",
       scheme: str = "http") -> tuple[Any, Listener]:
    """What an act (a purchase, if none is named) comes to, and who listened to it."""
    async def go() -> tuple[Any, Listener]:
        listener = Listener(script)
        server = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = server.extra(SocketAttribute.local_port)
        async with server, anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, listener.take)
            http = Http(f"{scheme}://127.0.0.1:{port}", Secret(key), now=lambda: NOW_S)
            kubeez = Kubeez(http, TERMS, media_host="", loopback=True, has_key=True)
            try:
                found = await (act(kubeez) if act else kubeez.submit(SPEC, ()))
            except ProviderFailure as failure:
                found = failure
            await http.close()
            tasks.cancel_scope.cancel()
        return found, listener

    return anyio.run(go)


def answers(*pieces: bytes) -> Callable[[Listener, SocketStream], Awaitable[None]]:
    async def script(listener: Listener, stream: SocketStream) -> None:
        if await listener.hear(stream):
            for piece in pieces:
                await stream.send(piece)

    return script


async def close_unread(listener: Listener, stream: SocketStream) -> None:
    """Not a word."""


async def reset(listener: Listener, stream: SocketStream) -> None:
    """The hard way."""
    await listener.hear(stream)
    raw = stream.extra(SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_whole_answer_is_a_receipt() -> None:
    found, listener = at(answers(HEAD, YES))
    assert (found, listener.requests, listener.lines) == (Receipt(("g1",)), 1, 1)


def test_a_word_in_between_is_no_answer() -> None:
    for word in (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"):
        found, listener = at(answers(word, HEAD, YES))
        assert (found, listener.requests) == (Receipt(("g1",)), 1)


@pytest.mark.parametrize("pieces", [
    (), (b"HTTP/1.1 200 OK\r\n",), (HEAD,), (HEAD, YES[:9]), (b"garbage\r\n\r\n",), (b"\0" * 99,),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}",),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{}",),
    (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}",),
    (b"HTTP/1.1 999999 No\r\n\r\n",), (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",)])
def test_a_broken_answer_is_a_doubt(pieces: tuple[bytes, ...]) -> None:
    found, listener = at(answers(*pieces))
    assert type(found) is ReplyLost
    assert listener.requests == 1


@pytest.mark.parametrize("script", [close_unread, reset])
def test_a_line_that_is_cut_is_a_doubt(
        script: Callable[[Listener, SocketStream], Awaitable[None]]) -> None:
    found, listener = at(script)
    assert type(found) is ReplyLost
    assert listener.lines == 1


def test_where_nobody_listens_nothing_was_bought() -> None:
    async def go() -> Any:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            http = Http(f"http://127.0.0.1:{free.getsockname()[1]}", Secret("sk"), now=lambda: 0.0)
            kubeez = Kubeez(http, TERMS, media_host="", loopback=True, has_key=True)
            try:
                return await kubeez.submit(SPEC, ())
            except ProviderFailure as failure:
                return failure
            finally:
                await http.close()

    assert type(anyio.run(go)) is Unreachable


def test_a_service_that_cannot_speak_tls_was_told_nothing() -> None:
    async def no_tls(listener: Listener, stream: SocketStream) -> None:
        await stream.receive()
        await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    found, listener = at(no_tls, scheme="https")
    assert type(found) is Unreachable
    assert listener.lines == 1


@pytest.mark.parametrize("key", ["a\nb", "a\r\nx-evil: 1", "a\0b"])
def test_a_key_that_is_no_header_never_leaves(key: str) -> None:
    found, listener = at(answers(HEAD, YES), key=key)
    assert isinstance(found, ReplyLost | Unreachable) and listener.requests == 0
    assert key not in found.message


def test_an_old_line_that_is_closed_under_a_purchase_is_a_doubt_and_not_tried_again() -> None:
    async def script(listener: Listener, stream: SocketStream) -> None:
        await listener.hear(stream)
        await stream.send(b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"credits\": 9}")
        await listener.hear(stream)

    async def act(kubeez: Kubeez) -> Any:
        await kubeez.balance()
        return await kubeez.submit(SPEC, ())

    found, listener = at(script, act)
    assert type(found) is ReplyLost
    assert (listener.requests, listener.lines) == (2, 1)


def test_a_question_on_an_old_line_that_is_closed_is_not_asked_again_unasked() -> None:
    async def script(listener: Listener, stream: SocketStream) -> None:
        await listener.hear(stream)
        await stream.send(b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"credits\": 9}")
        await listener.hear(stream)

    async def act(kubeez: Kubeez) -> Any:
        await kubeez.balance()
        return await kubeez.balance()

    found, listener = at(script, act)
    assert type(found) is Unreachable
    assert (listener.requests, listener.lines) == (2, 1)


async def call_off(heard: anyio.Event, call: Callable[[], Awaitable[object]]) -> None:
    """Make a call, and give it up once it was heard."""
    async with anyio.create_task_group() as calls:
        calls.start_soon(call)
        await heard.wait()
        calls.cancel_scope.cancel()


def test_a_purchase_that_is_called_off_leaves_the_line_usable() -> None:
    heard = anyio.Event()

    async def script(listener: Listener, stream: SocketStream) -> None:
        if await listener.hear(stream) and listener.requests == 1:
            heard.set()
            await listener.hear(stream)
            return
        await stream.send(HEAD + YES)

    async def act(kubeez: Kubeez) -> Any:
        await call_off(heard, partial(kubeez.submit, SPEC, ()))
        return await kubeez.submit(SPEC, ())

    found, listener = at(script, act)
    assert (found, listener.requests) == (Receipt(("g1",)), 2)


EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n"
BROKEN = b'event: result\ndata: {"id": "g1", "status": "failed"}\n\n'


def test_the_end_of_a_job_is_heard_while_its_stream_stays_open() -> None:
    async def script(listener: Listener, stream: SocketStream) -> None:
        await listener.hear(stream)
        for piece in (EVENTS, BROKEN[:20], BROKEN[20:]):
            await stream.send(piece)
        await listener.hear(stream)

    found, listener = at(script, lambda kubeez: kubeez.follow("g1", "video"))
    assert (found, listener.requests) == (Broken("generation_failed", ""), 1)


@pytest.mark.parametrize("pieces", [(), (EVENTS[:20],), (EVENTS,), (EVENTS, BROKEN[:-1]),
                                    (EVENTS, BROKEN[:20])])
def test_a_stream_that_is_cut_breaks_off(pieces: tuple[bytes, ...]) -> None:
    found, listener = at(answers(*pieces), lambda kubeez: kubeez.follow("g1", "video"))
    assert (type(found), listener.requests) == (Unreachable, 1)


def test_a_line_serves_again_after_a_stream_was_left() -> None:
    heard = anyio.Event()

    async def script(listener: Listener, stream: SocketStream) -> None:
        await listener.hear(stream)
        await stream.send(EVENTS if listener.requests == 1 else HEAD + YES)
        heard.set()
        await listener.hear(stream)

    async def act(kubeez: Kubeez) -> Any:
        await call_off(heard, partial(kubeez.follow, "g1", "video"))
        return await kubeez.submit(SPEC, ())

    found, listener = at(script, act)
    assert (found, listener.requests) == (Receipt(("g1",)), 2)
