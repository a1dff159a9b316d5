"""A sandbox that runs as a program of its own, and a client of it over real sockets."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from sandbox_world import IMAGE

SCRIPT = "from pipeline.cli.sandbox import sandbox_command; sandbox_command()"
WAIT_S = 20


def command(*options: str) -> list[str]:
    return [sys.executable, "-c", SCRIPT, *options]


class Served:
    """A running sandbox, its address and a client with a key."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.told: dict[str, Any] = json.loads(process.stdout.readline())
        self.client = httpx.Client(base_url=self.told["url"], headers={"X-API-Key": "k"},
                                   trust_env=False)

    def start(self) -> httpx.Response:
        return self.client.post("/v1/generate/media", json={"model": IMAGE, "prompt": "a kite"})

    def books(self) -> Any:
        return self.client.get("/sandbox/books").json()

    def finished_url(self) -> str:
        self.start()
        while not (outputs := self._newest()["outputs"]):
            pass
        return str(outputs[0]["url"])

    def _newest(self) -> Any:
        return self.client.get("/v1/generations").json()["generations"][0]


@contextmanager
def served(*options: str, faults: str = "", tmp_path: Path | None = None) -> Iterator[Served]:
    if faults and tmp_path:
        (tmp_path / "faults.yaml").write_text(faults)
        options = (*options, "--faults", str(tmp_path / "faults.yaml"))
    if "--folder" not in options:
        options = (*options, "--in-memory")
    pipe = subprocess.PIPE
    with subprocess.Popen(
            command("--port", "0", "--announce", "json", "--until-stdin-closes", *options),
            stdin=pipe, stdout=pipe, text=True) as process:
        sandbox = Served(process)
        try:
            yield sandbox
        finally:
            sandbox.client.close()
            process.kill()
