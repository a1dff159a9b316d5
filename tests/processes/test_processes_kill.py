"""Death at any moment, of the pipeline or of the service, and the books afterwards."""

import random
import subprocess
from functools import partial
from pathlib import Path

import pytest
from processes_books import check_books, rows
from processes_kit import FULL, Place, Sandbox, sandbox, wait_for

KILLS = 3
SEEDS = range(12) if FULL else range(1)


def has_sold(served: Sandbox, number: int) -> bool:
    """Whether a sandbox has sold so many jobs."""
    return bool(served.books()["jobs"] >= number)


def kill_while_it_works(place: Place, dice: random.Random, words: tuple[str, ...],
                        longest_s: float) -> None:
    """Start a command and kill it after a while, unless it ends first."""
    process = place.start(*words)
    try:
        process.wait(dice.uniform(0.3, longest_s))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert "Traceback" not in place.said(process)[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_demo_survives_kills_at_random_moments(place: Place, seed: int) -> None:
    dice = random.Random(seed)
    place.copy_demo()
    place.env["PIPELINE_SANDBOX_SPEED"] = "30"
    for number in range(KILLS):
        words = ("run", "manifests/demo.yaml", "--yes") if number % 2 == 0 else ("resume",)
        kill_while_it_works(place, dice, words, 2.0)
    said = place.run("run", "manifests/demo.yaml", "--yes", "--json")
    assert (said.code, said.document["jobs"]["done"]) == (0, 29)
    assert said.document["credits"] == {"charged": "558", "held": "0", "in_doubt": "0",
                                        "refunded": "0"}
    assert check_books(place) == 29


@pytest.mark.parametrize("seed", SEEDS)
def test_the_service_lives_on_while_the_pipeline_dies(place: Place, tmp_path: Path,
                                                      seed: int) -> None:
    dice = random.Random(seed)
    with sandbox(tmp_path / "books", speed=40) as served:
        place.settle_on(served, speed=40)
        place.small(*[f"thing {number}" for number in range(12)])
        for _ in range(3):
            kill_while_it_works(place, dice, ("run", "small.yaml", "--yes"), 1.2)
        said = place.run("run", "small.yaml", "--yes", "--json")
        assert (said.code, said.document["jobs"]["done"]) == (0, 12)
        assert check_books(place, served) == 12


@pytest.mark.parametrize("seed", SEEDS)
def test_the_pipeline_lives_on_while_the_service_dies(place: Place, tmp_path: Path,
                                                      seed: int) -> None:
    dice = random.Random(seed)
    served = Sandbox(tmp_path / "books", speed=20)
    place.settle_on(served, speed=20)
    place.small(*[f"thing {number}" for number in range(12)])
    run = place.start("run", "small.yaml", "--yes", "--json")
    for number in (1, 6, 11):
        wait_for(partial(has_sold, served, number), f"{number} jobs are sold")
        served.kill()
        with pytest.raises(subprocess.TimeoutExpired):
            run.wait(dice.uniform(0.05, 0.4))
        served = Sandbox(tmp_path / "books", speed=20, port=served.port)
    said = place.end(run)
    assert (said.code, said.document["jobs"]["done"]) == (0, 12)
    assert said.document["seconds"] < 40
    assert check_books(place, served) == 12
    served.close()


def test_a_run_whose_service_is_gone_for_good_ends_and_goes_on_later(place: Place,
                                                                     tmp_path: Path) -> None:
    served = Sandbox(tmp_path / "books", speed=12)
    place.settle_on(served, speed=60)  # as fast as would fit into the time
    place.small()
    run = place.start("run", "small.yaml", "--yes", "--json", "--max-duration", "2s")
    wait_for(lambda: served.books()["jobs"] == 3, "all is sold")
    served.kill()
    said = place.end(run)
    assert said.code == 10
    assert said.document["jobs"]["running"] == 3
    assert place.run("status").code == 0
    served = Sandbox(tmp_path / "books", speed=12, port=served.port)
    assert place.run("resume").code == 0
    assert check_books(place, served) == 3
    served.close()


@pytest.mark.skipif(not FULL, reason="the canary's run dies and goes on as well")
def test_an_account_of_kubeez_is_taken_up_after_a_kill(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", speed=30) as served:
        place.env |= {"KUBEEZ_BASE_URL": served.url, "KUBEEZ_API_KEY": "k"}
        place.small(account="kubeez", model="nano-banana")
        run = place.start("run", "small.yaml", "--yes")
        wait_for(lambda: served.books()["jobs"] == 3 and not [
            row for row in rows(place, "select state from jobs") if row["state"] == "submitting"],
            "all is accepted")
        run.kill()
        run.wait()
        said = place.run("resume", "--json")
        assert (said.code, said.document["jobs"]["done"]) == (0, 3)
        assert check_books(place, served) == 3
