"""A service on loopback that says what a test wrote down, and remembers what it was asked."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, object]
"""A status, and what goes with it: bytes as they are, anything else as JSON."""

KEY = "sk_live_clerk"
SIGNATURE = "signature-of-the-clerk"


def asset(name: str, size: int = 1000, **more: object) -> dict[str, object]:
    """A file of a library as the service lists it."""
    return {"id": f"id-{name}", "name": name, "kind": "image", "mime_type": "image/png",
            "size_bytes": size, "url": f"https://media.example.com/{name}?s={SIGNATURE}",
            "url_expires_at": "2026-03-12T14:02:00Z", **more}


def shelf(*assets: Mapping[str, object], quota: int = 50_000_000, used: int = 2000) -> Answer:
    """A library that holds these."""
    return 200, {"assets": list(assets), "count": len(assets), "quota_bytes": quota,
                 "used_bytes": used}


class Clerk:
    """The service; `answers` are by method and path, and a path is looked for at its beginning."""

    def __init__(self, **answers: Answer) -> None:
        self.answers: dict[str, Answer] = {"GET /v1/assets": shelf(), **answers}
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        clerk = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                clerk.answer(self)

            do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the server's names

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Clerk":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def settings(self) -> str:
        """What a folder's settings say to have this service as the account `desk`."""
        return f'[accounts.desk]\nprovider = "kubeez"\napi_key_env = "DESK_KEY"\n' \
               f'base_url = "{self.url}"\n'

    def answer(self, visit: BaseHTTPRequestHandler) -> None:
        """What was written down for this request; a 404 where nothing was."""
        line = f"{visit.command} {visit.path}"
        body = visit.rfile.read(int(visit.headers.get("content-length") or 0))
        self.asked.append(line)
        is_json = "json" in visit.headers.get("content-type", "")
        self.bodies.append(json.loads(body) if is_json and body else body)
        known = [name for name in self.answers if line.startswith(name)]
        status, says = self.answers[max(known, key=len)] if known else (404, {
            "error": "not_found", "message": "nothing here"})
        content = says if isinstance(says, bytes) else json.dumps(says).encode()
        visit.send_response(status)
        visit.send_header("content-type", "application/octet-stream" if isinstance(says, bytes)
                          else "application/json")
        visit.send_header("content-length", str(len(content)))
        visit.end_headers()
        visit.wfile.write(content)
