"""Death in the middle of a run over MCP, and the books afterwards.

Goal: `sandbox-kubeez-mcp` is as safe as REST: whatever is killed, and whatever reply is lost, every
job is charged once and brought home. Method: the real program with kill -9 at random moments, on
the embedded sandbox and on one that lives on; its ledger held against the service's own books.
"""

import random
import subprocess
from pathlib import Path

from processes_books import check_books
from processes_kit import Place, sandbox

ACCOUNT = "sandbox-kubeez-mcp"


def kill_while_it_works(place: Place, dice: random.Random, *words: str) -> None:
    process = place.start(*words)
    try:
        process.wait(dice.uniform(0.8, 3.0))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert "Traceback" not in place.said(process)[1]


def test_a_run_over_mcp_survives_kills(place: Place) -> None:
    dice = random.Random(6)
    place.env["PIPELINE_SANDBOX_SPEED"] = "30"
    manifest = str(place.small(*[f"thing {number}" for number in range(8)], account=ACCOUNT))
    for _ in range(3):
        kill_while_it_works(place, dice, "run", manifest, "--yes")
    said = place.run("run", manifest, "--yes", "--json")
    assert (said.code, said.document["jobs"]["done"]) == (0, 8)
    assert check_books(place) == 8


def test_lost_replies_and_broken_streams_over_mcp_are_found_again(place: Place,
                                                                  tmp_path: Path) -> None:
    faults = "lost_reply: {nth: [1, 4]}\nerror_after_charge: {nth: [3]}\nmcp_answers: sse\n"
    with sandbox(tmp_path / "books", speed=60, faults=faults, provider="kubeez-mcp") as served:
        place.write("pipeline.toml", f'[accounts.{ACCOUNT}]\nspeed = 60\n'
                                     f'base_url = "{served.url}/kubeez-mcp/mcp"\n')
        manifest = str(place.small(*[f"thing {number}" for number in range(5)], account=ACCOUNT))
        said = place.run("run", manifest, "--yes", "--json", longest_s=120)
        assert (said.code, said.document["jobs"]["done"]) == (0, 5), said.err
        assert check_books(place, served) == 5
