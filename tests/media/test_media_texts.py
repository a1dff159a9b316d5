"""What a text is by its bytes: JSON and captions, and never a web page.

Goal: the texts that captions come in are known; an error page in place of a file is not delivered.
Method: whole texts, and what looks like one.
"""

from pathlib import Path

import pytest
from media_samples import JSON, MP3, SRT, VTT, seen

from pipeline.media.examine import Facts, duration_of, media_of
from pipeline.media.text import LARGEST_TEXT

UNKNOWN = "it is no picture, video, sound or text we know"
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(("content", "media_type"), [
    (JSON, "application/json"), (b" \r\n[1, 2]\n", "application/json"), (b"{}", "application/json"),
    (BOM + JSON, "application/json"), ('["Größe"]'.encode(), "application/json"),
    (VTT, "text/vtt"), (BOM + VTT, "text/vtt"), (b"WEBVTT", "text/vtt"),
    (b"WEBVTT - titles\r\n", "text/vtt"),
    (SRT, "application/x-subrip"), (BOM + SRT.replace(b"\n", b"\r\n"), "application/x-subrip"),
    (b"\n\n" + SRT, "application/x-subrip")])
def test_a_text_is_known_by_how_it_begins(tmp_path: Path, content: bytes, media_type: str) -> None:
    assert seen(tmp_path, content) == Facts(media_type)


@pytest.mark.parametrize("content", [
    b"<!DOCTYPE html><h1>403</h1>", b"  <html>", BOM + b"\n<!-- -->", b"<html>" + b"\xff" * 9,
    b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", b"<?xml?><Error/>",
    b"\n" * 900 + b"<html>", b"<html>" + bytes(LARGEST_TEXT)])
def test_a_web_page_is_called_one(tmp_path: Path, content: bytes) -> None:
    assert seen(tmp_path, content, "a.png") == "it is a web page"


@pytest.mark.parametrize("content", [
    b"x", b"MZ" * 99, b"%PDF-1.7", bytes(4096), b"BM" + bytes(60), b"II*\0" + bytes(60),
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", b"403 Forbidden", b"WEBVTTx", b"  ",
    b"1\nHello", SRT[2:], b"1" * 9999, "١".encode(), b'"text"', b"null", b"\xef\xbb", MP3[1:]])
def test_what_is_no_file_of_ours_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    assert seen(tmp_path, content, "a.png") == UNKNOWN


@pytest.mark.parametrize("content", [
    b"{", b"[1, 2", JSON[:-1], JSON + b"}", b"{'a': 1}", b"[" * 100_000, b"[" + b"9" * 5000 + b"]",
    b"{}<html>"])
def test_json_that_does_not_parse_is_not_whole(tmp_path: Path, content: bytes) -> None:
    assert seen(tmp_path, content) == "it is JSON that does not parse"


def test_a_text_is_utf_8_and_short(tmp_path: Path) -> None:
    assert seen(tmp_path, b'["\xff"]') == "it is text that is not UTF-8"
    assert seen(tmp_path, VTT + b"\xff") == "it is text that is not UTF-8"
    long = b"[" + b" " * LARGEST_TEXT
    assert seen(tmp_path, long) == f"it is text of more than {LARGEST_TEXT} bytes"


def test_a_text_has_no_length_in_seconds_and_neither_has_what_is_broken(tmp_path: Path) -> None:
    for content in (SRT, b"<html>", b""):
        (tmp_path / "a").write_bytes(content)
        assert duration_of(tmp_path / "a") is None


@pytest.mark.parametrize(("media_type", "medium"), [
    ("image/png", "image"), ("video/mp4", "video"), ("audio/mpeg", "audio"), ("text/vtt", "text"),
    ("application/json", "text"), ("application/x-subrip", "text"), ("application/zip", ""),
    ("imagery", ""), ("", "")])
def test_every_media_type_belongs_to_one_medium(media_type: str, medium: str) -> None:
    assert media_of(media_type) == medium
