"""How the files that a job starts from reach the service.

Goal: the same content is uploaded once while its address lives, and what changed since the plan is
not bought with. Method: real files, a real ledger, a bakery that counts uploads.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import anyio
import httpx
import pytest
from executor_bench import ADDRESS, Bench, at_bench, told

from pipeline.core.errors import Barred
from pipeline.core.job import Cancelled, Failed, File, Job, Produced, Saved
from pipeline.core.money import NOTHING
from pipeline.core.provider import Output
from pipeline.core.spec import SourceRef
from pipeline.executor.sources import ADDRESS_LIVES_S, Readiness, readiness
from pipeline.executor.steps import intend

FILE = "/v1/upload/media"


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    path = tmp_path / "logo.png"
    path.write_bytes(b"the logo")
    return path


def ref(path: Path, content: bytes = b"the logo") -> SourceRef:
    return SourceRef("file", hashlib.sha256(content).hexdigest(), "image", str(path))


async def bring_all(bench: Bench, jobs: list[Job]) -> list[list[str] | None]:
    found: list[list[str] | None] = []

    async def bring(job: Job) -> None:
        found.append(await bench.lane.sources.bring(job))

    async with anyio.create_task_group() as tasks:
        for job in jobs:
            tasks.start_soon(bring, job)
    return found


def test_concurrent_jobs_upload_the_same_content_once(tmp_path: Path, logo: Path) -> None:
    twin = tmp_path / "twin.png"
    twin.write_bytes(b"the logo")

    async def act(bench: Bench) -> None:
        jobs = bench.admit(10, sources=(ref(logo), ref(twin)))
        found = await bring_all(bench, jobs)
        assert found == [[f"{ADDRESS}/u/1", f"{ADDRESS}/u/1"]] * 10
        assert bench.bakery.uploads == 1

    at_bench(tmp_path, act)


def test_an_address_that_is_too_old_is_not_used(tmp_path: Path, logo: Path) -> None:
    async def act(bench: Bench) -> None:
        jobs = bench.admit(1, sources=(ref(logo),))
        for wait_s, address in ((0, 1), (ADDRESS_LIVES_S - 1, 1), (2, 2), (10, 2)):
            await anyio.sleep(wait_s)
            assert await bring_all(bench, jobs) == [[f"{ADDRESS}/u/{address}"]]

    at_bench(tmp_path, act)


def test_the_order_of_the_sources_is_kept(tmp_path: Path, logo: Path) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(b"other")

    async def act(bench: Bench) -> None:
        bench.bakery.assets = {"brand": f"{ADDRESS}/brand"}
        sources = (SourceRef("url", "https://cdn.example/x.png"), ref(other, b"other"),
                   SourceRef("asset", "brand"), ref(logo))
        found = await bring_all(bench, bench.admit(1, sources=sources))
        assert found == [["https://cdn.example/x.png", f"{ADDRESS}/u/1", f"{ADDRESS}/brand",
                          f"{ADDRESS}/u/2"]]

    at_bench(tmp_path, act)


def changed(path: Path) -> None:
    path.write_bytes(b"another logo")


@pytest.mark.parametrize("spoil", [changed, Path.unlink], ids=["changed", "gone"])
def test_a_file_that_is_no_longer_what_was_planned_ends_the_job(
        tmp_path: Path, logo: Path, spoil: Callable[[Path], None]) -> None:
    async def act(bench: Bench) -> None:
        (job,) = bench.admit(1, sources=(ref(logo),))
        spoil(logo)
        with pytest.raises(FileNotFoundError):
            await bench.lane.sources.bring(job)
        event = await intend(bench.lane, job)
        assert isinstance(event, Cancelled) and event.cause == "source_missing"
        assert "logo.png" in event.message and str(tmp_path) not in event.message
        assert not bench.bakery.calls

    at_bench(tmp_path, act)


def test_an_asset_is_named_and_its_address_is_asked_for_each_time(tmp_path: Path) -> None:
    async def act(bench: Bench) -> None:
        jobs = bench.admit(1, sources=(SourceRef("asset", "brand"),))
        for number in range(2):
            bench.bakery.assets = {"other": "x", "brand": f"{ADDRESS}/signed/{number}"}
            assert await bring_all(bench, jobs) == [[f"{ADDRESS}/signed/{number}"]]
        bench.bakery.assets = {"other": "x"}
        with pytest.raises(FileNotFoundError, match="brand"):
            await bench.lane.sources.bring(jobs[0])

    at_bench(tmp_path, act)


@pytest.mark.parametrize("failure", [httpx.ConnectError("down"), told({}, 503), told({}, 429),
                                     told({"urls": []})], ids=["down", "503", "429", "empty"])
def test_an_upload_is_tried_until_it_comes(tmp_path: Path, logo: Path,
                                           failure: httpx.Response | Exception) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.odd.append((FILE, lambda at_s: failure if at_s < 90 else None))
        found = await bring_all(bench, bench.admit(3, sources=(ref(logo),)))
        assert found == [[f"{ADDRESS}/u/1"]] * 3
        assert bench.bakery.uploads == 1 and len(bench.bakery.times(FILE)) < 30

    at_bench(tmp_path, act)


def test_a_file_that_the_service_does_not_take_ends_the_job(tmp_path: Path, logo: Path) -> None:
    async def act(bench: Bench) -> None:
        no = told({"error": "file_too_large", "message": "500 MB at most"}, 413)
        bench.bakery.odd.append((FILE, lambda at_s: no))
        with pytest.raises(FileNotFoundError, match="500 MB at most"):
            await bench.lane.sources.bring(bench.admit(1, sources=(ref(logo),))[0])

    at_bench(tmp_path, act)


def test_an_upload_at_a_closed_account_closes_the_lane_and_leaves_the_job(
        tmp_path: Path, logo: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.odd.append((FILE, lambda at_s: told({}, 401)))
        (job,) = bench.admit(1, sources=(ref(logo),))
        with pytest.raises(Barred):
            await bench.lane.sources.bring(job)
        assert await intend(bench.lane, job) is None
        assert bench.lane.barred is not None and not bench.lane.buying

    at_bench(tmp_path, act)


def test_nobody_waits_for_an_upload_once_the_buying_stops(tmp_path: Path, logo: Path) -> None:
    async def act(bench: Bench) -> None:
        bench.bakery.odd.append((FILE, lambda at_s: told({}, 503)))
        jobs = bench.admit(2, sources=(ref(logo),))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stop, bench)
            assert await bring_all(bench, jobs) == [None, None]
        assert anyio.current_time() <= 120

    at_bench(tmp_path, act)


async def stop(bench: Bench) -> None:
    await anyio.sleep(50)
    bench.control.stop_buying()


async def settle(bench: Bench, job: Job, end: str, path: Path) -> None:
    """Bring a job to an end."""
    sending = await bench.intend(job)
    if end == "failed":
        await bench.ledger.record(sending, Failed("generation_failed"))
        return
    produced = await bench.ledger.record(sending, Produced((Output("u"),), NOTHING, ("g1",)))
    if end == "done":
        digest = hashlib.sha256(b"the logo").hexdigest()
        await bench.ledger.record(produced, Saved((File(str(path), digest, 8, "image/png"),)))


@pytest.mark.parametrize(("end", "ready"), [
    ("pending", Readiness.LATER), ("produced", Readiness.LATER), ("done", Readiness.READY),
    ("failed", Readiness.NEVER), ("unknown", Readiness.NEVER)])
def test_a_job_waits_for_the_one_it_starts_from(tmp_path: Path, logo: Path, end: str,
                                                ready: Readiness) -> None:
    async def act(bench: Bench) -> None:
        (base,) = bench.admit(1)
        if end not in ("pending", "unknown"):
            await settle(bench, base, end, logo)
        key = base.key if end != "unknown" else "0" * 32
        (clip,) = bench.admit(1, sources=(SourceRef("job", key, "image"),))
        found, why = readiness(clip, bench.ledger)
        assert found is ready and bool(why) is (ready is Readiness.NEVER)
        if ready is Readiness.READY:
            assert await bench.lane.sources.bring(clip) == [f"{ADDRESS}/u/1"]

    at_bench(tmp_path, act)
