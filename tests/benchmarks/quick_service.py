"""A Kubeez service that is never the limit: one process, hand-written HTTP, no books, no files.

Law: it answers at once and alike to every client, so that what a benchmark measures is the client.
A start is made the moment it is asked about; with the word `pending` it is never made. It counts
what it was asked: `GET /counts`.
"""

import asyncio
import json
import sys
from collections import Counter
from typing import Any

PICTURE = (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde\0\0\0\x0cIDATx"
           b"\x9cc\xf8\xcf\xc0\0\0\3\1\1\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82")
NEWEST = 25


class Service:
    """What was started, and what was asked."""

    def __init__(self, status: str = "completed") -> None:
        self.status = status
        self.counts: Counter[str] = Counter()
        self.newest: list[str] = []
        self.address = ""

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes, str]:
        """Status, content and its type."""
        if method == "POST":
            return self._start()
        self.counts[path.split("?")[0].rpartition("/")[0] if "/media/" in path
                    or path.startswith("/file") else path.split("?")[0]] += 1
        if path.startswith("/v1/generate/media/"):
            return _json(self._row(path.rpartition("/")[2]))
        if path.startswith("/file/"):
            return 200, PICTURE, "image/png"
        if path.startswith("/v1/generations"):
            return _json({"generations": [self._row(name) for name in self.newest[:-26:-1]]})
        if path == "/v1/balance":
            return _json({"credits": 1_000_000})
        if path == "/counts":
            return _json(dict(self.counts))
        return 404, b'{"error":"not_found","message":"no"}', "application/json"

    def _start(self) -> tuple[int, bytes, str]:
        self.counts["start"] += 1
        name = f"g{self.counts['start']}"
        self.newest.append(name)
        del self.newest[:-NEWEST]
        return _json({"generation_id": name, "status": "pending"})

    def _row(self, name: str) -> dict[str, Any]:
        return {"id": name, "generation_id": name, "status": self.status, "model": "nano-banana",
                "generation_type": "image", "prompt": "a picture",
                "created_at": "2027-01-15T08:00:00Z", "credits_deducted": 7,
                "outputs": [{"id": f"o{name}", "url": f"{self.address}/file/{name}.png",
                             "type": "image/png", "width": 1, "height": 1}]}


def _json(body: object) -> tuple[int, bytes, str]:
    return 200, json.dumps(body).encode(), "application/json"


class Line(asyncio.Protocol):
    """One connection: requests in, answers out, in order."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15:].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            start, end = end + 4, end + 4 + length
            body, self.buffer = self.buffer[start:end], self.buffer[end:]
            method, path, _ = head.split(b" ", 2)
            self._say(*self.service.answer(method.decode(), path.decode(), body))

    def _say(self, status: int, content: bytes, kind: str) -> None:
        assert self.transport is not None
        self.transport.write(b"HTTP/1.1 %d OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n%s"
                             % (status, kind.encode(), len(content), content))


async def serve() -> None:
    """Serve until standard input ends; the address is the first line of standard output."""
    service = Service(*sys.argv[1:])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Line(service), "127.0.0.1", 0)
    service.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    sys.stdout.write(service.address + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
