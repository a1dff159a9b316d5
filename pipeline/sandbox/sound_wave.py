"""Samples: steady tones, the shapes of notes, and how notes are laid together.

Law: whatever has a shape begins and ends at nought, so that no join of two of them can click.
"""

import math
from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial, reduce
from itertools import accumulate, repeat
from operator import add, mul
from typing import TypeAlias

RATE_HZ = 22_050
FULL = 32_767.0

Samples: TypeAlias = "array[float]"
"""Floats, where 1 is the loudest that a file can hold."""
Pcm: TypeAlias = "array[int]"
"""Whole numbers of 16 bits, as they go into a file; two channels take turns."""

TURN = 4096
SINE = tuple(math.sin(math.tau * n / TURN) for n in range(TURN))
RING_HZ = 20.0
"""About how often a ring comes round: at its thousand samples it is in tune to one cent."""
SOFT_START_S = 0.004
SOFT_END_S = 0.02


def frames_in(seconds: float) -> int:
    """How many samples of one channel that is."""
    return round(seconds * RATE_HZ)


def silence(frames: int) -> Samples:
    """A track to lay notes on."""
    return array("d", bytes(8 * frames))


def tone(pitch_hz: float, partials: Sequence[float], frames: int) -> Samples:
    """A steady tone of these overtones, the first being the pitch; it nowhere exceeds 1."""
    ring = _ring(pitch_hz, tuple(partials))
    return (ring * (frames // len(ring) + 1))[:frames]


@lru_cache(maxsize=256)
def _ring(pitch_hz: float, partials: tuple[float, ...]) -> Samples:
    """Some whole periods of a tone in a whole number of samples, which can go round for ever."""
    periods = max(round(pitch_hz / RING_HZ), 1)
    frames = round(periods * RATE_HZ / pitch_hz)
    ring, loudest = silence(frames), sum(map(abs, partials))
    for number, weight in enumerate(partials, 1):
        if number * pitch_hz < RATE_HZ / 2:
            turns, share = number * periods * TURN, weight / loudest
            lay(ring, 0, [SINE[n * turns // frames % TURN] * share for n in range(frames)])
    return ring


@lru_cache(maxsize=128)
def swell(frames: int, rise_s: float, fall_s: float, level: float = 1.0) -> Samples:
    """A shape that comes softly, stays at its level and goes softly."""
    rise = max(min(frames_in(rise_s), frames // 2), 1)
    fall = max(min(frames_in(fall_s), frames - rise), 1)
    up = [level * (0.5 - 0.5 * math.cos(math.pi * n / rise)) for n in range(rise)]
    down = [level * (0.5 + 0.5 * math.cos(math.pi * n / fall)) for n in range(1, fall + 1)]
    return array("d", [*up, *repeat(level, frames - rise - fall), *down])


@lru_cache(maxsize=128)
def pluck(frames: int, half_s: float, level: float = 1.0) -> Samples:
    """The shape of a struck string: there at once, and half as loud every `half_s`."""
    fading = accumulate(repeat(0.5 ** (1 / frames_in(half_s)), frames), mul)
    return shaped(fading, swell(frames, SOFT_START_S, SOFT_END_S, level))


def shaped(sound: Iterable[float], shape: Iterable[float]) -> Samples:
    """A sound as loud as its shape says."""
    return array("d", map(mul, sound, shape))


def lay(track: Samples, start: int, sound: Sequence[float]) -> None:
    """Add a sound to a track from a place on; what would hang over the end is left out."""
    end = min(start + len(sound), len(track))
    track[start:end] = array("d", map(add, track[start:end], sound))


def together(sounds: Iterable[Iterable[float]]) -> Iterable[float]:
    """Sounds of one length at once."""
    return reduce(partial(map, add), sounds)


def pcm(sound: Iterable[float], level: float) -> Pcm:
    """The samples as they go into a file, `level` being what 1 becomes."""
    gain = level * FULL
    return array("h", [int(gain * sample) for sample in sound])


def paired(left: Pcm, right: Pcm) -> Pcm:
    """Two channels in one, taking turns."""
    both = array("h", bytes(4 * len(left)))
    both[::2], both[1::2] = left, right
    return both


def summed(one: Pcm, other: Pcm) -> Pcm:
    """Two tracks at once, a second at a time, lest other threads wait."""
    both, step = array("h"), 2 * RATE_HZ
    for start in range(0, len(one), step):
        both.extend(map(add, one[start:start + step], other[start:start + step]))
    return both


def faded(track: Pcm, rise_s: float, fall_s: float) -> Pcm:
    """A track of two channels that comes out of silence and goes into it."""
    rise, fall = frames_in(rise_s), frames_in(fall_s)
    for channel in (0, 1):
        head, tail = slice(channel, 2 * rise, 2), slice(channel - 2 * fall, None, 2)
        track[head] = _ramped(track[head], range(rise))
        track[tail] = _ramped(track[tail], range(fall - 1, -1, -1))
    return track


def _ramped(piece: Pcm, ramp: Sequence[int]) -> Pcm:
    """A piece as loud as its ramp is high, whose top is as good as 1."""
    steps = len(ramp)
    return array("h", [int(sample * step / steps)
                       for sample, step in zip(piece, ramp, strict=True)])
