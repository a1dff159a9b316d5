"""One lane of a run on a bench: real ledger, real adapter, jumping clock, and a small bakery."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import httpx
from PIL import Image

from pipeline.core.cells import Cell
from pipeline.core.job import Accepted, Intended, Job
from pipeline.core.money import Money
from pipeline.core.plan import Plan, Row, Status
from pipeline.core.pricing import Quote
from pipeline.core.report import RunInfo
from pipeline.core.spec import JobSpec, SourceRef
from pipeline.core.terms import Terms
from pipeline.executor.assets import AssetStore, in_place
from pipeline.executor.control import Control
from pipeline.executor.lane import Lane, World
from pipeline.ledger.ledger import Ledger
from pipeline.providers.http import Http, Secret
from pipeline.providers.registry import PROVIDERS, SANDBOX_TERMS
from pipeline.simulation.clock import run_jumping

KEY = "sk_live_canary_4711"
ADDRESS = "http://127.0.0.1:9"
START_S = 1_800_000_000.0
RUN = "run-1"
PRICE = Money.parse("10")

T = TypeVar("T")


def png(size: tuple[int, int] = (8, 8), color: tuple[int, int, int] = (9, 9, 9)) -> bytes:
    """A small real picture."""
    stream = BytesIO()
    Image.new("RGB", size, color).save(stream, "PNG")
    return stream.getvalue()


class Bakery:
    """A service of a few lines that speaks the dialect: every call is noted with its moment.

    `ready` says from when on a job is made; `odd` gives another answer for a path, by its beginning
    and the moment.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.ready: dict[str, float] = {}
        self.links = True
        self.files: dict[str, bytes] = {}
        self.odd: list[tuple[str, Callable[[float], httpx.Response | Exception | None]]] = []
        self.calls: list[tuple[float, str]] = []
        self.assets: dict[str, str] = {}
        self.uploads = 0

    def times(self, path: str) -> list[float]:
        """When a path that begins so was called, in seconds since the start."""
        return [at_s - START_S for at_s, called in self.calls if called.startswith(path)]

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """One request, answered."""
        await request.aread()
        path = request.url.path
        self.calls.append((self.now(), path))
        for start, answer in self.odd:
            if path.startswith(start) and (found := answer(self.now() - START_S)) is not None:
                if isinstance(found, Exception):
                    raise found
                return httpx.Response(found.status_code, headers=found.headers,
                                      stream=found.stream)
        return self._answer(path)

    def _answer(self, path: str) -> httpx.Response:
        if path == "/v1/generations":
            return told({"generations": [self._row(name, self.links) for name in self.ready]})
        if path == "/v1/upload/media":
            self.uploads += 1
            return told({"urls": [f"{ADDRESS}/u/{self.uploads}"]})
        if path == "/v1/assets":
            return told({"assets": [{"name": n, "url": u} for n, u in self.assets.items()]})
        if path == "/v1/generate/media":
            name = f"g{len(self.ready)}"
            self.ready[name] = self.now() + 20
            return told({"generation_id": name})
        name = path.rpartition("/")[2]
        if path.startswith("/v1/generate/media/") and name in self.ready:
            return told(self._row(name, links=True))
        if name in self.files:
            return blob(self.files[name])
        return told({"error": "not_found", "message": "no such thing"}, 404)

    def _row(self, name: str, links: bool) -> dict[str, Any]:
        done = self.now() >= self.ready[name]
        return {"id": name, "model": "m", "prompt": "x", "created_at": "2027-01-15T08:00:00Z",
                "status": "completed" if done else "processing", "credits_deducted": 10,
                "outputs": [{"url": f"/images/{name}" if links else None}] if done else []}


def told(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> httpx.Response:
    """A JSON answer."""
    return blob(json.dumps(body).encode(), status, headers)


def blob(content: bytes, status: int = 200, headers: dict[str, str] | None = None,
         ) -> httpx.Response:
    """An answer of bytes, not yet read."""
    return httpx.Response(status, headers=headers, stream=Whole(content))


class Whole(httpx.AsyncByteStream):
    """A body in one piece, as often as it is asked for."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The piece."""
        yield self.content


class Bench:
    """A ledger, a control, a lane, and jobs on demand."""

    def __init__(self, folder: Path, wall: Callable[[], float], terms: Terms) -> None:
        self.folder = folder
        self.wall = wall
        self.bakery = Bakery(wall)
        self.control = Control()
        self.said: list[str] = []
        self.ledger = Ledger(folder / "state", wall)
        self.http = Http(ADDRESS, Secret(KEY), now=wall,
                         transport=httpx.MockTransport(self.bakery))
        self.provider = PROVIDERS["sandbox"].build(self.http, terms, True)
        self.tags = 0
        self.free_bytes = 2**62
        self.price = Quote(PRICE, PRICE, "10 a job")
        self.lane = Lane("sandbox", self.provider, World(
            self.ledger, AssetStore(in_place, lambda folder: self.free_bytes), self.control,
            Teller(self.said), wall,
            self.new_tag, wall))

    def new_tag(self) -> str:
        """Tags in order."""
        self.tags += 1
        return f"tag-{self.tags}"

    def admit(self, count: int = 1, *, sources: tuple[SourceRef, ...] = (),
              model: str = "m", kind: str = "image") -> list[Job]:
        """So many pending jobs of a new run."""
        specs = [JobSpec("sandbox", kind, model, f"kite {n}", "1:1", {}, sources)
                 for n in range(count)]
        rows = [Row(Cell("c", "sandbox", spec, spec.key(), self.price, {"n": n}, None), Status.NEW)
                for n, spec in enumerate(specs)]
        plan = Plan("m", "m.yaml", "sandbox", rows)
        self.ledger.begin(RunInfo(RUN, "m", "m.yaml", "sandbox", self.wall()), plan,
                          self.ledger.caps, str(self.folder / "out"))
        return [self.job(spec.key()) for spec in specs]

    def job(self, key: str) -> Job:
        """A job as the ledger has it now."""
        found = self.ledger.ask.job(key)
        assert found is not None
        return found

    async def intend(self, job: Job) -> Job:
        """The job with its intent on disk."""
        return await self.ledger.record(job, Intended(self.new_tag(), PRICE))

    async def running(self, count: int, ready_s: float = 30.0, *, parts: int = 1,
                      **more: Any) -> list[Job]:
        """So many jobs that the bakery has, made after so many seconds, each in so many parts."""
        jobs = []
        for number, job in enumerate(self.admit(count, **more)):
            ids = tuple(f"r{number}" + (f"-{part}" if part else "") for part in range(parts))
            self.bakery.ready |= {name: self.wall() + ready_s for name in ids}
            jobs.append(await self.ledger.record(await self.intend(job), Accepted(ids)))
        return jobs

    async def close(self) -> None:
        """Everything closed."""
        await self.http.close()
        self.ledger.close()


class Teller:
    """Keeps what is said to a person."""

    def __init__(self, into: list[str]) -> None:
        self.said = into.append


def at_bench(folder: Path, act: Callable[[Bench], Awaitable[T]], *,
             terms: Terms = SANDBOX_TERMS) -> T:
    """What an act on a bench comes to, in simulated time."""
    async def main(wall: Callable[[], float]) -> T:
        bench = Bench(folder, wall, terms)
        try:
            return await act(bench)
        finally:
            await bench.close()

    return run_jumping(main, START_S)


def names(jobs: Sequence[Job]) -> list[str]:
    """The service's ids of jobs."""
    return [job.remote_ids[0] for job in jobs]
