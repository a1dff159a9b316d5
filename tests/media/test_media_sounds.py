"""What a sound is by its bytes: WAV, MP3, FLAC, Ogg and M4A, whole and torn.

Goal: a sound is known with its length, and one that is torn, empty or no sound at all is not
delivered. Method: files built by hand from their formats' words, and real ones where PyAV is.
"""

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from media_samples import (
    FLAC,
    FRAMES_PER_S,
    MP3,
    OPUS,
    VORBIS,
    counted,
    flac,
    frame,
    id3,
    ogg,
    page,
    seen,
    wav,
)

from pipeline.media.examine import Facts, duration_of
from pipeline.media.mp3 import MOST_READS

FORTY_S = pytest.approx(40 / FRAMES_PER_S, abs=0.03)
UNKNOWN = "it is no picture, video, sound or text we know"


def chunk(name: bytes, content: bytes, length: int | None = None) -> bytes:
    return name + struct.pack("<I", len(content) if length is None else length) + content


FMT = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16))


def riff(*chunks: bytes) -> bytes:
    return chunk(b"RIFF", b"WAVE" + b"".join(chunks))


@pytest.mark.parametrize(("content", "seconds"), [
    (wav(0.5), 0.5), (wav(2.25, 44100, 1), 2.25),
    (riff(chunk(b"LIST", b"odd") + b"\0", FMT, chunk(b"fact", bytes(4)),
          chunk(b"data", bytes(8000))), 0.5),
    (riff(FMT, chunk(b"data", bytes(4000)), chunk(b"id3 ", b"x" * 9)), 0.25),
    (riff(FMT, chunk(b"data", bytes(16000), 0xFFFFFFFF)), 1.0)])
def test_a_wav_lasts_as_long_as_its_data(tmp_path: Path, content: bytes, seconds: float) -> None:
    assert seen(tmp_path, content) == Facts("audio/wav", seconds=pytest.approx(seconds))


def test_a_wav_that_is_cut_anywhere_is_not_whole(tmp_path: Path) -> None:
    whole = wav(0.02)
    for end in range(12, len(whole)):
        assert isinstance(seen(tmp_path, whole[:end]), str), end


@pytest.mark.parametrize(("content", "says"), [
    (riff(), "cut off"), (riff(FMT), "cut off"), (riff(FMT, chunk(b"data", b"")), "empty"),
    (riff(chunk(b"data", bytes(99))), "empty"),
    (riff(chunk(b"fmt ", bytes(16)), chunk(b"data", bytes(99))), "empty"),
    (riff(chunk(b"fmt ", bytes(3)), chunk(b"data", bytes(99))), ""),
    (riff(FMT, chunk(b"data", bytes(99), 100)), "cut off"),
    (riff(FMT, chunk(b"junk", b"", 0xFFFFFFF0)), "cut off"),
    (riff(FMT, *[chunk(b"junk", b"")] * 2000, chunk(b"data", bytes(99))), "pieces")])
def test_a_wav_without_sound_is_not_whole(tmp_path: Path, content: bytes, says: str) -> None:
    found = seen(tmp_path, content)
    assert isinstance(found, str) and says in found


@pytest.mark.parametrize(("content", "seconds"), [
    (MP3, FORTY_S), (id3(300) + MP3, FORTY_S), (id3(7) + id3(2000) + MP3, FORTY_S),
    (id3(30) + bytes(900) + MP3, FORTY_S), (id3(50, flags=0x10) + b"3DI" + bytes(7) + MP3, FORTY_S),
    (counted(1000) + frame() * 3, pytest.approx(1000 / FRAMES_PER_S)),
    (counted(1000, b"Info") + frame() * 3, pytest.approx(1000 / FRAMES_PER_S)),
    ((frame(5) + frame(9) + frame(11)) * 20, pytest.approx(60 / FRAMES_PER_S)),
    (MP3 + b"TAG" + bytes(125), FORTY_S), (MP3[:-200], FORTY_S)])
def test_an_mp3_is_known_by_two_frames(tmp_path: Path, content: bytes, seconds: object) -> None:
    assert seen(tmp_path, content) == Facts("audio/mpeg", seconds=seconds)


@pytest.mark.parametrize("content", [
    frame(), frame() + b"<html>", frame()[:300], b"\xff\xfb", b"\xff" * 5000, id3(10), b"ID3",
    id3(20) + b"<html>" * 99, id3(20)[:12], b"\xff\xfb\x90\x00" * 2,
    frame() + b"\xff\xf3\x90\0" * 99, b"\xff\xfe<\0h\0t\0m\0l\0", b"\xff\xf1\x50\x80" * 300,
    b"\xff\xfb\x00\x00" * 300, id3(2**28 - 1)[:90] + MP3])
def test_what_only_begins_like_an_mp3_is_none(tmp_path: Path, content: bytes) -> None:
    assert seen(tmp_path, content) == UNKNOWN


def test_the_length_of_an_mp3_is_not_searched_for_in_garbage(tmp_path: Path) -> None:
    garbage = bytes(4 * MOST_READS)
    assert seen(tmp_path, frame(5) + frame(9) + garbage) == Facts("audio/mpeg")


@pytest.mark.parametrize(("content", "seconds"), [
    (OPUS, 2.0), (VORBIS, 3.0), (ogg(OPUS[28:47], 0), None), (OPUS + page(b"OggS" * 9, -1), None)])
def test_an_ogg_lasts_until_its_last_sample(tmp_path: Path, content: bytes,
                                            seconds: float | None) -> None:
    assert seen(tmp_path, content) == Facts("audio/ogg", seconds=seconds)


@pytest.mark.parametrize("whole", [OPUS, VORBIS])
def test_an_ogg_that_is_cut_in_its_last_page_is_not_whole(tmp_path: Path, whole: bytes) -> None:
    for end in range(4, len(whole)):
        found = seen(tmp_path, whole[:end])
        assert isinstance(found, str) or end in (whole.rindex(b"OggS"), whole.index(b"OggS", 9))


@pytest.mark.parametrize("content", [
    ogg(b"\x80theora" + bytes(40), 9), ogg(b"\1vorbis" + bytes(20), 9), b"OggS", b"OggS" * 20_000,
    OPUS + b"<html>"])
def test_an_ogg_of_another_kind_is_not_whole(tmp_path: Path, content: bytes) -> None:
    assert isinstance(seen(tmp_path, content), str)


def test_a_flac_says_its_length(tmp_path: Path) -> None:
    assert seen(tmp_path, FLAC) == Facts("audio/flac", seconds=1.5)
    assert seen(tmp_path, flac(seconds=0)) == Facts("audio/flac")


def test_a_flac_that_is_cut_before_its_sound_is_not_whole(tmp_path: Path) -> None:
    for end in range(4, len(FLAC) - 50):
        assert isinstance(seen(tmp_path, FLAC[:end]), str), end
    assert isinstance(seen(tmp_path, flac(rate_hz=0)), str)
    assert isinstance(seen(tmp_path, FLAC[:8] + FLAC[8:42] + bytes(4) * 9000), str)


def encoded(container: str, codec: str, rate_hz: int, seconds: float) -> bytes:
    """A real sound of a real encoder."""
    av: Any = pytest.importorskip("av")
    sink = io.BytesIO()
    with av.open(sink, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate_hz)
        stream.layout = "mono"
        sound = av.AudioFrame(format="s16", layout="mono", samples=round(rate_hz * seconds))
        sound.sample_rate, sound.pts = rate_hz, 0
        for plane in sound.planes:
            plane.update(bytes(plane.buffer_size))
        for frame in av.AudioResampler(stream.format, "mono", rate_hz).resample(sound):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return sink.getvalue()


@pytest.mark.parametrize(("container", "codec", "rate_hz", "media_type"), [
    ("mp3", "libmp3lame", 44100, "audio/mpeg"), ("mp3", "libmp3lame", 22050, "audio/mpeg"),
    ("wav", "pcm_s16le", 22050, "audio/wav"), ("wav", "pcm_s24le", 48000, "audio/wav"),
    ("ogg", "libopus", 48000, "audio/ogg"), ("flac", "flac", 44100, "audio/flac"),
    ("ipod", "aac", 44100, "audio/mp4"), ("mp4", "aac", 44100, "audio/mp4")])
def test_sounds_of_real_encoders_are_known_with_their_length(
        tmp_path: Path, container: str, codec: str, rate_hz: int, media_type: str) -> None:
    content = encoded(container, codec, rate_hz, 3.0)
    found = seen(tmp_path, content)
    assert found == Facts(media_type, seconds=pytest.approx(3.0, abs=0.08))
    assert duration_of(tmp_path / "a.part") == pytest.approx(3.0, abs=0.08)
