"""An account's library as people and programs read it.

Goal: what is there and how much room is left, and never a signed address.
Method: libraries that are empty, nearly full, over their quota, hostile, and silent about it.
"""

import json
from io import StringIO

import pytest
from outputs_samples import HOSTILE, NOW_S

from pipeline.core.library import LibraryFile, Shelf
from pipeline.outputs.console import open_screen
from pipeline.outputs.library_view import BAR_COLUMNS, largest, library_document, show_library

SIGNED = "https://media.example.com/logo.png?signature=secret"
LOGO = LibraryFile("a1", "acme-logo", "image", "image/png", 120_000, SIGNED, NOW_S)
VOICE = LibraryFile("b2", "voice", "audio", "audio/mpeg", 2_400_000, SIGNED)


def shown(shelf: Shelf, width: int = 80) -> str:
    stream = StringIO()
    show_library(open_screen(stream, color=False, width=width), "studio", shelf)
    return stream.getvalue()


def test_the_document_is_the_one_of_the_contract() -> None:
    document = library_document("studio", Shelf([LOGO, VOICE], 50_000_000, 2_520_000))
    assert document == {
        "schema_version": 1, "account": "studio", "count": 2, "quota_bytes": 50_000_000,
        "used_bytes": 2_520_000, "assets": [
            {"id": "a1", "name": "acme-logo", "kind": "image", "media_type": "image/png",
             "bytes": 120_000, "url_expires_at": "2026-03-12T14:02:00Z"},
            {"id": "b2", "name": "voice", "kind": "audio", "media_type": "audio/mpeg",
             "bytes": 2_400_000, "url_expires_at": None}]}


def test_no_signed_address_is_ever_shown() -> None:
    shelf = Shelf([LOGO, VOICE], 50_000_000, 2_520_000)
    for text in (shown(shelf), json.dumps(library_document("studio", shelf))):
        assert "secret" not in text
        assert "media.example.com" not in text


def test_the_files_are_listed_by_name_with_the_room_that_is_left() -> None:
    lines = shown(Shelf([VOICE, LOGO], 50_000_000, 12_300_000)).splitlines()
    assert lines[0].split() == ["acme-logo", "image", "image/png", "120", "kB"]
    assert lines[1].split() == ["voice", "audio", "audio/mpeg", "2.4", "MB"]
    assert lines[-1].startswith("2 files of studio  ━━━━━━──")
    assert lines[-1].endswith("  12.3 MB of 50.0 MB")


@pytest.mark.parametrize(("used", "quota", "taken"), [
    (0, 50_000_000, 0), (1, 50_000_000, 1), (25_000_000, 50_000_000, 12),
    (50_000_000, 50_000_000, 24), (70_000_000, 50_000_000, 24), (1, 0, 24), (0, 0, 24)])
def test_the_bar_is_as_full_as_the_library(used: int, quota: int, taken: int) -> None:
    text = shown(Shelf([], quota, used))
    assert (text.count("━"), text.count("─")) == (taken, BAR_COLUMNS - taken)


def test_an_empty_library_says_how_to_fill_it_and_a_silent_one_draws_no_bar() -> None:
    text = shown(Shelf([]))
    assert "pipeline assets add" in text
    assert "━" not in text
    assert "─" not in text


@pytest.mark.parametrize("width", [40, 80])
def test_hostile_names_stay_on_their_line(width: int) -> None:
    odd = LibraryFile(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    text = shown(Shelf([odd], 10, 5), width)
    assert not set(text) & set("\x00\x07\x1b\x9b\u202e\u2066\u2028\ud800")
    assert largest([odd, LOGO, VOICE]).startswith("voice (2.4 MB), acme-logo (120 kB), ")
