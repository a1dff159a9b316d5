"""huey on SQLite, every commit synced: a task a job, its consumer's threads making the calls.

Three things are durable about a job, as with us: that it is wanted, that it is taken, its outcome.
Each thread keeps one connection of the standard library's own client, the quickest it can have.
"""

import json
import tempfile
from http.client import HTTPConnection
from pathlib import Path
from threading import local
from urllib.parse import urlsplit

from beside import Stopwatch, contend
from huey import SqliteHuey

THREADS = 16
"""It is quicker with these than with 64: one writes to its file at a time."""


def race(url: str, size: int, watch: Stopwatch) -> None:
    """Enqueue them all, and have them all."""
    with tempfile.TemporaryDirectory() as folder:
        queue = SqliteHuey("jobs", filename=str(Path(folder, "huey.db")), fsync=True)
        mine = local()

        @queue.task()
        def make() -> str:
            if not hasattr(mine, "line"):
                mine.line = HTTPConnection(urlsplit(url).netloc)
            return _make(mine.line)

        consumer = queue.create_consumer(workers=THREADS, periodic=False, initial_delay=0.001,
                                         max_delay=0.02, check_worker_health=False)
        consumer.start()
        with watch:
            for wanted in [make() for _ in range(size)]:
                wanted.get(blocking=True, backoff=1.05, max_delay=0.02)
        consumer.stop(graceful=True)


def _make(line: HTTPConnection) -> str:
    """A start and a look."""
    body = json.dumps({"prompt": "a picture", "model": "nano-banana"})
    line.request("POST", "/v1/generate/media", body, {"content-type": "application/json"})
    name = str(json.loads(line.getresponse().read())["generation_id"])
    line.request("GET", f"/v1/generate/media/{name}")
    told = json.loads(line.getresponse().read())
    if told["status"] != "completed":
        raise RuntimeError(str(told))
    return name


if __name__ == "__main__":
    contend(race)
