"""Source files that a job starts from: local files by content, addresses, library names.

Law: what a file is, its first bytes say, never its name.
"""

import hashlib
import re
import stat
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.core.errors import Position
from pipeline.core.manifest import Source
from pipeline.core.origins import TIMED
from pipeline.inputs.complaints import did_you_mean, show
from pipeline.inputs.text_file import refuse
from pipeline.media.examine import duration_of

MAX_BYTES = 500_000_000
"""The largest upload of Kubeez (its llms.txt); models take far less."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CHUNK = 2**20
_HEAD = 64
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_ASSET = re.compile(r"asset:[^\s/\\][^\r\n]{0,199}\Z")

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image"), (b"\xff\xd8\xff", "image"), (b"GIF8", "image"),
    (b"ID3", "audio"), (b"\xff\xfb", "audio"), (b"\xff\xf3", "audio"), (b"\xff\xf2", "audio"),
    (b"\xff\xfa", "audio"), (b"OggS", "audio"),
)
_SUFFIXES = {
    "png": "image", "jpg": "image", "jpeg": "image", "webp": "image", "gif": "image",
    "mp4": "video", "mov": "video", "webm": "video",
    "mp3": "audio", "wav": "audio", "ogg": "audio", "m4a": "audio",
}


def read_source(text: str, folder: Path, at: Position | None) -> Source:
    """A source as the manifest names it; local paths are relative to `folder`.

    `media` is image, video, audio, or "" where an address does not tell. Raises `AuthorError`.
    """
    if text.startswith("asset:"):
        if not _ASSET.match(text):
            raise refuse(f"{show(text)} names no asset", at, "asset:NAME")
        return Source(text, at=at)
    if text.lower().startswith(("https:", "http:")):
        return _address(text, at)
    if found := _SCHEME.match(text):
        raise refuse(f"sources cannot come from {found.group().lower()}", at,
                     "a file, an https address, or asset:NAME")
    return _local(text, folder, at)


def _address(text: str, at: Position | None) -> Source:
    hint = "such as https://example.com/logo.png"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise refuse(f"{show(text)} is not an address", at, hint) from None
    if not host or not text.isascii() or not text.isprintable() or " " in text:
        raise refuse(f"{show(text)} is not an address", at, hint)
    if parts.scheme == "http" and host not in LOOPBACK:
        raise refuse("sources are fetched over https only", at, "https://…")
    if parts.username is not None or parts.password is not None:
        raise refuse("an address cannot hold a name or a password", at, hint)
    suffix = parts.path.rpartition(".")[2].lower()
    return Source(text, media=_SUFFIXES.get(suffix, ""), at=at)


def _local(text: str, folder: Path, at: Position | None) -> Source:
    path = folder / text
    try:
        details = path.stat()
        if not stat.S_ISREG(details.st_mode):
            raise refuse(f"source {show(text)} is not a file", at)
        if details.st_size > MAX_BYTES:
            raise refuse(f"source {show(text)} has {details.st_size:,} bytes", at,
                         f"at most {MAX_BYTES:,}")
        if not details.st_size:
            raise refuse(f"source {show(text)} is empty", at)
        digest, head, size = _digest(path)
    except FileNotFoundError:
        raise refuse(f"source {show(text)} does not exist", at, _near(path)) from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", "") or str(error)).lower()
        raise refuse(f"source {show(text)} cannot be read: {reason}", at) from None
    media = sniff(head)
    if not media:
        raise refuse(f"source {show(text)} is not a picture, film or sound that is known", at,
                     "one of " + ", ".join(sorted(_SUFFIXES)))
    seconds = duration_of(path) if media in TIMED else None
    return Source(text, str(path), digest, media, size, at, seconds)


def _digest(path: Path) -> tuple[str, bytes, int]:
    digest = hashlib.sha256()
    head, size = b"", 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            head = head or chunk[:_HEAD]
            size += len(chunk)
            digest.update(chunk)
    return digest.hexdigest(), head, size


def _near(path: Path) -> str:
    try:
        names = [other.name for other in path.parent.iterdir()]
    except OSError:
        return "paths are relative to the manifest's folder"
    return did_you_mean(path.name, names) or "paths are relative to the manifest's folder"


def sniff(head: bytes) -> str:
    """The kind of media that a file's first bytes announce, or ""."""
    for magic, media in _MAGIC:
        if head.startswith(magic):
            return media
    if head[:4] == b"RIFF":
        return {b"WEBP": "image", b"WAVE": "audio"}.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return _by_brand(head[8:12])
    if head[4:8] in (b"moov", b"mdat", b"wide", b"skip"):
        return "video"
    return "video" if head.startswith(b"\x1aE\xdf\xa3") and b"webm" in head else ""


def _by_brand(brand: bytes) -> str:
    if brand in (b"M4A ", b"M4B ", b"M4P "):
        return "audio"
    return "" if brand[:3] in (b"hei", b"hev", b"mif", b"msf", b"avi") else "video"
