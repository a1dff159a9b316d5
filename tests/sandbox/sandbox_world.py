"""A service in memory with a clock of its own, asked over ASGI without a socket or a wait."""

import io
import json
import wave
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx

from pipeline.core.money import Money
from pipeline.sandbox.books import Books
from pipeline.sandbox.catalog import SandboxCatalog
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.gallery import Piece
from pipeline.sandbox.kubeez import make_app
from pipeline.sandbox.service import RemoteService

NOON = 1_800_000_000.0
IMAGE = "nano-banana-2"
CLIP = "kling-3-0-std"


class Clock:
    """Unix seconds that pass when told to."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


TYPES = {"image": "image/png", "video": "video/mp4", "song": "audio/mpeg",
         "speech": "audio/mpeg", "stem": "audio/wav"}


def make_cheap(piece: Piece) -> tuple[bytes, str]:
    """Bytes that tell what was asked for."""
    told = f"{piece.kind} {piece.brief} {piece.seconds:g} {piece.frames} {piece.stem}".encode()
    return told, TYPES[piece.kind]


def silence(seconds: float) -> bytes:
    """A WAV of this length."""
    sink = io.BytesIO()
    with wave.open(sink, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(round(seconds * 16000)))
    return sink.getvalue()


class World:
    """One service, one client with a key, and a clock."""

    def __init__(self, faults: Mapping[str, Any] | None = None, *, folder: Path | None = None,
                 granted: str = "10000", speed: float = 1.0, seed: int = 1,
                 backend: str = "asyncio", catalog: SandboxCatalog | None = None,
                 clock: Any = None) -> None:
        self.clock = clock or Clock()
        self.books = Books.open(folder, granted=Money.parse(granted))
        self.service = RemoteService(self.books, now=self.clock, speed=speed, seed=seed,
                                     faults=Faults.parse(faults or {}))
        self.app = make_app(self.service, make=make_cheap, threaded=False, catalog=catalog)
        self.key: Mapping[str, str] = {"X-API-Key": "sk_test"}
        self._backend = backend

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, answered."""
        return anyio.run(partial(self.ask_now, method, path, **more), backend=self._backend)

    async def ask_now(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request of a test that has a loop of its own."""
        headers = {**self.key, **more.pop("headers", {})}
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            return await client.request(method, path, headers=headers, **more)

    @property
    def get(self) -> Callable[..., httpx.Response]:
        """A GET."""
        return partial(self.ask, "GET")

    def start(self, **fields: Any) -> httpx.Response:
        """A start of a picture, or of what the fields say."""
        return self.post("media", **{"model": IMAGE, "prompt": "a red kite", **fields})

    def post(self, route: str, **fields: Any) -> httpx.Response:
        """A start at the route of this name."""
        return self.ask("POST", f"/v1/generate/{route}", content=json.dumps(fields))

    def buy(self, **fields: Any) -> str:
        """An accepted start; its id."""
        answer = self.start(**fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["generation_id"])

    def begin(self, route: str, **fields: Any) -> str:
        """An accepted start at the route of this name; its id."""
        answer = self.post(route, **fields)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return str(body.get("separation_id") or body["generation_id"])

    def status(self, job_id: str, route: str = "media") -> dict[str, Any]:
        """The answer to a status read of a job."""
        answer = self.get(f"/v1/generate/{route}/{job_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def finished(self, **fields: Any) -> dict[str, Any]:
        """The status row of a job bought and waited for."""
        job_id = self.buy(**fields)
        self.wait(3600)
        return self.status(job_id)

    def file(self, url: str) -> bytes:
        """What lies at an address."""
        answer = self.get(url)
        assert answer.status_code == 200, answer.text
        return answer.content

    def upload(self, *files: tuple[str, bytes, str]) -> httpx.Response:
        """Hand in files of name, bytes and type."""
        return self.ask("POST", "/v1/upload/media", files=[("file", each) for each in files])

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds
