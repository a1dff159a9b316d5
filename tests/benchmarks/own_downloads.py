"""The executor's own path for the files of a made job, as `bench_downloads` runs it."""

import time
from pathlib import Path

import anyio
from download_peers import AT_ONCE
from file_service import FILE_BYTES

from pipeline.core.job import Job
from pipeline.core.money import NOTHING
from pipeline.core.pricing import Quote
from pipeline.core.spec import JobSpec
from pipeline.executor.assets import AssetStore, in_thread
from pipeline.providers import lines  # noqa: F401 - loaded before the watch starts
from pipeline.providers.http import Http
from pipeline.providers.secret import Secret


async def by_executor(url: str, size: int, folder: Path) -> None:
    """Opened without the key, hashed on the way, looked into, synced, given its name for good."""
    http, store = Http(url, Secret("key"), now=time.time), AssetStore(in_thread)
    spec, left = JobSpec("sandbox", "music", "V5", "a song"), iter(range(size))

    async def work() -> None:
        for number in left:
            job = Job(f"{number:032x}"[::-1], "sandbox", spec, Quote(NOTHING, NOTHING, ""),
                      folder=folder.as_posix())
            async with http.download(f"{url}/{number}", loopback=True) as download:
                file = await store.save(job, 0, download)
            if file.bytes != FILE_BYTES:
                raise RuntimeError(str(file))

    async with anyio.create_task_group() as workers:
        for _ in range(AT_ONCE):
            workers.start_soon(work)
    await http.close()
