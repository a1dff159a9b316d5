"""Light on things: tones, ramps, soft masks, and the sphere from which every solid is shaded."""

import math
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageFilter

from pipeline.sandbox.palette import Color, Palette, Stops, mix, ramp

BALL_PX = 64
SUPERSAMPLING = 3

# Pillow's radial gradient is white in its corners; this is its grey in the middle of an edge.
RIM = 179


@dataclass(frozen=True, slots=True)
class Finish:
    """How a surface takes light: its diffuse wrap, its gleam, and the glow of its edge."""

    wrap: float
    gleam: float
    sharpness: float
    window: float
    edge: float
    depth: float


FINISHES = {
    "matte": Finish(wrap=0.55, gleam=0.10, sharpness=6, window=0.0, edge=0.10, depth=0.80),
    "satin": Finish(wrap=0.35, gleam=0.42, sharpness=18, window=0.0, edge=0.22, depth=0.95),
    "gloss": Finish(wrap=0.25, gleam=0.30, sharpness=60, window=0.75, edge=0.35, depth=1.0),
    "pearl": Finish(wrap=0.45, gleam=0.30, sharpness=10, window=0.0, edge=0.60, depth=0.85),
    "noir": Finish(wrap=0.05, gleam=0.45, sharpness=14, window=0.0, edge=0.75, depth=1.15),
    "chalk": Finish(wrap=0.75, gleam=0.0, sharpness=4, window=0.0, edge=0.0, depth=0.70),
}


def smooth(low: float, high: float, value: float) -> float:
    """0 below `low`, 1 above `high`, and an easy curve between."""
    part = min(max((value - low) / (high - low), 0.0), 1.0)
    return part * part * (3 - 2 * part)


@lru_cache(maxsize=64)
def lit_ball(finish: str, side: float) -> Image.Image:
    """A ball under a key light from `side` (-1 left, 1 right), as seen from the front.

    Its red channel is the tone of the surface, its green the gleam on it; a solid borrows from the
    ball the light of the point that faces the same way.
    """
    kind = FINISHES[finish]
    pixels = bytearray()
    for row in range(BALL_PX):
        for column in range(BALL_PX):
            x = (column + 0.5) / BALL_PX * 2 - 1
            y = 1 - (row + 0.5) / BALL_PX * 2
            reach = math.hypot(x, y)
            if reach > 0.995:
                x, y = x / reach * 0.995, y / reach * 0.995
            z = math.sqrt(max(1 - x * x - y * y, 0.0))
            tone, gleam = _light(kind, side, (x, y, z))
            pixels += bytes((_byte(tone), _byte(gleam), 0))
    return Image.frombytes("RGB", (BALL_PX, BALL_PX), bytes(pixels))


def _light(kind: Finish, side: float, normal: tuple[float, float, float]) -> tuple[float, float]:
    x, y, z = normal
    length = math.sqrt(side * side * 0.64 + 0.36 + 0.42)
    lx, ly, lz = side * 0.8 / length, 0.6 / length, 0.648 / length
    facing = x * lx + y * ly + z * lz
    key = max((facing + kind.wrap) / (1 + kind.wrap), 0.0) ** 1.25
    sky = 0.5 + 0.5 * y
    bounce = max(-y, 0.0) ** 1.5
    rim = (1 - z) ** 2.5 * smooth(0.1, 0.9, -x * math.copysign(1, side) * 0.8 + y * 0.3 + 0.3)
    tone = 0.06 + kind.depth * 0.74 * key + 0.16 * sky + 0.12 * bounce + kind.edge * 0.35 * rim
    tone = 0.5 + (tone - 0.5) * kind.depth
    hx, hy, hz = lx, ly, lz + 1
    half = (x * hx + y * hy + z * hz) / math.sqrt(hx * hx + hy * hy + hz * hz)
    gleam = kind.gleam * max(half, 0.0) ** kind.sharpness
    if kind.window:
        rx, ry = 2 * z * x, 2 * z * y
        across = 1 - smooth(0.20, 0.30, abs(rx - side * 0.72))
        up = 1 - smooth(0.42, 0.55, abs(ry - 0.28))
        gleam += kind.window * across * up * (0.55 + 0.45 * ry)
    return tone, gleam + kind.edge * 0.25 * rim


def _byte(part: float) -> int:
    return min(max(round(part * 255), 0), 255)


def material(color: Color, palette: Palette) -> Stops:
    """The colours of a surface from its deepest shade to its brightest light."""
    return (
        (0.0, mix(color, palette.shade, 0.78)),
        (0.28, mix(color, palette.shade, 0.42)),
        (0.62, color),
        (1.0, mix(color, palette.light, 0.52)),
    )


def tint(tone: Image.Image, stops: Stops) -> Image.Image:
    """A grey picture in the colours of a ramp."""
    return Image.merge("RGB", [tone.point(list(table)) for table in ramp(stops)])


@lru_cache(maxsize=8)
def _falloff(power: float) -> Image.Image:
    curve = [_byte(smooth(0.0, 1.0, 1 - value / RIM) ** power) for value in range(256)]
    return Image.radial_gradient("L").point(curve)


def glow(size: tuple[int, int], strength: float, power: float = 1.0) -> Image.Image:
    """A soft ellipse that fills `size`: `strength` (0 to 1) in its middle, nothing at its edge."""
    spot = _falloff(power).resize((max(size[0], 1), max(size[1], 1)), Image.Resampling.BILINEAR)
    return fade(spot, strength)


def fade(mask: Image.Image, strength: float) -> Image.Image:
    """The mask at a part of its strength."""
    return mask.point([_byte(value / 255 * strength) for value in range(256)])


def soften(mask: Image.Image, radius_px: float, coarse: int = 4) -> Image.Image:
    """The mask blurred, worked out at a coarser scale because nobody can see the difference."""
    size = mask.size
    small = mask.resize((max(size[0] // coarse, 1), max(size[1] // coarse, 1)),
                        Image.Resampling.BOX)
    small = small.filter(ImageFilter.GaussianBlur(radius_px / coarse))
    return small.resize(size, Image.Resampling.BICUBIC)
