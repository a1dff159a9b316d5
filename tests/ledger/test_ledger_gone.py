"""A state folder that somebody takes away, or forges, while a run uses it (SAFETY F81 to F87).

Goal: nothing is bought that the next process would know nothing of, and no dead run holds the lock.
Method: real files, deleted and moved under an open ledger; a real child that outlives its parent.
"""

import hashlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_samples import begun, go, jobs_of, make_cell, only_job, opened

from pipeline.core.errors import Exit, Halt
from pipeline.core.job import Intended
from pipeline.core.money import Money
from pipeline.ledger.lock import Lock
from pipeline.ledger.receipts import START, Receipts

PARENT = """
import subprocess, sys
from pathlib import Path
from pipeline.ledger.lock import Lock
lock = Lock(Path(sys.argv[1]))
lock.take("2027-01-15T08:00:00Z")
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"],
                         stdin=subprocess.PIPE, close_fds=False)
print(child.pid, flush=True)
sys.stdin.read()
"""

WAYS: dict[str, Callable[[Path], None]] = {
    "all of it": shutil.rmtree,
    "the database": lambda state: (state / "pipeline.db").unlink(),
    "the receipts": lambda state: (state / "receipts.log").unlink(),
    "moved away": lambda state: state.rename(state.with_name("elsewhere")) and None,
    "another database": lambda state: _replace(state / "pipeline.db"),
}


def _replace(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.replace(path)


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_intended_in_a_ledger_that_is_gone(way: str, tmp_path: Path) -> None:
    with begun(tmp_path / "state", make_cell("a kite"), make_cell("a kite again")) as ledger:
        first, second = jobs_of(ledger)
        go(ledger.record, first, Intended("t1", Money.parse("10")))
        WAYS[way](tmp_path / "state")
        with pytest.raises(Halt) as told:
            go(ledger.record, second, Intended("t2", Money.parse("10")))
        assert told.value.exit_code is Exit.DAMAGED
        assert "moved or deleted" in told.value.message
        assert ledger.run is not None
        with pytest.raises(Halt, match="moved or deleted"):
            ledger.finish(ledger.run, 0, 1.0, ended=True)


@pytest.mark.parametrize("body", [
    b"", b"[]", b"5", b'{"what":"intent"}', b"[" * 99_999, b'{"what":"x","tag":"t","ids":5}',
    b'{"what":1,"tag":[],"ids":[]}'])
def test_a_line_that_says_nothing_was_not_written_by_us(body: bytes, tmp_path: Path) -> None:
    """Also where its digest is right: whoever can forge the log can count that."""
    mark = hashlib.sha256(START.encode() + body).hexdigest()[:16].encode()
    (tmp_path / "receipts.log").write_bytes(mark + b" " + body + b"\n")
    log = Receipts(tmp_path / "receipts.log")
    with pytest.raises(Halt, match="was edited"):
        log.open(0, START)
    log.close()


def test_a_lock_file_that_a_cleaner_took_lets_nobody_write_beside_the_new_owner(
        tmp_path: Path) -> None:
    with begun(tmp_path / "state") as ledger:
        job = only_job(ledger)
        (tmp_path / "state" / "lock").unlink()
        with opened(tmp_path / "state"), pytest.raises(Halt, match="taken the ledger over"):
            go(ledger.record, job, Intended("t1", Money.parse("10")))


def test_a_child_that_outlives_its_parent_holds_no_lock(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert int(parent.stdout.readline())
        with pytest.raises(Halt):
            Lock(tmp_path).take("now")
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        lock = Lock(tmp_path)
        lock.take("now")
        lock.release()
