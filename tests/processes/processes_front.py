"""A door before the sandbox that changes prices on the way: a service whose catalog moves."""

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

DROPPED = ("content-length", "transfer-encoding", "connection", "keep-alive")


@dataclass(frozen=True, slots=True)
class Call:
    """One request that went through: when it came, when its answer left, what was answered."""

    came_s: float
    left_s: float
    what: str
    status: int
    retry_after: str


class Front:
    """A small proxy on loopback; `prices` are what the catalog says in place of its own."""

    def __init__(self, behind: str) -> None:
        self.prices: dict[str, int] = {}
        self.calls: list[Call] = []
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                front.pass_on(self, behind)

            do_GET = do_POST = answer  # noqa: N815 - the names that the server calls

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._client = httpx.Client(trust_env=False, timeout=60)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Front":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._client.close()

    def pass_on(self, visit: BaseHTTPRequestHandler, behind: str) -> None:
        """Ask the sandbox, and hand its answer back."""
        came_s = time.monotonic()
        body = visit.rfile.read(int(visit.headers.get("content-length") or 0))
        headers = {name: value for name, value in visit.headers.items()
                   if name.lower() not in DROPPED}
        answer = self._client.request(visit.command, behind + visit.path, content=body,
                                      headers=headers)
        content = self._reprice(visit.path, answer.content)
        self.calls.append(Call(came_s, time.monotonic(), f"{visit.command} {visit.path}",
                               answer.status_code, answer.headers.get("retry-after", "")))
        visit.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in DROPPED:
                visit.send_header(name, value)
        visit.send_header("content-length", str(len(content)))
        visit.end_headers()
        visit.wfile.write(content)

    def _reprice(self, path: str, content: bytes) -> bytes:
        if "models" not in path or not self.prices:
            return content
        catalog = json.loads(content)
        for row in catalog["models"]:
            if row["model_id"] in self.prices:
                row["cost_per_generation"] = self.prices[row["model_id"]]
        return json.dumps(catalog).encode()
