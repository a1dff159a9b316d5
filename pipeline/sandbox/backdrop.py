"""The empty room: wall and floor in one sweep, the light on them, and what it throws there."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from pipeline.sandbox.forms import Point
from pipeline.sandbox.hands import Hand
from pipeline.sandbox.light import fade, glow, soften, tint
from pipeline.sandbox.palette import Palette, mix

COARSE = 6

Shapes = list[Sequence[Point]]


@dataclass(frozen=True, slots=True)
class Room:
    """What decides a backdrop; `horizon` is where wall meets floor, as a part of the height."""

    palette: Palette
    hand: Hand
    dice: random.Random
    horizon: float
    bare: bool = False


def draw_backdrop(room: Room, size: tuple[int, int]) -> Image.Image:
    """The backdrop at full size, worked out coarsely: it has no edge that anybody could miss."""
    small = (max(size[0] // COARSE, 8), max(size[1] // COARSE, 8))
    palette, hand, horizon = room.palette, room.hand, room.horizon
    toward = palette.light if hand.key > 0 else palette.shade
    sky, wall, floor = (mix(color, toward, abs(hand.key) * share) for color, share in
                        ((palette.sky, 0.30), (palette.wall, 0.50), (palette.floor, 0.30)))
    stops = ((0.0, sky), (horizon - 0.16, wall), (horizon + 0.06, mix(wall, floor, 0.7)),
             (1.0, mix(floor, palette.shade, 0.12)))
    sheet = tint(Image.linear_gradient("L").resize(small, Image.Resampling.BILINEAR), stops)
    _light_wall(sheet, room)
    if not room.bare:
        _gesture(sheet, room)
    _vignette(sheet, room)
    return sheet.resize(size, Image.Resampling.BICUBIC)


def draw_floor(room: Room, size: tuple[int, int]) -> Image.Image:
    """A table top with a clean far edge, lighter where the light falls."""
    palette = room.palette
    small = (max(size[0] // COARSE, 4), max(size[1] // COARSE, 4))
    floor = tint(Image.linear_gradient("L").resize(small), (
        (0.0, mix(palette.floor, palette.light, 0.22)),
        (1.0, mix(palette.floor, palette.shade, 0.20))))
    reach = (round(small[0] * 0.9), round(small[1] * 2.2))
    floor.paste(palette.light, (round(small[0] * (0.5 + room.hand.side * 0.25) - reach[0] / 2),
                                -round(small[1] * 0.9)), glow(reach, 0.32))
    return floor.resize(size, Image.Resampling.BICUBIC)


def _light_wall(sheet: Image.Image, room: Room) -> None:
    width, height = sheet.size
    near = room.hand.gesture in ("pool", "halo", "bokeh")
    lamp = 0.5 + room.hand.side * (0.10 if near else 0.28)
    reach = (round(max(width, height) * (0.95 if near else 1.2)), round(height * 1.15))
    sheet.paste(room.palette.light, (round(width * lamp - reach[0] / 2),
                                     round(height * 0.40 - reach[1] / 2)),
                glow(reach, 0.55 if near else 0.40))


def _vignette(sheet: Image.Image, room: Room) -> None:
    width, height = sheet.size
    edge = Image.radial_gradient("L").resize((round(width * 1.2), round(height * 1.25)))
    left, top = (edge.width - width) // 2, (edge.height - height) // 2
    depth = 0.36 - room.hand.key * 0.22
    edge = edge.crop((left, top, left + width, top + height)).point(
        [round((v / 255) ** 2.4 * 255 * depth) for v in range(256)])
    sheet.paste(room.palette.shade, (0, 0), edge)


def _gesture(sheet: Image.Image, room: Room) -> None:
    if room.hand.gesture == "bokeh":
        _lights(sheet, room)
    if room.hand.gesture not in GOBOS:
        return
    draw, color, strength, blur = GOBOS[room.hand.gesture]
    wide, tall = sheet.width * 2, sheet.height * 2
    gobo = Image.new("L", (wide, tall))
    pen = ImageDraw.Draw(gobo)
    for shape in draw((wide, tall), room.hand.side, room.dice):
        pen.polygon(list(shape), fill=255)
    soft = soften(gobo.reduce(2), max(sheet.size) * blur, 1)
    sheet.paste(getattr(room.palette, color), (0, 0), fade(soft.resize(sheet.size), strength))


def _lights(sheet: Image.Image, room: Room) -> None:
    """Far lights out of focus."""
    width, height = sheet.size
    palette, dice = room.palette, room.dice
    for _ in range(13):
        reach = min(width, height) * dice.uniform(0.035, 0.10)
        x, y = dice.uniform(0, width), height * dice.uniform(0.06, 0.56)
        color = dice.choice((palette.accent, palette.light, palette.second))
        size = (round(reach * 2), round(reach * 2))
        sheet.paste(color, (round(x - reach), round(y - reach)),
                    glow(size, dice.uniform(0.12, 0.42), 0.35))


def _window(size: tuple[int, int], side: float, dice: random.Random) -> Shapes:
    """Two by three panes thrown aslant on the wall."""
    width, height = size
    pane = min(width * 0.8, height) * dice.uniform(0.19, 0.23)
    lean, slope = -side * pane * 0.30, -side * pane * 0.20
    x0, y0 = width * (0.5 - side * dice.uniform(0.10, 0.2)), height * dice.uniform(0.05, 0.12)
    panes: Shapes = []
    for column in (-1, 0):
        for row in range(3):
            x, y = x0 + column * pane * 1.12 + lean * row, y0 + (row + .2) * pane * 1.07
            y += slope * column
            panes.append(((x, y), (x + pane, y + slope), (x + pane + lean, y + pane + slope),
                          (x + lean, y + pane)))
    return panes


def _slats(size: tuple[int, int], side: float, dice: random.Random) -> Shapes:
    """The stripes of a blind, narrowing away from the light."""
    width, height = size
    lean, y = -side * height * 0.24, -height * dice.uniform(0.1, 0.2)
    stripes: Shapes = []
    for n in range(10):
        thick, y = height * (0.052 - n * 0.002), y + height * 0.092
        stripes.append(((0, y - lean / 2), (width, y + lean / 2),
                        (width, y + lean / 2 + thick), (0, y - lean / 2 + thick)))
    return stripes


def _drape(size: tuple[int, int], side: float, dice: random.Random) -> Shapes:
    """The folds of a curtain: upright bands that come and go."""
    width, height = size
    bands, x = [], width * dice.uniform(-0.05, 0.0)
    while x < width:
        wide = min(width, height) * dice.uniform(0.03, 0.075)
        lean = side * wide * 0.6
        bands.append(((x, 0.0), (x + wide, 0.0), (x + wide + lean, height), (x + lean, height)))
        x += wide + min(width, height) * dice.uniform(0.05, 0.09)
    return list(bands)


def _leaves(size: tuple[int, int], side: float, dice: random.Random) -> Shapes:
    """The shadow of a palm frond that hangs in from the light's side."""
    width, height = size
    root = (width * (0.5 + math.copysign(0.56, side)), height * -0.04)
    leaves: Shapes = []
    for n in range(9):
        turn = math.radians(6 + n * 11 + dice.uniform(-3, 3))
        long = (width + height) * 0.5 * dice.uniform(0.58, 0.78)
        dx, dy, fat = -math.copysign(math.cos(turn), side), math.sin(turn), long * 0.042
        steps = [s / 12 for s in range(13)]
        leaves.append([
            (root[0] + dx * long * t - dy * fat * way * math.sin(math.pi * t ** 0.7),
             root[1] + dy * long * t + long * 0.16 * t * t
             + dx * fat * way * math.sin(math.pi * t ** 0.7))
            for way in (1, -1) for t in steps[::way]])
    return leaves


GOBOS: dict[str, tuple[Callable[[tuple[int, int], float, random.Random], Shapes],
                       str, float, float]] = {
    "window": (_window, "light", 0.50, 0.008),
    "slats": (_slats, "light", 0.38, 0.010),
    "drape": (_drape, "light", 0.30, 0.016),
    "leaves": (_leaves, "shade", 0.20, 0.009),
}
