"""The key of an account: from the environment, or from what `pipeline login` has kept.

Law: the environment wins. A key is in no file but the one that a person names for a sign-in.
"""

from collections.abc import Callable, Mapping

from pipeline.core.errors import Exit, Halt
from pipeline.inputs.settings import AccountSettings
from pipeline.providers.entry import Entry
from pipeline.providers.secret import Secret
from pipeline.providers.tool_line import Key
from pipeline.wiring.signing_in import Keeper, signing_for
from pipeline.wiring.vault import Vault, open_vault

NO_KEY = Secret("")


def key_of(known: AccountSettings, entry: Entry, url: str, now: Callable[[], float],
           environ: Mapping[str, str]) -> Key:
    """The key of an account, empty where it has none; raises `Halt` for one that cannot be used."""
    if not entry.key_env:
        return Secret("sandbox")
    key = _from_environment(known.api_key_env or entry.key_env, environ)
    if key or not entry.signs_in:
        return key
    vault = vault_of(known, url)
    grant = vault.read() if vault else None
    return Keeper(vault, signing_for(url, now), now, grant) if vault and grant else NO_KEY


def has_key(key: Key) -> bool:
    """Whether there is one."""
    return bool(key) if isinstance(key, Secret) else True


def vault_of(known: AccountSettings, url: str) -> Vault | None:
    """Where a sign-in of this account is kept; None where the machine has no keyring."""
    try:
        return open_vault(known.name, url, known.token_file)
    except Halt:
        if known.token_file:
            raise
        return None


def way_to_a_key(known: AccountSettings, entry: Entry) -> str:
    """What a person does who has none."""
    name = known.api_key_env or entry.key_env
    if entry.signs_in:
        return (f"`pipeline login {known.name}` in a browser, or export {name}=… with a personal "
                "token, as an unattended machine needs it")
    return f"export {name}=…  (the key stays in the environment)"


def _from_environment(name: str, environ: Mapping[str, str]) -> Secret:
    """Blanks around a key are a slip of the hand."""
    value = environ.get(name, "").strip()
    if not value.isascii() or any(ord(char) < 33 or ord(char) == 127 for char in value):
        raise Halt(Exit.KEY, f"the key in {name} has characters that no key has",
                   hint=f"set {name} again, without quotes or line ends")
    return Secret(value)
