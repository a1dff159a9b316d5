"""What a picture is by its bytes: whole ones, torn ones, bombs.

Goal: no picture that is broken is ever called delivered, and none takes the memory with it.
Method: real pictures of four kinds, and each with one thing wrong.
"""

import errno
import io
import struct
import zlib
from pathlib import Path

import pytest
from media_samples import picture, seen

from pipeline.media.examine import Facts
from pipeline.media.picture import MOST_SCANS, read_picture


@pytest.mark.parametrize(("kind", "media_type"), [
    ("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")])
def test_a_picture_is_known_by_its_bytes_whatever_its_name(tmp_path: Path, kind: str,
                                                           media_type: str) -> None:
    assert seen(tmp_path, picture(kind), "a.mp4") == Facts(media_type, 12, 7)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_is_cut_anywhere_is_not_whole(tmp_path: Path, kind: str) -> None:
    whole = picture(kind, (64, 64))
    for share in (0.02, 0.3, 0.6, 0.9):
        assert isinstance(seen(tmp_path, whole[:int(len(whole) * share)]), str)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0"])
def test_a_header_alone_is_no_picture_and_the_message_names_no_path(tmp_path: Path,
                                                                    content: bytes) -> None:
    assert seen(tmp_path, content) == "it is a picture whose header is broken"


@pytest.mark.parametrize("edge", [12_000, 30_000, 2**31 - 1])
def test_a_picture_whose_header_is_a_bomb_is_not_decoded(tmp_path: Path, edge: int) -> None:
    header = b"IHDR" + struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header
    bomb += struct.pack(">I", zlib.crc32(header)) + struct.pack(">I", 9) + b"IDAT" + bytes(9)
    assert isinstance(seen(tmp_path, bomb), str)


def test_flipped_bits_in_a_picture_are_found(tmp_path: Path) -> None:
    body = bytearray(picture("PNG", (32, 32)))
    body[body.index(b"IDAT") + 6] ^= 0xFF
    assert isinstance(seen(tmp_path, bytes(body)), str)


def test_a_picture_painted_over_and_over_is_not_decoded(tmp_path: Path) -> None:
    whole = picture("JPEG", (64, 64), progressive=True)
    scan = whole[whole.rindex(b"\xff\xda"):-2]
    assert seen(tmp_path, whole[:-2] + scan + whole[-2:]) == Facts("image/jpeg", 64, 64)
    bomb = whole[:-2] + scan * MOST_SCANS + whole[-2:]
    assert seen(tmp_path, bomb) == "it is a picture larger than any picture is"


def test_a_machine_in_trouble_makes_no_picture_a_broken_one() -> None:
    """Too many open files once made three pictures that were paid for "gone"."""
    class Poor(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.EMFILE, "Too many open files")

    with pytest.raises(OSError, match="Too many open files"):
        read_picture(Poor(b"\x89PNG"), 4)
