"""The sandbox as a child of this process.

Law: it runs in a session of its own, so that a Ctrl-C meant for the run does not end the service,
and it ends when its standard input does, so that it never outlives the run, whatever ends that. No
key is handed to it.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import Exit, Halt

START_S = 30.0
END_S = 5.0
KEPT = ("PATH", "HOME", "TMPDIR", "TZ", "LANG")
KEPT_PREFIXES = ("LC_", "LD_", "DYLD_", "PYTHON", "PIPELINE_")
"""The variables that the child gets."""


@dataclass(frozen=True, slots=True)
class SandboxWishes:
    """How the embedded sandbox is to behave."""

    speed: float = 60.0
    faults: str = ""
    seed: int | None = None


class EmbeddedSandbox:
    """A running sandbox: its address, and how to end it."""

    def __init__(self, folder: Path, wishes: SandboxWishes, dialects: Iterable[str], *,
                 read_only: bool) -> None:
        """Start it with these dialects; raises `Halt` when it does not come up.

        A question leaves no trace: without books of earlier runs it is answered from memory.
        """
        command = [sys.executable, "-m", "pipeline", "sandbox", "--port", "0", "--announce",
                   "json", "--until-stdin-closes", "--speed", f"{wishes.speed:g}",
                   "--folder", str(folder)]
        for name in dialects:
            command += ["--provider", name]
        if read_only:
            command.append("--no-new-books")
        else:
            folder.mkdir(parents=True, exist_ok=True)
        if wishes.faults:
            command += ["--faults", wishes.faults]
        if wishes.seed is not None:
            command += ["--seed", str(wishes.seed)]
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints,
            start_new_session=True, env=_without_keys(os.environ))
        self.url = self._read_address()

    def close(self) -> None:
        """End it; its jobs and bills stay in its books."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._complaints.close()

    def _read_address(self) -> str:
        line = b""
        if (stream := self._process.stdout) is not None:
            ready, _, _ = select.select([stream], [], [], START_S)
            line = stream.readline() if ready else b""
        try:
            return str(json.loads(line)["url"])
        except (ValueError, KeyError):
            self._complaints.seek(0)
            words = _complaint(self._complaints.read().decode(errors="replace"))
            self.close()
            raise Halt(Exit.REFUSED, "the embedded sandbox did not start"
                       + (f": {words}" if words else ""),
                       hint="try `pipeline sandbox` to see why") from None


def _without_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """What a sandbox needs of the environment: no key of any account is for it."""
    return {name: value for name, value in environ.items()
            if name in KEPT or name.startswith(KEPT_PREFIXES)}


def _complaint(text: str) -> str:
    """What a process that failed said of it: its error line, or its last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith("error")), lines[-1] if lines else "")
    return told.removeprefix("error:").strip()[:400]
