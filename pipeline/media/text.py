"""Texts: JSON, and the captions of SubRip and WebVTT; a web page is never one that we deliver."""

import json
import re
from typing import BinaryIO

from pipeline.media.facts import Facts, NotWhole

LARGEST_TEXT = 8 * 1024**2
"""As long as an answer of a service may be, which is a text that was paid for."""
LEAD_BYTES = 4096

_CUE = re.compile(r"\d{1,9}[ \t]*\r?\n\d{1,3}:\d\d:\d\d,\d{3} --> \d{1,3}:\d\d:\d\d,\d{3}")
_WEBVTT = re.compile(r"WEBVTT([ \t\r\n]|\Z)")


def read_text(stream: BinaryIO, size: int) -> Facts:
    """The facts of a text; raises `NotWhole` for anything that no other reader knows either."""
    lead = stream.read(LEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if lead.startswith(b"<"):
        raise NotWhole("it is a web page")
    if not lead.startswith((b"{", b"[", b"WEBVTT")) and not lead[:1].isdigit():
        raise NotWhole("it is no picture, video, sound or text we know")
    if size > LARGEST_TEXT:
        raise NotWhole(f"it is text of more than {LARGEST_TEXT} bytes")
    stream.seek(0)
    try:
        text = stream.read(LARGEST_TEXT).decode("utf-8-sig").lstrip()
    except UnicodeDecodeError:
        raise NotWhole("it is text that is not UTF-8") from None
    return Facts(_kind(text))


def _kind(text: str) -> str:
    if text.startswith(("{", "[")):
        _parse(text)
        return "application/json"
    if _WEBVTT.match(text):
        return "text/vtt"
    if _CUE.match(text):
        return "application/x-subrip"
    raise NotWhole("it is no picture, video, sound or text we know")


def _parse(text: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        raise NotWhole("it is JSON that does not parse") from None
