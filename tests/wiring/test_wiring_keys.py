"""Keys as they stand in the environment: taken, trimmed, or refused without being repeated.

Goal: a slip of the hand around a key costs nothing, and no odd key reaches a header, an address or
a message (SAFETY F106, F108, F111). Method: accounts opened with every kind of value.
"""

from pathlib import Path
from urllib.parse import quote

import anyio
import pytest

from pipeline.core.errors import Exit, Halt
from pipeline.inputs.settings import read_settings
from pipeline.wiring.accounts import need_keys, open_accounts

KEY = "sk/live+4711%20=canary"


def opened(folder: Path) -> bool:
    """Whether the account has a key; everything is closed again."""
    async def go() -> bool:
        settings = read_settings(folder, {"PIPELINE_CONFIG_DIR": str(folder / "none")})
        accounts = open_accounts(settings, ["kubeez"], state=folder / "state", now=lambda: 0.0,
                                 read_only=True)
        try:
            need_keys(accounts.by_name.values())
            shown = repr(accounts) + str(vars(accounts.by_name["kubeez"].provider))
            assert KEY not in shown and quote(KEY, safe="") not in shown
            return accounts.by_name["kubeez"].has_key
        finally:
            await accounts.close()

    return anyio.run(go)


@pytest.mark.parametrize("value", [KEY, f"{KEY}\n", f"\t{KEY} \r\n", "a"])
def test_blanks_around_a_key_are_a_slip_of_the_hand(value: str, tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEEZ_API_KEY", value)
    assert opened(tmp_path)


@pytest.mark.parametrize("value", [f"{KEY}\n{KEY}", f"{KEY} x", f"{KEY}é", f"{KEY}\x1b[2J",
                                   f"{KEY}\x7f", f"“{KEY}”"])
def test_what_no_header_can_hold_is_refused_and_not_repeated(
        value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEEZ_API_KEY", value)
    with pytest.raises(Halt) as told:
        opened(tmp_path)
    assert told.value.exit_code is Exit.KEY
    assert "KUBEEZ_API_KEY" in told.value.message
    assert KEY not in told.value.message + told.value.hint


@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_no_key_is_told_as_such(value: str, tmp_path: Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEEZ_API_KEY", value)
    with pytest.raises(Halt) as told:
        opened(tmp_path)
    assert (told.value.exit_code, told.value.code) == (Exit.KEY, "key_missing")


@pytest.mark.parametrize("url", [f"https://{KEY}@api.example", "https://u:p@api.example",
                                 "http://api.example", "ftp://api.example", "https://",
                                 "https://[::1", "api.example", "https://api.example:99999"])
def test_an_address_that_could_carry_a_key_is_refused(url: str, tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEEZ_API_KEY", KEY)
    monkeypatch.setenv("KUBEEZ_BASE_URL", url)
    with pytest.raises(Halt) as told:
        opened(tmp_path)
    assert told.value.exit_code is Exit.USAGE
    assert KEY not in told.value.message + told.value.hint
