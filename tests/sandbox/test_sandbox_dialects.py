"""Several services on one port: which are there, where, and whose books are whose.

Goal: `--provider` decides which dialects answer, each service has an account of its own, and what
was promised of Kubeez alone still holds. Method: the program itself, asked over real sockets.
"""

from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sandbox_program import served

from pipeline.cli.sandbox import sandbox_command
from pipeline.sandbox.dialects import ALL, DIALECTS, SERVICES, chosen, services_of
from pipeline.sandbox.faults import Faults, switches_of
from pipeline.sandbox.switches import FaultsError

JOB = {"type": "image", "model": "flux2-turbo", "prompt": "a kite"}
KEY = {"authorization": "Bearer k"}


def ask(url: str, path: str, **more: Any) -> httpx.Response:
    method = "POST" if "json" in more else "GET"
    return httpx.request(method, url + path, headers=KEY, trust_env=False, **more)


def test_all_are_there_under_paths_of_their_own() -> None:
    with served("--provider", ALL) as sandbox:
        url = sandbox.told["url"]
        assert sandbox.told["provider"] == ",".join(DIALECTS)
        assert {*sandbox.told["balances"]} == {*SERVICES}
        for path in ("", "/kubeez"):
            assert ask(url, f"{path}/health").json() == {"status": "healthy"}
        assert ask(url, "/mediaengine/v1/models").status_code == 200
        assert ask(url, "/v1/models").json()["total_count"] > 100


def test_kubeez_alone_is_as_it_was() -> None:
    with served() as sandbox:
        assert ask(sandbox.told["url"], "/mediaengine/v1/models").status_code == 404
        assert (sandbox.told["provider"], sandbox.told["balance"]) == ("kubeez", "10000")


def test_without_kubeez_the_root_says_where_to_look() -> None:
    with served("--provider", "mediaengine") as sandbox:
        answer = ask(sandbox.told["url"], "/v1/models")
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_each_service_has_books_of_its_own(tmp_path: Path) -> None:
    options = ("--provider", "kubeez", "--provider", "mediaengine", "--folder", str(tmp_path))
    with served(*options) as sandbox:
        url = sandbox.told["url"]
        assert ask(url, "/mediaengine/v1/jobs", json=JOB).status_code == 201
        assert sandbox.start().status_code == 200
        assert ask(url, "/sandbox/books").json()["jobs"] == 1
        assert ask(url, "/mediaengine/sandbox/books").json()["charged"] == "1"
    assert (tmp_path / "books.db").exists()
    assert (tmp_path / "mediaengine/books.db").exists()


def test_a_question_makes_no_books(tmp_path: Path) -> None:
    with served("--provider", ALL, "--folder", str(tmp_path), "--no-new-books"):
        assert not [*tmp_path.iterdir()]


def test_what_the_other_door_of_kubeez_links_to_is_found_at_the_root() -> None:
    with served("--speed", "1000") as sandbox:
        url = sandbox.finished_url()
        assert httpx.get(url, trust_env=False).status_code == 200
        under = url.replace(sandbox.told["url"], sandbox.told["url"] + "/kubeez")
        assert httpx.get(under, trust_env=False).content


def test_faults_can_be_aimed_at_one_service(tmp_path: Path) -> None:
    faults = "services: {mediaengine: {fail: true}}"
    with served("--provider", ALL, "--speed", "1000", faults=faults, tmp_path=tmp_path) as sandbox:
        ask(sandbox.told["url"], "/mediaengine/v1/jobs", json=JOB)
        assert sandbox.finished_url()  # Kubeez is well
        while (job := ask(sandbox.told["url"],
                          "/mediaengine/v1/jobs").json()["jobs"][0])["status"] == "processing":
            pass
        assert job["status"] in ("failed", "queued")


@pytest.mark.parametrize("raw", [{"services": 1}, {"services": {"kubeez": 1}},
                                 {"services": [1]}])
def test_odd_switches_of_a_service_are_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(FaultsError):
        switches_of(raw, "kubeez")


def test_own_switches_win_over_general_ones() -> None:
    raw = {"cors": False, "services": {"kubeez": {"cors": True, "streams": True}}}
    kubeez, other = (Faults.parse(switches_of(raw, name)) for name in ("kubeez", "mediaengine"))
    assert (kubeez.cors, kubeez.streams, other.cors, other.streams) == (True, True, False, False)


def test_limits_that_no_switch_names_are_the_services_own() -> None:
    for name, limits in SERVICES.items():
        assert Faults.parse({}, limits).limits == limits, name
        changed = Faults.parse({"limits": {"reads_per_minute": 7}}, limits).limits
        assert changed.per_minute["reads"] == 7
        assert changed.in_flight == limits.in_flight


def test_names_are_chosen_once_and_services_counted_once() -> None:
    assert chosen(["mediaengine", "kubeez", "mediaengine"]) == ("mediaengine", "kubeez")
    assert chosen([ALL, "kubeez"]) == tuple(DIALECTS)
    assert services_of(DIALECTS) == tuple(dict.fromkeys(d.service for d in DIALECTS.values()))
    assert {*services_of(DIALECTS)} == {*SERVICES}


def test_a_name_that_no_dialect_has_is_refused() -> None:
    said = CliRunner().invoke(sandbox_command, ["--provider", "nobody"])
    assert said.exit_code == 2
    assert "'nobody' is not one of kubeez" in said.output


def test_a_service_that_is_not_there_has_no_faults(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("services: {nobody: {fail: true}}")
    said = CliRunner().invoke(sandbox_command, ["--faults", str(tmp_path / "f.yaml")])
    assert said.exit_code == 2
    assert "'nobody' is none of kubeez" in said.output
