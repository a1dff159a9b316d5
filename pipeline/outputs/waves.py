"""A sound as a small picture: its loudness in bars, coloured by how bright it is.

The ground is transparent and the colours hold on light and on dark, so that one picture does for
both. A sound that cannot be read here gets a quiet wave of its own, so that no frame stays empty.
"""

import math
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from PIL import Image, ImageDraw

from pipeline.outputs.loudness import Bar, bars_of

WIDTH_PX, HEIGHT_PX = 640, 256
BARS = 80
STEP_PX = WIDTH_PX / BARS
BAR_PX = 5
SHARPER = 4
"""Drawn so many times larger, then made small: round ends without steps."""

LEAST_PX = 5
QUIETEST_PEAK = 0.12
"""A sound below this is drawn as quiet as it is; louder ones fill the frame."""

LOW_HZ, HIGH_HZ = 90.0, 3200.0
COLOURS = ((0x52, 0x62, 0xD9), (0x9B, 0x5F, 0xC9), (0xE0, 0x6C, 0x8F), (0xF0, 0x94, 0x5C))
"""From low to bright: indigo, violet, rose, amber."""

QUIET = (0x8E, 0x90, 0x98)
PEAK_ALPHA = 96


def draw_wave(sound: Path, thumb: Path) -> bool:
    """Draw one sound; False if the picture cannot be written."""
    try:
        bars = bars_of(sound, BARS)
    except TimeoutError:
        bars = []
    image = _picture(bars) if bars else _picture(_quiet(sound.name), QUIET)
    part = thumb.with_suffix(".part")
    try:
        image.save(part, "WEBP", quality=90, method=4)
        part.replace(thumb)
    except (OSError, ValueError):
        return False
    return True


def _picture(bars: Sequence[Bar], colour: tuple[int, int, int] | None = None) -> Image.Image:
    image = Image.new("RGBA", (WIDTH_PX * SHARPER, HEIGHT_PX * SHARPER), (*QUIET, 0))
    draw = ImageDraw.Draw(image)
    loudest = max(QUIETEST_PEAK, *(bar.peak for bar in bars))
    for index, bar in enumerate(bars):
        ink = colour or colour_of(bar.hertz)
        _stroke(draw, index, bar.peak / loudest, (*ink, PEAK_ALPHA))
        _stroke(draw, index, min(bar.peak, bar.rms * math.sqrt(2)) / loudest, (*ink, 255))
    return image.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS)


def _stroke(draw: ImageDraw.ImageDraw, index: int, share: float,
            ink: tuple[int, int, int, int]) -> None:
    """One bar, mirrored on the middle line, with round ends."""
    tall = max(LEAST_PX, share ** 0.8 * HEIGHT_PX) * SHARPER
    left = (index * STEP_PX + (STEP_PX - BAR_PX) / 2) * SHARPER
    middle = HEIGHT_PX * SHARPER / 2
    draw.rounded_rectangle((left, middle - tall / 2, left + BAR_PX * SHARPER, middle + tall / 2),
                           radius=BAR_PX * SHARPER / 2, fill=ink)


def colour_of(hertz: float) -> tuple[int, int, int]:
    """The colour of a brightness, mixed from its two neighbours.

    >>> colour_of(0.0) == COLOURS[0], colour_of(20_000.0) == COLOURS[-1]
    (True, True)
    """
    octaves = math.log(max(hertz, LOW_HZ) / LOW_HZ) / math.log(HIGH_HZ / LOW_HZ)
    place = min(1.0, octaves) * (len(COLOURS) - 1)
    low = min(int(place), len(COLOURS) - 2)
    red, green, blue = (round(a + (b - a) * (place - low))
                        for a, b in zip(COLOURS[low], COLOURS[low + 1], strict=True))
    return red, green, blue


def _quiet(name: str) -> list[Bar]:
    """A still wave for a sound that nobody here can read; each name has its own."""
    turns = sha256(name.encode()).digest()
    levels = [0.012 + 0.016 * abs(math.sin(index / 5 + turns[0]) * math.sin(index / 11 + turns[1]))
              for index in range(BARS)]
    return [Bar(level / 2, level, 0.0) for level in levels]
