"""Artificial Studio over both of its surfaces: killed, with lost replies and a failure given back.

Goal: what is charged there once is known once, and a refund is booked when the balance shows it.
Method: a sandbox of its own keeps the books, loses replies and lets a job fail; the pipeline is
killed at random moments and started again; then both books are compared, job for job.
"""

import random
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from processes_books import check_files, rows
from processes_kit import FULL, Place, Sandbox, sandbox

from pipeline.core.money import Money

SEEDS = range(8) if FULL else range(1)
SPEED = 40
JOBS = 8
SURFACES = {"sandbox-artificialstudio": "/mcp", "sandbox-artificialstudio-rest": ""}
MANIFEST = """\
version: 1
name: studio
account: {account}
campaigns:
  - name: shots
    models: [flux-2, gpt-image-1]
    prompt: "a {{{{ thing }}}} on stone"
    vars: {{thing: [lamp, chair, vase, bowl]}}
"""
FAULTS = "lost_reply: {nth: [2, 6]}\nfail: {nth: [4]}\n"


def settle(place: Place, served: Sandbox, account: str) -> None:
    place.write("pipeline.toml", f"[accounts.{account}]\nspeed = {SPEED}\n"
                f'base_url = "{served.url}/artificialstudio{SURFACES[account]}"\n')
    place.write("studio.yaml", MANIFEST.format(account=account))


def truth(served: Sandbox) -> Any:
    return httpx.get(f"{served.url}/artificialstudio/sandbox/books", trust_env=False).json()


def believed(place: Place) -> dict[str, tuple[str, str]]:
    """What the ledger says of each id: what it took, and what came back."""
    found = rows(place, "select remote_id, settled, attempts.state as state from remotes "
                        "join attempts using (tag)")
    return {row["remote_id"]: (str(Money(row["settled"])),
                               str(Money(row["settled"] if row["state"] == "free" else 0)))
            for row in found}


def kill_while_it_works(place: Place, dice: random.Random) -> None:
    process = place.start("run", "studio.yaml", "--yes")
    try:
        process.wait(dice.uniform(0.6, 2.0))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert "Traceback" not in place.said(process)[1]


@pytest.mark.parametrize("account", SURFACES)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_agree_after_kills_lost_replies_and_a_refund(
        place: Place, tmp_path: Path, seed: int, account: str) -> None:
    dice = random.Random(seed)
    with sandbox(tmp_path / "books", speed=SPEED, faults=FAULTS,
                 provider="artificialstudio") as served:
        settle(place, served, account)
        for _ in range(3):
            kill_while_it_works(place, dice)
        said = place.run("run", "studio.yaml", "--yes", "--json")
        assert (said.code, said.document["jobs"]["done"]) == (3, JOBS - 1)
        told = truth(served)
        assert believed(place) == {UUID(row["id"]).hex: (row["credits"], row["refunded"])
                                   for row in told["rows"]}
        spent = place.run("spend", "--json").document["total"]
        assert [spent[name] for name in ("charged", "refunded", "held", "in_doubt")] == [
            told["charged"], told["refunded"], "0", "0"]
        assert told["jobs"] == JOBS and Money.parse(told["refunded"])
        check_files(place, failed=1)


def test_what_was_given_back_is_bought_again_and_spend_shows_all_of_it(place: Place,
                                                                      tmp_path: Path) -> None:
    account = "sandbox-artificialstudio-rest"
    with sandbox(tmp_path / "books", speed=SPEED, faults=FAULTS,
                 provider="artificialstudio") as served:
        settle(place, served, account)
        assert place.run("run", "studio.yaml", "--yes").code == 3
        [failed] = place.run("jobs", "--in", "failed", "--json").out.splitlines()
        story = place.run("show", failed.split('"')[3]).out
        assert [word for word in ("held", "charged", "given back") if word not in story] == []
        assert place.run("retry", "--failed", "--yes", "--json").document["jobs"]["done"] == JOBS
        spent = place.run("spend", "--json").document["total"]
        told = truth(served)
        assert (spent["charged"], spent["refunded"]) == (told["charged"], told["refunded"])


def test_a_service_that_does_not_give_back_is_not_believed(place: Place, tmp_path: Path) -> None:
    account = "sandbox-artificialstudio-rest"
    with sandbox(tmp_path / "books", speed=SPEED, faults=FAULTS + "gives_back: false\n",
                 provider="artificialstudio") as served:
        settle(place, served, account)
        said = place.run("run", "studio.yaml", "--yes", "--json")
        assert said.document["credits"]["refunded"] == "0"
        assert said.document["credits"]["charged"] == truth(served)["charged"]
        again = place.run("retry", "--failed", "--yes")
        assert "its balance does not show" in again.err
