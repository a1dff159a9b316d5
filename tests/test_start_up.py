"""What a command loads before it does anything: start-up time, counted in modules.

Goal: asking for help or for a run's state costs no HTTP client, no database tool and no template
engine. Method: the command runs in a process of its own and lists what it has loaded; no seconds
are measured, because they are the machine's.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import COMMANDS
from pipeline.core.caps import Caps
from pipeline.core.plan import Plan
from pipeline.core.report import RunInfo
from pipeline.ledger.ledger import Ledger

HEAVY = frozenset({"httpx", "sqlite_utils", "jinja2", "pydantic", "rich", "yaml", "PIL",
                   "starlette", "uvicorn", "anyio", "av", "mcp", "httpx2", "keyring"})
LISTING = """
import sys
from pipeline.cli import main
sys.argv = ["pipeline", *sys.argv[1:]]
try:
    main()
except SystemExit as ending:
    code = ending.code
print("loaded:", *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""


def loaded(*words: str, folder: Path) -> set[str]:
    """The packages that a command has loaded when it is done."""
    done = subprocess.run([sys.executable, "-c", LISTING, *words], cwd=folder, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stderr.splitlines() if line.startswith("loaded:"))
    return set(line.split()[1:]) & HEAVY


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--version"]])
def test_help_loads_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    assert loaded(*words, folder=tmp_path) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_loads_nothing_heavy(shell: str, tmp_path: Path) -> None:
    assert loaded("completion", shell, folder=tmp_path) == set()


@pytest.mark.parametrize("words", [["status"], ["runs"], ["jobs"]])
def test_looking_back_loads_a_screen_and_no_more(words: list[str], tmp_path: Path) -> None:
    _begin_a_run(tmp_path / "state")
    assert loaded(*words, folder=tmp_path) <= {"rich"}


@pytest.mark.parametrize("words", [["status", "--json"], ["runs", "--json"], ["jobs", "--json"]])
def test_a_program_that_asks_loads_no_screen(words: list[str], tmp_path: Path) -> None:
    _begin_a_run(tmp_path / "state")
    assert loaded(*words, folder=tmp_path) == set()


@pytest.mark.parametrize("command", ["status", "show", "report", "sandbox", "completion"])
def test_help_of_a_light_command_stays_light(command: str, tmp_path: Path) -> None:
    assert loaded(command, "--help", folder=tmp_path) <= {"rich"}


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_tells_what_it_does(command: str, tmp_path: Path) -> None:
    loaded(command, "--help", folder=tmp_path)


def test_a_plan_on_an_account_that_speaks_no_mcp_does_not_load_it(tmp_path: Path) -> None:
    manifest = tmp_path / "m.yaml"
    manifest.write_text('version: 1\nname: m\ncampaigns: [{name: c, prompt: "a kite", '
                        'models: [imagen-4], aspect_ratios: ["1:1"]}]\n')
    assert not loaded("plan", str(manifest), folder=tmp_path) & {"mcp", "httpx2", "keyring"}


def _begin_a_run(state: Path) -> None:
    ledger = Ledger(state, lambda: 1_800_000_000.0)
    run = RunInfo("20270115-080000-aaaa", "spring", "m.yaml", "sandbox", 1_800_000_000.0,
                  outputs="outputs/spring")
    ledger.begin(run, Plan("spring", "m.yaml", "sandbox", []), Caps(), "outputs/spring")
    ledger.close()
