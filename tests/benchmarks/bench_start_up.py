"""Start-up: what a command costs before it does anything, beside an interpreter that does nothing.

Every command runs in a folder of its own with one delivered run of two jobs. `size` is without
meaning here.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pairing import Contender, race

SIZES = (1,)
MANIFEST = """version: 1
name: small
account: sandbox
campaigns:
  - name: c
    models: [nano-banana-2]
    aspect_ratios: [1:1]
    prompt: "a {{ thing }} in evening light"
    vars: {thing: [cat, dog]}
"""
COMMANDS = (("--help",), ("--version",), ("completion", "bash"), ("status",), ("status", "--json"),
            ("validate", "small.yaml"), ("plan", "small.yaml"))


def main(sizes: Sequence[int], rounds: int) -> None:
    """Race the commands against `python -c pass`, in the interpreter that has the project."""
    program = Path(sys.executable).with_name("pipeline")
    folder = Path(tempfile.mkdtemp(prefix="bench-start-"))
    try:
        (folder / "small.yaml").write_text(MANIFEST, encoding="utf-8")
        environ = {"PIPELINE_CACHE_DIR": str(folder / "cache")}
        subprocess.run([program, "run", "small.yaml", "--yes", "-q"], cwd=folder, check=True,
                       capture_output=True, env={**os.environ, **environ})
        contenders = [Contender("python -c pass", lambda size: (sys.executable, "-c", "pass"),
                                folder)]
        for words in COMMANDS:
            contenders.append(Contender(
                " ".join(words), lambda size, words=words: (str(program), *words),  # type: ignore[misc]
                folder, environ))
        race("start_up", contenders, sizes[:1], max(rounds, 5))
    finally:
        shutil.rmtree(folder)
