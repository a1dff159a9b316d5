"""Small whole files of every kind, built by hand from their formats' own words."""

import io
import struct
import wave
from pathlib import Path

from PIL import Image

from pipeline.media.examine import Facts, NotWhole, examine


def seen(folder: Path, content: bytes, name: str = "a.part") -> Facts | str:
    """The facts of a file with this content, or what is wrong with it."""
    path = folder / name
    path.write_bytes(content)
    try:
        return examine(path)
    except NotWhole as error:
        return str(error)


def picture(kind: str, size: tuple[int, int] = (12, 7), **options: bool) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(stream, kind, **options)
    return stream.getvalue()


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
WEBM = b"\x1aE\xdf\xa3" + bytes(40)


def wav(seconds: float = 0.5, rate_hz: int = 8000, channels: int = 2) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes(bytes(round(seconds * rate_hz) * channels * 2))
    return stream.getvalue()


def frame(kbps: int = 9, inside: bytes = b"") -> bytes:
    """A frame of MPEG 1 layer III at 44.1 kHz; 9 is 128 kbps."""
    header = 0xFFFB0000 | kbps << 12
    lengths = {5: 208, 9: 417, 11: 626}
    return (header.to_bytes(4, "big") + inside).ljust(lengths[kbps], b"\0")


FRAMES_PER_S = 44100 / 1152


def counted(frames: int, flag: bytes = b"Xing") -> bytes:
    """A first frame that says how many follow it."""
    return frame(inside=bytes(32) + flag + struct.pack(">III", 3, frames, frames * 400))


def id3(length: int, flags: int = 0) -> bytes:
    size = bytes(length >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\4\0" + bytes([flags]) + size + bytes(length)


MP3 = frame() * 40


def page(packet: bytes, sample: int = 0, flags: int = 0) -> bytes:
    """A page of an Ogg with one packet in it."""
    laces = [255] * (len(packet) // 255) + [len(packet) % 255]
    return (b"OggS" + struct.pack("<BBqIIIB", 0, flags, sample, 7, 0, 0, len(laces))
            + bytes(laces) + packet)


def ogg(first: bytes, sample: int) -> bytes:
    return page(first, flags=2) + page(b"tags") + page(b"\x55" * 700, sample, 4)


OPUS = ogg(b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 312, 48000, 0, 0), 312 + 2 * 48000)
VORBIS = ogg(b"\1vorbis" + struct.pack("<IBIiiiBB", 0, 2, 44100, 0, 0, 0, 0, 1), 3 * 44100)


def flac(seconds: float = 1.5, rate_hz: int = 32000) -> bytes:
    pace = rate_hz << 44 | 1 << 41 | 15 << 36 | round(seconds * rate_hz)
    info = struct.pack(">HH6xQ16x", 4096, 4096, pace)
    return (b"fLaC" + struct.pack(">I", len(info)) + info
            + struct.pack(">I", 1 << 31 | 4 << 24 | 12) + bytes(12) + b"\xff\xf8" + bytes(50))


FLAC = flac()
SRT = b"1\n00:00:00,000 --> 00:00:01,500\nHello\n\n2\n00:00:01,500 --> 00:00:03,000\nthere\n"
VTT = b"WEBVTT\n\n00:00.000 --> 00:01.500\nHello\n"
JSON = b'{"words": [{"text": "Hello", "start": 0.0, "end": 0.4}]}'
