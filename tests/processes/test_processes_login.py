"""Signing in as a person does it, and a run that outlives its token.

Goal: `login` keeps a token where it was told to, a run renews it in its middle, `logout` forgets
it; no token is in the state, the outputs, the screens or the cache. Method: the real program, a
sandbox whose tokens live for seconds, and a browser that is three lines of HTTP.
"""

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from processes_books import check_books
from processes_kit import Ended, Place, Sandbox, sandbox, wait_for

FRESH = ("env",)
"""Before a command: a process that has imported nothing yet, and so looks for its keyring."""
FAULTS = "token_lives_s: {lives}\nkeys: {{somebody: ['*']}}\n"


def settle(place: Place, served: Sandbox) -> Path:
    """An account that signs in, its token in a file."""
    kept = place.folder / "signed-in.json"
    place.write("pipeline.toml", f'[accounts.kubeez-mcp]\nbase_url = "{served.url}/kubeez-mcp/mcp"'
                                 f'\ntoken_file = "{kept}"\n')
    return kept


def sign_in(place: Place, *, first: str = "", before: tuple[str, ...] = ()) -> Ended:
    """`login` with a browser that agrees; `first` is what else comes to the redirect's address."""
    process = place.start("login", "kubeez-mcp", "--no-browser", "--json", before=before)
    found = wait_for(lambda: re.search(r"http://\S+", place.said(process)[1]), "an address")
    back = dict(parse_qsl(urlsplit(found[0]).query))["redirect_uri"]
    with httpx.Client(trust_env=False) as browser:
        if first:
            assert browser.get(back + first).status_code == 404
        browser.get(found[0], follow_redirects=True)
    return place.end(process)


def everything(place: Place, kept: Path) -> bytes:
    """All that the program has left behind, but for the one file that is for it."""
    return b"".join(path.read_bytes() for path in place.folder.rglob("*")
                    if path.is_file() and path != kept)


def test_a_run_renews_its_token_in_the_middle_and_leaves_no_trace_of_it(place: Place,
                                                                        tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", speed=20, faults=FAULTS.format(lives="2.0"),
                 provider="kubeez-mcp") as served:
        kept = settle(place, served)
        said = place.run("run", str(place.small(account="kubeez-mcp")), "--yes", "--json")
        assert (said.code, said.complaint["code"]) == (5, "key_missing")
        assert "pipeline login" in said.complaint["message"]
        said = sign_in(place, first="?state=forged&code=x")
        assert (said.code, said.document["kept_in"]) == (0, str(kept))
        assert kept.stat().st_mode & 0o077 == 0
        before = json.loads(kept.read_text())
        done = place.run("run", str(place.small(account="kubeez-mcp", model="nano-banana-2")),
                         "--yes", "--json", "-v")
        assert (done.code, done.document["jobs"]["done"]) == (0, 3), done.err
        assert check_books(place, served) == 3
        after = json.loads(kept.read_text())
        assert after["access"] != before["access"]
        left = everything(place, kept)
        for grant in (before, after):
            for token in (grant["access"], grant["refresh"]):
                assert token.encode() not in left
        assert place.run("logout", "kubeez-mcp", "--json").document["signed_out"]
        assert not kept.exists()
        assert not place.run("logout", "kubeez-mcp", "--json").document["signed_out"]


def test_what_cannot_be_signed_in_to_says_so(place: Place, tmp_path: Path) -> None:
    with sandbox(tmp_path / "books", faults="sign_in_denied: true\n",
                 provider="kubeez-mcp") as served:
        kept = settle(place, served)
        said = sign_in(place)
        assert said.code == 5
        assert "access_denied" in said.complaint["message"]
        kept.write_text("{}")
        kept.chmod(0o644)
        said = place.run("login", "kubeez-mcp", "--no-browser", "--json")
        assert (said.code, said.complaint["code"]) == (5, "token_file")
    assert place.run("login", "kubeez", "--json").complaint["code"] == "no_sign_in"
    assert place.run("login", "nobody", "--json").code == 2


def test_without_a_keyring_a_file_is_asked_for(place: Place) -> None:
    place.write("pipeline.toml", '[accounts.kubeez-mcp]\nbase_url = "http://127.0.0.1:9/mcp"\n')
    env = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    said = place.run("login", "kubeez-mcp", "--no-browser", "--json", env=env)
    assert (said.code, said.complaint["code"]) == (2, "no_keyring")
    assert "token_file" in said.complaint["message"]


@pytest.mark.parametrize("token", ["", "KUBEEZ_MCP_TOKEN"])
def test_doctor_knows_the_account(place: Place, tmp_path: Path, token: str) -> None:
    with sandbox(tmp_path / "books", provider="kubeez-mcp") as served:
        settle(place, served)
        said = place.run("doctor", "--account", "kubeez-mcp", "--json",
                         env={token: "personal-4711"} if token else {})
        checks: dict[str, Any] = {check["check"]: check for check in said.document["checks"]}
        assert said.code == (0 if token else 5)
        assert checks["catalog"]["ok"] is bool(token)
        if token:
            assert "10,000" in checks["balance"]["message"].replace("10000", "10,000")
        else:
            assert "pipeline login" in checks["key"]["message"]
    assert "personal-4711" not in said.out + said.err


def test_the_keyring_keeps_a_sign_in_where_there_is_one(place: Place, tmp_path: Path) -> None:
    place.write("ring.py", RING)
    place.env |= {"PYTHON_KEYRING_BACKEND": "ring.Ring",
                  "PYTHONPATH": os.pathsep.join([str(place.folder), place.env["PYTHONPATH"]])}
    with sandbox(tmp_path / "books", faults=FAULTS.format(lives="3600.0"),
                 provider="kubeez-mcp") as served:
        place.write("pipeline.toml", "[accounts.kubeez-mcp]\n"
                                     f'base_url = "{served.url}/kubeez-mcp/mcp"\n')
        assert sign_in(place, before=FRESH).document["kept_in"] == "the keyring"
        said = place.run("balance", "--account", "kubeez-mcp", "--json", before=FRESH)
        assert said.document["balance"] == "10000"
        assert place.run("logout", "kubeez-mcp", "--json", before=FRESH).document["signed_out"]
        assert json.loads((place.folder / "ring.json").read_text()) == {}


RING = '''\
"""A keyring that is a file of its own."""

import json
from pathlib import Path

from keyring.backend import KeyringBackend

FILE = Path("ring.json")


class Ring(KeyringBackend):
    priority = 1

    def _all(self):
        return json.loads(FILE.read_text()) if FILE.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        FILE.write_text(json.dumps({**self._all(), f"{service}/{username}": password}))

    def delete_password(self, service, username):
        FILE.write_text(json.dumps({name: kept for name, kept in self._all().items()
                                    if name != f"{service}/{username}"}))
'''
