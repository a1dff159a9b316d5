"""From a link to a file on disk that stays.

Law: a file is delivered when its bytes are whole, its hash is known, its data is synced, it has its
own name and the folder knows that name. Until then it is a `.part`. A file that is there is never
written over: the same bytes are taken as delivered, other bytes keep their place.
"""

import errno
import hashlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import anyio

from pipeline.core.errors import Unreachable
from pipeline.core.job import File, Job
from pipeline.core.kinds import sheet
from pipeline.core.naming import extension, stem
from pipeline.core.provider import Download
from pipeline.executor.arriving import PIECE_BYTES, Arriving, FolderSyncs
from pipeline.ledger.durable import make_folder, sync, sync_path
from pipeline.media.examine import Facts, NotWhole, examine, media_of

LARGEST_FILE = 4 * 1024**3
SLOWEST_BYTES_PER_S = 1024
"""A download that brings less than this over a minute is given up, and begun again."""
PATIENCE_S = 60.0
MOST_DOWNLOADS = 64
"""Files on their way at a time, of all accounts together; one account has its own, lower limit."""

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EMLINK)

T = TypeVar("T")


class Aside(Protocol):
    """How work that would hold the loop is done: in a thread, or in place in simulated time."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """The outcome of `work`."""
        ...


def free_bytes(folder: str) -> int:
    """What is left on the disk where a folder is, or will be."""
    path = Path(folder).absolute()
    there = next((place for place in (path, *path.parents) if place.exists()), path)
    left = os.statvfs(there)
    return left.f_bavail * left.f_frsize


class AssetStore:
    """The disk. A job's folder and a file's path start from the working folder, or are absolute."""

    def __init__(self, aside: Aside, free_bytes: Callable[[str], int] = free_bytes) -> None:
        """`free_bytes` tells what a folder's disk has left; `room` is had by who brings a file."""
        self._aside = aside
        self._known: set[Path] = set()
        self._folders = FolderSyncs()
        self.room = anyio.CapacityLimiter(MOST_DOWNLOADS)
        self.free_bytes = free_bytes

    async def save(self, job: Job, index: int, download: Download, label: str = "", *,
                   says: Callable[[File], Mapping[str, object]] | None = None) -> File:
        """Bring one file home, with the sidecar that `says` makes of it; raises `Unreachable` or
        `NotWhole` when that fails."""
        name = stem(job, index, label)
        part = Path(job.folder, f"{name}.part")
        if part.parent not in self._known:
            make_folder(part.parent)
            self._known.add(part.parent)
        makes, arriving = sheet(job.spec.kind).makes, Arriving(part)

        def deliver() -> File:
            arriving.take(rest)
            facts = _facts(arriving, makes)
            digest = arriving.sync()
            final = _place(part, part.with_name(name + extension(facts.media_type)), digest)
            file = replace(_file(final, digest, arriving.length, facts), label=label)
            if says is not None:
                _write_sidecar(file, says(file))
            self._folders.sync(final.parent)
            return file

        try:
            rest = await self._stream(arriving, download)
            return await self._aside(deliver)
        finally:
            arriving.close()

    async def note(self, file: File, says: Mapping[str, object]) -> None:
        """Write the sidecar of a delivered file: what it is and where it came from."""
        def write() -> None:
            _write_sidecar(file, says)
            self._folders.sync(Path(file.path).parent)

        await self._aside(write)

    async def damage(self, file: File) -> str | None:
        """What is wrong with a delivered file: it is missing, or its bytes are others."""
        return await self._aside(lambda: _damage(Path(file.path), file))

    async def put_back(self, file: File, place: str) -> File:
        """A file fetched again under the name it had; what is damaged there is set aside."""
        await self._aside(lambda: _put_back(Path(file.path), Path(place)))
        return replace(file, path=place)

    async def _stream(self, arriving: Arriving, download: Download) -> list[bytes]:
        """Write what comes, piece by piece; the last one is given back."""
        chunks, held, length = [], 0, 0
        started_s = anyio.current_time()
        async for chunk in download.chunks():
            chunks.append(chunk)
            held += len(chunk)
            length += len(chunk)
            _check_pace(length, anyio.current_time() - started_s)
            if held >= PIECE_BYTES:
                await self._aside(partial(arriving.take, chunks))
                chunks, held = [], 0
        if download.length is not None and length != download.length:
            raise NotWhole(f"{length} bytes came of {download.length} announced")
        return chunks


def _check_pace(length: int, passed_s: float) -> None:
    if length > LARGEST_FILE:
        raise NotWhole(f"it is larger than {LARGEST_FILE} bytes")
    if passed_s > PATIENCE_S and length < SLOWEST_BYTES_PER_S * passed_s:
        raise Unreachable("the download drips")


def _facts(arriving: Arriving, makes: str) -> Facts:
    """A text in place of a picture or a song is a service's excuse, however well it is written."""
    arriving.flush()
    facts = examine(arriving.path)
    if media_of(facts.media_type) == "text" != makes:
        raise NotWhole(f"it is {facts.media_type} and no {makes or 'media'}")
    return facts


def _place(part: Path, wanted: Path, digest: str) -> Path:
    """Give the file its name, or find that it has it; never write over another file."""
    final, number = wanted, 1
    while True:
        try:
            _take_name(part, final)
            break
        except FileExistsError:
            if final.is_file() and not final.is_symlink() and sha256_of(final) == digest:
                break
            number += 1
            final = wanted.with_name(f"{wanted.stem}~{number}{wanted.suffix}")
    part.unlink(missing_ok=True)
    return final


def _take_name(part: Path, final: Path) -> None:
    """A name that nobody has: by a hard link, which refuses a taken one; where the file system has
    no links (exFAT), by a look first, since this process alone writes here."""
    try:
        os.link(part, final, follow_symlinks=False)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if os.path.lexists(final):
            raise FileExistsError(final) from None
        part.rename(final)


def _put_back(whole: Path, place: Path) -> None:
    if whole == place:
        return
    make_folder(place.parent)
    number, aside = 1, place.with_name(f"{place.stem}~damaged{place.suffix}")
    while os.path.lexists(aside):
        number += 1
        aside = place.with_name(f"{place.stem}~damaged{number}{place.suffix}")
    if os.path.lexists(place):
        place.rename(aside)
    whole.rename(place)
    sync_path(place.parent)


def _file(path: Path, digest: str, length: int, facts: Facts) -> File:
    return File(path.as_posix(), digest, length, facts.media_type, facts.width, facts.height,
                facts.seconds)


def _write_sidecar(file: File, says: Mapping[str, object]) -> None:
    """One line a name, so that people can read it; its folder is synced by who calls."""
    path = Path(f"{file.path}.json")
    lines = [f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
             for name, value in ({"schema_version": 1} | dict(says)).items()]
    part = path.with_name(path.name + ".part")
    with part.open("wb") as stream:
        stream.write(("{\n" + ",\n".join(lines) + "\n}\n").encode())
        stream.flush()
        sync(stream.fileno())
    part.replace(path)


def _damage(path: Path, file: File) -> str | None:
    if not path.is_file():
        return "missing"
    return None if sha256_of(path) == file.sha256 else "its bytes are others"


def sha256_of(path: Path) -> str:
    """The digest of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


async def in_place(work: Callable[[], T]) -> T:
    """Work done on the loop itself: for a simulated world, where threads would tear time."""
    return work()


async def in_thread(work: Callable[[], T]) -> T:
    """Work done in a thread, so that the loop goes on."""
    return await anyio.to_thread.run_sync(work)
