"""Goal G: the simulated world, a night of 10,000 jobs rehearsed, and small crash worlds a second.

The worlds are those of the suite (`tests/simulation/test_many_worlds.py`): the real executor and
ledger, stopped at their effects, and every invariant looked at. On all cores, on one, and without
its short cut: each world played from its very beginning instead of from the moment of its death.
The night is what `pipeline rehearse` does for a manifest of so many pictures.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from beside import tell
from pairing import HERE, Contender, race

SIZES = (10_000,)
ROUNDS = 2
WORLDS = 400
MODELS = ("nano-banana", "nano-banana-2")
SHAPES, VARIANTS = ("1:1", "16:9", "9:16", "4:3", "3:4"), 5
"""Ten at once of 10 s and of 42 s: the night is some eight hours long for ten thousand."""


def main(sizes: Sequence[int], rounds: int) -> None:
    """The worlds on all cores are the measure of the others; the night stands alone."""
    cores = os.cpu_count() or 1
    race("worlds", [Contender(f"{cores} cores", _worlds("grown", cores)),
                    Contender("one core", _worlds("grown", 1)),
                    Contender(f"{cores} cores, each from its beginning", _worlds("played", cores))],
         [WORLDS], rounds)
    race("night", [Contender("pipeline rehearse", lambda size: (
        sys.executable, __file__, str(size)))], sizes, 1)


def _worlds(way: str, cores: int) -> Callable[[int], Sequence[str]]:
    return lambda size: (sys.executable, str(HERE / "crash_worlds.py"), way, str(size), str(cores))


def rehearsed(size: int) -> dict[str, float]:
    """The command, on a manifest of so many pictures, at the pace of the real service."""
    with tempfile.TemporaryDirectory() as folder:
        a_thing = len(MODELS) * len(SHAPES) * VARIANTS
        things = [f"thing {n}" for n in range(size // a_thing)]
        campaign = {"name": "night", "models": MODELS, "aspect_ratios": SHAPES,
                    "variants": VARIANTS, "prompt": "a {{ thing }} in evening light",
                    "vars": {"thing": things}}
        Path(folder, "night.yaml").write_text(json.dumps({
            "version": 1, "name": "night", "account": "sandbox", "campaigns": [campaign]}))
        environ = {**os.environ, "PIPELINE_CACHE_DIR": folder, "PIPELINE_SANDBOX_SPEED": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "rehearse", "night.yaml", "--json"],
            cwd=folder, env=environ, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    if told["jobs"]["done"] != size:
        raise RuntimeError(done.stdout)
    return {"service_hours": told["seconds"] / 3600.0, "reads": told["calls"]["reads"]}


if __name__ == "__main__":
    tell(**rehearsed(int(sys.argv[1])))
