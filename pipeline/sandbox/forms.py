"""Solids: things turned on a lathe and things cut from a sheet, shaded by one light."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw

from pipeline.sandbox.light import SUPERSAMPLING, fade, lit_ball, material, soften, tint
from pipeline.sandbox.palette import Color, Palette, Stops

SAMPLES = 192
DOME_STEPS = 32

Point = tuple[float, float]
Draw = Callable[[ImageDraw.ImageDraw, float], None]


@dataclass(frozen=True, slots=True)
class Studio:
    """The light and the colours that every solid of one picture shares."""

    palette: Palette
    finish: str
    side: float
    tilt: float

    def skin(self, color: Color) -> Stops:
        """The ramp of a surface of this colour."""
        return material(color, self.palette)


@dataclass(frozen=True, slots=True)
class Solid:
    """A shaded picture with its outline; it stands on the ground at `foot`, in its own pixels."""

    skin: Image.Image
    mask: Image.Image
    foot: Point


def outline(size: tuple[int, int], draw: Draw) -> Image.Image:
    """A smooth-edged mask of what `draw` fills on a sheet it is told the scale of."""
    scale = SUPERSAMPLING
    sheet = Image.new("L", (size[0] * scale, size[1] * scale))
    draw(ImageDraw.Draw(sheet), scale)
    return sheet.reduce(scale)


def turned(
    studio: Studio, color: Color, profile: Sequence[Point], *, height: float, radius: float,
    tilt: float = 1.0, soft: float = 0.03,
) -> Solid:
    """A solid of revolution: `profile` runs from the top (0, r) to the foot (1, r), r up to 1.

    `soft` rounds the corners of the profile, as a part of its height; `tilt` is how much of the
    camera's look from above it shows.
    """
    radii = _rounded(profile, soft)
    tilt *= studio.tilt
    cap, base = radii[0] * radius * tilt, radii[-1] * radius * tilt
    width, tall = math.ceil(radius * 2) + 4, math.ceil(height + cap + base) + 4
    middle, top = width / 2, 2 + cap
    stops = studio.skin(color)
    flesh = _lathe_rows(studio, radii, (width, tall), top, height)
    skin = _colored(studio, flesh, stops)
    sides = [(r * radius, top + n / (SAMPLES - 1) * height) for n, r in enumerate(radii)]

    def body(pen: ImageDraw.ImageDraw, k: float) -> None:
        edge = [((middle - r) * k, y * k) for r, y in sides]
        edge += [((middle + r) * k, y * k) for r, y in reversed(sides)]
        pen.polygon(edge, fill=255)
        for reach, y, rise in ((sides[0][0], top, cap), (sides[-1][0], top + height, base)):
            pen.ellipse(((middle - reach) * k, (y - rise) * k,
                         (middle + reach) * k, (y + rise) * k), fill=255)

    mask = outline((width, tall), body)
    if cap > 1.5:
        _lay_cap(studio, skin, stops, (middle, top, sides[0][0], cap))
    return Solid(skin, mask, (middle, top + height))


def _rounded(profile: Sequence[Point], soft: float) -> list[float]:
    reach = max(int(soft * SAMPLES), 0)
    sharp = [_radius(profile, n / (SAMPLES - 1)) for n in range(SAMPLES)]
    padded = [sharp[0]] * reach + sharp + [sharp[-1]] * reach
    return [sum(padded[n:n + 2 * reach + 1]) / (2 * reach + 1) for n in range(SAMPLES)]


def _radius(profile: Sequence[Point], position: float) -> float:
    for (above, one), (below, other) in pairwise(profile):
        if position <= below:
            part = (position - above) / (below - above) if below > above else 1.0
            return one + (other - one) * part
    return profile[-1][1]


def _lathe_rows(
    studio: Studio, radii: list[float], size: tuple[int, int], top: float, height: float,
) -> Image.Image:
    """Row by row, the stretch of the lit ball that faces as the surface does there."""
    ball = lit_ball(studio.finish, studio.side)
    half, scale = ball.width / 2, (size[0] - 4) / 2
    rows = Image.new("RGB", (size[0], (size[1] + 1) // 2), (96, 0, 0))
    step, last = (SAMPLES - 1) / height, SAMPLES - 1
    leans = [(radii[min(n + 1, last)] - radii[max(n - 1, 0)]) / 2 for n in range(SAMPLES)]
    for row in range(rows.height):
        at = min(max((row * 2 + 1 - top) * step, 0.0), SAMPLES - 1.001)
        n, part = int(at), at % 1
        radius = (radii[n] + (radii[n + 1] - radii[n]) * part) * scale
        lean = (leans[n] + (leans[n + 1] - leans[n]) * part) * scale * step
        up = min(max(lean / math.sqrt(1 + lean * lean), -0.97), 0.97)
        reach = math.sqrt(1 - up * up) * (half - 0.5)
        line = half - up * half
        wide = max(round(radius * 2) + 2, 1)
        strip = ball.resize((wide, 1), Image.Resampling.BILINEAR,
                            box=(half - reach, min(max(line - 0.5, 0), ball.height - 1),
                                 half + reach, min(max(line + 0.5, 1), ball.height)))
        rows.paste(strip, ((size[0] - wide) // 2, row))
    return rows.resize(size, Image.Resampling.BILINEAR)


def _colored(studio: Studio, flesh: Image.Image, stops: Stops) -> Image.Image:
    tone, gleam, _ = flesh.split()
    skin = tint(tone, stops)
    skin.paste(studio.palette.light, (0, 0), gleam)
    return skin


def _lay_cap(
    studio: Studio, skin: Image.Image, stops: Stops, place: tuple[float, float, float, float],
) -> None:
    """The flat top of a turned solid: it faces the light, more so on the light's side."""
    x, y, reach, rise = place
    across = Image.linear_gradient("L").rotate(90 if studio.side < 0 else -90)
    tone = across.point([round(196 + value / 255 * 42) for value in range(256)])
    tone = tone.resize(skin.size, Image.Resampling.BILINEAR)

    def lid(pen: ImageDraw.ImageDraw, k: float) -> None:
        pen.rectangle((0, 0, skin.width * k, (y - rise * 0.2) * k), fill=255)
        pen.ellipse(((x - reach) * k, (y - rise) * k, (x + reach) * k, (y + rise) * k), fill=255)

    skin.paste(tint(tone, stops), (0, 0), outline(skin.size, lid))


def ball(studio: Studio, color: Color, radius: float, squash: float = 1.0) -> Solid:
    """A sphere, or a pebble: `squash` is its height as a part of its width."""
    wide, tall = math.ceil(radius * 2), math.ceil(radius * 2 * squash)
    flesh = lit_ball(studio.finish, studio.side).resize((wide, tall), Image.Resampling.BICUBIC)
    sheet = Image.new("RGB", (wide + 4, tall + 4))
    sheet.paste(flesh, (2, 2))

    def disc(pen: ImageDraw.ImageDraw, k: float) -> None:
        pen.ellipse((2.5 * k, 2.5 * k, (wide + 1.5) * k, (tall + 1.5) * k), fill=255)

    skin = _colored(studio, sheet, studio.skin(color))
    return Solid(skin, outline(sheet.size, disc), (wide / 2 + 2, tall + 1.5))


def cut(
    studio: Studio, color: Color, size: tuple[int, int], draw: Draw, *, depth: float,
) -> Solid:
    """Any outline, swollen like a cushion by `depth` pixels and lit from the studio's side."""
    mask = outline(size, draw)
    return Solid(relief(studio, color, mask, depth), mask, (size[0] / 2, size[1]))


def relief(studio: Studio, color: Color, mask: Image.Image, depth: float) -> Image.Image:
    """The skin of a mask whose edges fall away over `depth` pixels."""
    margin = math.ceil(depth * 2)
    sheet = Image.new("L", (mask.width + 2 * margin, mask.height + 2 * margin))
    sheet.paste(mask, (margin, margin))
    tone = Image.new("L", sheet.size, 150)
    for reach, share in ((0.30, 0.5), (0.85, 0.5)):
        height = soften(sheet, depth * reach, coarse=2)
        dx, dy = round(studio.side * depth * reach * 0.8), round(-depth * reach * 0.7)
        lit = ImageChops.offset(height, -dx, -dy)
        dark = ImageChops.offset(height, dx, dy)
        slope = ImageChops.subtract(dark, lit, scale=2.2, offset=150)
        tone = Image.blend(tone, slope, share)
    tone = tone.crop((margin, margin, margin + mask.width, margin + mask.height))
    fall = Image.linear_gradient("L").resize(mask.size).point([22 - v * 44 // 255 + 128
                                                               for v in range(256)])
    return tint(ImageChops.add(tone, fall, 1, -128), studio.skin(color))


def dome(start: float = 0.0, end: float = 1.0) -> list[Point]:
    """The profile of half a ball, its top at `start` and its widest at `end`."""
    turns = [n / DOME_STEPS * math.pi / 2 for n in range(DOME_STEPS + 1)]
    return [(start + (end - start) * (1 - math.cos(turn)), math.sin(turn)) for turn in turns]


def smoothed(points: Sequence[Point], rounds: int = 3) -> list[Point]:
    """A closed outline with its corners cut round after round (Chaikin)."""
    outer = list(points)
    for _ in range(rounds):
        outer = [(a + (c - a) * part, b + (d - b) * part)
                 for (a, b), (c, d) in zip(outer, outer[1:] + outer[:1], strict=True)
                 for part in (0.25, 0.75)]
    return outer


def joined(parts: Sequence[tuple[Solid, float, float]], foot: Point) -> Solid:
    """Several solids as one, each given with the place of its upper left corner, back to front.

    Where nothing was yet, a part's colour fills its whole box, or smooth edges would turn dark.
    """
    width = math.ceil(max(x + part.mask.width for part, x, _ in parts))
    height = math.ceil(max(y + part.mask.height for part, _, y in parts))
    skin, mask = Image.new("RGB", (width, height)), Image.new("L", (width, height))
    for part, x, y in parts:
        at = (round(x), round(y))
        below = mask.crop((*at, at[0] + part.mask.width, at[1] + part.mask.height))
        skin.paste(part.skin, at, ImageChops.lighter(part.mask, ImageChops.invert(below)))
        mask.paste(255, at, part.mask)
    return Solid(skin, mask, foot)


def veined(solid: Solid, color: Color, paths: Sequence[Sequence[Point]], strength: float) -> Solid:
    """The solid with veins drawn through it, as marble has."""
    veins = Image.new("L", solid.mask.size)
    pen = ImageDraw.Draw(veins)
    for n, path in enumerate(paths):
        pen.line(list(path), fill=255 if n % 2 else 150, width=max(1, solid.mask.width // 90))
    soft = ImageChops.lighter(soften(veins, solid.mask.width / 60, 2), fade(veins, 0.35))
    skin = solid.skin.copy()
    skin.paste(color, (0, 0), fade(soft, strength))
    return Solid(skin, solid.mask, solid.foot)
