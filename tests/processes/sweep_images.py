"""Every image that a power cut can leave of a small run; `make sweep` starts it (SAFETY F78)."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from processes_falls import STRACE
from processes_images import Seen, look_at, record

TORN = 8
EVERY_S = 15.0


def say(words: str) -> None:
    """A line at once."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main(words: Sequence[str]) -> int:
    """Look at them all; 1 where one of them holds less than was promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="images after each so many changes")
    parser.add_argument("--seed", type=int, default=1, help="of what a disk keeps and tears")
    wish = parser.parse_args(words)
    if not STRACE:
        say("strace is not installed: apt-get install strace")
        return 1
    began_s = said_s = time.monotonic()
    seen = Seen()
    with tempfile.TemporaryDirectory(prefix="images") as folder:
        for seen in look_at(*record(Path(folder)), every=wish.every, torn=TORN, seed=wish.seed):
            if time.monotonic() - said_s > EVERY_S:
                said_s = time.monotonic()
                say(f"  {seen.images:,} images, {len(seen.wrong)} wrong")
    for fault in seen.wrong[:20]:
        say(f"  WRONG: {fault}")
    say(f"{seen.images:,} images of a disk without power, {len(seen.wrong)} of them wrong; "
        f"{time.monotonic() - began_s:.0f} s")
    return 1 if seen.wrong or not seen.images else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
