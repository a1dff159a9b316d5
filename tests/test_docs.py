"""The README tells the truth.

Goal: what the README says of states, commands, causes, exit codes and files is what the code has.
Method: its generated parts are drawn anew and compared; its manifests and links are followed.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_generated_parts_are_fresh() -> None:
    drawn = subprocess.run(
        [sys.executable, "-c", "import sys; from tests.readme import README, refreshed; "
         "sys.exit(refreshed(README.read_text(encoding='utf-8')) != "
         "README.read_text(encoding='utf-8'))"], cwd=ROOT, check=False)
    assert drawn.returncode == 0, "refresh with: .venv/bin/python -m tests.readme"


def test_every_part_is_there_once() -> None:
    assert sorted(re.findall(r"<!-- generated: (\w+) -->", TEXT)) == [
        "causes", "commands", "exits", "rooms", "states"]


def test_files_that_are_named_exist() -> None:
    named = set(re.findall(r"`((?:pipeline|manifests|templates|tests)/[\w./-]+)`", TEXT))
    missing = sorted(name for name in named if not (ROOT / name).exists())
    assert not missing, missing


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:^    |`)make ([a-z]+)", TEXT, re.M))
    assert named <= targets, named - targets
