"""Three drums and the noise that two of them are made of."""

import math
from array import array
from functools import lru_cache
from itertools import accumulate, pairwise

from pipeline.sandbox.chance import stream
from pipeline.sandbox.sound_wave import (
    RATE_HZ,
    SINE,
    TURN,
    Samples,
    frames_in,
    lay,
    pluck,
    shaped,
    tone,
)

KICK_S, SNARE_S, HAT_S = 0.30, 0.22, 0.09
KICK_HZ, KICK_FALL_HZ, KICK_FALL_S = 47.0, 120.0, 0.03


@lru_cache(maxsize=4)
def noise(frames: int) -> Samples:
    """Even noise that is the same whenever it is asked for."""
    dice = stream("sound", "noise")
    return array("d", [dice.uniform(-1, 1) for _ in range(frames)])


@lru_cache(maxsize=4)
def hiss(frames: int) -> Samples:
    """Noise without its depths."""
    return array("d", [(one - other) / 2 for one, other in pairwise(noise(frames + 1))])


@lru_cache(maxsize=1)
def kick(level: float) -> Samples:
    """A skin that is struck and slackens."""
    frames = frames_in(KICK_S)
    pitches = (KICK_HZ + KICK_FALL_HZ * math.exp(-n / RATE_HZ / KICK_FALL_S) for n in range(frames))
    turns = accumulate(map((TURN / RATE_HZ).__mul__, pitches))
    return shaped([SINE[int(turn) % TURN] for turn in turns], pluck(frames, 0.09, level))


@lru_cache(maxsize=1)
def snare(level: float) -> Samples:
    """A skin with wires behind it."""
    frames = frames_in(SNARE_S)
    struck = shaped(noise(frames), pluck(frames, 0.04, level * 0.66))
    lay(struck, 0, shaped(tone(185.0, (1.0,), frames), pluck(frames, 0.03, level * 0.33)))
    return struck


@lru_cache(maxsize=1)
def hat(level: float) -> Samples:
    """Two small cymbals, closed."""
    frames = frames_in(HAT_S)
    return shaped(hiss(frames), pluck(frames, 0.014, level))
