"""Contenders measured side by side: interleaved runs in random order, ratios within one round.

Law: seconds are the machine's and the hour's; what is told is the ratio of two contenders in the
same round, and its median over the rounds. A contender is a process of its own, measured from
outside, so that its start, its children and its memory count.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parent / "results.jsonl"
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STARTED = datetime.now(UTC).isoformat(timespec="microseconds")
"""What the races of one `make bench` are known by."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody in a race. `words` is its command for a size; above `largest` it takes no part.

    One that `may_fail`, as a peer may, is left out of the race where it does; ours never may.

    The last line that the command prints may be a JSON object of its own figures: a `wall_s` or
    `cpu_s` there replaces what was measured from outside, other names are kept as they are.
    """

    name: str
    words: Callable[[int], Sequence[str]]
    folder: Path = ROOT
    environ: Mapping[str, str] = field(default_factory=dict)
    largest: int | None = None
    may_fail: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run took: seconds, processor seconds with all children, the largest process."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    more: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One contender at one size over all rounds. `ratio` is its wall time over the first one's,
    `cpu_ratio` its processor time, which a busy machine spoils less."""

    bench: str
    size: int
    name: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    ratio: float
    ratio_min: float
    ratio_max: float
    cpu_ratio: float
    rounds: int
    more: Mapping[str, float]


def race(bench: str, contenders: Sequence[Contender], sizes: Sequence[int],
         rounds: int = 5) -> list[Line]:
    """Run all contenders at all sizes, tell of it on the terminal, and keep the figures.

    The first contender is the measure: ratios are the other's wall time over its own.
    """
    found: list[Line] = []
    for size in sizes:
        racing = [one for one in contenders if one.largest is None or size <= one.largest]
        taken: dict[str, list[Taken]] = {one.name: [] for one in racing}
        for _ in range(rounds):
            for one in random.sample(racing, len(racing)):
                try:
                    taken[one.name].append(run(one, size))
                except RuntimeError as error:
                    if not one.may_fail:
                        raise
                    told = str(error).strip().splitlines()
                    say(f"left out: {told[0]}, {told[-1][:200]}")
                    racing.remove(one)
                    del taken[one.name]
        found += [_line(bench, size, name, all_, taken[racing[0].name])
                  for name, all_ in taken.items()]
    tell(found)
    return found


def run(contender: Contender, size: int) -> Taken:
    """One run of one contender; raises `RuntimeError` with its complaint where it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaints, \
            tempfile.TemporaryFile("w+") as figures:
        subprocess.run([sys.executable, "-S", str(HERE / "weigh.py"), str(figures.fileno()),
                        *contender.words(size)], stdout=out, stderr=complaints, check=False,
                       pass_fds=[figures.fileno()], cwd=contender.folder,
                       stdin=subprocess.DEVNULL, env={**os.environ, **contender.environ})
        for file in (out, complaints, figures):
            file.seek(0)
        weighed = json.loads(figures.read() or '{"status": "none"}')
        if status := weighed.pop("status"):
            raise RuntimeError(f"{contender.name} at {size:,}: exit {status}\n"
                               + complaints.read().decode(errors="replace")[-2000:])
        own = _own_figures(out.read())
    return Taken(**{name: own.pop(name, value) for name, value in weighed.items()}, more=own)


def _own_figures(out: bytes) -> dict[str, float]:
    last = out.strip().rpartition(b"\n")[2]
    try:
        told = json.loads(last)
    except ValueError:
        return {}
    is_ours = isinstance(told, dict) and "schema_version" in told  # a document, no figures
    figures = told.items() if isinstance(told, dict) and not is_ours else ()
    return {name: value for name, value in figures if isinstance(value, int | float)}


def _line(bench: str, size: int, name: str, taken: list[Taken], first: list[Taken]) -> Line:
    ratios = [mine.wall_s / other.wall_s for mine, other in zip(taken, first, strict=True)]
    more = {key: median(one.more[key] for one in taken) for key in taken[0].more}
    return Line(bench, size, name, median(one.wall_s for one in taken),
                median(one.cpu_s for one in taken), max(one.peak_mb for one in taken),
                median(ratios), min(ratios), max(ratios),
                median(mine.cpu_s / max(other.cpu_s, 1e-6)
                       for mine, other in zip(taken, first, strict=True)), len(taken), more)


def machine() -> str:
    """The size of the machine and the day, as a table of results needs them."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = ".".join(map(str, sys.version_info[:3]))
    return (f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {gigabytes:.0f} GB, "
            f"CPython {version}")


def tell(lines: Sequence[Line]) -> None:
    """Print the table in Markdown and add the figures to `results.jsonl`."""
    where = machine()
    say(f"\n{table(where, lines)}")
    _keep({"machine": where, **asdict(line)} for line in lines)


def show(bench: str, rows: Sequence[str]) -> None:
    """Print a table of a benchmark's own, its rows in Markdown, and keep it as it is: for figures
    that come from no race."""
    say(f"\n{bench}: {machine()}\n\n" + "\n".join(rows) + "\n")
    keep(bench, rows)


def keep(bench: str, rows: Sequence[str]) -> None:
    """Keep such a table that was told row by row."""
    _keep([{"machine": machine(), "bench": bench, "rows": list(rows)}])


def _keep(figures: Iterable[Mapping[str, object]]) -> None:
    with RESULTS.open("a", encoding="utf-8") as file:
        for told in figures:
            file.write(json.dumps({"run": STARTED, **told}, ensure_ascii=False) + "\n")


def table(where: str, lines: Sequence[Line]) -> str:
    """What a race found, in Markdown; `where` tells the day and the machine."""
    rows = [f"{lines[0].bench}: {where}; {lines[0].rounds} interleaved rounds, medians", "",
            "| size | contender | × first (min–max) | × its CPU | wall s | CPU s | MB | more |",
            "| ---: | --- | ---: | ---: | ---: | ---: | ---: | --- |"]
    for line in lines:
        more = ", ".join(f"{name} {value:,.0f}" if value >= 1000 else f"{name} {value:.3g}"
                         for name, value in line.more.items())
        rows.append(f"| {line.size:,} | {line.name} | {line.ratio:.2f} ({line.ratio_min:.2f}–"
                    f"{line.ratio_max:.2f}) | {line.cpu_ratio:.2f} | {line.wall_s:.3f} "
                    f"| {line.cpu_s:.3f} | {line.peak_mb:.0f} | {more} |")
    return "\n".join(rows) + "\n"


def say(text: str) -> None:
    """A line for whoever started the benchmark."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
