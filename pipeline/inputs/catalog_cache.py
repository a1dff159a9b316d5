"""The catalogs fetched last, one file an account, in the user's cache folder.

Law: a cache is never trusted to be there or to be whole; what cannot be read is absent. Numbers
come back exactly as they were, so that a price is never a float.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import platformdirs

APP = "media-pipeline"
MAX_BYTES = 64 * 2**20
_FOLDER_MODE = 0o700


def cache_folder(environ: Mapping[str, str]) -> Path:
    """`PIPELINE_CACHE_DIR`, else where this system keeps what can be fetched again."""
    said = environ.get("PIPELINE_CACHE_DIR")
    return Path(said) if said else platformdirs.user_cache_path(APP)


class CatalogCache:
    """The cached catalogs of one user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, account: str) -> tuple[object, str] | None:
        """The payload as the service gave it, and when (UTC, ISO 8601); None if there is none."""
        path = self._path(account)
        try:
            if path.stat().st_size > MAX_BYTES:
                return None
            said = json.loads(path.read_bytes(), parse_float=Decimal, parse_constant=_refuse)
        except (OSError, ValueError, ArithmeticError, RecursionError):
            return None  # an exponent without end is arithmetic that Decimal refuses
        if not isinstance(said, dict) or said.get("account") != account:
            return None
        fetched_at = said.get("fetched_at")
        if not isinstance(fetched_at, str) or "payload" not in said:
            return None
        return said["payload"], fetched_at

    def write(self, account: str, payload: object, fetched_at: str) -> None:
        """Keep a payload of JSON values; readers see the old one or the new one, whole.

        Raises `OSError` if the folder cannot be written, `ValueError` if it is no JSON.
        """
        text = _json({"account": account, "fetched_at": fetched_at, "payload": payload})
        self.folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".catalog-", suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            part.replace(self._path(account))
        finally:
            part.unlink(missing_ok=True)

    def _path(self, account: str) -> Path:
        return self.folder / f"catalog-{quote(account, safe='')[:120]}.json"


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is not JSON")


def _json(value: object) -> str:
    """JSON whose numbers are written as they are; the standard library would make floats."""
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(str(name))}:{_json(below)}" for name, below in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_json, value)) + "]"
    if value is None or isinstance(value, str | int | float):
        return json.dumps(value, allow_nan=False)
    raise ValueError(f"{type(value).__name__} is not JSON")
