"""How loud and how bright a sound is along its length, as far as a small picture shows it.

Law: to be called in a process of its own, for what decodes a stranger's bytes may fall over them.
It reads a few thousand samples a bar, however long the sound is.
"""

import sys
import wave
from array import array
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from pathlib import Path

try:
    import av
except ImportError:
    READS_ALL = False
else:
    READS_ALL = True

UNREADABLE = (OSError, EOFError, ValueError, IndexError, MemoryError, wave.Error,
              *((av.FFmpegError,) if READS_ALL else ()))
"""What a reader raises on bytes that are no sound, or not all of one, or none that it knows."""

READ_HZ = 8000
"""Whatever is no plain WAV is brought to this rate: enough to see, quick to add up."""

LONGEST_S = 1800
GLANCES, GLANCE_FRAMES = 4, 1024
"""A bar is looked at in so many places, so many frames in each."""

FULL = 32768.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of a sound. `rms` and `peak` are shares of full scale, `hertz` its brightness:
    half the rate at which it crosses zero."""

    rms: float
    peak: float
    hertz: float


def bars_of(sound: Path, number: int) -> list[Bar]:
    """A sound in so many bars; none for one that cannot be read on this machine.

    Raises `TimeoutError` when whoever asked lets an alarm go off.
    """
    for read in (_read_wav, _read_any):
        try:
            return read(sound, number)
        except TimeoutError:
            raise
        except UNREADABLE:
            continue
    return []


def _read_wav(sound: Path, number: int) -> list[Bar]:
    with wave.open(str(sound), "rb") as file:
        if not file.getnframes():
            raise EOFError("no sound in it")
        stretch = file.getnframes() / number
        glances = GLANCES if stretch > GLANCES * GLANCE_FRAMES else 1
        frames = GLANCE_FRAMES if glances > 1 else max(1, int(stretch))
        bars = []
        for bar in range(number):
            samples = array("h")
            for glance in range(glances):
                file.setpos(int(stretch * (bar + glance / glances)))
                samples += _left(file.readframes(frames), file.getsampwidth(), file.getnchannels())
            bars.append(_bar(samples, file.getframerate()))
        return bars


def _left(content: bytes, width: int, channels: int) -> "array[int]":
    """The first channel in sixteen bits; the low bytes of a wider sample do not show."""
    step = width * channels
    if width == 1:
        return array("h", ((byte - 128) << 8 for byte in content[::step]))
    high = bytearray(2 * (len(content) // step))
    high[0::2] = content[width - 2::step][:len(high) // 2]
    high[1::2] = content[width - 1::step][:len(high) // 2]
    return _native(bytes(high))


def _native(content: bytes) -> "array[int]":
    samples = array("h", content)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _read_any(sound: Path, number: int) -> list[Bar]:
    if not READS_ALL:
        raise ValueError("no decoder for it on this machine")
    samples = array("h")
    resampler = av.AudioResampler(format="s16", layout="mono", rate=READ_HZ)
    with av.open(str(sound)) as container:
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                samples += array("h", bytes(part.planes[0])[:2 * part.samples])
            if len(samples) > LONGEST_S * READ_HZ:
                break
    stretch = len(samples) / number
    if stretch < 1:
        raise ValueError("no sound in it")
    return [_bar(samples[int(bar * stretch):int((bar + 1) * stretch)], READ_HZ)
            for bar in range(number)]


def _bar(samples: "array[int]", rate_hz: int) -> Bar:
    if not samples:
        return Bar(0.0, 0.0, 0.0)
    crossings = sum((before < 0) != (after < 0) for before, after in pairwise(samples))
    return Bar(sqrt(sum(sample * sample for sample in samples) / len(samples)) / FULL,
               max(max(samples), -min(samples)) / FULL, crossings * rate_hz / (2 * len(samples)))
