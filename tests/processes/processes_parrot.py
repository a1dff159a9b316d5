"""A service that quotes the key it was given, wherever an answer has room for it."""

import base64
import json
import threading
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from processes_front import Front

Says = tuple[int, str]


class Listener:
    """Another host: it notes what reaches it, and nothing should."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                listener.heard.append(f"{self.command} {self.path} {self.headers}")
                self.send_response(404)
                self.end_headers()

            do_GET = do_POST = answer  # noqa: N815 - the names that the server calls

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Listener":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def spellings(key: str) -> str:
    """The key in all the ways in which a service might quote it."""
    return " ".join((key, urllib.parse.quote(key, safe=""), urllib.parse.quote_plus(key),
                     base64.b64encode(key.encode()).decode(),
                     f"https://media.example/a.png?x-api-key={urllib.parse.quote(key)}"))


class Parrot(Front):
    """Passes calls on to a sandbox, and answers the first of each kind itself: `script` is a path's
    beginning to a list of statuses; 302 leads to another host."""

    def __init__(self, behind: str, elsewhere: str, script: dict[str, list[int]]) -> None:
        super().__init__(behind)
        self.elsewhere = elsewhere
        self.script = script
        self.met: Counter[str] = Counter()

    def pass_on(self, visit: BaseHTTPRequestHandler, behind: str) -> None:
        """Quote the key where the script says so."""
        line = f"{visit.command} {visit.path}"
        known = [start for start in self.script if line.startswith(start)]
        start = max(known, key=len, default="")
        place = self.met[start]
        self.met[start] += 1
        key = visit.headers.get("x-api-key", "")
        if not key or place >= len(self.script.get(start, ())):
            super().pass_on(visit, behind)
            return
        visit.rfile.read(int(visit.headers.get("content-length") or 0))
        self._quote(visit, self.script[start][place], key)

    def _quote(self, visit: BaseHTTPRequestHandler, status: int, key: str) -> None:
        words = f"not with {spellings(key)}"
        body = {"error": "invalid_request", "message": words, "detail": words, "key": key,
                "status": "failed", "id": visit.path.rpartition("/")[2], "error_message": words}
        content = json.dumps(body).encode()
        visit.send_response(status, f"no {key}")
        for name in ("x-request-id", "x-api-key", "www-authenticate", "set-cookie"):
            visit.send_header(name, key)
        if status == 302:
            visit.send_header("location", f"{self.elsewhere}/take?key={urllib.parse.quote(key)}")
        if status == 429:
            visit.send_header("retry-after", "0")
        visit.send_header("content-type", "application/json")
        visit.send_header("content-length", str(len(content)))
        visit.end_headers()
        visit.wfile.write(content)
