"""The store: what a question about a run of a million jobs takes, beside one of a thousand.

`status` is the command; `resume` goes from taking up the run to the first page of jobs to buy;
`admit` puts a new plan into an empty ledger. All jobs but the last hundred of a run are delivered.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench_planning import fill
from pairing import Contender, race

ROUNDS = 3
SIZES = (1_000_000,)
SMALL = 1_000
LEFT = 100


def main(sizes: Sequence[int], rounds: int) -> None:
    """Race a large state against a small one, question by question."""
    folder = Path(tempfile.mkdtemp(prefix="bench-store-"))
    try:
        for size in sizes:
            states = {number: folder / str(number) for number in (SMALL, size)}
            for number, state in states.items():
                if not state.exists():
                    fill_aside(state, number)
            for question in ("status", "resume", "jobs"):
                race(question, [Contender(f"{number:,} jobs", child(question, state))
                                for number, state in states.items()], [size], rounds)
        race("admit", [Contender("admit", child("admit", folder / "new"))],
             [SMALL, *sizes], min(rounds, 2))
    finally:
        shutil.rmtree(folder)


def fill_aside(state: Path, number: int) -> None:
    """A state made in a process of its own, so that this one stays small."""
    state.mkdir()
    subprocess.run([sys.executable, __file__, "fill", str(number), str(state)], check=True,
                   stdout=subprocess.DEVNULL)


def make(number: int, state: Path) -> dict[str, float]:
    """A state with so many jobs, the last hundred of them pending."""
    import sqlite3

    from pipeline.ledger.ledger import Ledger

    took = fill(state, number)
    connection = sqlite3.connect(state / "state" / "pipeline.db")
    connection.execute("update jobs set state = 'pending' where rowid > ?", (number - LEFT,))
    connection.commit()
    connection.close()
    Ledger(state / "state", time.time).close()  # put away in order, as a run leaves it
    return took


def child(question: str, state: Path) -> Callable[[int], Sequence[str]]:
    """The command that asks a question of a state."""
    if question == "status":
        return lambda size: (sys.executable, "-m", "pipeline", "status", "--json", "--state",
                             str(state / "state"))
    if question == "jobs":
        return lambda size: (sys.executable, "-m", "pipeline", "jobs", "--in", "pending",
                             "--state", str(state / "state"))
    return lambda size: (sys.executable, __file__, question, str(size), str(state))


def resume(size: int, state: Path) -> dict[str, float]:
    """From an open process to the first page of jobs that may be bought."""
    from pipeline.core.caps import Caps
    from pipeline.ledger.ledger import Ledger
    from pipeline.wiring.running import Runner

    began = time.perf_counter(), time.process_time()
    ledger = Ledger(state / "state", time.time)
    [run] = ledger.ask.runs()
    ledger.go_on(run, Caps())
    runner = Runner(ledger, run, {}, Caps())
    runner._choose()
    ledger.start()
    kinds = ledger.ask.kinds(run.id, "sandbox")
    page = ledger.ask.page(run.id, "sandbox", (float("inf"), -1), 30, kinds=kinds)
    assert page and not ledger.ask.open_jobs("sandbox"), page
    took = {"wall_s": time.perf_counter() - began[0], "cpu_s": time.process_time() - began[1]}
    ledger.close()
    return took


def admit(size: int, state: Path) -> dict[str, float]:
    """A plan of this size put into an empty ledger, and what it takes on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        spent_s = fill(Path(folder), size)
        database = Path(folder) / "state" / "pipeline.db"
        return {**spent_s, "bytes_a_job": database.stat().st_size / size}


if __name__ == "__main__":
    way = {"resume": resume, "admit": admit, "fill": make}[sys.argv[1]]
    sys.stdout.write(json.dumps(way(int(sys.argv[2]), Path(sys.argv[3]))) + "\n")
