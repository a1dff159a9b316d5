"""Files to be brought home: what a link's answer must be, and answers that are the file themselves.

Law: a `data:` address (RFC 2397) is opened only if it is of the one form that we write; an address
that a service makes up never becomes a file without passing `links`.
"""

import base64
from collections.abc import AsyncIterator, Mapping

from pipeline.core.errors import Unreachable, Vanished

OURS = ("application/json", "application/x-subrip", "text/vtt")
"""What we make of an answer ourselves; the type of SubRip is registered nowhere, but usual."""
CHUNK_BYTES = 64 * 1024


def check_download(status: int, headers: Mapping[str, str]) -> None:
    """Whether an answer is a whole file: raises `Vanished` or `Unreachable`."""
    if status in (401, 403, 404, 410):
        raise Vanished(f"the link answers {status}")
    if status != 200:
        raise Unreachable(f"the link answers {status}")
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise Unreachable(f"the file came encoded as {encoding[:20]!r}, unasked")


def data_address(media_type: str, content: bytes) -> str:
    """The address that is its own file.

    >>> data_address("text/vtt", b"WEBVTT")
    'data:text/vtt;base64,V0VCVlRU'
    """
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


class DataFile:
    """A file that lies in its own address; raises `Vanished` for an address that we did not make.

    >>> DataFile("data:text/vtt;base64,V0VCVlRU").length
    6
    """

    def __init__(self, url: str) -> None:
        head, _, packed = url.partition(";base64,")
        self.media_type = head.removeprefix("data:")
        if self.media_type not in OURS:
            raise Vanished("the link holds a file that is not of our making")
        try:
            self._content = base64.b64decode(packed, validate=True)
        except ValueError:
            raise Vanished("the file in the link is damaged") from None
        self.length: int | None = len(self._content)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes in pieces."""
        for start in range(0, len(self._content), CHUNK_BYTES):
            yield self._content[start:start + CHUNK_BYTES]
