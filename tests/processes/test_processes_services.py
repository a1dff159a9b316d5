"""One manifest, half on Kubeez and half on Media Engine: it dies, goes on, and both books agree.

Goal: several services in one run are as safe as one (issue 6). Method: one sandbox process is both
services, loses replies at each, and keeps the books of each; the pipeline is killed repeatedly.
"""

import random
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from processes_books import books_of, check_files, check_sums, rows
from processes_kit import FULL, Place, Sandbox, sandbox, wait_for

from pipeline.core.money import Money

SEEDS = range(12) if FULL else range(1)
SPEED = 40
JOBS = 12
BOTH = """\
version: 1
name: both
account: sandbox
campaigns:
  - name: shots
    models: [nano-banana, {account: sandbox-mediaengine, model: flux2-turbo}]
    prompt: "a {{ thing }} on stone, 16:9"
    vars: {thing: [lamp, chair, vase, bowl, jug, cup]}
"""
LOST = """\
lost_reply: {nth: [2, 5]}
services: {mediaengine: {lost_reply: {nth: [1, 4]}, error_after_charge: {nth: [2]}}}
"""


def settle(place: Place, served: Sandbox) -> None:
    place.settle_on(served, speed=SPEED, more=(
        f'[accounts.sandbox-mediaengine]\nbase_url = "{served.url}/mediaengine"\n'
        f"speed = {SPEED}\n"))
    place.write("both.yaml", BOTH)


def sold_by(served: Sandbox) -> dict[str, tuple[str, str]]:
    """What both services really charged, by the ids that their clients know."""
    kubeez = {name: (model, credit) for name, model, credit in books_of(served.folder)}
    engine = {f"job_{name.replace('-', '')}": (model, credit)
              for name, model, credit in books_of(served.folder / "mediaengine")}
    assert len(kubeez) == len(engine) == JOBS // 2
    return kubeez | engine


def sold_so_far(served: Sandbox) -> int:
    both = (f"{served.url}{path}/sandbox/books" for path in ("", "/mediaengine"))
    return sum(httpx.get(url, trust_env=False).json()["jobs"] for url in both)


def calls_owed(served: Sandbox) -> int:
    """How many webhook calls Media Engine has not brought to an answer yet."""
    with closing(sqlite3.connect(served.folder / "mediaengine" / "books.db")) as books:
        return int(books.execute("select count(*) from rings").fetchone()[0])


def paid_by(place: Place) -> dict[str, tuple[str, str]]:
    """What the ledger has paid, by the ids that it was told."""
    found = rows(place, "select jobs.model, settled, remotes.remote_id as id from attempts "
                        "join jobs on jobs.key = attempts.job "
                        "join remotes on remotes.tag = attempts.tag where attempts.state = 'paid'")
    return {row["id"]: (row["model"], str(Money(row["settled"]))) for row in found}


def kill_while_it_works(place: Place, longest_s: float, dice: random.Random) -> None:
    process = place.start("run", "both.yaml", "--yes")
    try:
        process.wait(dice.uniform(0.5, longest_s))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert "Traceback" not in place.said(process)[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_both_books_agree_after_kills_and_lost_replies(place: Place, tmp_path: Path,
                                                       seed: int) -> None:
    dice = random.Random(seed)
    with sandbox(tmp_path / "books", speed=SPEED, faults=LOST, provider="all") as served:
        settle(place, served)
        for _ in range(3):
            kill_while_it_works(place, 2.0, dice)
        said = place.run("run", "both.yaml", "--yes", "--json")
        assert (said.code, said.document["jobs"]["done"]) == (0, JOBS)
        sold = sold_by(served)
        assert paid_by(place) == sold
        total = sum((Money.parse(credit) for _, credit in sold.values()), Money(0))
        check_sums(place, total)
        check_files(place)


def test_a_kill_between_the_two_services_is_taken_up(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", speed=10, provider="all") as served:
        settle(place, served)
        run = place.start("run", "both.yaml", "--yes")
        wait_for(lambda: sold_so_far(served) > JOBS // 2, "half is sold")
        run.kill()
        run.wait()
        said = place.run("resume", "--json")
        assert (said.code, said.document["jobs"]["done"]) == (0, JOBS)
        assert paid_by(place) == sold_by(served)


def test_one_prompt_on_every_service_is_one_contact_sheet(place: Place) -> None:
    pytest.importorskip("mcp", reason="two of the services are asked over MCP, which is an extra")
    place.copy_demo()
    said = place.run("run", "manifests/compare.yaml", "--yes", "--json")
    assert (said.code, said.document["jobs"]["done"]) == (0, 12)
    assert said.document["credits"]["charged"] == "90"
    assert place.run("report").code == 0
    sheet = (place.folder / "outputs/compare/report/index.html").read_text()
    accounts = {row["account"] for row in rows(place, "select account from jobs")}
    assert len(accounts) == 5
    assert all(f"<span>{account}</span>" in sheet for account in accounts)


RINGS = """\
services: {mediaengine: {lost_ring: {nth: [2]}, double_ring: {nth: [1]},
                         late_ring: {nth: [3], seconds: 20}}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_a_service_that_rings_is_heard_and_one_that_does_not_is_polled(place: Place,
                                                                     tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    with sandbox(tmp_path / "books", speed=SPEED, faults=RINGS, provider="all") as served:
        settle(place, served)
        with (place.folder / "pipeline.toml").open("a") as settings:
            settings.write(f'[webhooks]\nlisten = "{listen}"\n'
                           f'public_url = "http://{listen}/media"\n')
        said = place.run("run", "both.yaml", "--yes", "--json")
        assert (said.code, said.document["jobs"]["done"]) == (0, JOBS)
        assert "Traceback" not in said.err and "Exception" not in said.err
        assert paid_by(place) == sold_by(served)
        wait_for(lambda: not calls_owed(served), "every call was answered")
