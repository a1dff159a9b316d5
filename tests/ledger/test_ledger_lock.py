"""The lock of a state folder: one owner at a time, and the kernel alone says who lives.

Goal: two processes never own a folder, a stopped one still does, a dead one gives it up at once.
Method: real processes (SAFETY F84, F85, F87).
"""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ledger_samples import begun, opened, running

from pipeline.core.errors import Exit, Halt
from pipeline.ledger.connection import open_for_reading
from pipeline.ledger.lock import Lock, refuse_if_held

HOLD = """
import sys
from pathlib import Path
from pipeline.ledger.lock import Lock
lock = Lock(Path(sys.argv[1]))
lock.take("2027-01-15T08:00:00Z")
print("held", flush=True)
sys.stdin.read()
"""
ASK = """
import sys
from pathlib import Path
from pipeline.core.errors import Halt
from pipeline.ledger.lock import refuse_if_held
print("asking", flush=True)
while True:
    try:
        refuse_if_held(Path(sys.argv[1]))
    except Halt:
        pass
"""


@contextmanager
def other_process(script: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", script, str(folder)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_refused_and_told_who_holds_the_folder(tmp_path: Path) -> None:
    with other_process(HOLD, tmp_path) as holder:
        with pytest.raises(Halt) as told, opened(tmp_path):
            pytest.fail("two owners")
        assert told.value.exit_code is Exit.HELD
        assert f"process {holder.pid} on " in told.value.message
        assert "since 2027-01-15T08:00:00Z" in told.value.message
        assert told.value.code == "state_held"
        with pytest.raises(Halt, match=f"process {holder.pid}"):
            refuse_if_held(tmp_path)
    assert not (tmp_path / "pipeline.db").exists()


def test_a_holder_that_is_stopped_holds_and_one_that_is_killed_does_not(tmp_path: Path) -> None:
    with other_process(HOLD, tmp_path) as holder:
        holder.send_signal(signal.SIGSTOP)
        with pytest.raises(Halt):
            Lock(tmp_path).take("now")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        refuse_if_held(tmp_path)
        with opened(tmp_path):
            assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()


def test_who_only_asks_never_keeps_an_owner_out(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    with other_process(ASK, tmp_path):
        for _ in range(200):
            lock = Lock(tmp_path)
            lock.take("now")
            lock.release()


def test_the_lock_file_stays_when_the_lock_is_given_up(tmp_path: Path) -> None:
    with opened(tmp_path):
        inode = (tmp_path / "lock").stat().st_ino
    with opened(tmp_path):
        assert (tmp_path / "lock").stat().st_ino == inode


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "elsewhere").touch()
    (state / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        Lock(state).take("now")


def test_asking_makes_nothing(tmp_path: Path) -> None:
    refuse_if_held(tmp_path / "nowhere")
    assert open_for_reading(tmp_path / "nowhere") is None
    assert not (tmp_path / "nowhere").exists()


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    with begun(tmp_path / "state") as ledger:
        running(ledger)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode)
                 for path in (tmp_path / "state").iterdir()}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert all(modes[name] == 0o600 for name in ("pipeline.db", "receipts.log", "lock"))
