"""The files that clients have handed in: bytes in the books' folder, rows in the books.

Law: a row is written only after its bytes are safe on disk.
"""

import mimetypes
import os
import re
import shutil
from pathlib import PurePosixPath
from typing import IO

from pipeline.sandbox.books import Books
from pipeline.sandbox.chance import mint_id
from pipeline.sandbox.jobs import Upload

ANY_TYPE = "application/octet-stream"

_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+\Z")


class Uploads:
    """Uploads of one service."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def add(self, content: IO[bytes], filename: str, media_type: str, now: float) -> Upload:
        """Keep the bytes from the start of `content` under a new name with the old suffix.

        A missing, odd or generic `media_type` is guessed from the file name.
        """
        if media_type == ANY_TYPE or not _TYPE.match(media_type):
            media_type = mimetypes.guess_type(filename, strict=False)[0] or ANY_TYPE
        with self._books.writing():
            count = self._books.query("SELECT count(*) FROM uploads")[0][0]
            name = mint_id("upload", count, now) + _suffix(filename)
            size = content.seek(0, os.SEEK_END)
            content.seek(0)
            held = self._store(name, content)
            self._books.query(
                "INSERT INTO uploads (name, media_type, size, created_at, content) "
                "VALUES (?, ?, ?, ?, ?)", (name, media_type, size, now, held))
        return Upload(name, media_type, size, now)

    def _store(self, name: str, content: IO[bytes]) -> bytes | None:
        folder = self._books.folder
        if folder is None:
            return content.read()
        path = folder / "uploads" / name
        with path.with_suffix(path.suffix + ".part").open("wb") as part:
            shutil.copyfileobj(content, part)
            part.flush()
            os.fsync(part.fileno())
        path.with_suffix(path.suffix + ".part").rename(path)
        return None

    def has(self, name: str) -> bool:
        """Whether there is an upload of this name."""
        return bool(self._books.query("SELECT 1 FROM uploads WHERE name = ?", (name,)))

    def remove(self, name: str) -> None:
        """Forget an upload and its bytes."""
        with self._books.writing():
            self._books.query("DELETE FROM uploads WHERE name = ?", (name,))
        if self._books.folder is not None:
            (self._books.folder / "uploads" / name).unlink(missing_ok=True)

    def find(self, name: str) -> tuple[Upload, bytes] | None:
        """An upload and its bytes; None where there is none of this name."""
        rows = self._books.query("SELECT * FROM uploads WHERE name = ?", (name,))
        if not rows:
            return None
        row = rows[0]
        upload = Upload(row["name"], row["media_type"], row["size"], row["created_at"])
        if self._books.folder is None:
            return upload, row["content"]
        path = self._books.folder / "uploads" / name
        return (upload, path.read_bytes()) if path.exists() else None


def _suffix(filename: str) -> str:
    suffix = PurePosixPath(filename.replace("\\", "/")).suffix.lower()
    return suffix if suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= 8 else ""
