"""What tries to break each promise of the README, and what it tried: `make safety`.

Law: no figure here is a constant. What was tried is counted by the tests themselves (a property in
the report that pytest writes) or said by the sweeps in their last line; a command that tried
nothing has failed, and so has a promise that no command is for. `FULL=1` takes every fall, every
image, every seed and an hour of the guided fuzzer; words choose the promises that have them.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as Xml
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
FULL = os.environ.get("FULL", "") not in ("", "0")
PROMISE = re.compile(r"^- \*\*(.+?)\.\*\*", re.M)
HERE = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Trial:
    """Commands that try to break one promise: pytest's words, and the programs of a full trial."""

    promise: str
    tests: tuple[str, ...]
    programs: tuple[tuple[str, ...], ...] = ()


@dataclass(slots=True)
class Outcome:
    """What a command tried, in its own counts, and whether the promise held."""

    tried: Counter[str] = field(default_factory=Counter)
    said: str = ""
    holds: bool = True

    def __str__(self) -> str:
        counted = ", ".join(f"{number:,} {what}" for what, number in self.tried.items())
        return ", ".join(filter(None, (counted, self.said))) or "nothing"


def _in(room: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/{room}/test_{name}.py" for name in names)


TRIALS = (
    Trial("Nothing is bought twice",
          _in("processes", "processes_paid_call", "processes_images", "processes_kill"),
          (("tests/processes/sweep_falls.py",), ("tests/processes/sweep_images.py",))),
    Trial("Nothing is bought twice", _in("processes", "processes_toxics")),
    Trial("Nothing is bought twice", ("tests/simulation",)),
    Trial("No cap is passed", (*_in("ledger", "ledger_money", "ledger_owners"),
                               *_in("core", "core_caps"))),
    Trial("Trouble does not spread", _in("executor", "executor_breaker", "executor_footing",
                                         "executor_surprise")),
    Trial("A full disk loses nothing", (*_in("ledger", "ledger_room"),
                                        *_in("processes", "processes_hostile"),
                                        "-k", "ledger_room or disk")),
    Trial("Nothing paid for is lost", (*_in("processes", "processes_faults", "processes_cramped"),
                                       *_in("executor", "executor_assets", "executor_hostile"))),
    Trial("No 429 of our own making", (*_in("executor", "executor_gate"), *_in("core", "core_pace"),
                                       *_in("processes", "processes_faults"),
                                       "-k", "gate or pace or before_the_moment")),
    Trial("One run at a time", (*_in("ledger", "ledger_lock", "ledger_gone"),
                                *_in("processes", "processes_signals"),
                                "-k", "ledger_lock or ledger_gone or twenty or frozen")),
    Trial("A state that is not as it was left is refused", (
        *_in("processes", "processes_yesterday"), *_in("ledger", "ledger_folder"))),
    Trial("A signal at any time loses nothing", _in("processes", "processes_signals",
                                                    "processes_phases")),
    Trial("No key leaks", (*_in("processes", "processes_canary"), *_in("wiring", "wiring_keys"))),
    Trial("No input brings it down", (
        "tests/fuzz", *_in("inputs", "inputs_limits", "inputs_hostile", "inputs_fuzz"),
        *_in("providers", "providers_hostile", "providers_links"),
        *_in("outputs", "outputs_hostile"), *_in("media", "media_hostile"),
        *_in("processes", "processes_liars")), (("tests/fuzz/fuzz_guided.py", "--minutes", "60"),)),
)


def promises() -> list[str]:
    """What the README promises, in its own words."""
    section = README.read_text(encoding="utf-8").partition("\n## What it promises\n")[2]
    return PROMISE.findall(section.partition("\n## ")[0])


def unproven() -> list[str]:
    """Promises that nothing here tries to break."""
    return [name for name in promises() if name not in {trial.promise for trial in TRIALS}]


def commands(trial: Trial) -> Iterator[tuple[str, ...]]:
    """The commands of a trial as a person would type them."""
    yield ("pytest", *trial.tests)
    if FULL:
        yield from (("python", *words) for words in trial.programs)


def carry_out(command: Sequence[str], report: Path) -> Outcome:
    """Run a command of a trial, and read what it counted."""
    is_test = command[0] == "pytest"
    words = [str(HERE / command[0]), *command[1:], *([f"--junitxml={report}"] * is_test)]
    env = {**os.environ, **({"PIPELINE_SWEEP": "full"} if FULL and is_test else {})}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True,
                          errors="replace", check=False)
    outcome = _counted(report) if is_test else Outcome(said=_last_line(done.stdout))
    outcome.holds = done.returncode == 0 and str(outcome) != "nothing"
    if not outcome.holds:
        say(done.stdout[-3000:] + done.stderr[-1000:])
    return outcome


def _counted(report: Path) -> Outcome:
    """What the tests of a report tried, by what they call it."""
    outcome = Outcome()
    if not report.exists():
        return outcome
    for case in Xml.parse(report).getroot().iter("testcase"):
        skipped = case.find("skipped") is not None
        outcome.tried["tests"] += not skipped
        if skipped:
            outcome.tried["skipped"] += 1
        for found in case.iter("property"):
            outcome.tried[found.get("name", "")] += int(found.get("value", "0"))
    return outcome


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def say(words: str) -> None:
    """A line at once."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def short(command: Sequence[str]) -> str:
    """A command without what all of them have in common."""
    words = [Path(word).name.removeprefix("test_").removesuffix(".py")
             if word.startswith("tests/") and command[0] == "pytest" else word for word in command]
    return " ".join(f"'{word}'" if " " in word else word for word in words)


def main(words: Sequence[str]) -> int:
    """Try to break every promise, or those with a word; 1 where one broke, or nothing tried it."""
    began_s = time.monotonic()
    broken = 0
    say("| promise | command | what it tried | result |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="safety") as folder:
        lines = ((trial.promise, command) for trial in TRIALS for command in commands(trial)
                 if not words or any(word in trial.promise for word in words))
        for number, (promise, command) in enumerate(lines):
            outcome = carry_out(command, Path(folder) / f"{number}.xml")
            broken += not outcome.holds
            say(f"| {promise} | `{short(command)}` | {outcome} "
                f"| {'holds' if outcome.holds else 'BROKEN'} |")
    for promise in unproven():
        broken += 1
        say(f"| {promise} | none | nothing | UNPROVEN |")
    say(f"\n{broken} promises broken; {time.monotonic() - began_s:.0f} s"
        f"{'' if FULL else '; FULL=1 takes everything'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
