"""The long half of the fuzzing: every target under a coverage-guided fuzzer, where there is one.

Goal: no input that a fuzzer finds in minutes breaks a reader. Method: libFuzzer through `atheris`,
which is no dependency of the program or of the tests: `make fuzz` fetches it, and where it cannot
be had this says so and lets Hypothesis draw for as long. Each target is a process of its own; what
broke it is kept. The parsers of the standard library are watched too, JSON's in its Python form.
"""

import argparse
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

FOUND = Path("fuzz-found")
"""Where inputs are kept that broke a target; ignored by git."""
LONGEST_INPUT = 4096
SLOWEST_S = 10
MOST_MEGABYTES = 2048
MOST_AT_ONCE = 4
BEGIN_S = 6.0
"""What a target takes before its first input: the packages are imported anew, watched."""
WATCHED = ("pipeline", "json", "tomllib", "jinja2", "tinytag", "email")
"""The packages whose branches guide the fuzzer."""

_RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_COVERED = re.compile(r"cov: (\d+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a target: how many inputs it met, and what it broke with, if it did."""

    inputs: int
    covered: str
    broke: str = ""


def main(words: Sequence[str]) -> int:
    """Drive the targets that are named, or all; 1 if any of them broke."""
    parser = argparse.ArgumentParser(description="Fuzz the readers of foreign bytes.")
    parser.add_argument("--minutes", type=float, default=4, help="for all targets together")
    parser.add_argument("--in-process", action="store_true", help="as the driver starts it")
    parser.add_argument("targets", nargs="*")
    said, more = parser.parse_known_args(words)
    if said.in_process:
        _fuzz(said.targets[0], [*said.targets[1:], *more])
        return 0
    drive = _guided if importlib.util.find_spec("atheris") else _drawn
    if drive is _drawn:
        _say("atheris is not installed here, so no coverage guides the inputs: Hypothesis draws")
    names = said.targets or _names()
    workers = min(MOST_AT_ONCE, os.cpu_count() or 1) if drive is _guided else 1
    seconds = 60 * said.minutes * workers / len(names) - (BEGIN_S if drive is _guided else 0)
    with ThreadPoolExecutor(workers) as pool:
        outcomes = list(pool.map(lambda name: _told(name, drive(name, max(2, round(seconds)))),
                                 names))
    broken = sum(bool(outcome.broke) for outcome in outcomes)
    _say(f"{len(names)} readers, {sum(outcome.inputs for outcome in outcomes):,} inputs, "
         f"{broken} tracebacks")
    return 1 if broken else 0


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _names() -> list[str]:
    from fuzz_targets import TARGETS

    return list(TARGETS)


def _told(name: str, outcome: Outcome) -> Outcome:
    verdict = "BROKE" if outcome.broke else "stands"
    _say(f"{name:<10} {verdict}  {outcome.inputs:>9,} inputs{outcome.covered}")
    if outcome.broke:
        _say(outcome.broke)
    return outcome


def _drawn(name: str, seconds: int) -> Outcome:
    """One target under inputs that nothing guides."""
    from fuzz_drawn import draw_for
    from fuzz_targets import TARGETS

    tried, broke = draw_for(TARGETS[name], seconds)
    return Outcome(tried, "", broke)


def _guided(name: str, seconds: int) -> Outcome:
    """One target under the fuzzer, in a process of its own."""
    FOUND.mkdir(exist_ok=True)
    corpus = _corpus(name)
    done = subprocess.run(
        [sys.executable, __file__, "--in-process", name, str(corpus), f"-max_total_time={seconds}",
         f"-max_len={LONGEST_INPUT}", f"-timeout={SLOWEST_S}", f"-rss_limit_mb={MOST_MEGABYTES}",
         *_dictionary(name), f"-artifact_prefix={FOUND / name}-", "-print_final_stats=1"],
        capture_output=True, text=True, errors="replace", check=False)
    runs = _RUNS.findall(done.stderr) or ["0"]
    covered = _COVERED.findall(done.stderr) or ["?"]
    broke = f"{done.stdout[-3000:]}\n{done.stderr[-1000:]}" if done.returncode else ""
    return Outcome(int(runs[-1]), f", coverage {covered[-1]}", broke)


def _corpus(name: str) -> Path:
    """The whole inputs of a target as files, and what earlier runs found worth keeping."""
    from fuzz_targets import TARGETS

    corpus = FOUND / f"corpus-{name}"
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    return corpus


def _dictionary(name: str) -> list[str]:
    """The words of a target as libFuzzer reads them, which takes no empty file."""
    from fuzz_targets import TARGETS

    path = FOUND / f"words-{name}.txt"
    if not TARGETS[name].words:
        return []
    escaped = ("".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogatepass"))
               for word in TARGETS[name].words)
    path.write_text("".join(f'"{word}"\n' for word in escaped))
    return [f"-dict={path}"]


def _fuzz(name: str, flags: Sequence[str]) -> None:
    import atheris

    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    for module in [name for name in sys.modules if name.partition(".")[0] in WATCHED]:
        del sys.modules[module]  # it is imported anew, watched
    with atheris.instrument_imports(include=list(WATCHED)):
        import json.decoder
        import json.scanner

        json.scanner.make_scanner = json.scanner.py_make_scanner
        json.decoder.scanstring = json.decoder.py_scanstring
        json._default_decoder = json.JSONDecoder()
        from fuzz_targets import TARGETS
    atheris.Setup([sys.argv[0], *flags], TARGETS[name].act)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
