"""Goal B: at the limit of the limits: makespan, refusals, reads, and how soon an end is noticed.

Everything happens in virtual time over the simulated service (30 starts and 120 reads a minute, its
list shows 25 rows), so that no figure depends on the machine; `rounds` is the number of seeds, and
the middle of them is told. The bound is the earliest finish of a client that does not know where
the service's window begins and is never refused: 30 starts at once, 30 every 60 seconds, each job
as long as it took. The line "one probe" has `probe = true`, a world that begins anywhere in the
service's minute, and for its bound a client that knew the window from the start. Noticed is what
passes between a job's end and its `Produced` in the ledger; for the loops, the reply that says so.
"""

import heapq
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from statistics import median
from typing import TypeVar

import anyio
import httpx
from anyio.abc import TaskGroup
from pairing import keep, machine, say

from pipeline.providers.registry import SANDBOX_TERMS
from pipeline.sandbox.jobs import RemoteJob
from pipeline.sandbox.windows import Limits, Windows
from pipeline.simulation.clock import run_jumping
from pipeline.simulation.demand import FILMS, PICTURES, Demand
from pipeline.simulation.ground import ADDRESS
from pipeline.simulation.life import Life
from pipeline.simulation.process import run_process
from pipeline.simulation.story import Watcher, play
from pipeline.simulation.transport import SandboxTransport
from pipeline.simulation.wire import Caller
from pipeline.simulation.world import START_S, Kill, Script, World

SIZES = (400,)
ROUNDS = 1
LIMITERS = ("sliding", "fixed", "bucket", "counting")
MODELS = {"image": (PICTURES[0], 10, 12), "video": (FILMS, 96, 120)}
"""The model of each kind, the typical seconds in its catalog, and what it is made to take."""
STARTS, WINDOW_S = 30, 60.0
ROOMY = 150
"""Slots enough for all that thirty starts a minute can have under way."""
BACKOFF_S = (5.0, 5.0, 5.0, 10.0, 10.0, 15.0, 15.0, 30.0)
"""The pauses of the documented loop (llms.txt, "A correct polling loop")."""
LONGEST_S = 3000.0
READ_PAUSE_S = 0.5
DOWN_S = 10.0
KEYS = 10
FEW = 60
PHASES_S = (20.0, 31.0, 7.0, 45.0, 55.0)
"""How old the service's minute is when a world begins that probes."""

Turn = Callable[[float], float]
"""From when a start is wanted, in seconds since the beginning, to when it may be, and is."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table: so many jobs of a kind, under a kind of window."""

    kind: str
    size: int
    limiter: str = "sliding"
    slots: int = ROOMY
    kills: tuple[Kill, ...] = ()
    truth: float | None = None

    def script(self, seed: int) -> Script:
        """The world of this case; `truth` says how many times as long as the catalog says it takes,
        where that is wrong."""
        model, typical_s, seconds = MODELS[self.kind]
        takes = {"estimated_time_seconds": round(typical_s * self.truth) if self.truth else seconds}
        demand = Demand(subjects=self.size, ratios=("16:9",)) if self.kind == "image" else \
            Demand(models=(), subjects=self.size, extras=("opener",))
        return Script(seed=seed, demand=demand, kills=self.kills, terms=SANDBOX_TERMS,
                      faults={"models": {model: takes}, "windows": self.limiter},
                      limits={"media_in_flight": self.slots})


@dataclass(slots=True)
class Told:
    """What one world came to."""

    ratio: float
    refused: int
    reads: float
    lags: list[float]
    made: int


Player = Callable[[Case, int], Told]


@dataclass(slots=True)
class Loop:
    """A client as people write it: it obeys `Retry-After`, and remembers nothing."""

    http: httpx.AsyncClient
    case: Case
    spaced: bool
    noticed: dict[str, float] = field(default_factory=dict)
    _next_s: dict[str, float] = field(default_factory=dict)

    async def work(self) -> None:
        """All jobs side by side."""
        with anyio.move_on_after(LONGEST_S):
            async with anyio.create_task_group() as jobs:
                for number in range(self.case.size):
                    jobs.start_soon(self._job, number)

    async def _job(self, number: int) -> None:
        body = {"model": MODELS[self.case.kind][0], "prompt": f"a picture of subject {number}",
                "aspect_ratio": "16:9"}
        told = await self._call("POST", WINDOW_S / STARTS,
                                lambda: self.http.post("/v1/generate/media", json=body))
        name = told["generation_id"]
        for turn in range(10**6):
            await anyio.sleep(BACKOFF_S[min(turn, len(BACKOFF_S) - 1)])
            told = await self._call("GET", READ_PAUSE_S,
                                    lambda: self.http.get(f"/v1/generate/media/{name}"))
            if told["status"] == "completed":
                self.noticed[name] = START_S + anyio.current_time()
                return

    async def _call(self, what: str, pause_s: float,
                    call: Callable[[], Awaitable[httpx.Response]]) -> dict[str, str]:
        """The answer, asked for again as often as it is refused."""
        while True:
            if self.spaced:
                due_s = max(self._next_s.get(what, 0.0), anyio.current_time())
                self._next_s[what] = due_s + pause_s
                await anyio.sleep_until(due_s)
            answer = await call()
            if answer.status_code != 429:
                return dict(answer.raise_for_status().json())
            await anyio.sleep(float(answer.headers["retry-after"]))


def main(sizes: Sequence[int], rounds: int) -> None:
    """The table."""
    seeds = range(max(1, rounds))
    say(f"\nlimits: {machine()}; virtual time, {len(seeds)} seeds, medians\n")
    rows = ["| jobs | service | strategy | makespan ÷ bound | 429s | reads a job "
            "| noticed, median s | p95 s |",
            "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    say("\n".join(rows))
    for case, service, name, player in lines(sizes):
        rows.append(row(case, service, name, [player(case, seed) for seed in seeds]))
        say(rows[-1])
    keep("limits", rows)


def lines(sizes: Sequence[int]) -> Iterator[tuple[Case, str, str, Player]]:
    """Who plays what, in the order of the table. Loops that storm a bucket, or that a counting
    service never lets in again, have fewer jobs."""
    for size, kind, limiter in product(sizes, MODELS, LIMITERS):
        for name, player in PLAYERS.items():
            storms = player is not executor and limiter in ("bucket", "counting")
            yield Case(kind, min(size, FEW) if storms else size, limiter), limiter, name, player
        yield (Case(kind, size, limiter), f"{limiter}, bound of who knows it", "one probe",
               one_probe)
    for size, kind in product(sizes, MODELS):
        for name, case, player in extras(kind, size):
            yield case, name, "pipeline", player


def extras(kind: str, size: int) -> list[tuple[str, Case, Player]]:
    """What must hold as well."""
    died = (Kill(effect=max(3, size // 8), of="answered GET", down_s=DOWN_S),)
    return [(f"killed in mid-window, {DOWN_S:.0f} s down", Case(kind, size, kills=died), executor),
            ("10 in flight", Case(kind, size, slots=10), executor),
            ("takes half as long as told", Case(kind, size, truth=0.5), executor),
            ("takes twice as long as told", Case(kind, size, truth=2.0), executor),
            (f"{KEYS} keys", Case(kind, size), ten_keys)]


def row(case: Case, service: str, name: str, told: Sequence[Told]) -> str:
    """One line."""
    def middle(figures: Callable[[Told], float]) -> float:
        return median(figures(each) for each in told)

    ends = middle(lambda each: each.made)
    ratio = f"{middle(lambda each: each.ratio):.3f}" if ends >= case.size else \
        f"never: {ends:.0f} of {case.size} in {LONGEST_S / 60:.0f} min"
    return (f"| {case.size:,} {case.kind}s | {service} | {name} | {ratio} "
            f"| {middle(lambda each: each.refused):,.0f} | {middle(lambda each: each.reads):.2f} "
            f"| {middle(lambda each: share(each.lags, 0.5)):.1f} "
            f"| {middle(lambda each: share(each.lags, 0.95)):.1f} |")


def share(figures: Sequence[float], part: float) -> float:
    """The figure that this part of them does not exceed; 0 of none."""
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def blind() -> Turn:
    """Starts that no window can refuse, wherever it begins."""
    starts = list[float]()

    def turn(at_s: float) -> float:
        if len(starts) >= STARTS:
            at_s = max(at_s, starts[-STARTS] + WINDOW_S)
        starts.append(at_s)
        return at_s

    return turn


def knowing(limiter: str, start_s: float) -> Turn:
    """Starts of who knows the service's window; no refusal is there to be counted."""
    windows = Windows(Limits(), kind="sliding" if limiter == "counting" else limiter)
    last_s = start_s

    def turn(at_s: float) -> float:
        nonlocal last_s
        last_s = max(last_s, start_s + at_s)
        while wait_s := windows.take("key", "media", last_s):
            last_s += wait_s
        return last_s - start_s

    return turn


def bound_s(jobs: Sequence[RemoteJob], slots: int, turn: Turn) -> float:
    """The earliest finish of these jobs, in the order in which the service took them."""
    free, end_s = [0.0] * slots, 0.0
    for job in sorted(jobs, key=lambda job: job.seq):
        at_s = turn(heapq.heappop(free))
        end_s = max(end_s, at_s + job.finishes_at - job.created_at)
        heapq.heappush(free, at_s + job.finishes_at - job.created_at)
    return end_s


def judged(case: Case, world: World, noticed: Mapping[str, float], *, start_s: float = START_S,
           turn: Turn | None = None) -> Told:
    """The figures of a world in which these ends were noticed."""
    jobs = list(world.books.jobs())
    reads = sum(call.method == "GET" and call.path.startswith("/v1/generat")
                for call in world.wire.calls)
    span_s = max(noticed.values(), default=start_s) - start_s
    return Told(span_s / bound_s(jobs, case.slots, turn or blind()) if jobs else 0.0,
                sum(call.status == 429 for call in world.wire.calls), reads / case.size,
                [noticed[job.id] - job.finishes_at for job in jobs if job.id in noticed],
                len(noticed))


def produced(world: World) -> dict[str, float]:
    """When the ledger knew of each job's end, by the service's ids."""
    with world.ground.reading() as connection:
        if connection is None:
            return {}
        return {row["name"]: row["at_s"] for row in connection.execute(
            "select json_extract(taken.body, '$.remote_ids[0]') as name, made.at_s as at_s "
            "from events made join events taken using (job) "
            "where made.type = 'Produced' and taken.type = 'Accepted'")}


def executor(case: Case, seed: int) -> Told:
    """The real executor, with its ledger."""
    found: list[Told] = []
    with tempfile.TemporaryDirectory() as folder:
        play(case.script(seed), Path(folder), Watcher(
            rested=lambda world, story: found.append(judged(case, world, produced(world)))))
    return found[0]


def one_probe(case: Case, seed: int) -> Told:
    """The real executor, which calls once beyond the limit to learn the service's window."""
    start_s, script = START_S + PHASES_S[seed % len(PHASES_S)], case.script(seed)

    async def act(folder: Path, lines: TaskGroup, wall: Callable[[], float]) -> Told:
        world = World(replace(script, terms=replace(script.terms, probe=True)), folder, wall, lines)
        await run_process(world, Life())
        told = judged(case, world, produced(world), start_s=start_s,
                      turn=knowing(case.limiter, start_s))
        world.close()
        return told

    return _alone(act, start_s)


def ten_keys(case: Case, seed: int) -> Told:
    """As many executors in one loop, each with a key and as many jobs of its own."""
    async def act(folder: Path, tasks: TaskGroup, wall: Callable[[], float]) -> list[Told]:
        worlds = [World(case.script(KEYS * seed + key), folder / str(key), wall, tasks)
                  for key in range(KEYS)]
        async with anyio.create_task_group() as keys:
            for world in worlds:
                keys.start_soon(run_process, world, Life())
        told = [judged(case, world, produced(world)) for world in worlds]
        for world in worlds:
            world.close()
        return told

    told = _alone(act)
    return Told(max(each.ratio for each in told), sum(each.refused for each in told),
                median(each.reads for each in told), [lag for each in told for lag in each.lags],
                sum(each.made for each in told) // KEYS)


def loop(case: Case, seed: int, *, spaced: bool) -> Told:
    """What people write."""
    async def act(folder: Path, tasks: TaskGroup, wall: Callable[[], float]) -> Told:
        world = World(case.script(seed), folder, wall, tasks)
        async with httpx.AsyncClient(transport=SandboxTransport(Caller(world.wire, Life(), 1)),
                                     base_url=ADDRESS, headers={"x-api-key": "key"},
                                     timeout=60.0) as http:
            client = Loop(http, case, spaced)
            await client.work()
            told = judged(case, world, client.noticed)
        world.close()
        return told

    return _alone(act)


def _alone(act: Callable[[Path, TaskGroup, Callable[[], float]], Awaitable[T]],
           start_s: float = START_S) -> T:
    async def run(wall: Callable[[], float]) -> T:
        found: list[T] = []
        async with anyio.create_task_group() as tasks:
            found.append(await act(Path(folder), tasks, wall))
        return found[0]

    with tempfile.TemporaryDirectory() as folder:
        return run_jumping(run, start_s)


PLAYERS: Mapping[str, Player] = {
    "pipeline": executor,
    "documented loop": lambda case, seed: loop(case, seed, spaced=False),
    "even spacing": lambda case, seed: loop(case, seed, spaced=True),
}
