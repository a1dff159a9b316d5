"""A key that must be seen nowhere but in the header of its own service."""

import base64
import json
import os
import signal
import urllib.parse
from pathlib import Path

from processes_books import check_books, rows
from processes_kit import Place, sandbox, wait_for

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
