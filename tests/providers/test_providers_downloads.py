"""Answers that are the file themselves, brought home from their own address.

Goal: what the adapter wrote comes back byte for byte without a network, and no address that a
service makes up is opened so. Method: round trips, and addresses with one thing wrong.
"""

from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from providers_far_end import FarEnd, outcome, says

from pipeline.core.errors import Vanished
from pipeline.providers.downloads import CHUNK_BYTES, OURS, DataFile, data_address


def pieces(file: DataFile) -> list[bytes]:
    async def go() -> list[bytes]:
        return [piece async for piece in file.chunks()]

    return anyio.run(go)


@given(st.sampled_from(OURS), st.binary(max_size=300))
def test_a_file_comes_back_as_it_was(media_type: str, content: bytes) -> None:
    file = DataFile(data_address(media_type, content))
    assert (file.media_type, file.length) == (media_type, len(content))
    assert b"".join(pieces(file)) == content


def test_a_large_file_comes_in_pieces() -> None:
    content = bytes(2 * CHUNK_BYTES + 1)
    found = pieces(DataFile(data_address("application/json", content)))
    assert list(map(len, found)) == [CHUNK_BYTES, CHUNK_BYTES, 1] and b"".join(found) == content


@pytest.mark.parametrize("url", [
    "data:,x", "data:text/vtt,WEBVTT", "data:;base64,AA==", "data:image/png;base64,AA==",
    "data:text/html;base64,AA==", "data:text/vtt;base64,A", "data:text/vtt;base64,A A=",
    "data:text/vtt;base64,AA", "data:text/vtt;base64,*AAA", "data:text/vtt;base64,é===",
    "DATA:text/vtt;base64,AA==", "data:text/vtt;charset=utf-8;base64,AA==", "data:"])
def test_an_address_that_we_did_not_write_is_not_opened(url: str) -> None:
    far = FarEnd(says(200, b"x"))

    async def take(kubeez: Any) -> None:
        async with kubeez.download(url):
            raise AssertionError("it opened")

    assert type(outcome(far, take)) is Vanished
    assert not far.calls
