"""What a disk may hold after a power cut, rebuilt from the system calls of a run (SAFETY F78).

The program must be able to go on from every image of the disk (`processes_disk`): `faults_of` opens
it with the real ledger and looks.
"""

import json
import random
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from processes_disk import CALLS, TORN, Disk, Image, Step, steps_of
from processes_falls import traced
from processes_kit import Place, sandbox

from pipeline.core.errors import Halt
from pipeline.ledger.ledger import Ledger

STEPS = ("pending", "submitting", "running", "produced", "done")
MEMORY = Path("/dev/shm")


def record(folder: Path) -> tuple[Path, list[Step]]:
    """The calls of a small run, and the working folder that they were made in."""
    with sandbox(folder / "books") as served:
        place = Place(folder / "work")
        place.small()
        place.settle_on(served)
        said = traced(place, ("-y", "-xx", "-s", "4000000", "-e", f"trace={','.join(CALLS)}"),
                      str(folder / "trace"), more=("--progress", "json"))
        assert said.code == 0, said
    return place.folder, list(steps_of(folder / "trace"))


@dataclass(slots=True)
class Seen:
    """What was looked at, and what was wrong with it."""

    images: int = 0
    wrong: list[str] = field(default_factory=list)


def look_at(root: Path, steps: Iterable[Step], *, every: int = 1, torn: int = TORN,
            seed: int = 1) -> Iterator[Seen]:
    """The images after every so many changes of the disk; what was seen up to then, as it grows."""
    disk, dice, seen = Disk(root), random.Random(seed), Seen()
    changed = (number for number, step in enumerate(steps) if disk.take(step))
    for place, number in enumerate(changed):
        if place % every:
            continue
        for choice, image in disk.images(dice, torn):
            seen.images += 1
            seen.wrong += [f"after call {number}, {choice}: {fault}"
                           for fault in faults_of(image, disk.sold, disk.told)]
        yield seen


def faults_of(image: Image, sold: Iterable[str], told: Mapping[str, str]) -> list[str]:
    """What is wrong with a state that comes out of an image: nothing, if all is as promised."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        root = Path(place)
        for name, content in image.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        (root / "state").mkdir(mode=0o700, exist_ok=True)
        try:
            ledger = Ledger(root / "state", lambda: 4e9)
        except Halt as halt:
            return [f"it cannot be opened: {halt}"]
        try:
            return list(_wrong(ledger.connection, root, sold, told))
        finally:
            ledger.close()


def _wrong(ledger: sqlite3.Connection, root: Path, sold: Iterable[str],
           told: Mapping[str, str]) -> Iterator[str]:
    if ledger.execute("pragma integrity_check").fetchone()[0] != "ok":
        yield "its pages do not agree"
    jobs = {row["key"]: row for row in ledger.execute("select * from jobs")}
    live = {json.loads(jobs[row["job"]]["spec"])["prompt"] for row in ledger.execute(
        "select job from attempts where state <> 'free'")}
    yield from (f"bought and not known: {prompt}" for prompt in sorted(set(sold) - live))
    for key, state in told.items():
        now = jobs[key]["state"] if key in jobs else "nothing"
        if now not in STEPS[STEPS.index(state):]:
            yield f"{key[:8]} was told as {state} and is {now}"
    for row in jobs.values():
        for file in json.loads(row["files"]):
            path = root / file["path"]
            if not path.is_file() or sha256(path.read_bytes()).hexdigest() != file["sha256"]:
                yield f"{file['path']} is called delivered and is not there whole"
