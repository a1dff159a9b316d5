"""What a video is by its boxes: whole ones, torn ones, endless ones.

Goal: no film that is cut or has no index is ever called delivered, and a film's size and length
are read without decoding it. Method: a real index built by hand, with one thing wrong each time.
"""

import struct
from pathlib import Path

import pytest
from media_samples import FTYP, MDAT, MP4, WEBM, box, mvhd, seen, trak

from pipeline.media.examine import Facts
from pipeline.media.video import MOST_BOXES


@pytest.mark.parametrize(("content", "facts"), [
    (MP4, Facts("video/mp4", 1280, 720, 5.0)),
    (FTYP + MDAT + box(b"moov", mvhd(5.0), trak(1280, 720)), Facts("video/mp4", 1280, 720, 5.0)),
    (box(b"ftyp", b"qt  ", bytes(4)) + MP4[len(FTYP):], Facts("video/quicktime", 1280, 720, 5.0)),
    (FTYP + box(b"moov", mvhd(9.5, 1), trak(8, 8)) + MDAT, Facts("video/mp4", 8, 8, 9.5)),
    (FTYP + box(b"moov", mvhd(3.0), trak(0, 0)) + MDAT, Facts("audio/mp4", None, None, 3.0)),
    (FTYP + box(b"moov", mvhd(3.0)) + MDAT, Facts("audio/mp4", None, None, 3.0)),
    (FTYP + box(b"moov", mvhd(3.0), trak(0, 0), trak(640, 480)) + MDAT,
     Facts("video/mp4", 640, 480, 3.0)),
    (FTYP + box(b"moov", mvhd(5.0), trak(8, 8)) + struct.pack(">I4s", 0, b"mdat") + b"to the end",
     Facts("video/mp4", 8, 8, 5.0)),
    (FTYP + box(b"moov", mvhd(5.0), trak(8, 8)) + struct.pack(">I4sQ", 1, b"mdat", 20) + b"wide",
     Facts("video/mp4", 8, 8, 5.0)),
    (FTYP + box(b"moov", box(b"mvhd", b"\0\0"), trak(8, 8)) + MDAT, Facts("video/mp4", 8, 8, None)),
    (FTYP + box(b"moov", mvhd(0.0), trak(8, 8)) + MDAT, Facts("video/mp4", 8, 8, None)),
    (FTYP + box(b"moov", mvhd((2**32 - 1) / 1000), trak(8, 8)) + MDAT,
     Facts("video/mp4", 8, 8, None)),
    (WEBM, Facts("video/webm"))])
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


def test_a_film_of_nothing_but_tiny_boxes_is_given_up(tmp_path: Path) -> None:
    crumbs = box(b"free") * (MOST_BOXES + 1)
    assert seen(tmp_path, MP4 + crumbs) == "the video is in more pieces than any video is"
    assert isinstance(seen(tmp_path, MP4 + crumbs[:8 * 7000]), Facts)
