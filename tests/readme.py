"""The parts of the README that are drawn from the code: `python -m tests.readme` refreshes them.

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`; test_docs.py checks each.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pipeline.cli import COMMANDS
from pipeline.core.causes import CAUSES
from pipeline.core.errors import EXIT_SAYS
from pipeline.core.job import AT_REST, TRANSITIONS, State

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PART = re.compile(r"<!-- generated: (\w+) -->\n(.*?)<!-- end -->", re.S)
ROOMS = ("core", "inputs", "outputs", "ledger", "providers", "sandbox", "executor", "simulation",
         "wiring", "cli")


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def commands() -> str:
    """Every command with its line of help."""
    return table(("command", "does"), ((f"`{name}`", says) for name, (_, says) in COMMANDS.items()))


def exits() -> str:
    """Every exit code with its meaning."""
    return table(("code", "meaning"), ((str(int(code)), says) for code, says in EXIT_SAYS.items()))


def causes() -> str:
    """Every cause, in words, and what follows."""
    return table(("cause", "because", "what follows"), (
        (f"`{name}`", cause.says, cause.remedy.value) for name, cause in CAUSES.items()))


def states() -> str:
    """The machine as a diagram, an arrow for each row of the table."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.PENDING}"]
    for state, row in TRANSITIONS.items():
        arrows: dict[State, list[str]] = {}
        for event, target in row.items():
            arrows.setdefault(target, []).append(event.__name__)
        lines += [f"    {state} --> {target}: {', '.join(names)}"
                  for target, names in arrows.items()]
    lines += [f"    {state} --> [*]" for state in State if state in AT_REST]
    return "\n".join([*lines, "```"]) + "\n"


def rooms() -> str:
    """Every module of every room with the first line of its docstring."""
    parts = []
    for room in ROOMS:
        folder = ROOT / "pipeline" / room
        rows = [(f"`{path.name}`", _purpose(path)) for path in sorted(folder.glob("*.py"))
                if path.name != "__init__.py"]
        parts.append(f"**`{room}/`** {_purpose(folder / '__init__.py')}\n\n"
                     + table(("file", "holds"), rows))
    return "\n".join(parts)


def _purpose(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands, "exits": exits, "causes": causes, "states": states, "rooms": rooms}


def refreshed(text: str) -> str:
    """The README with every part drawn anew."""
    return PART.sub(
        lambda found: f"<!-- generated: {found[1]} -->\n{PARTS[found[1]]()}<!-- end -->", text)


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"refreshed {', '.join(PARTS)} in {README.name}\n")
