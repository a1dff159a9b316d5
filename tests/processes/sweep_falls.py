"""The complete sweep: a small run falls at every system call that matters (SAFETY F76, F79, F80).

Goal: after death at the N-th call, or an error in its place, once or from then on, the next run
finishes with every file, and nothing is bought twice. Method: loop until clean. For each kind of
call N grows until a whole batch of runs ends unharmed, so that no list of ranges can grow stale: a
kind that no run makes, or an end that is never reached, is a failure. `make sweep` starts it.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

from processes_falls import (
    KILL,
    STRACE,
    Fall,
    Fate,
    Tally,
    counts,
    fall_and_go_on,
    files_of,
)

KILLED = ("write", "pwrite64", "fsync", "fdatasync", "rename", "linkat", "openat", "sendto",
          "recvfrom", "unlink", "ftruncate", "connect", "fallocate", "mkdir")
KILLED_BY_FILE = ("openat", "write", "fsync", "linkat", "unlink", "rename")
FAILED = {"fsync": ("EIO", "ENOSPC"), "fdatasync": ("EIO", "ENOSPC"), "write": ("EIO", "ENOSPC"),
          "pwrite64": ("EIO", "ENOSPC"), "rename": ("EIO", "ENOSPC"), "linkat": ("EIO", "ENOSPC")}
BATCH = 6
CLEAN = 3
"""So many runs that nothing befell, one after another, are the end of a kind of call."""
MOST = 3000
WORKERS = 3
EVERY_S = 15.0


def kinds(files: Sequence[tuple[str, ...]]) -> Iterator[Fall]:
    """Every kind of fall, at its first call; `files` are the paths of each delivered file."""
    for call in KILLED:
        yield Fall(call, KILL, 1)
    for paths in files:
        for call in KILLED_BY_FILE:
            yield Fall(call, KILL, 1, paths=paths)
    for call, names in FAILED.items():
        for name in names:
            yield Fall(call, f"error={name}", 1)
            yield Fall(call, f"error={name}", 1, ever=True)


class Sweep:
    """One sweep over some kinds of falls, with what it has seen."""

    def __init__(self, folder: Path, *, first: int, last: int, again: bool, until_s: float) -> None:
        self.folder, self.first, self.last, self.again = folder, first, last, again
        self.until_s = until_s
        self.tally = Tally()
        self.cut_short = False
        self._said_s = time.monotonic()

    def all_of(self, kind: Fall) -> None:
        """Falls of one kind, from the first call to beyond the last."""
        tally = Tally()
        for start in count(self.first, BATCH):
            numbers = range(start, min(start + BATCH, self.last + 1))
            if not numbers or time.monotonic() > self.until_s:
                self.cut_short |= bool(numbers)
                break
            fates = self._batch([replace(kind, number=number) for number in numbers])
            for fate in fates:
                tally.add(fate)
                self.tally.add(fate)
            self._progress(kind, start, tally)
            if not any(fate.fell for fate in fates[-CLEAN:]):
                break
        self._told(kind, tally)

    def _batch(self, falls: Sequence[Fall]) -> list[Fate]:
        with ThreadPoolExecutor(WORKERS) as pool:
            fates = list(pool.map(partial(self._one, self.tally.falls + self.tally.unharmed),
                                  range(len(falls)), falls))
        for fate in fates:
            if fate.wrong:
                say(f"  WRONG: {fate.wrong[:1500]}")
        return fates

    def _one(self, base: int, place: int, fall: Fall) -> Fate:
        return fall_and_go_on(self.folder / f"{base + place}", fall, again=self.again)

    def _progress(self, kind: Fall, start: int, tally: Tally) -> None:
        if time.monotonic() - self._said_s > EVERY_S:
            self._said_s = time.monotonic()
            say(f"  {name_of(kind)}: at {start}, {tally.falls} falls")

    def _told(self, kind: Fall, tally: Tally) -> None:
        if not tally.falls and self.first == 1 and not self.cut_short:
            self.tally.wrong += 1
            say(f"  WRONG: no run ever makes the call of `{name_of(kind)}`")
        say(f"{name_of(kind):<52} {tally.falls:>4} falls, {tally.unharmed} beyond the last call")


def name_of(kind: Fall) -> str:
    """A kind of fall without its number."""
    word = "killed at" if kind.fate == KILL else kind.fate.removeprefix("error=") + " from"
    place = f" on {Path(kind.paths[0]).stem}" if kind.paths else ""
    return f"{word} {kind.call}{place}{' on, for ever' * kind.ever}"


def say(words: str) -> None:
    """A line at once."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main(words: Sequence[str]) -> int:
    """Sweep; 1 where anything was bought twice, lost, or otherwise wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--only", default="", help="kinds whose names hold these words")
    parser.add_argument("--first", type=int, default=1, help="the first N")
    parser.add_argument("--last", type=int, default=MOST, help="the last N")
    parser.add_argument("--minutes", type=float, default=600, help="stop after so long")
    parser.add_argument("--again", action="store_true", help="fall a second time on the way back")
    wish = parser.parse_args(words)
    if not STRACE:
        say("strace is not installed: apt-get install strace")
        return 1
    start_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sweep") as folder:
        counts(Path(folder) / "first", KILLED)
        sweep = Sweep(Path(folder), first=wish.first, last=wish.last, again=wish.again,
                      until_s=start_s + 60 * wish.minutes)
        for kind in kinds(list(files_of(Path(folder) / "first").values())):
            if wish.only in name_of(kind) and time.monotonic() < sweep.until_s:
                sweep.all_of(kind)
    tally = sweep.tally
    say(f"{tally.falls} falls, {tally.unharmed} runs past the last call, double charges "
        f"{tally.doubles}, files lost {tally.lost}, otherwise wrong {tally.wrong}; "
        f"{time.monotonic() - start_s:.0f} s{', stopped by the clock' * sweep.cut_short}")
    return 0 if tally.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
