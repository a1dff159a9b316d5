"""Bytes that were made to harm: whatever they are, the look ends, and it stays small.

Goal: no bytes crash or hang the look, and no length that they announce is read into memory.
Method: whole files of every kind with random places changed, cut and repeated; sparse files of
gigabytes whose headers are right.
"""

import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_samples import (
    FLAC,
    FTYP,
    JSON,
    MP3,
    MP4,
    OPUS,
    SRT,
    VORBIS,
    VTT,
    box,
    counted,
    frame,
    id3,
    mvhd,
    picture,
    seen,
    trak,
    wav,
)

from pipeline.core.naming import EXTENSIONS
from pipeline.media.examine import Facts, NotWhole, examine

WHOLE = (MP3, MP4, OPUS, VORBIS, FLAC, JSON, SRT, VTT, wav(0.01), id3(40) + counted(9) + frame(),
         *(picture(kind) for kind in ("PNG", "JPEG", "WEBP", "GIF")))
NASTY = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF)

MUTATION = st.tuples(st.integers(0, 1 << 16), st.sampled_from(NASTY) | st.integers(0, 255))
FAST = settings(max_examples=400, deadline=None,
                suppress_health_check=[HealthCheck.function_scoped_fixture])


def mutated(whole: bytes, changes: list[tuple[int, int]], cut: int, tail: bytes) -> bytes:
    """A file whose head, where the headers are, changed in places, which is cut and goes on."""
    content = bytearray(whole[:cut] if cut else whole)
    for place, value in changes:
        content[place % min(len(content), 200)] = value
    return bytes(content) + tail


def looks_fine(found: Facts | str) -> bool:
    if isinstance(found, str):
        return 0 < len(found) < 200
    return found.media_type in EXTENSIONS and (found.seconds is None or found.seconds >= 0)


@FAST
@given(st.binary(max_size=300))
def test_no_bytes_whatever_crash_the_look(tmp_path: Path, content: bytes) -> None:
    assert looks_fine(seen(tmp_path, content))


@FAST
@given(st.sampled_from([whole[:n] for whole in WHOLE for n in (4, 12, 40)]), st.binary(max_size=99))
def test_no_bytes_after_a_good_beginning_crash_the_look(tmp_path: Path, head: bytes,
                                                        content: bytes) -> None:
    assert looks_fine(seen(tmp_path, head + content))


@FAST
@given(st.sampled_from(WHOLE), st.lists(MUTATION, max_size=12), st.integers(0, 400),
       st.binary(max_size=20))
def test_no_change_in_a_whole_file_crashes_the_look(
        tmp_path: Path, whole: bytes, changes: list[tuple[int, int]], cut: int,
        tail: bytes) -> None:
    assert looks_fine(seen(tmp_path, mutated(whole, changes, cut, tail)))


GIGABYTES = 3 * 1024**3
HUGE = {
    "wav": wav(0.0)[:40] + struct.pack("<I", GIGABYTES - 44),
    "wav of one chunk": wav(0.0)[:36] + b"junk" + struct.pack("<I", GIGABYTES),
    "mp3": frame(5) + frame(9), "mp3 after its tag": id3(40) + MP3, "tag": id3(2**28 - 1)[:20],
    "ogg": OPUS, "flac": FLAC, "flac of one block": FLAC[:42] + b"\x04\xff\xff\xff",
    "mp4": FTYP + box(b"moov", mvhd(1.0), trak(8, 8)) + struct.pack(">I4s", 0, b"mdat"),
    "mp4 of one header": FTYP + struct.pack(">I4s", 0, b"moov") + struct.pack(">I4s", 0, b"mvhd"),
    "json": b"[", "page": b"<html>", "vtt": VTT, "zeros": b"", "png": picture("PNG")[:33],
    "gif": picture("GIF")[:40], "jpeg": picture("JPEG")[:60], "webp": picture("WEBP")[:30]}


@pytest.mark.parametrize("kind", HUGE)
def test_a_file_of_gigabytes_is_looked_at_in_little_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "huge.part"
    with path.open("wb") as stream:
        stream.write(HUGE[kind])
        stream.truncate(GIGABYTES)
    tracemalloc.start()
    try:
        found: Facts | str = examine(path)
    except NotWhole as error:
        found = str(error)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert looks_fine(found)
    assert most_bytes < 8 * 1024**2


@pytest.mark.parametrize("more", [b"<html><script>alert(1)</script>", b"PK\x05\x06" + bytes(18),
                                  b"%PDF-1.7", b"#!/bin/sh\n"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_that_is_something_else_besides_is_called_a_picture(
        tmp_path: Path, kind: str, more: bytes) -> None:
    """Its ending and its type are those of a picture, so that nobody opens it as anything else."""
    found = seen(tmp_path, picture(kind) + more, "a.html")
    assert isinstance(found, Facts)
    assert found.media_type == f"image/{kind.lower()}"
    assert isinstance(seen(tmp_path, more + picture(kind)), str)


def test_what_stands_in_for_a_picture_is_told_by_its_facts(tmp_path: Path) -> None:
    assert seen(tmp_path, picture("PNG", (1, 1))) == Facts("image/png", 1, 1)
    assert seen(tmp_path, b"") == "it is empty"
    assert seen(tmp_path, b"<svg onload='alert(1)'/>", "a.png") == "it is a web page"
