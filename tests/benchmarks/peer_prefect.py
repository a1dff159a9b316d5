"""Prefect: a flow that maps a task over the jobs, on a server of its own that starts with it.

It keeps the state of every task in its database; its server is up before the watch is started.
"""

import os
import tempfile

from beside import LINES, Stopwatch, contend

QUIET = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
         "PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_LOGGING_TO_API_ENABLED": "false",
         "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}


def race(url: str, size: int, watch: Stopwatch) -> None:
    """The flow with one job first, then with all of them but that one."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(QUIET, PREFECT_HOME=home)
        _fly(url, size, watch)


def _fly(url: str, size: int, watch: Stopwatch) -> None:
    import httpx  # the environment must stand first: prefect reads it when it is imported
    from prefect import flow, task
    from prefect.task_runners import ThreadPoolTaskRunner

    client = httpx.Client(trust_env=False, limits=httpx.Limits(max_connections=LINES))

    @task
    def make(number: int) -> str:
        said = client.post(f"{url}/v1/generate/media", json={
            "prompt": "a picture", "model": "nano-banana"})
        name = str(said.json()["generation_id"])
        told = client.get(f"{url}/v1/generate/media/{name}")
        if told.json()["status"] != "completed":
            raise RuntimeError(told.text)
        return name

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=LINES))
    def night(number: int) -> list[str]:
        return [made.result() for made in make.map(range(number))]

    night(0)
    with watch:
        night(size)


if __name__ == "__main__":
    contend(race)
