"""The embedded sandbox behind several accounts: started once, as all that they need it to be.

Goal: a command that names keyless accounts of several services starts one sandbox for them, with a
path for each, and a question leaves no books. Method: accounts opened as a command opens them.
"""

from pathlib import Path

import anyio
import pytest

from pipeline.core.errors import Vanished
from pipeline.inputs.settings import read_settings
from pipeline.providers.registry import PROVIDERS
from pipeline.wiring.accounts import Accounts, open_accounts, terms_of

TWINS = [name for name, entry in PROVIDERS.items() if entry.dialect]


def opened(folder: Path, names: list[str], toml: str = "", *, read_only: bool = True) -> Accounts:
    """These accounts, asked for their catalogs and closed again."""
    (folder / "pipeline.toml").write_text(toml)
    settings = read_settings(folder, {"PIPELINE_CONFIG_DIR": str(folder / "none")})

    async def go() -> Accounts:
        accounts = open_accounts(settings, names, state=folder / "state", now=lambda: 0.0,
                                 read_only=read_only)
        try:
            for account in accounts.by_name.values():
                payload = await account.provider.fetch_catalog()
                assert account.provider.read_catalog(payload, "2027-01-15T08:00:00Z").models
        finally:
            await accounts.close()
        return accounts

    return anyio.run(go)


def test_one_sandbox_serves_two_services(tmp_path: Path) -> None:
    accounts = opened(tmp_path, ["sandbox", "sandbox-mediaengine"])
    assert len(accounts.sandboxes) == 1
    addresses = [account.address for account in accounts.by_name.values()]
    assert addresses[1] == f"{addresses[0]}/mediaengine"
    assert not (tmp_path / "state").exists()


def test_books_are_made_only_by_those_who_buy(tmp_path: Path) -> None:
    opened(tmp_path, ["sandbox-mediaengine"], read_only=False)
    assert (tmp_path / "state/sandbox/mediaengine/books.db").exists()
    assert not (tmp_path / "state/sandbox/books.db").exists()


def test_accounts_that_wish_otherwise_have_a_sandbox_of_their_own(tmp_path: Path) -> None:
    toml = "[accounts.sandbox]\nspeed = 600\n"
    accounts = opened(tmp_path, ["sandbox", "sandbox-mediaengine"], toml)
    assert len(accounts.sandboxes) == 2


def test_an_address_of_its_own_starts_none(tmp_path: Path) -> None:
    toml = '[accounts.sandbox-mediaengine]\nbase_url = "http://127.0.0.1:9/x"\n'
    (tmp_path / "pipeline.toml").write_text(toml)
    settings = read_settings(tmp_path, {"PIPELINE_CONFIG_DIR": str(tmp_path / "none")})
    accounts = open_accounts(settings, ["sandbox-mediaengine"], state=tmp_path, now=lambda: 0.0,
                             read_only=True)
    assert not accounts.sandboxes
    assert accounts.by_name["sandbox-mediaengine"].address == "http://127.0.0.1:9/x"


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_keeps_its_sheet_at_the_speed_of_its_sandbox(name: str, tmp_path: Path) -> None:
    settings = read_settings(tmp_path, {"PIPELINE_CONFIG_DIR": str(tmp_path / "none"),
                                        "PIPELINE_SANDBOX_SPEED": "30"})
    terms = terms_of(settings, name)
    assert terms is not None
    assert (terms.provider, terms.scale) == (name, 1 / 30)
    assert terms.linger_s < 10


@pytest.mark.parametrize("name", TWINS)
def test_no_twin_is_sent_a_key(name: str) -> None:
    entry = PROVIDERS[name]
    assert (entry.key_env, entry.url_env, entry.default_url) == ("", "", "")


@pytest.mark.parametrize("dialect", ["client", "auto"])
def test_an_account_goes_by_the_description_that_it_names(dialect: str, tmp_path: Path) -> None:
    (tmp_path / "faults.yaml").write_text("mediaengine_dialect: client\n")
    toml = (f'[accounts.sandbox-mediaengine]\nfaults = "{tmp_path / "faults.yaml"}"\n'
            'dialect = "{}"\n')
    opened(tmp_path, ["sandbox-mediaengine"], toml.format(dialect))
    with pytest.raises(Vanished):
        opened(tmp_path, ["sandbox-mediaengine"], toml.format("page"))
