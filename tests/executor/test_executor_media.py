"""What a file is by its bytes: whole ones, torn ones, disguised ones, bombs.

Goal: nothing broken or foreign is ever called delivered, and no file takes the memory with it.
Method: real pictures of four kinds, a real index of a video, and each with one thing wrong.
"""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from executor_bench import png
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.executor.media import Facts, NotWhole, examine


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, name) + body


def mvhd(seconds: float, version: int = 0) -> bytes:
    if version:
        return box(b"mvhd", struct.pack(">IQQIQ", 1 << 24, 0, 0, 1000, int(seconds * 1000)),
                   bytes(80))
    return box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, int(seconds * 1000)), bytes(80))


def trak(width: int, height: int) -> bytes:
    return box(b"trak", box(b"tkhd", bytes(76), struct.pack(">II", width << 16, height << 16)))


FTYP = box(b"ftyp", b"isom", bytes(4), b"isom")
MDAT = box(b"mdat", b"frames")
MP4 = FTYP + box(b"moov", mvhd(5.0), trak(1280, 720)) + MDAT


def seen(folder: Path, content: bytes, name: str = "a.part") -> Facts | str:
    """The facts of a file with this content, or what is wrong with it."""
    path = folder / name
    path.write_bytes(content)
    try:
        return examine(path)
    except NotWhole as error:
        return str(error)


@pytest.mark.parametrize(("kind", "media_type"), [
    ("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")])
def test_a_picture_is_known_by_its_bytes_whatever_its_name(tmp_path: Path, kind: str,
                                                           media_type: str) -> None:
    stream = BytesIO()
    Image.new("RGB", (12, 7), (1, 2, 3)).save(stream, kind)
    assert seen(tmp_path, stream.getvalue(), "a.mp4") == Facts(media_type, 12, 7)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_is_cut_anywhere_is_not_whole(tmp_path: Path, kind: str) -> None:
    stream = BytesIO()
    Image.effect_noise((64, 64), 90).convert("RGB").save(stream, kind)
    whole = stream.getvalue()
    for share in (0.02, 0.3, 0.6, 0.9):
        assert isinstance(seen(tmp_path, whole[:int(len(whole) * share)]), str)


@pytest.mark.parametrize(("content", "says"), [
    (b"", "empty"), (b"<!DOCTYPE html><h1>403</h1>", "web page"),
    (b"  <html>", "no picture"), (b'{"error": "expired"}', "no picture"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "web page"),
    (b"\x89PNG\r\n\x1a\n", "no"), (b"GIF89a", "no"), (b"MZ" * 99, "no picture"),
    (b"%PDF-1.7", "no picture"), (b"\0" * 4096, "no picture"), (b"x", "no picture"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "no picture"),
    (b"BM" + bytes(60), "no picture"), (b"II*\0" + bytes(60), "no picture")])
def test_what_is_no_media_file_is_refused_in_words(tmp_path: Path, content: bytes,
                                                   says: str) -> None:
    found = seen(tmp_path, content, "a.png")
    assert isinstance(found, str) and says in found


def test_a_picture_whose_header_is_a_bomb_is_not_decoded(tmp_path: Path) -> None:
    for edge in (12_000, 30_000, 2**31 - 1):
        header = struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
        chunk = b"IHDR" + header
        bomb = png()[:8] + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
        bomb += struct.pack(">I", 9) + b"IDAT" + zlib.compress(b"")[:9]
        assert isinstance(seen(tmp_path, bomb), str)


def test_flipped_bits_in_a_picture_are_found(tmp_path: Path) -> None:
    whole = png((32, 32))
    for place in range(16, len(whole) - 4, 3):
        torn = bytearray(whole)
        torn[place] ^= 0xFF
        assert isinstance(seen(tmp_path, bytes(torn)), str | Facts)
    body = bytearray(whole)
    body[whole.index(b"IDAT") + 6] ^= 0xFF
    assert isinstance(seen(tmp_path, bytes(body)), str)


@pytest.mark.parametrize(("content", "facts"), [
    (MP4, Facts("video/mp4", 1280, 720, 5.0)),
    (FTYP + MDAT + box(b"moov", mvhd(5.0), trak(1280, 720)), Facts("video/mp4", 1280, 720, 5.0)),
    (box(b"ftyp", b"qt  ", bytes(4)) + MP4[len(FTYP):], Facts("video/quicktime", 1280, 720, 5.0)),
    (FTYP + box(b"moov", mvhd(9.5, 1), trak(8, 8)) + MDAT, Facts("video/mp4", 8, 8, 9.5)),
    (FTYP + box(b"moov", mvhd(3.0), trak(0, 0)) + MDAT, Facts("audio/mp4", None, None, 3.0)),
    (FTYP + box(b"moov", mvhd(3.0), trak(0, 0), trak(640, 480)) + MDAT,
     Facts("video/mp4", 640, 480, 3.0)),
    (FTYP + box(b"moov", mvhd(5.0), trak(8, 8)) + struct.pack(">I4s", 0, b"mdat") + b"to the end",
     Facts("video/mp4", 8, 8, 5.0)),
    (FTYP + box(b"moov", mvhd(5.0), trak(8, 8)) + struct.pack(">I4sQ", 1, b"mdat", 20) + b"wide",
     Facts("video/mp4", 8, 8, 5.0)),
    (FTYP + box(b"moov", box(b"mvhd", b"\0\0"), trak(8, 8)) + MDAT, Facts("video/mp4", 8, 8, None)),
    (b"\x1aE\xdf\xa3" + bytes(40), Facts("video/webm"))])
def test_a_video_is_known_by_its_boxes(tmp_path: Path, content: bytes, facts: Facts) -> None:
    assert seen(tmp_path, content) == facts


def test_a_video_that_is_cut_anywhere_is_not_whole(tmp_path: Path) -> None:
    for end in range(8, len(MP4)):
        assert isinstance(seen(tmp_path, MP4[:end]), str), end


@pytest.mark.parametrize("content", [
    FTYP, FTYP + MDAT, FTYP + box(b"moov", mvhd(1.0), trak(8, 8)), FTYP + box(b"moov") + MDAT,
    FTYP + struct.pack(">I4s", 4, b"moov") + MDAT, FTYP + struct.pack(">I4s", 2**31, b"mdat"),
    FTYP + struct.pack(">I4sQ", 1, b"mdat", 2**63), FTYP + struct.pack(">I4sQ", 1, b"mdat", 3)])
def test_a_video_without_an_index_or_without_frames_is_not_whole(tmp_path: Path,
                                                                 content: bytes) -> None:
    assert isinstance(seen(tmp_path, content), str)


def test_boxes_in_boxes_without_end_are_looked_into_three_deep(tmp_path: Path) -> None:
    nest = mvhd(1.0)
    for _ in range(3000):
        nest = box(b"moov", nest)
    assert isinstance(seen(tmp_path, FTYP + nest + MDAT), str)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=120).map(lambda b: FTYP + b),
                 st.binary(max_size=60).map(lambda b: png()[:40] + b),
                 st.binary(max_size=60).map(lambda b: b"GIF89a" + b),
                 st.binary(max_size=60).map(lambda b: b"RIFF\x40\0\0\0WEBP" + b),
                 st.binary(max_size=60).map(lambda b: b"\xff\xd8\xff\xe0" + b)))
def test_no_bytes_whatever_crash_the_look(tmp_path: Path, content: bytes) -> None:
    assert isinstance(seen(tmp_path, content), str | Facts)
