"""promptfoo: an evaluation with a test a job, whose custom provider makes the calls.

    peer_promptfoo.py 1000 PROGRAM

It keeps each outcome in its database; what counts is from its first call to its last, as the
provider (peer_promptfoo.cjs) notes it, without the start of node and the summary at the end.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from beside import HERE, LINES, Stopwatch, contend

QUIET = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1",
         "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1", "PROMPTFOO_DISABLE_SHARING": "1"}
FLAGS = ("--no-cache", "--no-table", "--no-progress-bar", "--no-share", "-j", str(LINES))


def race(url: str, size: int, watch: Stopwatch) -> None:
    """One evaluation in a folder of its own."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        took = folder / "took.json"
        wanted = {"prompts": ["a picture {{n}}"],
                  "providers": [f"file://{HERE / 'peer_promptfoo.cjs'}"],
                  "tests": [{"vars": {"n": n}} for n in range(size)]}
        (folder / "wanted.json").write_text(json.dumps(wanted), encoding="utf-8")
        subprocess.run([sys.argv[2], "eval", "-c", "wanted.json", *FLAGS], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL,
                       env={**os.environ, **QUIET, "PROMPTFOO_CONFIG_DIR": home,
                            "QUICK": url, "TOOK": str(took)})
        told = json.loads(took.read_text(encoding="utf-8"))
        watch.wall_s, watch.cpu_s = told["wall_s"], told["cpu_s"]


if __name__ == "__main__":
    contend(race)
