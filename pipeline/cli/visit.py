"""One command's visit to the library of an account: what it asks, and how a refusal reads.

Law: what can be known to be refused is refused here, before a byte of a file is uploaded.
"""

import difflib
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.cli.account import opened
from pipeline.cli.desk import Desk
from pipeline.core.causes import CAUSES, says
from pipeline.core.errors import Barred, Exit, Halt, ProviderFailure, Refused, Vanished
from pipeline.core.library import Library, LibraryFile, Shelf
from pipeline.outputs.library_view import largest
from pipeline.outputs.phrases import size
from pipeline.providers.links import is_loopback
from pipeline.wiring.accounts import Account, need_keys

NAME = re.compile(r"[a-z0-9_-]{1,64}")
"""What the name of a library file is made of: llms.txt, "Asset Library"."""

MOST_GUESSED = 10_000
"""Names that a mistyped one is held against; that takes a second."""

REMEDIES = {
    "name_taken": "choose another name, or give the file that has it another one: "
                  "`pipeline assets rename`",
    "quota_exceeded": "delete what is not needed: `pipeline assets delete NAME`",
    "fetch_failed": "is the address public, and does it lead to the file itself?",
    "too_large": "give a smaller file",
}


def check_name(name: str) -> None:
    """Raises `Halt` (2) for a name that no library takes."""
    if NAME.fullmatch(name):
        return
    plain = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")[:64]
    raise Halt(Exit.USAGE, f"{name[:80]!r} cannot be a name in the library", code="bad_name",
               hint="a name has 1 to 64 lowercase letters, digits, _ and -"
                    + (f"; such as {plain}" if plain else ""))


class Visit:
    """The library of one account, open for one command."""

    def __init__(self, account: Account, library: Library) -> None:
        self.account = account
        self.library = library

    async def shelf(self) -> Shelf:
        """All files; raises `Halt`."""
        with self._plainly():
            return await self.library.shelf()

    async def add(self, name: str, source: str) -> LibraryFile:
        """Keep a public address or a local file under a name; raises `Halt`."""
        path = self._local(source)
        shelf = await self.shelf()
        if any(file.name == name for file in shelf.files):
            raise self._refusal("name_taken", name)
        if path is not None:
            self._need_room(path, shelf)
        with self._plainly():
            address = source if path is None else await self.account.provider.upload(str(path))
            return await self.library.add(name, address)

    async def rename(self, name: str, new: str) -> LibraryFile:
        """Give a file another name; the file as it was. Raises `Halt`."""
        shelf = await self.shelf()
        file = self._find(shelf, name)
        if any(other.name == new for other in shelf.files):
            raise self._refusal("name_taken", new)
        with self._plainly():
            await self.library.rename(file.id, new)
        return file

    async def delete(self, name: str, approve: Callable[[LibraryFile], None]) -> LibraryFile:
        """Delete a file once `approve` has let it pass; raises `Halt`."""
        file = self._find(await self.shelf(), name)
        approve(file)
        with self._plainly():
            await self.library.delete(file.id)
        return file

    def _local(self, source: str) -> Path | None:
        """The file that a source is; None for an address. Raises `Halt` (2) for neither."""
        if urlsplit(source).scheme == "https":
            return None
        if urlsplit(source).scheme == "http":
            if is_loopback(source) and is_loopback(self.account.address):
                return None
            raise Halt(Exit.USAGE, "the address must be https", code="bad_source",
                       hint="a file on this machine can be given as a path")
        path = Path(source)
        if path.is_file():
            return path
        raise Halt(Exit.USAGE, f"there is no file {source}", code="bad_source",
                   hint="give a path, or a public address that begins with https://")

    def _need_room(self, path: Path, shelf: Shelf) -> None:
        if shelf.quota_bytes is None or shelf.used_bytes is None:
            return
        left = max(0, shelf.quota_bytes - shelf.used_bytes)
        needs = path.stat().st_size
        if needs > left:
            what = f"{path.name} has {size(needs)} and {size(left)} are left"
            biggest = f"; the largest are {largest(shelf.files)}" if shelf.files else ""
            raise self._refusal("quota_exceeded", what, biggest)

    def _find(self, shelf: Shelf, name: str) -> LibraryFile:
        file = shelf.find(name)
        if file is None:
            raise self._missing(name, shelf)
        return file

    def _missing(self, name: str, shelf: Shelf) -> Halt:
        near = difflib.get_close_matches(name, [file.name for file in shelf.files[:MOST_GUESSED]],
                                         n=3)
        return Halt(Exit.USAGE, f"the library of {self.account.name} has no file {name!r}",
                    code="no_asset", hint=f"did you mean {', '.join(near)}?" if near
                    else "`pipeline assets` lists what there is")

    def _refusal(self, cause: str, what: str, more: str = "") -> Halt:
        return Halt(Exit.REFUSED, f"{self.account.name}: {says(cause)}: {what}", code=cause,
                    hint=REMEDIES.get(cause, "") + more)

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """What a failure of the service means to a person."""
        name = self.account.name
        try:
            yield
        except Refused as failure:
            raise self._refusal(failure.cause, failure.message) from None
        except Vanished:
            raise Halt(Exit.USAGE, f"the library of {name} has no such file any more",
                       code="no_asset", hint="`pipeline assets` lists what there is") from None
        except Barred as failure:
            code = CAUSES[failure.cause].exit_code or Exit.KEY
            raise Halt(code, f"{name}: {failure.message}", code=failure.cause) from None
        except ProviderFailure as failure:
            raise Halt(Exit.REFUSED, f"{name} does not answer: {failure.message}",
                       code="unreachable", hint="`pipeline assets` tells what is there") from None


@asynccontextmanager
async def visiting(desk: Desk, name: str, *, read_only: bool = False) -> AsyncIterator[Visit]:
    """The library of an account for the length of a block; raises `Halt`: 2 where it keeps none,
    5 without a key."""
    async with opened(desk, name, read_only=read_only) as account:
        need_keys([account])
        library = account.provider.library
        if library is None:
            raise Halt(Exit.USAGE, f"{name}: this account keeps no library", code="no_library")
        yield Visit(account, library)
