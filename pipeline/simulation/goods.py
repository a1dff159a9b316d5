"""The smallest real files: what a simulated service makes in no time.

Law: a file tells what it was made for, so that two jobs never have the same bytes.
"""

import hashlib
import struct
import zlib

from pipeline.sandbox.gallery import Piece

EDGE = 8
SECOND = 1000
SAMPLES_HZ = 8000


def make_small(piece: Piece) -> tuple[bytes, str]:
    """A picture of eight by eight pixels, a clip without a frame or a sound that is none to hear,
    and its media type."""
    told = f"{piece.kind} {piece.stem} {piece.brief} {piece.seconds:g} ".encode()
    digest = hashlib.sha256(told + b"".join(piece.frames)).digest()
    if piece.kind == "image":
        return _png(digest), "image/png"
    if piece.kind == "video":
        return _mp4(digest, piece.seconds), "video/mp4"
    return _wav(digest), "audio/wav"


def _png(digest: bytes) -> bytes:
    """A grey picture (PNG specification, 11.2): the digest twice makes its 64 pixels."""
    pixels = (digest * 2)[:EDGE * EDGE]
    lines = b"".join(b"\0" + pixels[n:n + EDGE] for n in range(0, len(pixels), EDGE))
    header = struct.pack(">IIBBBBB", EDGE, EDGE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body
        + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")))


def _wav(digest: bytes) -> bytes:
    """A sound whose samples are the digest: a header of one chunk (RIFF, PCM: one channel of eight
    bits), and data."""
    form = struct.pack("<HHIIHH", 1, 1, SAMPLES_HZ, SAMPLES_HZ, 1, 8)
    chunks = b"".join(name + struct.pack("<I", len(body)) + body
                      for name, body in ((b"fmt ", form), (b"data", digest)))
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def _mp4(digest: bytes, seconds: float) -> bytes:
    """An index and data (ISO/IEC 14496-12, 4.3 and 8.2.2), version 0, without a track."""
    movie = struct.pack(">IIIII", 0, 0, 0, SECOND, round(seconds * SECOND)) + bytes(80)
    track = bytes(76) + struct.pack(">II", EDGE << 16, EDGE << 16)
    boxes = _box(b"mvhd", movie) + _box(b"trak", _box(b"tkhd", track))
    return (_box(b"ftyp", b"isom" + struct.pack(">I", 0) + b"isom") + _box(b"moov", boxes)
            + _box(b"mdat", digest))


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body
