"""A bad line between the program and the sandbox: a proxy on loopback with real sockets.

Every request is read whole and, unless the toxic swallows it, sent on over a connection of its own;
what the toxic does is done to the bytes of the answer on their way back.
"""

import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

LENGTH = re.compile(rb"content-length: *(\d+)\r\n", re.I)
ROUTES = (
    ("start", re.compile(rb"POST /v1/generate/")), ("look", re.compile(rb"GET /v1/generate/")),
    ("list", re.compile(rb"GET /v1/generations")), ("file", re.compile(rb"GET /(?!v1|sandbox)")))
"""What a request is, by its first line."""
ROOM = 65536


@dataclass(frozen=True, slots=True)
class Toxic:
    """What befalls an answer; `swallows` means that the request is not even sent on."""

    act: Callable[[socket.socket, bytes], None]
    swallows: bool = False
    ever: bool = False


def _later(line: socket.socket, answer: bytes) -> None:
    time.sleep(0.7)
    line.sendall(answer)


def _drip(line: socket.socket, answer: bytes) -> None:
    step = max(1, len(answer) // 12)
    for start in range(0, len(answer), step):
        line.sendall(answer[start:start + step])
        time.sleep(0.05)


def _slice(line: socket.socket, answer: bytes) -> None:
    """Small segments of all sizes, at once; the middle of a long answer in larger ones."""
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    start, number = 0, 0
    while start < len(answer):
        size = 1 + number % 7 if start < 400 or len(answer) - start < 200 else 1400
        line.sendall(answer[start:start + size])
        start, number = start + size, number + 1


def _reset(line: socket.socket, answer: bytes) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _reset_inside(line: socket.socket, answer: bytes) -> None:
    line.sendall(answer[:len(answer) // 2])
    time.sleep(0.05)
    _reset(line, answer)


def _drop(line: socket.socket, answer: bytes) -> None:
    """A polite end, and not a byte."""


def _silence(line: socket.socket, answer: bytes) -> None:
    time.sleep(2.0)


def _limit(line: socket.socket, answer: bytes) -> None:
    """So many bytes and then the end: within the headers of any answer."""
    line.sendall(answer[:40])


def _truncate(line: socket.socket, answer: bytes) -> None:
    head, body = _parts(answer)
    line.sendall(head + body[:len(body) // 2])


def _promise_more(line: socket.socket, answer: bytes) -> None:
    line.sendall(_promising(answer, lambda length: length + 100))


def _promise_less(line: socket.socket, answer: bytes) -> None:
    line.sendall(_promising(answer, lambda length: length // 2))


def _close_slowly(line: socket.socket, answer: bytes) -> None:
    """An answer without a length, whose end is the end of the line, and that comes late."""
    line.sendall(LENGTH.sub(b"", answer, count=1))
    time.sleep(0.7)


TOXICS: Mapping[str, Toxic] = {
    "latency": Toxic(_later, ever=True), "drip": Toxic(_drip, ever=True),
    "slicer": Toxic(_slice, ever=True), "slow close": Toxic(_close_slowly, ever=True),
    "reset": Toxic(_reset), "reset inside": Toxic(_reset_inside), "dropped": Toxic(_drop),
    "silence": Toxic(_silence), "byte limit": Toxic(_limit), "truncated": Toxic(_truncate),
    "length too large": Toxic(_promise_more), "length too small": Toxic(_promise_less),
    "reset before it is read": Toxic(_reset, swallows=True),
    "swallowed": Toxic(_silence, swallows=True),
}


class BadLine:
    """The proxy: the toxic befalls the requests of one route, the first `times` of them or all."""

    def __init__(self, port: int, toxics: Mapping[str, str], *, times: int = 2) -> None:
        """`toxics` are by route; `port` is the sandbox's."""
        self.met: Counter[str] = Counter()
        self._port, self._toxics, self._times = port, toxics, times
        self._room = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"

    def __enter__(self) -> "BadLine":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._door.accept()
                threading.Thread(target=self._pass_on, args=(line,), daemon=True).start()

    def _pass_on(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            line.settimeout(30)
            if request := _whole_request(line):
                toxic = self._toxic_of(request)
                answer = b"" if toxic and toxic.swallows else self._ask(request)
                (toxic.act if toxic else socket.socket.sendall)(line, answer)

    def _toxic_of(self, request: bytes) -> Toxic | None:
        route = next((name for name, form in ROUTES if form.match(request)), "")
        with self._room:
            toxic = TOXICS.get(self._toxics.get(route, ""))
            if toxic is None or (self.met[route] >= self._times and not toxic.ever):
                return None
            self.met[route] += 1
            return toxic

    def _ask(self, request: bytes) -> bytes:
        head, body = _parts(request)
        kept = re.sub(rb"(?i)connection:[^\r]*\r\n", b"", head)
        with socket.create_connection(("127.0.0.1", self._port), timeout=60) as behind:
            behind.sendall(kept[:-2] + b"connection: close\r\n\r\n" + body)
            return b"".join(iter(lambda: behind.recv(ROOM), b""))


def _whole_request(line: socket.socket) -> bytes:
    """One request with its body; nothing where the other side said nothing."""
    content = b""
    while b"\r\n\r\n" not in content:
        if not (part := line.recv(ROOM)):
            return b""
        content += part
    head, body = _parts(content)
    told = LENGTH.search(head)
    while len(body) < (int(told[1]) if told else 0):
        body += line.recv(ROOM)
    return head + body


def _parts(message: bytes) -> tuple[bytes, bytes]:
    head, mark, body = message.partition(b"\r\n\r\n")
    return head + mark, body


def _promising(answer: bytes, other: Callable[[int], int]) -> bytes:
    return LENGTH.sub(lambda told: b"content-length: %d\r\n" % other(int(told[1])), answer, count=1)
