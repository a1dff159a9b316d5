"""Sounds as small pictures, captions as their first lines.

Goal: what a wave shows is what is to be heard, and no bytes keep a frame empty or stop the sheet.
Method: tones of known loudness and pitch in every form of WAV and in others, and torn files.
"""

import math
import struct
import wave
from array import array
from io import BytesIO
from pathlib import Path

import pytest
from outputs_studio import SRT, VTT, make_sound
from PIL import Image

from pipeline.outputs.loudness import READS_ALL, bars_of
from pipeline.outputs.transcript import CUES_SHOWN, Cue, first_cues
from pipeline.outputs.waves import COLOURS, HEIGHT_PX, WIDTH_PX, colour_of, draw_wave

av = pytest.importorskip("av") if READS_ALL else None

HZ = 8000


def make_tone(hertz: float, share: float, seconds: float = 1.0) -> "array[int]":
    """A sine of this pitch, that far from silence to full scale."""
    return array("h", (round(32_767 * share * math.sin(math.tau * hertz * index / HZ))
                       for index in range(round(seconds * HZ))))


def as_wav(samples: "array[int]", *, width: int = 2, channels: int = 1) -> bytes:
    """The samples in so many bytes each, the same in every channel."""
    wide = {1: lambda s: bytes([(s >> 8) + 128]), 2: lambda s: struct.pack("<h", s),
            3: lambda s: b"\0" + struct.pack("<h", s), 4: lambda s: struct.pack("<i", s << 16)}
    content = BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((channels, width, HZ, 0, "NONE", ""))
        file.writeframes(b"".join(wide[width](sample) * channels for sample in samples))
    return content.getvalue()


def encoded(content: bytes, form: str, codec: str) -> bytes:
    """A WAV as another kind of file."""
    assert av is not None
    out = BytesIO()
    with av.open(out, "w", format=form) as target, av.open(BytesIO(content)) as source:
        stream = target.add_stream(codec, rate=48_000, layout="mono")
        resampler = av.AudioResampler(format=stream.format.name, layout=stream.layout.name,
                                      rate=48_000, frame_size=stream.frame_size or 1152)
        for frame in [*source.decode(audio=0), None]:
            for part in resampler.resample(frame):
                target.mux(stream.encode(part))
        target.mux(stream.encode(None))
    return out.getvalue()


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_and_pitch_are_read_from_every_wav(tmp_path: Path, width: int,
                                                    channels: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(as_wav(make_tone(440, 0.5), width=width, channels=channels))
    bars = bars_of(path, 10)
    assert len(bars) == 10
    for bar in bars:
        assert bar.peak == pytest.approx(0.5, abs=0.02)
        assert bar.rms == pytest.approx(0.5 / math.sqrt(2), abs=0.02)
        assert bar.hertz == pytest.approx(440, rel=0.03)


def test_a_long_sound_is_glanced_at_and_still_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(as_wav(make_tone(200, 0.9, 20) + make_tone(200, 0.1, 20)))
    bars = bars_of(path, 8)
    assert [round(bar.peak, 1) for bar in bars] == [0.9] * 4 + [0.1] * 4


@pytest.mark.skipif(not READS_ALL, reason="this machine has no decoder for it")
@pytest.mark.parametrize(("form", "codec"), [("mp3", "mp3"), ("ogg", "libopus"),
                                             ("flac", "flac"), ("ipod", "aac")])
def test_what_is_no_wav_is_decoded(tmp_path: Path, form: str, codec: str) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(encoded(as_wav(make_tone(440, 0.5, 2) + make_tone(440, 0.05, 2)), form,
                             codec))
    loud, quiet = bars_of(path, 10)[2], bars_of(path, 10)[7]
    assert loud.peak == pytest.approx(0.5, abs=0.1)
    assert quiet.peak == pytest.approx(0.05, abs=0.02)
    assert loud.hertz == pytest.approx(440, rel=0.1)


@pytest.mark.parametrize("content", [
    b"", b"RIFF", b"\0" * 4096, as_wav(make_tone(440, 0.5))[:40], b"ID3" + b"\xff\xfb\x90" * 99,
    b"OggS" + bytes(range(256)) * 8, as_wav(array("h"))])
def test_a_sound_that_cannot_be_read_gets_a_quiet_wave(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    assert bars_of(path, 80) == []
    assert draw_wave(path, tmp_path / "thumb.webp")
    assert extent(tmp_path / "thumb.webp") < HEIGHT_PX / 2


def test_a_missing_sound_and_a_full_disk_stop_nothing(tmp_path: Path) -> None:
    assert draw_wave(tmp_path / "gone.wav", tmp_path / "thumb.webp")
    assert not draw_wave(tmp_path / "gone.wav", tmp_path / "nowhere" / "thumb.webp")


def test_a_wave_fills_its_frame_and_leaves_the_ground_open(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(make_sound(2.0, "voice"))
    assert draw_wave(path, tmp_path / "thumb.webp")
    with Image.open(tmp_path / "thumb.webp") as image:
        assert (image.size, image.mode) == ((WIDTH_PX, HEIGHT_PX), "RGBA")
        assert image.getpixel((2, 2))[3] == 0  # type: ignore[index]
    assert extent(tmp_path / "thumb.webp") > 0.9 * HEIGHT_PX


def test_the_same_sound_is_drawn_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(make_sound(1.0, "voice"))
    for name in ("one.webp", "two.webp"):
        draw_wave(path, tmp_path / name)
    assert (tmp_path / "one.webp").read_bytes() == (tmp_path / "two.webp").read_bytes()


def test_a_brighter_sound_has_a_warmer_colour() -> None:
    reds = [colour_of(hertz)[0] for hertz in (50, 200, 600, 2000, 9000)]
    assert reds == sorted(reds)
    assert colour_of(0) == COLOURS[0]
    assert colour_of(1e9) == COLOURS[-1]


def extent(thumb: Path) -> int:
    """How many rows of a picture have anything in them."""
    with Image.open(thumb) as image:
        box = image.getchannel("A").getbbox()
    return box[3] - box[1] if box else 0


@pytest.mark.parametrize(("name", "text"), [("a.vtt", VTT), ("a.srt", SRT),
                                            ("b.vtt", VTT.replace("\n", "\r\n")),
                                            ("c.srt", "\ufeff" + SRT)])
def test_the_first_captions_are_read_with_their_times(tmp_path: Path, name: str,
                                                      text: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    cues = first_cues(tmp_path / name)
    assert cues[0] == Cue("0:00", "This is the quiet part of the morning.")
    assert cues[2] == Cue("0:05", "there is a cup, and a song you know & love.")
    assert len(cues) == 5


@pytest.mark.parametrize(("text", "found"), [
    ("", ()), ("WEBVTT\n\nNOTE nothing\n\nSTYLE\n::cue {}", ()), ("\0\xff no captions", ()),
    ("WEBVTT\n\n00:01.000 --> 00:02.000\n\n", ()),
    ("WEBVTT\n\nintro\n1:02:03.000 --> 1:02:05.000 align:start\ntwo\nlines",
     (Cue("1:02:03", "two lines"),)),
    ("1\n00:00:01,000 --> 00:00:02,000\n<script>alert(1)</script>\x1b[2J\u202e",
     (Cue("0:01", "alert(1)\\x1b[2J\\u202e"),))])
def test_only_what_is_said_is_taken(tmp_path: Path, text: str, found: tuple[Cue, ...]) -> None:
    path = tmp_path / "a.vtt"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert first_cues(path) == found


def test_a_long_transcript_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text("WEBVTT\n\n" + "00:01.000 --> 00:02.000\nwords\n\n" * 100_000)
    assert len(first_cues(path)) == CUES_SHOWN
    assert first_cues(tmp_path / "gone.vtt") == ()
