"""`make bench`: the benchmarks, one after the other, or those that are named."""

import argparse
import importlib
import subprocess
import sys

from pairing import HERE, say

ROUNDS = 5
"""Where neither the command line nor the benchmark names a number."""


def main() -> None:
    """Run what was asked for."""
    names = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    words = argparse.ArgumentParser(prog="bench", description=__doc__)
    words.add_argument("only", nargs="*", metavar="NAME", help=", ".join(names))
    words.add_argument("--sizes", default="", help="such as 1000,10000")
    words.add_argument("--rounds", type=int, default=0)
    said = words.parse_args()
    if unknown := set(said.only) - set(names):
        words.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    sys.path.insert(0, str(HERE))
    failed = []
    for name in said.only or names:
        module = importlib.import_module(f"bench_{name}")
        sizes = [int(size) for size in said.sizes.split(",") if size] or module.SIZES
        say(f"\n== {name}: {(module.__doc__ or '').splitlines()[0]}")
        try:
            module.main(sizes, said.rounds or getattr(module, "ROUNDS", ROUNDS))
        except (RuntimeError, subprocess.CalledProcessError) as error:
            failed.append(name)  # the others are worth their time all the same
            say(f"{name} failed: {error}")
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
