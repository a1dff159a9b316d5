"""A working folder of its own for every test, and the program as a person starts it there."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from processes_nursery import Child, nursery

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
Process = subprocess.Popen[bytes] | Child
FULL = os.environ.get("PIPELINE_SWEEP") == "full"

PRODUCTS = ("lamp", "chair", "vase")
SMALL = """\
version: 1
name: small
account: {account}
campaigns:
  - name: shots
    models: [{model}]
    aspect_ratios: ["1:1"]
    prompt: "a {{{{ product }}}} on stone"
    vars:
      product: [{products}]
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document that stdout must be."""
        return json.loads(self.out)

    @property
    def complaint(self) -> Any:
        """The error document on the last line of stderr."""
        document = json.loads(self.err.splitlines()[-1])
        assert document["schema_version"] == 1
        return document["error"]


def wait_for(happens: Callable[[], Any], what: str, longest_s: float = PATIENCE_S) -> Any:
    """What `happens` says once it says something true."""
    until_s = time.monotonic() + longest_s
    while time.monotonic() < until_s:
        if found := happens():
            return found
        time.sleep(0.01)
    raise AssertionError(f"waited {longest_s} s in vain for: {what}")


class Sandbox:
    """A sandbox that is a process of its own."""

    def __init__(self, folder: Path, *, speed: float = 600, faults: str = "", port: int = 0,
                 **flags: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        words = ["sandbox", "--port", str(port), "--announce", "json", "--speed", f"{speed:g}",
                 "--folder", str(folder), "--until-stdin-closes"]
        for name, value in flags.items():
            words += [f"--{name}", value]
        if faults:
            (folder / "faults.yaml").write_text(faults)
            words += ["--faults", str(folder / "faults.yaml")]
        theirs, self._stdin = os.pipe()
        told, out = os.pipe()
        self.process = nursery().start(words, folder, os.environ, (theirs, out, 2))
        os.close(theirs)
        os.close(out)
        with os.fdopen(told) as stream:
            self.url = json.loads(stream.readline())["url"]
        self.port = int(self.url.rpartition(":")[2])

    def books(self) -> Any:
        """What was really charged."""
        return httpx.get(f"{self.url}/sandbox/books", trust_env=False, timeout=30).json()

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.close()

    def close(self) -> None:
        """End it; its books stay."""
        os.close(self._stdin)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def sandbox(folder: Path, **wishes: Any) -> Iterator[Sandbox]:
    """A sandbox for the length of a block."""
    served = Sandbox(folder, **wishes)
    try:
        yield served
    finally:
        served.close()


class Place:
    """A working folder with a cache, settings and a state of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("PIPELINE_", "KUBEEZ_", "PYTHON", "COLUMNS", "LINES"))}
        self.env = {**kept, "PIPELINE_CACHE_DIR": str(folder / "cache"),
                    "PIPELINE_CONFIG_DIR": str(folder / "config"),
                    "PYTHONPATH": str(REPOSITORY)}
        self._numbers: dict[int, int] = {}

    def write(self, name: str, text: str) -> Path:
        """A file of this folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def copy_demo(self) -> None:
        """The demo's manifests and templates."""
        for name in ("manifests", "templates"):
            shutil.copytree(REPOSITORY / name, self.folder / name)

    def small(self, *products: str, account: str = "sandbox", model: str = "imagen-4") -> Path:
        """A manifest of one cheap picture a product."""
        return self.write("small.yaml", SMALL.format(
            account=account, model=model, products=", ".join(products or PRODUCTS)))

    def settle_on(self, served: Sandbox, *, speed: float = 600, more: str = "") -> None:
        """The sandbox account is that of a process of its own."""
        self.write("pipeline.toml", f'[accounts.sandbox]\nbase_url = "{served.url}"\n'
                                    f"speed = {speed:g}\n{more}")

    def start(self, *words: str, before: tuple[str, ...] = (), env: Mapping[str, str] | None = None,
              **streams: int) -> Process:
        """Begin a command in a session of its own, its words in two files."""
        number = len(list(self.folder.glob("out.*")))
        whole = {**self.env, **(env or {})}
        with (self.folder / f"out.{number}").open("wb") as out, \
                (self.folder / f"err.{number}").open("wb") as err, \
                Path(os.devnull).open("rb") as nothing:
            three = [streams.get(name, stream.fileno()) for name, stream in (
                ("stdin", nothing), ("stdout", out), ("stderr", err))]
            if before or FULL:
                process: Process = subprocess.Popen(
                    [*before, sys.executable, "-m", "pipeline", *words], cwd=self.folder, env=whole,
                    start_new_session=True, stdin=three[0], stdout=three[1], stderr=three[2])
            else:
                process = nursery().start(words, self.folder, whole, three)
        self._numbers[process.pid] = number
        return process

    def end(self, process: Process, longest_s: float = PATIENCE_S) -> Ended:
        """Wait for a command that was begun."""
        try:
            code = process.wait(longest_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            raise AssertionError(f"{process.args} did not end in {longest_s} s: "
                                 f"{self.said(process)}") from None
        out, err = self.said(process)
        assert "Traceback" not in err, err
        assert "a bug of this program" not in err, err
        return Ended(code, out, err)

    def said(self, process: Process) -> tuple[str, str]:
        """What a command has printed up to now."""
        number = self._numbers[process.pid]
        return ((self.folder / f"out.{number}").read_text("utf-8", "replace"),
                (self.folder / f"err.{number}").read_text("utf-8", "replace"))

    def run(self, *words: str, longest_s: float = PATIENCE_S, **options: Any) -> Ended:
        """Carry out a command."""
        return self.end(self.start(*words, **options), longest_s)
