"""A key that must be seen nowhere but in the header of its own service.

Goal: no database, WAL, receipt, log, report, sidecar, stream, process list, cookie, core or other
host ever has it, in any spelling (SAFETY F105 to F110). Method: a canary key through every command
and every kind, with a service that quotes it in all its answers; then every byte on disk is read.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.parse
from contextlib import suppress
from pathlib import Path

import pytest
from processes_books import check_books, rows
from processes_kit import REPOSITORY, Place, sandbox, wait_for
from processes_parrot import Listener, Parrot

KEY = "canary+Sk/9f2c%77dd0a1e6b85"
SPELLINGS = (
    KEY, urllib.parse.quote(KEY, safe=""), urllib.parse.quote_plus(KEY), urllib.parse.quote(KEY),
    base64.b64encode(KEY.encode()).decode().rstrip("="), KEY.encode().hex(), json.dumps(KEY)[1:-1],
    KEY[7:], KEY[::-1],
)


def leaks(folder: Path) -> list[str]:
    """Every file below the folder that holds the key in any spelling."""
    found = []
    for path in folder.rglob("*"):
        if not path.is_file() or path.name == "faults.yaml":
            continue
        content = path.read_bytes()
        found += [f"{path.name}: {spelling}" for spelling in SPELLINGS
                  if spelling.encode() in content]
    return found


def test_the_key_is_nowhere_on_disk_in_no_output_and_in_no_process_list(place: Place,
                                                                        tmp_path: Path) -> None:
    faults = f"keys: {{'{KEY}': ['*']}}\nlost_reply: {{nth: [2]}}\n"
    with sandbox(tmp_path / "books", speed=200, faults=faults) as served:
        place.env |= {"KUBEEZ_API_KEY": KEY, "KUBEEZ_BASE_URL": served.url}
        place.small("lamp", "chair", account="kubeez", model="nano-banana")
        for words in (("plan", "small.yaml"), ("doctor", "--account", "kubeez"),
                      ("balance", "--account", "kubeez"), ("models", "--account", "kubeez"),
                      ("plan", "small.yaml", "-o", "plan.json")):
            assert place.run(*words).code == 0, words
        run = place.start("run", "plan.json", "-v", "--progress", "json", before=("/usr/bin/env",))
        wait_for(lambda: served.books()["jobs"] == 2, "all is sold")
        assert KEY not in Path(f"/proc/{run.pid}/cmdline").read_text()
        wait_for(lambda: not rows(place, "select 1 from jobs where state = 'submitting'"),
                 "both calls are answered, or lost")
        run.kill()
        assert place.end(run).code == -signal.SIGKILL
        assert (place.folder / "state/pipeline.db-wal").stat().st_size > 0
        assert leaks(tmp_path) == []
        assert place.run("resume", "-v").code == 0
        assert check_books(place, served) == 2
        for words in (("jobs", "--json"), ("report",), ("report", "--format", "jsonl"), ("status",),
                      ("history", "--account", "kubeez", "--json"), ("fetch",)):
            assert place.run(*words).code == 0, words
        assert leaks(tmp_path) == []


def test_a_wrong_key_is_not_repeated_in_the_complaint(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults="keys: {right: ['*']}") as served:
        place.small(account="kubeez")
        place.env |= {"KUBEEZ_API_KEY": KEY, "KUBEEZ_BASE_URL": served.url}
        for env in ({}, {"KUBEEZ_API_KEY": f"{KEY}é"}, {"KUBEEZ_API_KEY": f"{KEY} {KEY}"},
                    {"KUBEEZ_BASE_URL": f"https://user:{KEY}@127.0.0.1:1"}):
            said = place.run("run", "small.yaml", "--yes", "-v", env=env)
            assert said.code in (2, 5), (env, said)
            place.run("balance", "--account", "kubeez", "--json", env=env)
        place.write("pipeline.toml", f'[accounts.kubeez]\napi_key = "{KEY}"\n')
        assert place.run("plan", "small.yaml").code == 2
        (place.folder / "pipeline.toml").unlink()
        assert leaks(tmp_path) == []


def test_files_of_the_state_are_for_their_owner_only(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books") as served:
        place.settle_on(served)
        place.small("lamp")
        before = os.umask(0)
        try:
            assert place.run("run", "small.yaml", "--yes", before=("/usr/bin/env",)).code == 0
        finally:
            os.umask(before)
        state = place.folder / "state"
        assert state.stat().st_mode & 0o077 == 0
        for path in state.iterdir():
            assert path.stat().st_mode & 0o077 == 0, path


SCRIPT = {
    "GET /v1/models": [500], "GET /v1/balance": [401, 302, 500], "GET /v1/generations": [302, 500],
    "POST /v1/upload/media": [500, 302, 429], "GET /v1/assets": [302, 500],
    "POST /v1/generate/media": [400, 429, 500, 200], "POST /v1/generate/music": [422],
    "POST /v1/generate/captions": [500, 200], "POST /v1/generate/separation": [400],
    "POST /v1/generate/ad-copy": [302], "POST /v1/generate/dialogue": [413],
    "GET /v1/generate/media/": [200, 500, 302], "GET /v1/generate/music/": [200],
}
"""What the parrot answers first; after that it is honest."""

LOOKS = (
    ("status", "--json"), ("runs",), ("jobs",), ("jobs", "--json"), ("report",),
    ("report", "--format", "csv"), ("report", "--format", "md", "-o", "ledger.md"),
    ("report", "--format", "jsonl", "-o", "ledger.jsonl"), ("spend", "--by", "model,day"),
    ("doubt", "list", "--json"), ("doubt",), ("diff", "showcase.yaml"), ("runs", "--json"))
ASKS = (("assets",), ("assets", "--json"), ("balance",), ("history",), ("history", "--json"),
        ("models",), ("doctor",), ("assets", "add", "logo", "media/headphones.jpg"))


def test_a_service_that_quotes_the_key_gets_it_into_nothing(place: Place, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "manifests", place.folder, dirs_exist_ok=True)
    shutil.copytree(REPOSITORY / "templates", place.folder / "templates")
    faults = f"keys: {{'{KEY}': ['*']}}\nlost_reply: {{nth: [3]}}\n"
    with sandbox(tmp_path / "books", speed=600, faults=faults, credits="100000") as served, \
            Listener() as elsewhere, Parrot(served.url, elsewhere.url, SCRIPT) as parrot:
        place.env |= {"KUBEEZ_API_KEY": KEY, "KUBEEZ_BASE_URL": parrot.url}
        for words in ASKS:
            place.run(*words, "--account", "kubeez")
        for words in (("plan",), ("plan", "-o", "p.json"), ("rehearse",), ("validate", "--live")):
            place.run(words[0], "showcase.yaml", *words[1:], "--account", "kubeez")
        run = place.start("run", "showcase.yaml", "--yes", "--account", "kubeez", "-v",
                          "--progress", "json")
        with suppress(subprocess.TimeoutExpired):
            run.wait(25)
        run.send_signal(signal.SIGINT)
        assert place.end(run, 120).code in (3, 4, 12, 130)
        for words in (("resume", "--max-duration", "3s"), ("fetch",), *LOOKS):
            place.run(*words, longest_s=120)
        for row in rows(place, "select key from jobs"):
            assert place.run("show", row["key"], "--json").code == 0
            place.run("doubt", "show", row["key"])
        states = {row["state"] for row in rows(place, "select state from jobs")}
        assert {"done", "failed"} <= states
        assert sum(parrot.met.values()) > 50
        told = [row["message"] for row in rows(place, "select message from jobs")]
        assert any("••••" in message for message in told)
    assert elsewhere.heard == []
    assert leaks(tmp_path) == []


def test_no_signature_is_in_anything_that_is_shown_or_kept_for_people(place: Place,
                                                                      tmp_path: Path) -> None:
    with sandbox(tmp_path / "books") as served:
        place.settle_on(served)
        shutil.copytree(REPOSITORY / "manifests/media", place.folder / "media")
        manifest = place.small("lamp", model="nano-banana-edit")
        manifest.write_text(manifest.read_text() + '    sources: ["media/headphones.jpg"]\n')
        assert place.run("run", "small.yaml", "--yes", "--progress", "json").code == 0
        for words in LOOKS[:-2]:
            assert place.run(*words).code == 0, words
        (row,) = rows(place, "select key from jobs")
        for more in ((), ("--json",)):
            assert place.run("show", row["key"], *more).code == 0
        (upload,) = rows(place, "select url from uploads")
    signature = upload["url"].partition("?")[2].encode()
    assert len(signature) > 20
    kept = [path for path in place.folder.rglob("*") if path.is_file()
            and "state" not in path.relative_to(place.folder).parts]
    assert len(kept) > 10
    assert not [path for path in kept if signature in path.read_bytes()]


BREAKING = """\
import aiohttp

def request(self, method, url, *, headers, **more):
    kept = dict(headers)
    raise RuntimeError(f"what nobody thought of, with {url} of {type(self).__name__}")

aiohttp.ClientSession.request = request
"""
"""A library that breaks where nobody expects it, with the key in reach of the failure."""


def test_a_bug_is_told_without_the_key_that_lies_in_its_frames(place: Place,
                                                              tmp_path: Path) -> None:
    place.write("lib/sitecustomize.py", BREAKING)
    place.env |= {"KUBEEZ_API_KEY": KEY, "PYTHONFAULTHANDLER": "1",
                  "PYTHONPATH": f"{place.folder / 'lib'}{os.pathsep}{REPOSITORY}"}
    place.small(account="kubeez")
    for words in (("balance", "--account", "kubeez", "-v"), ("run", "small.yaml", "--yes", "-v"),
                  ("models", "--account", "kubeez", "--json")):
        asked = place.start(*words, before=("/usr/bin/env",))
        assert asked.wait(30) == 1
        assert "what nobody thought of" in place.said(asked)[1]
    assert leaks(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="environments are read from /proc")
def test_no_child_is_handed_the_key(place: Place) -> None:
    place.env |= {"KUBEEZ_API_KEY": KEY, "PIPELINE_SANDBOX_SPEED": "10"}
    place.small("lamp")
    run = place.start("run", "small.yaml", "--yes", before=("/usr/bin/env",))
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    (child, *_) = wait_for(lambda: children.read_text().split(), "the sandbox is there")
    wait_for(lambda: b"sandbox" in Path(f"/proc/{child}/cmdline").read_bytes(), "it has begun")
    environ = Path(f"/proc/{child}/environ").read_bytes()
    assert b"PIPELINE_SANDBOX_SPEED" in environ
    assert KEY.encode() not in environ
    assert place.end(run).code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="limits are read from /proc")
def test_a_crash_leaves_no_core_that_would_hold_the_key(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", speed=1, faults=f"keys: {{'{KEY}': ['*']}}\n") as served:
        place.env |= {"KUBEEZ_API_KEY": KEY, "KUBEEZ_BASE_URL": served.url}
        place.small("lamp", account="kubeez", model="nano-banana")
        run = place.start("run", "small.yaml", "--yes", before=("/usr/bin/env",))
        wait_for(lambda: served.books()["jobs"] == 1, "it is bought")
        limits = Path(f"/proc/{run.pid}/limits").read_text()
        line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert line.split()[4] in ("0", "1")
        run.send_signal(signal.SIGABRT)
        assert place.end(run).code == -signal.SIGABRT
    assert not list(place.folder.rglob("core*"))
    assert leaks(tmp_path) == []
