"""Goal: a source is what its bytes say, known by its content, and nothing that it should not be.

Method: files of a few bytes for each kind; addresses and names as rows.
"""

import hashlib
import os
from pathlib import Path

import pytest

from pipeline.core.errors import AuthorError, Position
from pipeline.inputs.sources import MAX_BYTES, read_source, sniff

AT = Position("m.yaml", 5, 7)

KINDS = {
    b"\x89PNG\r\n\x1a\n...": "image", b"\xff\xd8\xff\xe0....JFIF": "image", b"GIF89a": "image",
    b"RIFF\x00\x00\x00\x00WEBPVP8 ": "image", b"RIFF\x00\x00\x00\x00WAVEfmt ": "audio",
    b"RIFF\x00\x00\x00\x00AVI LIST": "", b"\x00\x00\x00\x18ftypmp42": "video",
    b"\x00\x00\x00\x18ftypisom": "video", b"\x00\x00\x00\x14ftypqt  ": "video",
    b"\x00\x00\x00\x08wide....": "video", b"\x00\x00\x00\x18ftypM4A ": "audio",
    b"\x00\x00\x00\x18ftypheic": "", b"\x00\x00\x00\x18ftypavif": "",
    b"\x1aE\xdf\xa3....\x42\x82\x84webm": "video", b"\x1aE\xdf\xa3..matroska": "",
    b"ID3\x04": "audio", b"\xff\xfb\x90\x00": "audio", b"OggS\x00": "audio",
    b"%PDF-1.7": "", b"<svg xmlns": "", b"<html>": "", b"x": "", b"": "",
}


@pytest.mark.parametrize("head", KINDS, ids=repr)
def test_the_first_bytes_say_what_a_file_is(head: bytes) -> None:
    assert sniff(head) == KINDS[head]


def test_a_file_is_known_by_the_hash_of_its_content(tmp_path: Path) -> None:
    content = b"\x89PNG\r\n\x1a\n" + b"x" * 3_000_000
    (tmp_path / "logo.txt").write_bytes(content)
    source = read_source("./logo.txt", tmp_path, AT)
    assert source.digest == hashlib.sha256(content).hexdigest()
    assert (source.media, source.bytes, source.at) == ("image", len(content), AT)
    assert Path(source.path) == tmp_path / "logo.txt"
    assert source.text == "./logo.txt"


@pytest.mark.parametrize(("text", "media"), [
    ("https://example.com/a.png", "image"), ("https://example.com/a.MP4?x=.mp3", "video"),
    ("https://example.com/a", ""), ("http://127.0.0.1:8787/a.mp3", "audio"),
    ("http://localhost/a.bin", ""), ("asset:acme-logo", ""), ("asset:my logo (2).png", "")])
def test_addresses_and_library_names_are_kept_as_written(text: str, media: str,
                                                         tmp_path: Path) -> None:
    source = read_source(text, tmp_path, AT)
    assert (source.text, source.media, source.digest, source.path) == (text, media, "", "")


@pytest.mark.parametrize("text", [
    "none.png", "folder", "empty.png", "page.png", "pipe.png", "loop.png", "zero\0.png",
    "x" * 5000, "asset:", "javascript:alert(1)",
    "http://example.com/a.png", "https://", "https://[::1", "https://a b/c", "https://exämple.com/a",
    "https://me@example.com/a", "https://me:pw@example.com/a", "https://example.com:99999999/a",
    "ftp://example.com/a", "file:///etc/passwd", "data:image/png;base64,AA", "s3://bucket/a.png",
    "asset: x", "asset:../x\ny", "https://example.com/\u202egnp.a"])
def test_anything_else_is_told_where_it_stands(text: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.png").touch()
    (tmp_path / "page.png").write_text("<html>")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    with pytest.raises(AuthorError) as caught:
        read_source(text, tmp_path, AT)
    assert caught.value.problems[0].at == AT


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "big.png").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(AuthorError, match="500,000,001 bytes"):
        read_source("big.png", tmp_path, AT)


def test_a_misspelt_file_is_guessed(tmp_path: Path) -> None:
    (tmp_path / "logo.png").touch()
    with pytest.raises(AuthorError) as caught:
        read_source("lgo.png", tmp_path, AT)
    assert caught.value.problems[0].hint == "did you mean logo.png?"
