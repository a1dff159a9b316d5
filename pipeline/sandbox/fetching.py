"""A file brought from another server of this machine, over plain HTTP.

Law: loopback and nothing else is ever called; one request, no redirect, no more than is asked for.
"""

from email.parser import BytesParser
from ipaddress import ip_address
from urllib.parse import urlsplit

import anyio

TIMEOUT_S = 10.0
CHUNK_BYTES = 65_536
HEAD_BYTES = 65_536


class FetchFailed(Exception):
    """The file could not be had; the message says why."""


class TooMuch(Exception):
    """The file is larger than it may be."""


async def fetch_file(url: str, limit_bytes: int) -> tuple[bytes, str]:
    """The bytes behind a URL and their media type; raises `FetchFailed`, `TooMuch`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        if parts.scheme != "http" or not is_loopback(host):
            raise FetchFailed("only plain http on this machine is reached from here")
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        with anyio.fail_after(TIMEOUT_S):
            # HTTP/1.0, so that the body ends with the connection and comes in one piece.
            answer = await _ask(host, port, f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n",
                                limit_bytes)
    except (OSError, ValueError, TimeoutError, anyio.EndOfStream) as error:
        raise FetchFailed(str(error) or "it took too long") from error
    return _read_answer(answer, limit_bytes)


async def _ask(host: str, port: int, request: str, limit_bytes: int) -> bytes:
    answer = bytearray()
    async with await anyio.connect_tcp(host, port) as line:
        await line.send(request.encode("ascii"))
        async for chunk in line:
            answer += chunk
            if len(answer) > limit_bytes + HEAD_BYTES:
                raise TooMuch
    return bytes(answer)


def _read_answer(answer: bytes, limit_bytes: int) -> tuple[bytes, str]:
    head, gap, body = answer.partition(b"\r\n\r\n")
    status_line, _, lines = head.partition(b"\r\n")
    if not gap or status_line.split(b" ")[1:2] != [b"200"]:
        raise FetchFailed(f"it answers {status_line[:80].decode('latin-1')!r}")
    headers = BytesParser().parsebytes(lines, headersonly=True)
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > len(body):
        raise FetchFailed("the file is cut off")
    if len(body) > limit_bytes:
        raise TooMuch
    return body, headers.get_content_type() if headers.get("content-type") else ""


def is_loopback(host: str) -> bool:
    """Whether this host is surely this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
