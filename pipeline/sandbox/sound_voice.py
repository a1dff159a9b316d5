"""A voice without words: vowels by their formants, and the bend of a note that is sung.

Where the formants of a vowel lie: Peterson and Barney 1952, the means of the men they measured.
"""

import math
from array import array
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate

from pipeline.sandbox.sound_wave import (
    RATE_HZ,
    SINE,
    TURN,
    Samples,
    frames_in,
    lay,
    shaped,
    silence,
    swell,
)

FORMANTS_HZ = {"a": (730, 1090, 2440), "e": (530, 1840, 2480), "i": (270, 2290, 3010),
               "o": (570, 840, 2410), "u": (300, 870, 2240), "m": (250, 1100, 2200)}
"""By vowel; "m" is a hum, with the lips closed."""
FORMANT_LEVELS = {"m": (1.0, 0.06, 0.03)}
USUAL_LEVELS = (1.0, 0.55, 0.28)
WIDTH_HZ = 110.0
HIGHEST_HZ = 4500.0

PERIOD = 512
"""Samples in the table that holds one period of a vowel."""

VIBRATO_HZ = 5.4
VIBRATO_DEPTH = 0.007
VIBRATO_FROM_S, VIBRATO_GROWS_S = 0.25, 0.5
SCOOP_DEPTH = 0.03
SCOOP_S = 0.035
LONGEST_NOTE_S = 4.0


@lru_cache(maxsize=64)
def vowel(name: str, pitch_hz: float, mouth: float = 1.0) -> tuple[float, ...]:
    """One period of a vowel that is sung at about this pitch; its loudest sample is 1.

    `mouth` is how many times as high its formants lie as a man's.
    """
    wave = silence(PERIOD)
    for number in range(1, min(int(HIGHEST_HZ / pitch_hz), PERIOD // 4) + 1):
        weight = _weight(name, number * pitch_hz / mouth)
        turn = number * TURN // PERIOD
        lay(wave, 0, [SINE[(n * turn + 640 * number * number) % TURN] * weight
                      for n in range(PERIOD)])
    loudest = max(map(abs, wave))
    return tuple(sample / loudest for sample in wave)


def _weight(name: str, hertz: float) -> float:
    """How loud an overtone is: loud near a formant, and softer the higher it lies."""
    levels = FORMANT_LEVELS.get(name, USUAL_LEVELS)
    peaks = zip(FORMANTS_HZ[name], levels, strict=True)
    return sum(level / (1 + ((hertz - at) / WIDTH_HZ) ** 2) for at, level in peaks) + 60 / hertz


def voiced(wave: tuple[float, ...], pitches_hz: Iterable[float], shape: Samples) -> Samples:
    """A vowel at a pitch of its own for every sample, as loud as its shape says."""
    turns = accumulate(map((PERIOD / RATE_HZ).__mul__, pitches_hz))
    return shaped([wave[int(turn) % PERIOD] for turn in turns], shape)


def sing(name: str, pitch_hz: float, frames: int, mouth: float) -> Samples:
    """One note on a vowel: from a little below, then in tune, then with a vibrato."""
    return voiced(vowel(name, pitch_hz, mouth), map(pitch_hz.__mul__, _bend()[:frames]),
                  swell(frames, 0.05, 0.09))


@lru_cache(maxsize=1)
def _bend() -> Samples:
    """How a sung note moves about its pitch, 1 being in tune, for as long as a note can be."""
    turn = TURN * VIBRATO_HZ / RATE_HZ
    return array("d", [
        1 + VIBRATO_DEPTH * _depth(n / RATE_HZ) * SINE[int(n * turn) % TURN]
        - SCOOP_DEPTH * math.exp(-n / RATE_HZ / SCOOP_S) for n in range(frames_in(LONGEST_NOTE_S))])


def _depth(at_s: float) -> float:
    return min(max((at_s - VIBRATO_FROM_S) / VIBRATO_GROWS_S, 0.0), 1.0)
