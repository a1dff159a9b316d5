"""Peers in environments of their own, made once from pins with hashes; no dependency of ours."""

import shutil
import subprocess
import sys
from pathlib import Path

from pairing import HERE, ROOT, say

PINS = HERE / "peers"
ENVIRONMENTS = ROOT / ".venv-peers"
LONGEST_S = 280


def python(name: str) -> Path | None:
    """The interpreter that has the peer; None, and a line that says so, where it cannot be had."""
    folder = ENVIRONMENTS / name
    ready = folder / "ready"
    pins = (PINS / f"{name}.txt").read_text(encoding="utf-8")
    if not ready.exists() or ready.read_text(encoding="utf-8") != pins:
        if why := _make(folder, PINS / f"{name}.txt"):
            say(f"left out: {name} cannot be installed here ({why})")
            return None
        ready.write_text(pins, encoding="utf-8")
    return folder / "bin" / "python"


def _make(folder: Path, pins: Path) -> str:
    """Make the environment; why it could not be made, "" where it could."""
    shutil.rmtree(folder, ignore_errors=True)
    steps = ([sys.executable, "-m", "venv", str(folder)],
             [str(folder / "bin" / "python"), "-m", "pip", "install", "-q",
              "--disable-pip-version-check", "--require-hashes", "-r", str(pins)])
    for words in steps:
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False,
                                  timeout=LONGEST_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            return type(error).__name__
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
    return ""
