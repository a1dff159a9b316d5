"""An account's library: named files that stay at the service, for use in many jobs.

Law: a link to a library file is short-lived and is never kept with a job; its name is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LibraryFile:
    """One named file. `url` is signed and good until `url_until_s` (UTC seconds, None unsaid)."""

    id: str
    name: str
    kind: str = ""
    media_type: str = ""
    bytes: int | None = None
    url: str = ""
    url_until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """The whole library, and how much of its room is taken; None where the service does not say."""

    files: Sequence[LibraryFile]
    quota_bytes: int | None = None
    used_bytes: int | None = None

    def find(self, name: str) -> LibraryFile | None:
        """The file of this name, else of this id."""
        by_name = next((file for file in self.files if file.name == name), None)
        return by_name or next((file for file in self.files if file.id == name), None)


class Library(Protocol):
    """What can be done with a library. Every call is free, and may be refused in the service's own
    words (`Refused`: name_taken, quota_exceeded, too_large, fetch_failed, invalid_request)."""

    async def shelf(self) -> Shelf:
        """All files, with freshly signed links."""
        ...

    async def add(self, name: str, url: str) -> LibraryFile:
        """Have the service fetch a public address and keep it under this name."""
        ...

    async def rename(self, file_id: str, name: str) -> None:
        """Give a file another name; raises `Vanished` for one that is not there."""
        ...

    async def delete(self, file_id: str) -> None:
        """Delete a file for good; raises `Vanished` for one that is not there."""
        ...
