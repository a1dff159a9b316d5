"""Where a sign-in is kept between runs: the system's keyring, or a file that a person names.

Law: a token is on no disk but there. A file that others can read is refused, and never mended in
silence: whoever could read it may have done so.
"""

import json
import os
import stat
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from pipeline.core.errors import Exit, Halt
from pipeline.providers.oauth import Grant

SERVICE = "media-pipeline"
LARGEST_BYTES = 64 * 1024


class Vault(Protocol):
    """Keeps one account's grant; every method raises `Halt` where it cannot."""

    where: str

    def read(self) -> Grant | None:
        """The grant; None where nobody has signed in."""
        ...

    def write(self, grant: Grant) -> None:
        """Keep this grant in place of the one before."""
        ...

    def remove(self) -> bool:
        """Forget it; whether there was one."""
        ...


class FileVault:
    """A file of its own, mode 0600."""

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = path

    def read(self) -> Grant | None:
        """The grant; raises `Halt` (5) for a file that is not its owner's alone."""
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _halt(f"{self._path} cannot be read: {error.strerror}") from None
        try:
            facts = os.fstat(handle)
            if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.getuid():
                raise _halt(f"{self._path} is no file of yours")
            if facts.st_mode & 0o077:
                raise _halt(f"others can read {self._path}",
                            f"chmod 600 {self._path}; if others have used the machine, sign in "
                            "again")
            return _grant(os.read(handle, LARGEST_BYTES))
        finally:
            os.close(handle)

    def write(self, grant: Grant) -> None:
        """Put a new file in its place at once."""
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                part.unlink()
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(asdict(grant)).encode())
                file.flush()
                os.fsync(handle)
            part.replace(self._path)
        except OSError as error:
            raise _halt(f"{self._path} cannot be written: {error.strerror}") from None

    def remove(self) -> bool:
        """Delete the file."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _halt(f"{self._path} cannot be deleted: {error.strerror}") from None
        return True


class KeyringVault:
    """An entry of the system's keyring. Raises `Halt` (2) where there is none."""

    where = "the keyring"

    def __init__(self, account: str, url: str) -> None:
        self._entry = f"{account} {url}"
        self._ring = _keyring()

    def read(self) -> Grant | None:
        """The grant."""
        try:
            kept = self._ring.get_password(SERVICE, self._entry)
        except self._ring.errors.KeyringError as error:
            raise _no_keyring(type(error).__name__) from None
        return _grant(kept.encode()) if kept else None

    def write(self, grant: Grant) -> None:
        """Keep it."""
        try:
            self._ring.set_password(SERVICE, self._entry, json.dumps(asdict(grant)))
        except self._ring.errors.KeyringError as error:
            raise _no_keyring(type(error).__name__) from None

    def remove(self) -> bool:
        """Forget it."""
        if self.read() is None:
            return False
        self._ring.delete_password(SERVICE, self._entry)
        return True


def open_vault(account: str, url: str, token_file: str) -> Vault:
    """The file that a person named, else the keyring; raises `Halt` (2) where there is neither."""
    return FileVault(Path(token_file).expanduser()) if token_file else KeyringVault(account, url)


def _keyring() -> Any:
    try:
        import keyring
        import keyring.errors
    except ModuleNotFoundError:
        raise _no_keyring("the library is not installed") from None
    return keyring


def _grant(content: bytes) -> Grant | None:
    """A grant as it was kept; a damaged one is none."""
    try:
        return Grant(**json.loads(content))
    except (ValueError, TypeError):
        return None


def _halt(message: str, hint: str = "") -> Halt:
    return Halt(Exit.KEY, message, code="token_file", hint=hint)


def _no_keyring(why: str) -> Halt:
    return Halt(Exit.USAGE, f"there is no keyring to keep a sign-in in ({why})", code="no_keyring",
                hint="pip install 'media-pipeline[keyring]', or name a file in pipeline.toml: "
                     'token_file = "…" under the account')
