"""Where a sign-in is kept, and how its key stays fresh.

Goal: a token file is its owner's alone or is refused; a key is renewed in time, once for all calls
and all processes; a token is in no text that anybody reads. Method: real files and their modes; the
keeper against the sandbox's own authorization server, its clock turned by hand.
"""

import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import anyio
import pytest

from pipeline.core.errors import Barred, Exit, Halt
from pipeline.inputs.settings import AccountSettings
from pipeline.providers.consent import Attempt, consent_url, read_redirect
from pipeline.providers.http import Http
from pipeline.providers.oauth import Grant, SignIn
from pipeline.providers.registry import PROVIDERS
from pipeline.providers.secret import Secret
from pipeline.sandbox.books import Books
from pipeline.sandbox.dialects import mount
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.server import SandboxServer, cuttable
from pipeline.sandbox.service import RemoteService
from pipeline.wiring.keys import has_key, key_of, way_to_a_key
from pipeline.wiring.signing_in import Keeper
from pipeline.wiring.vault import FileVault

NOON_S = 1_800_000_000.0
GRANT = Grant("access-canary-4711", "refresh-canary-4711", NOON_S, "me", "https://e.com/t",
              "https://e.com/mcp")


def test_a_file_is_kept_for_its_owner_alone_and_holds_what_was_put_there(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "new" / "token.json")
    assert vault.read() is None
    os.umask(before := os.umask(0))
    vault.write(GRANT)
    os.umask(before)
    path = tmp_path / "new" / "token.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert vault.read() == GRANT
    assert [file.name for file in path.parent.iterdir()] == ["token.json"]
    assert (vault.remove(), vault.remove(), vault.read()) == (True, False, None)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o610])
def test_a_file_that_others_can_read_is_refused_and_left_as_it_is(tmp_path: Path,
                                                                  mode: int) -> None:
    vault, path = FileVault(tmp_path / "t"), tmp_path / "t"
    vault.write(GRANT)
    path.chmod(mode)
    with pytest.raises(Halt, match="others can read") as said:
        vault.read()
    assert said.value.exit_code == Exit.KEY
    assert "canary" not in f"{said.value} {said.value.hint}"
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("what", ["link", "folder", "pipe"])
def test_what_is_no_plain_file_is_refused(tmp_path: Path, what: str) -> None:
    FileVault(tmp_path / "real").write(GRANT)
    path = tmp_path / "t"
    {"link": lambda: path.symlink_to(tmp_path / "real"), "folder": path.mkdir,
     "pipe": lambda: os.mkfifo(path, 0o600)}[what]()
    with pytest.raises(Halt):
        FileVault(path).read()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"access": 1}', b"\xff\x00"])
def test_a_damaged_file_is_nobody_signed_in(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t"
    path.write_bytes(content)
    path.chmod(0o600)
    assert FileVault(path).read() is None


def test_a_grant_shows_nothing_of_itself() -> None:
    assert "canary" not in f"{GRANT} {GRANT!r} {[GRANT]}"


def test_the_environment_wins_over_a_sign_in(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "t")
    vault.write(GRANT)
    known = AccountSettings("kubeez-mcp", "kubeez-mcp", token_file=str(tmp_path / "t"))
    entry = PROVIDERS["kubeez-mcp"]
    find = partial(key_of, known, entry, "https://e.com/mcp", lambda: NOON_S)
    named = find({"KUBEEZ_MCP_TOKEN": "personal-4711"})
    assert isinstance(named, Secret) and named.reveal() == "personal-4711"
    assert isinstance(find({}), Keeper)
    vault.remove()
    assert not has_key(find({}))
    for word in ("pipeline login kubeez-mcp", "KUBEEZ_MCP_TOKEN=", "unattended"):
        assert word in way_to_a_key(known, entry)


@pytest.fixture
def far() -> Iterator["Far"]:
    """An authorization server with a clock."""
    with closing(Books.open()) as books:
        yield Far(books)


class Far:
    """The sandbox's MCP dialect of Kubeez behind a socket of its own."""

    def __init__(self, books: Books) -> None:
        self.now = NOON_S
        self.service = RemoteService(books, now=lambda: self.now, faults=Faults.parse(
            {"token_lives_s": 400.0, "keys": {"k": ["*"]}}))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[SignIn]:
        """The calls of a sign-in there, for the length of a block."""
        ready = anyio.Event()
        app = mount(["kubeez-mcp"], {"kubeez": self.service})
        server = SandboxServer(cuttable(app), ready.set)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(partial(server.serve, sockets=[listener]))
                await ready.wait()
                url = f"http://127.0.0.1:{listener.getsockname()[1]}/kubeez-mcp/mcp"
                try:
                    yield SignIn(url, self.http, lambda: self.now)
                finally:
                    server.leave()

    def http(self, url: str) -> Http:
        """A client without a key."""
        return Http(url, Secret(""), now=lambda: self.now)

    async def agree(self, signing: SignIn) -> Grant:
        """A sign-in without a person."""
        office = await signing.find_office()
        back = "http://127.0.0.1:4711/callback"
        attempt = Attempt(await signing.register(office, back), back, "state", "v" * 50)
        http = self.http(consent_url(office, attempt))
        reply = await http.read("")
        await http.close()
        query = dict(part.split("=", 1) for part in
                     reply.headers["location"].partition("?")[2].split("&"))
        return await signing.exchange(office, attempt, read_redirect(
            {**query, "iss": office.issuer}, office, attempt))


def test_a_key_is_renewed_when_it_is_due_and_once_for_all_who_wait(far: Far,
                                                                   tmp_path: Path) -> None:
    async def go() -> None:
        async with far.open() as signing:
            grant = await far.agree(signing)
            vault = FileVault(tmp_path / "t")
            vault.write(grant)
            keeper = Keeper(vault, signing, lambda: far.now, grant)
            assert (await keeper.fresh()).reveal() == grant.access
            far.now += 341  # a minute before its end
            found: list[str] = []

            async def ask() -> None:
                found.append((await keeper.fresh()).reveal())

            async with anyio.create_task_group() as tasks:
                for _ in range(5):
                    tasks.start_soon(ask)
            assert len(set(found)) == 1 and found[0] != grant.access
            kept = vault.read()
            assert kept is not None and kept.access == found[0]
            other = Keeper(vault, signing, lambda: far.now, grant)  # began before the renewal
            assert (await other.fresh()).reveal() == found[0]
            text = f"{grant.access} {grant.refresh} {kept.access} {kept.refresh}"
            assert keeper.clear(text) == "•••• •••• •••• ••••"

    anyio.run(go)


def test_a_key_that_is_not_accepted_is_renewed_and_a_second_one_is_a_no(far: Far,
                                                                        tmp_path: Path) -> None:
    async def go() -> None:
        async with far.open() as signing:
            grant = await far.agree(signing)
            keeper = Keeper(FileVault(tmp_path / "t"), signing, lambda: far.now, grant)
            first = await keeper.fresh()
            assert keeper.distrust(first)
            second = await keeper.fresh()
            assert second.reveal() != first.reveal()
            assert keeper.distrust(first)
            assert not keeper.distrust(second)
            far.now += 341
            assert keeper.distrust(await keeper.fresh())

    anyio.run(go)


def test_a_renewal_that_is_refused_wants_a_new_sign_in(far: Far, tmp_path: Path) -> None:
    async def go() -> None:
        async with far.open() as signing:
            grant = await far.agree(signing)
            keeper = Keeper(FileVault(tmp_path / "t"), signing, lambda: far.now, grant)
            far.now += 31 * 86_400.0
            with pytest.raises(Barred) as said:
                await keeper.fresh()
            assert grant.refresh not in str(said.value)

    anyio.run(go)
