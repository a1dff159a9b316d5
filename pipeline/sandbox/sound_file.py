"""Samples as a file that every player opens: MP3 where PyAV is there, else WAV."""

import io
import wave
from collections.abc import Iterator

from pipeline.sandbox.sound_wave import RATE_HZ, Pcm

try:
    import av
except ImportError:
    SOUNDS_ARE_MP3 = False
else:
    SOUNDS_ARE_MP3 = True

LAYOUTS = {1: "mono", 2: "stereo"}
BITS_PER_S = 40_000
"""Of an MP3, for each channel."""
EFFORT = {"compression_level": "7"}
"""Of the encoder: half the time of its usual care, and nobody hears it."""


def encode(sound: Pcm, channels: int) -> tuple[bytes, str]:
    """The file and its media type."""
    if SOUNDS_ARE_MP3:
        return encode_mp3(sound, channels), "audio/mpeg"
    return encode_wav(sound, channels), "audio/wav"


def encode_wav(sound: Pcm, channels: int) -> bytes:
    """The samples as they are."""
    sink = io.BytesIO()
    with wave.open(sink, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(sound.tobytes())
    return sink.getvalue()


def encode_mp3(sound: Pcm, channels: int) -> bytes:
    """At a constant rate, with the count of its frames in front; needs PyAV."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp3", options={"fflags": "+bitexact"}) as out:
        stream = out.add_stream("libmp3lame", rate=RATE_HZ, layout=LAYOUTS[channels],
                                options=EFFORT)
        stream.bit_rate = BITS_PER_S * channels
        for frame in frames_of(sound, channels):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return sink.getvalue()


def frames_of(sound: Pcm, channels: int) -> Iterator["av.AudioFrame"]:
    """The samples as an encoder takes them, a second at a time."""
    step = channels * RATE_HZ
    for start in range(0, len(sound), step):
        piece = sound[start:start + step]
        frame = av.AudioFrame("s16", LAYOUTS[channels], len(piece) // channels)
        frame.sample_rate, frame.pts = RATE_HZ, start // channels
        frame.planes[0].update(piece.tobytes())
        yield frame
