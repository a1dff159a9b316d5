"""Processes of the program without the half second that its imports take.

A nursery is a process that has imported the program and forks a child for every command: a process
of its own with its own streams, session, folder and environment, which runs `main` to its end.
Started as a script it is the nursery, imported it is the way to ask one.
"""

import array
import atexit
import contextlib
import gc
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

REPOSITORY = Path(__file__).resolve().parents[2]
MODULES = ("account", "authoring", "catalog", "completion", "doctor", "doubt", "failure", "library",
           "login", "looking", "mending", "planning", "running", "sandbox", "spend")
LARGEST = 1 << 20
HELD = "NURSERY_HELD"
"""A child that has this in its environment stops before its first step, until it is let go on."""


class Child:
    """A command that was begun in a nursery; what is used of `subprocess.Popen`."""

    def __init__(self, line: socket.socket, args: Sequence[str]) -> None:
        self._line = line
        self.args = args
        self.pid = int.from_bytes(_read(line, 4), "little")
        self.returncode: int | None = None

    def __del__(self) -> None:
        """Nobody asks for its code any more."""
        self._line.close()

    def poll(self) -> int | None:
        """Its code, if it has ended; killed ones have the signal's number, negative."""
        if self.returncode is None and select.select([self._line], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its code; raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(list(self.args), timeout or 0.0)
            self.returncode = int.from_bytes(_read(self._line, 4), "little", signed=True)
            self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """As a power cut would."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """As a supervisor would."""
        self.send_signal(signal.SIGTERM)


class Nursery:
    """The nursery of one test process."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nursery")
        self._path = f"{self._folder.name}/s"
        self._process = subprocess.Popen([sys.executable, __file__, self._path],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()
        atexit.register(self.close)

    def close(self) -> None:
        """End it; the children it has are on their own."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
        self._folder.cleanup()

    def start(self, words: Sequence[str], cwd: Path, env: Mapping[str, str],
              streams: Sequence[int]) -> Child:
        """Begin a command with these three descriptors as its streams."""
        line = socket.socket(socket.AF_UNIX)
        line.connect(self._path)
        wish = json.dumps({"words": list(words), "cwd": str(cwd), "env": dict(env)}).encode()
        line.sendmsg([len(wish).to_bytes(4, "little") + wish],
                     [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))])
        return Child(line, words)


_NURSERIES: list[Nursery] = []


def nursery() -> Nursery:
    """The one of this process."""
    if not _NURSERIES:
        _NURSERIES.append(Nursery())
    return _NURSERIES[0]


def _read(line: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        part = line.recv(size - len(content))
        assert part, "the nursery is gone"
        content += part
    return content


def keep(path: str) -> None:
    """Fork a child for every line that comes in, until standard input ends."""
    _import_everything()
    children: dict[int, socket.socket] = {}
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen(64)
        sys.stdout.write("open\n")
        sys.stdout.flush()
        while True:
            ready, _, _ = select.select([0, door], [], [], 0.01 if children else None)
            if 0 in ready:
                return
            if door in ready:
                line, _ = door.accept()
                children[_bear(line, door)] = line
            _bury(children)


def _import_everything() -> None:
    sys.path.insert(0, str(REPOSITORY))
    import importlib

    for name in MODULES:
        importlib.import_module(f"pipeline.cli.{name}")
    for name in ("pipeline.sandbox.server", "pipeline.ledger.schema", "pipeline.outputs.sheet",
                 "anyio._backends._asyncio"):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _bear(line: socket.socket, door: socket.socket) -> int:
    content, found = b"", array.array("i")
    while len(content) < 4 or len(content) < 4 + int.from_bytes(content[:4], "little"):
        part, ancillary, _, _ = line.recvmsg(LARGEST, socket.CMSG_LEN(12))
        content += part
        for _, _, data in ancillary:
            found.frombytes(data)
    if pid := os.fork():
        for descriptor in found:
            os.close(descriptor)
        line.sendall(pid.to_bytes(4, "little"))
        return pid
    door.close()
    line.close()
    _live(json.loads(content[4:]), list(found))
    return 0


def _live(wish: Mapping[str, Any], streams: Sequence[int]) -> None:
    """The child, which does not return: a new session, streams, folder, environment, `main`."""
    os.setsid()
    if wish["env"].pop(HELD, ""):
        os.kill(os.getpid(), signal.SIGSTOP)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    os.closerange(3, 256)
    os.chdir(wish["cwd"])
    os.environ.clear()
    os.environ.update(wish["env"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = _text(1)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(2)  # type: ignore[misc]
    sys.argv = ["pipeline", *wish["words"]]
    from pipeline.cli import main

    code = 1
    try:
        main()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    finally:
        _leave(code)


def _text(descriptor: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(descriptor, "wb", closefd=False)),
                            encoding="utf-8", line_buffering=descriptor == 2)


def _leave(code: int) -> NoReturn:
    """As the interpreter does: flush, and say 120 where that fails."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = 120
    os._exit(code)


def _bury(children: dict[int, socket.socket]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with contextlib.closing(children.pop(pid)) as line, contextlib.suppress(OSError):
            line.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "little", signed=True))


if __name__ == "__main__":
    keep(sys.argv[1])
