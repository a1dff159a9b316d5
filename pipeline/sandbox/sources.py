"""What stands behind an address that a client gives us: one of our outputs, or a file handed in.

Law: only the path counts, whatever host it was reached by, and nothing is fetched from elsewhere.
"""

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from pipeline.sandbox.books import Books
from pipeline.sandbox.jobs import RemoteJob
from pipeline.sandbox.length import length_of
from pipeline.sandbox.pieces import seconds_of, split_name
from pipeline.sandbox.uploads import Uploads

FILES = ("uploads", "library")
"""The folders whose files clients have handed in."""


@dataclass(frozen=True, slots=True)
class Work:
    """One of our own outputs."""

    job: RemoteJob
    output_id: str

    @property
    def seconds(self) -> float | None:
        """How long it plays."""
        return seconds_of(self.job, self.output_id)


@dataclass(frozen=True, slots=True)
class Source:
    """What an address leads to; `digest` tells it from others, `seconds` is None where unknown.

    `work` is the output of ours that it is, also when it has been handed in again.
    """

    digest: str
    seconds: float | None = None
    work: Work | None = None
    content: bytes = b""
    media_type: str = ""


class Sources:
    """The addresses of one service."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._uploads = Uploads(books)

    def find(self, url: str) -> Source:
        """What stands behind an address; a foreign one is known by its words alone."""
        path = PurePosixPath(urlsplit(url).path)
        if path.parent.name in FILES and (found := self._uploads.find(path.name)):
            return self._handed_in(found[1], found[0].media_type)
        work = self._work(split_name(path.name)[0])
        return Source(_digest(url.encode()), work.seconds if work else None, work)

    def folder_of(self, url: str) -> str:
        """The folder that a file handed in is asked from by this address; "" where it is none."""
        path = PurePosixPath(urlsplit(url).path)
        known = path.parent.name in FILES and self._uploads.has(path.name)
        return path.parent.name if known else ""

    def _handed_in(self, content: bytes, media_type: str) -> Source:
        digest = _digest(content)
        work = self._work(self._books.output_of(digest))
        seconds = work.seconds if work else length_of(content)
        return Source(digest, seconds, work, content, media_type)

    def _work(self, output_id: str) -> Work | None:
        job = self._books.job_of_output(output_id) if output_id else None
        return Work(job, output_id) if job else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
