"""Providers of strangers' packages: found when an account names them, refused when they are broken.

Goal: whoever packages an adapter needs no change here, cannot take a built-in name, and never makes
a traceback. Method: real packages with real metadata on the import path.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from pipeline.core.errors import AuthorError, Exit, Halt
from pipeline.inputs.settings import read_settings
from pipeline.providers.kubeez import Kubeez
from pipeline.providers.registry import PROVIDERS
from pipeline.providers.strangers import find_entry, known_names
from pipeline.wiring.accounts import Accounts, need_keys, open_accounts

GOOD = """\
from dataclasses import replace
from pipeline.providers.entry import Entry
from pipeline.providers.registry import PROVIDERS

OURS = PROVIDERS["kubeez"]
ENTRY = Entry(replace(OURS.terms, provider="acme"), OURS.build, "ACME_KEY", "ACME_URL",
              "https://api.acme.example")
NO_ENTRY = object()
SQUATTER = replace(ENTRY, dialect="kubeez")
"""
Package = Callable[..., None]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Makes packages that can be imported, under names of their own."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, points: dict[str, str], code: str = GOOD) -> None:
        (tmp_path / f"{name}_adapter.py").write_text(code)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"{provider} = {value}" for provider, value in points.items()]
        (info / "entry_points.txt").write_text(
            "[media_pipeline.providers]\n" + "\n".join(lines) + "\n")

    return make


def opened(folder: Path, name: str, toml: str = "") -> Accounts:
    """The account of this name, open and closed again."""
    (folder / "pipeline.toml").write_text(toml)
    settings = read_settings(folder, {"PIPELINE_CONFIG_DIR": str(folder / "none")})

    async def go() -> Accounts:
        accounts = open_accounts(settings, [name], state=folder / "state", now=lambda: 0.0,
                                 read_only=True)
        await accounts.close()
        return accounts

    return anyio.run(go)


def test_a_package_is_used_like_a_provider_of_ours(package: Package, tmp_path: Path) -> None:
    package("acme", {"acme": "acme_adapter:ENTRY"})
    account = opened(tmp_path, "acme").by_name["acme"]
    assert isinstance(account.provider, Kubeez)
    assert account.provider.terms.provider == "acme"
    assert account.address == "https://api.acme.example"
    with pytest.raises(Halt) as told:
        need_keys([account])
    assert "ACME_KEY" in told.value.hint


def test_a_settings_file_may_name_it(package: Package, tmp_path: Path) -> None:
    package("acme2", {"acme2": "acme2_adapter:ENTRY"})
    toml = '[accounts.client-a]\nprovider = "acme2"\nbase_url = "http://127.0.0.1:9"\n'
    assert opened(tmp_path, "client-a", toml).by_name["client-a"].address == "http://127.0.0.1:9"
    with pytest.raises(AuthorError) as told:
        opened(tmp_path, "client-a", toml.replace("acme2", "acme3"))
    assert "unknown provider" in told.value.problems[0].message


def test_a_built_in_name_cannot_be_replaced(package: Package) -> None:
    package("thief", {"kubeez": "thief_adapter:ENTRY", "sandbox": "thief_adapter:ENTRY"})
    assert find_entry("kubeez") is PROVIDERS["kubeez"]
    assert find_entry("sandbox") is PROVIDERS["sandbox"]
    assert known_names() == [*PROVIDERS]


@pytest.mark.parametrize(("value", "code", "says"), [
    ("broken_adapter:ENTRY", "1 / 0", "ZeroDivisionError"),
    ("broken_adapter:ENTRY", "import nothing_that_exists", "ModuleNotFoundError"),
    ("broken_adapter:MISSING", GOOD, "AttributeError"),
    ("broken_adapter:NO_ENTRY", GOOD, "is no pipeline.providers.entry.Entry"),
    ("broken_adapter:SQUATTER", GOOD, "no room"),
    ("no_such_module_at_all:X", GOOD, "ModuleNotFoundError"),
    ("broken_adapter:ENTRY", "raise SystemExit(0)", "SystemExit"),
])
def test_a_broken_package_is_a_message_with_its_name(package: Package, value: str, code: str,
                                                     says: str,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    package("broken", {"broken": value}, code)
    monkeypatch.delitem(sys.modules, "broken_adapter", raising=False)
    with pytest.raises(Halt) as told:
        find_entry("broken")
    assert told.value.exit_code is Exit.USAGE
    assert "package broken cannot be used" in told.value.message
    assert says in told.value.message


def test_two_packages_of_one_name_are_not_chosen_between(package: Package) -> None:
    package("one", {"both": "one_adapter:ENTRY"})
    package("two", {"both": "two_adapter:ENTRY"})
    with pytest.raises(Halt, match="several packages call themselves provider 'both': one, two"):
        find_entry("both")


def test_nothing_of_a_package_runs_before_it_is_named(package: Package, tmp_path: Path) -> None:
    package("loud", {"loud": "loud_adapter:ENTRY"}, "raise RuntimeError('loaded')")
    assert "loud" in known_names()
    assert opened(tmp_path, "kubeez").by_name["kubeez"].address == "https://api.kubeez.com"


def test_a_name_that_nobody_knows_is_told_with_those_that_are(tmp_path: Path) -> None:
    assert find_entry("nobody") is None
    with pytest.raises(Halt, match="no account 'nobody'"):
        opened(tmp_path, "nobody")
