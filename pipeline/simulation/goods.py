"""The smallest real files: what a simulated service makes in no time.

Law: a file tells what it was made for, so that two jobs never have the same bytes.
"""

import hashlib
import struct
import zlib

from pipeline.sandbox.gallery import Piece

EDGE = 8
SECOND = 1000


def make_small(piece: Piece) -> tuple[bytes, str]:
    """A picture of eight by eight pixels, or a clip without a frame, and its media type."""
    told = f"{piece.kind} {piece.brief} {piece.seconds:g} ".encode() + b"".join(piece.frames)
    digest = hashlib.sha256(told).digest()
    if piece.kind == "image":
        return _png(digest), "image/png"
    return _mp4(digest, piece.seconds), "video/mp4"


def _png(digest: bytes) -> bytes:
    """A grey picture (PNG specification, 11.2): the digest twice makes its 64 pixels."""
    pixels = (digest * 2)[:EDGE * EDGE]
    lines = b"".join(b"\0" + pixels[n:n + EDGE] for n in range(0, len(pixels), EDGE))
    header = struct.pack(">IIBBBBB", EDGE, EDGE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body
        + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")))


def _mp4(digest: bytes, seconds: float) -> bytes:
    """An index and data (ISO/IEC 14496-12, 4.3 and 8.2.2), version 0, without a track."""
    movie = struct.pack(">IIIII", 0, 0, 0, SECOND, round(seconds * SECOND)) + bytes(80)
    track = bytes(76) + struct.pack(">II", EDGE << 16, EDGE << 16)
    boxes = _box(b"mvhd", movie) + _box(b"trak", _box(b"tkhd", track))
    return (_box(b"ftyp", b"isom" + struct.pack(">I", 0) + b"isom") + _box(b"moov", boxes)
            + _box(b"mdat", digest))


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body
