"""A small run that falls at a chosen system call, goes on, and is held against the service's books.

A fall is death on entry to the N-th call of a kind, or an error in its place, once or from then on.
The tracer takes hold of a process that has imported the program and done nothing yet, so that every
call that it counts is one of the run. It counts by thread; what the threads that finish the files
do is reached by asking for the calls on one file.
"""

import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from processes_books import check_books, rows
from processes_kit import Ended, Place, sandbox, wait_for
from processes_nursery import HELD

STRACE = shutil.which("strace")
KILL = "signal=KILL"
DONE, JOBS = 0, 3
ENDINGS = (0, 2, 12, 13, 120)
"""With what a run may end whose calls failed: mended, no room, doubts, a ledger that gave up, and
the interpreter's own word for streams that took nothing."""

SHOTS = "outputs/small/shots"


@dataclass(frozen=True, slots=True)
class Fall:
    """Death (`KILL`) or an error at the `number`-th `call`, of all or of those on some paths."""

    call: str
    fate: str
    number: int
    ever: bool = False
    paths: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f" on {Path(self.paths[0]).name}" if self.paths else ""
        return f"{self.call} {self.fate} at {self.number}{'+' * self.ever}{place}"

    def flags(self, folder: Path) -> tuple[str, ...]:
        """The tracer's words for a run in this working folder."""
        return ("-e", f"trace={self.call}", *on(self.paths, folder), "-e",
                f"inject={self.call}:{self.fate}:when={self.number}{'+' * self.ever}")


@dataclass(slots=True)
class Tally:
    """What a sweep has seen."""

    falls: int = 0
    unharmed: int = 0
    doubles: int = 0
    lost: int = 0
    wrong: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing was paid twice, lost, or otherwise wrong."""
        return not (self.doubles or self.lost or self.wrong)

    def add(self, fate: "Fate") -> None:
        """One more run."""
        self.falls += fate.fell
        self.unharmed += not fate.fell
        self.doubles += fate.doubles
        self.lost += fate.lost
        self.wrong += bool(fate.wrong)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a run: whether it fell, what was bought twice or lost, what else is wrong."""

    fell: bool
    doubles: int = 0
    lost: int = 0
    wrong: str = ""


def on(paths: Iterable[str], folder: Path) -> tuple[str, ...]:
    """The tracer's words for calls on these paths alone, as they are spoken and as they are."""
    return tuple(word for path in paths for word in ("-P", path, "-P", str(folder / path)))


def traced(place: Place, flags: Iterable[str], out: str = os.devnull,
           more: tuple[str, ...] = ()) -> Ended:
    """The small run under the tracer, from its first step; `more` are words of its command."""
    run = place.start("run", "small.yaml", "--yes", *more, env={HELD: "1"})
    status = Path(f"/proc/{run.pid}/status")
    wait_for(lambda: "State:\tT" in status.read_text(), "it has stopped before its first step")
    tracer = subprocess.Popen([str(STRACE), "-f", "-qq", *flags, "-o", out, "-p", str(run.pid)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: "TracerPid:\t0\n" not in status.read_text(), "the tracer holds it")
        run.send_signal(signal.SIGCONT)
        return place.end(run, 120)
    finally:
        tracer.wait(20)


def counts(folder: Path, calls: Iterable[str], paths: Iterable[str] = ()) -> Counter[str]:
    """How often a run that nothing befalls makes each call, in the thread that makes most."""
    with sandbox(folder / "books") as served:
        place = Place(folder / "work")
        place.small()
        place.settle_on(served)
        said = traced(place, ("-e", f"trace={','.join(calls)}", *on(paths, place.folder)),
                      str(folder / "trace"))
        assert said.code == DONE, said
    by_thread: Counter[tuple[str, str]] = Counter()
    for line in (folder / "trace").read_text(errors="replace").splitlines():
        thread, _, rest = line.partition(" ")
        if "(" in rest and not rest.lstrip().startswith(("<", "+", "-")):
            by_thread[rest.strip().partition("(")[0], thread] += 1
    most: Counter[str] = Counter()
    for (call, _), number in by_thread.items():
        most[call] = max(most[call], number)
    return most


def files_of(folder: Path) -> dict[str, tuple[str, ...]]:
    """By delivered file: every path that its delivery touches, for runs in the folder `work`."""
    found = {}
    for path in sorted((folder / "work" / SHOTS).glob("*.png")):
        part = f"{SHOTS}/{path.stem}.part"
        found[path.name] = (part, f"{SHOTS}/{path.name}", f"{SHOTS}/{path.name}.json",
                            f"{SHOTS}/{path.name}.json.part", SHOTS)
    return found


def fall_and_go_on(folder: Path, fall: Fall, *, again: bool = False) -> Fate:
    """Fall, fall once more where that is asked for, finish, and look at the books."""
    with sandbox(folder / "books") as served:
        place = Place(folder / "work")
        place.small()
        place.settle_on(served)
        try:
            trace = folder / "trace"
            code = traced(place, fall.flags(place.folder), str(trace)).code
            assert code in (ENDINGS if fall.fate != KILL else (DONE, -signal.SIGKILL)), code
            fell = code < 0 or "(INJECTED)" in trace.read_text(errors="replace")
            if again and fell:
                traced(place, replace(fall, number=1 + fall.number // 2).flags(place.folder))
            said = place.run("run", "small.yaml", "--yes", "--json")
            asked = [row["prompt"] for row in served.books()["rows"]]
            doubles = len(asked) - len(set(asked))
            if (said.code, said.document["jobs"]["done"]) != (DONE, JOBS):
                return Fate(fell, doubles, missing(place), f"{fall}: {said}")
            assert check_books(place, served) == JOBS
        except AssertionError as broken:
            return Fate(True, 0, 0, f"{fall}: {broken}")
    shutil.rmtree(folder)
    return Fate(fell, doubles)


def missing(place: Place) -> int:
    """How many jobs are paid for and have no file."""
    return len([row for row in rows(place, "select files from jobs where charged > 0")
                if row["files"] in ("", "[]")])
