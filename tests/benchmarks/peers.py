"""Peers in environments of their own, made once from pins with hashes; no dependency of ours."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pairing import HERE, ROOT, Contender, say

PINS = HERE / "peers"
ENVIRONMENTS = ROOT / ".venv-peers"
LONGEST_S = 280
QUIET_NODE = {"npm_config_fund": "false", "npm_config_audit": "false",
              "npm_config_update_notifier": "false"}


def _size_alone(size: int) -> Sequence[str]:
    return (str(size),)


def contender(name: str, script: str, environment: str, *, largest: int | None = None,
              says: Callable[[int], Sequence[str]] = _size_alone) -> list[Contender]:
    """A peer's program, run by the interpreter that has the peer; none where it cannot be had.

    `says` are the program's arguments for a size.
    """
    if (interpreter := python(environment)) is None:
        return []
    return [Contender(name, lambda size: (str(interpreter), str(HERE / script), *says(size)),
                      largest=largest, may_fail=True)]


def node_contender(name: str, script: str, package: str, *,
                   largest: int | None = None) -> list[Contender]:
    """A peer that node runs: our script gets its program as the second argument."""
    if (program := node(package)) is None:
        return []
    return [Contender(name, lambda size: (sys.executable, str(HERE / script), str(size),
                                          str(program)), largest=largest, may_fail=True)]


def python(name: str) -> Path | None:
    """The interpreter that has the peer; None, and a line that says so, where it cannot be had."""
    folder = ENVIRONMENTS / name
    pins = PINS / f"{name}.txt"
    steps = ([sys.executable, "-m", "venv", str(folder)],
             [str(folder / "bin" / "python"), "-m", "pip", "install", "-q",
              "--disable-pip-version-check", "--require-hashes", "-r", str(pins)])
    return folder / "bin" / "python" if _ready(folder, [pins], steps) else None


def node(name: str) -> Path | None:
    """The program of a peer for node, from its lock file; None, and a line, as above.

    Its install scripts are not run, and what is optional to it stays away: `npm ci` insists on a
    lock of that too, `npm install` keeps to the versions and hashes of the lock for all the rest.
    """
    folder = ENVIRONMENTS / name
    pins = [PINS / name / "package.json", PINS / name / "package-lock.json"]
    steps = (["mkdir", "-p", str(folder)], ["cp", *map(str, pins), str(folder)],
             ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--omit=optional"])
    return folder / "node_modules" / ".bin" / name if _ready(folder, pins, steps) else None


def _ready(folder: Path, pins: Sequence[Path], steps: Sequence[Sequence[str]]) -> bool:
    """Whether the environment is there, made anew where the pins are others than it was made of."""
    ready = folder / "ready"
    wanted = "".join(path.read_text(encoding="utf-8") for path in pins)
    if ready.exists() and ready.read_text(encoding="utf-8") == wanted:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    for words in steps:
        if why := _complaint(words, {**os.environ, **QUIET_NODE}):
            say(f"left out: {folder.name} cannot be installed here ({why})")
            return False
    ready.write_text(wanted, encoding="utf-8")
    return True


def _complaint(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """What a step complains of, "" where it went well."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environ,
                              timeout=LONGEST_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{words[0]}: {type(error).__name__}"
    if not done.returncode:
        return ""
    return (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
