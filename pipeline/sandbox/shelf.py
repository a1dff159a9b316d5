"""The asset library: files under names of their own, kept until they are taken away.

Law: a name is of one file alone, and what the library holds never passes its quota.
"""

import io
from dataclasses import dataclass

from pipeline.sandbox.books import Books
from pipeline.sandbox.chance import mint_id
from pipeline.sandbox.uploads import Uploads

_LIST = """
SELECT assets.id, assets.name, assets.file, uploads.media_type, uploads.size
FROM assets JOIN uploads ON uploads.name = assets.file"""


class NameTaken(Exception):
    """Another file of the library has this name."""


class ShelfFull(Exception):
    """There is no room for the file."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the library; `file` is the last part of its address."""

    id: str
    name: str
    file: str
    media_type: str
    size: int


class Shelf:
    """The library of one account."""

    def __init__(self, books: Books, quota_bytes: int) -> None:
        self._books = books
        self._uploads = Uploads(books)
        self.quota_bytes = quota_bytes

    def assets(self) -> list[Asset]:
        """All files, oldest first."""
        return [Asset(*row) for row in self._books.query(f"{_LIST} ORDER BY assets.created_at, id")]

    @property
    def used_bytes(self) -> int:
        """How much is in use."""
        return sum(asset.size for asset in self.assets())

    def find(self, asset_id: str) -> Asset | None:
        """The file of this id."""
        rows = self._books.query(f"{_LIST} WHERE assets.id = ?", (asset_id,))
        return Asset(*rows[0]) if rows else None

    def has_name(self, name: str) -> bool:
        """Whether a file has this name."""
        return bool(self._books.query("SELECT 1 FROM assets WHERE name = ?", (name,)))

    def add(self, name: str, content: bytes, kind: tuple[str, str], now: float) -> Asset:
        """Keep a file; `kind` is the file name and the media type it came with.

        Raises `NameTaken`, `ShelfFull`.
        """
        with self._books.writing():
            if self.has_name(name):
                raise NameTaken
            if self.used_bytes + len(content) > self.quota_bytes:
                raise ShelfFull
            upload = self._uploads.add(io.BytesIO(content), *kind, now)
            asset = Asset(mint_id("asset", upload.name), name, upload.name, upload.media_type,
                          upload.size)
            self._books.query("INSERT INTO assets (id, name, file, created_at) VALUES (?, ?, ?, ?)",
                              (asset.id, name, upload.name, now))
        return asset

    def rename(self, asset: Asset, name: str) -> None:
        """Give a file another name; raises `NameTaken`."""
        with self._books.writing():
            if name != asset.name and self.has_name(name):
                raise NameTaken
            self._books.query("UPDATE assets SET name = ? WHERE id = ?", (name, asset.id))

    def remove(self, asset: Asset) -> None:
        """Take a file away for good."""
        with self._books.writing():
            self._books.query("DELETE FROM assets WHERE id = ?", (asset.id,))
            self._uploads.remove(asset.file)
