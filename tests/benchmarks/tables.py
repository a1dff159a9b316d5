"""The tables of the README, drawn from the newest figures of each benchmark.

    python tests/benchmarks/tables.py         writes them between the README's two marks
    python tests/benchmarks/tables.py show    prints them

Law: no figure is put in by hand; each table names its day and its machine.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from pairing import RESULTS, ROOT, Line, say, table

README = ROOT / "README.md"
BEGIN, END = "<!-- bench:begin -->\n", "<!-- bench:end -->"
NAMES = tuple(field.name for field in fields(Line))
SWEEP = "growth: "
"""Races of one sweep have names that begin so, and are shown as one table."""

Told = Mapping[str, Any]
"""A line of `results.jsonl`: one contender of a race, or a benchmark's own rows."""


def newest(told: Iterable[Told]) -> dict[str, list[Told]]:
    """What each benchmark told in the last run that had it, in the order of their first."""
    runs: dict[str, dict[str, list[Told]]] = {}
    for line in told:
        if "run" in line:
            runs.setdefault(line["bench"], {}).setdefault(line["run"], []).append(line)
    return {name: by_run[max(by_run)] for name, by_run in runs.items()}


def drawn(found: Mapping[str, Sequence[Told]]) -> str:
    """All tables, one after the other; those of the sweep as one, where its first stood."""
    swept = {name: told for name, told in found.items() if name.startswith(SWEEP)}
    parts = {SWEEP if name in swept else name: told for name, told in found.items()}
    return "\n".join(_sweep(swept) if name == SWEEP else _one(name, told)
                     for name, told in parts.items())


def _one(name: str, told: Sequence[Told]) -> str:
    where = told[0]["machine"]
    if "rows" not in told[0]:
        return table(where, [_line(line) for line in told])
    return f"{name}: {where}\n\n" + "\n".join(row for each in told for row in each["rows"]) + "\n"


def _line(told: Told) -> Line:
    return Line(**{name: told[name] for name in NAMES})


def _sweep(found: Mapping[str, Sequence[Told]]) -> str:
    """A question a row, a size a column: how much longer than at the first size, and the memory."""
    first = next(iter(found.values()))
    sizes = [line["name"] for line in first]
    rows = [f"growth: {first[0]['machine']}; {first[0]['rounds']} interleaved rounds or more, "
            f"medians; × the time at {sizes[0]}, and MB", "",
            f"| question | {' | '.join(sizes)} |", "| --- |" + " ---: |" * len(sizes)]
    for name, told in found.items():
        lines = [_line(line) for line in told]
        cells = [f"{lines[0].wall_s:.2f} s, {lines[0].peak_mb:.0f} MB",
                 *(f"× {line.ratio:,.2f}, {line.peak_mb:.0f} MB" for line in lines[1:])]
        rows.append(f"| {name.removeprefix(SWEEP)} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def put_in(text: str, tables: str) -> str:
    """The README with these tables between its marks; raises `ValueError` where it has none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{README.name} has no {BEGIN.strip()} with {END} after it")
    return before + BEGIN + "\n" + tables + "\n" + END + after


def main() -> None:
    """Write them into the README, or print them."""
    told = [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]
    tables = drawn(newest(told))
    if sys.argv[1:]:
        say(tables)
    else:
        README.write_text(put_in(README.read_text(encoding="utf-8"), tables), encoding="utf-8")


if __name__ == "__main__":
    main()
