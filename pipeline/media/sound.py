"""Sounds: WAV, FLAC, and Ogg with Vorbis or Opus in it. MP3 has a file of its own."""

import struct
from typing import Any, BinaryIO

from pipeline.media.facts import Facts, NotWhole

MOST_CHUNKS = 1000
TO_THE_END = 0xFFFFFFFF
"""The length that a WAV says when it was written into a pipe: all the rest is sound."""

LARGEST_PAGE = 27 + 255 + 255 * 255
OPUS_HZ = 48_000
CUT_OFF = "the sound is cut off"


def read_wav(stream: BinaryIO, size: int) -> Facts:
    """The facts of a WAV by its chunks; one that ends beyond the file is torn."""
    place, bytes_per_s = 12, 0
    for _ in range(MOST_CHUNKS):
        stream.seek(place)
        name, length = _unpack("<4sI", stream.read(8))
        place += 8
        if name == b"data" and length == TO_THE_END:
            length = size - place
        if place + length > size:
            raise NotWhole(CUT_OFF)
        if name == b"fmt ":
            bytes_per_s = _unpack("<HHIIHH", stream.read(16))[3]
        elif name == b"data":
            if not bytes_per_s or not length:
                raise NotWhole("the sound is empty")
            return Facts("audio/wav", seconds=length / bytes_per_s)
        place += length + length % 2
    raise NotWhole("the sound is in more pieces than any sound is")


def read_flac(stream: BinaryIO, size: int) -> Facts:
    """The facts of a FLAC: its first block, and that a frame follows the last (RFC 9639, 8.1)."""
    seconds, place, last = None, 4, False
    for number in range(MOST_CHUNKS):
        stream.seek(place)
        head, = _unpack(">I", stream.read(4))
        if number == 0:
            seconds = _flac_seconds(stream.read(34))
        place, last = place + 4 + (head & 0xFFFFFF), bool(head >> 31)
        if last:
            break
    stream.seek(place)
    if not last or stream.read(2) not in (b"\xff\xf8", b"\xff\xf9"):
        raise NotWhole(CUT_OFF)
    return Facts("audio/flac", seconds=seconds)


def _flac_seconds(streaminfo: bytes) -> float | None:
    """20 bits of rate, 8 of others, 36 of length in samples, of which 0 is "unknown"."""
    rate_to_length, = _unpack(">10xQ16x", streaminfo)
    rate_hz, samples = rate_to_length >> 44, rate_to_length & (1 << 36) - 1
    if not rate_hz:
        raise NotWhole("the sound says no sample rate")
    return samples / rate_hz if samples else None


def read_ogg(stream: BinaryIO, size: int) -> Facts:
    """The facts of an Ogg: its first packet says the rate, its last page the length (RFC 3533)."""
    first = stream.read(27 + 255 + 255)
    rate_hz, skipped = _ogg_pace(first[27 + first[26]:] if len(first) > 27 else b"")
    stream.seek(max(size - LARGEST_PAGE, 0))
    samples = _last_sample(stream.read(LARGEST_PAGE)) - skipped
    return Facts("audio/ogg", seconds=samples / rate_hz if samples > 0 else None)


def _ogg_pace(packet: bytes) -> tuple[int, int]:
    """Samples a second, and how many of the first are not to be heard."""
    if packet.startswith(b"OpusHead"):
        return OPUS_HZ, _unpack("<10xH", packet[:12])[0]
    if packet.startswith(b"\1vorbis"):
        rate_hz: int = _unpack("<12xI", packet[:16])[0]
        if rate_hz:
            return rate_hz, 0
    raise NotWhole("it is no sound we know")


def _last_sample(tail: bytes) -> int:
    """The number of the last sample, by the page that ends where the file ends."""
    place = tail.rfind(b"OggS")
    while place >= 0:
        page = tail[place:place + 27 + 255]
        if len(page) >= 27:
            segments = page[27:27 + page[26]]
            if place + 27 + page[26] + sum(segments) == len(tail):
                sample: int = _unpack("<6xq", page[:14])[0]
                return sample
        place = tail.rfind(b"OggS", 0, place)
    raise NotWhole(CUT_OFF)


def _unpack(form: str, content: bytes) -> tuple[Any, ...]:
    """The numbers of a header; one that is not all there is torn."""
    try:
        return struct.unpack(form, content)
    except struct.error:
        raise NotWhole(CUT_OFF) from None
