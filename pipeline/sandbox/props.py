"""What is set up around a product: plinths, sheets, arches, hoops and hills."""

import math

from PIL import Image, ImageDraw

from pipeline.sandbox.forms import Draw, Point, Solid, cut, turned, veined
from pipeline.sandbox.light import soften, tint
from pipeline.sandbox.palette import Color, mix
from pipeline.sandbox.stage import Box, Stage

VEINED = ("carrara", "graphite")
VEINS = 4
RIDGE_STEPS = 60


def around(x: float, y: float, reach: float) -> Box:
    """The square box about a point."""
    return x - reach, y - reach, x + reach, y + reach


def ring_of(edge: float, rim: float) -> Draw:
    """A ring that fills a square; a disc, if the rim is as wide as that."""
    def ring(pen: ImageDraw.ImageDraw, k: float) -> None:
        pen.ellipse((k, k, (edge - 1) * k, (edge - 1) * k), fill=255)
        if rim < edge / 2:
            pen.ellipse((rim * k, rim * k, (edge - rim) * k, (edge - rim) * k), fill=0)
    return ring


def arch_of(wide: float, tall: float) -> Draw:
    """A door with a round top."""
    def arch(pen: ImageDraw.ImageDraw, k: float) -> None:
        pen.ellipse((k, k, (wide - 1) * k, (wide - 1) * k), fill=255)
        pen.rectangle((k, wide / 2 * k, (wide - 1) * k, tall * k), fill=255)
    return arch


def plinth(stage: Stage, radius: float, height: float, color: Color) -> Solid:
    """A round plinth; of veined stone when the palette is."""
    solid = turned(stage.studio, color, [(0, 1), (1, 1)], height=height, radius=radius, soft=0)
    if stage.palette.name not in VEINED:
        return solid
    paths = [_vein(stage, *solid.mask.size) for _ in range(VEINS)]
    return veined(solid, mix(color, stage.palette.shade, 0.5), paths, 0.5)


def _vein(stage: Stage, width: int, height: int) -> list[Point]:
    x, y = stage.dice.uniform(-0.1, 0.9) * width, 0.0
    path = [(x, y)]
    while y < height:
        x += stage.dice.uniform(-0.02, 0.10) * width
        y += stage.dice.uniform(0.04, 0.12) * height + 1
        path.append((x, y))
    return path


def hoop(stage: Stage, edge: float, rim: float, color: Color) -> Solid:
    """A great ring that stands on its edge."""
    side = max(round(edge), 4)
    return cut(stage.studio, color, (side, side), ring_of(side, rim), depth=rim * 0.6)


def board(stage: Stage, size: tuple[float, float], color: Color) -> Solid:
    """A tall sheet of board, square or round at the top as the model likes it."""
    wide, tall = max(round(size[0]), 4), max(round(size[1]), 4)
    corner = wide * (0.04 if stage.liking in ("slab", "hoop") else 0.5)

    def sheet(pen: ImageDraw.ImageDraw, k: float) -> None:
        pen.rounded_rectangle((k, k, (wide - 1) * k, (tall + wide) * k), radius=corner * k,
                              fill=255)

    return cut(stage.studio, color, (wide, tall), sheet, depth=wide * 0.05)


def backing(stage: Stage, x: float, y: float, color: Color) -> None:
    """What stands flat behind a product at (x, y): a disc, a slab, a hoop or a pair of discs."""
    u, way = stage.unit, math.copysign(1, stage.studio.side)
    reach, middle = min(u * 0.40, (y - u * 0.56) * 0.94), y - u * 0.56
    low = mix(color, stage.palette.wall, 0.55)
    if stage.liking == "slab":
        _flat(stage, (x - u * 0.10, y - u, x + u * 0.42, y - u * 0.02), (color, low), u * 0.26)
    elif stage.liking == "pair":
        _flat(stage, around(x - way * u * 0.20, middle - u * 0.05, reach * 0.66),
              (mix(color, stage.palette.accent, 0.5), low), reach)
        _flat(stage, around(x + way * u * 0.16, middle, reach * 0.92), (color, low), reach)
    else:
        _flat(stage, around(x + way * u * 0.10, middle, reach), (color, low), reach)
    if stage.liking == "hoop":
        inner = mix(stage.palette.wall, stage.palette.sky, 0.3)
        _flat(stage, around(x + way * u * 0.10, middle, reach * 0.84), (inner, inner), reach)


def _flat(stage: Stage, box: Box, colors: tuple[Color, Color], corner: float) -> None:
    """A flat sheet on the wall, its colour thinning toward the floor, with a soft shadow."""
    wide, tall = box[2] - box[0], box[3] - box[1]
    drift = -stage.studio.side * wide * 0.04
    stage.shade((box[0] - wide * 0.10 + drift, box[1] - tall * 0.05,
                 box[2] + wide * 0.10 + drift, box[3] + tall * 0.12), 0.30, power=0.6)

    def sheet(pen: ImageDraw.ImageDraw, k: float) -> None:
        pen.rounded_rectangle((k, k, (wide - 1) * k, (tall - 1) * k),
                              radius=max(min(corner, wide / 2 - 1), 0) * k, fill=255)

    tone = Image.linear_gradient("L").resize((8, 64))
    stage.shape(box, sheet, tint(tone, ((0.0, colors[0]), (1.0, colors[1]))))


def recess(stage: Stage, box: Box) -> None:
    """An arched recess in the wall, framed if the model likes it; its edge shades its inside."""
    palette, wide, tall = stage.palette, box[2] - box[0], box[3] - box[1]
    if stage.liking in ("hoop", "pair"):
        rim = wide * 0.07
        stage.shape((box[0] - rim, box[1] - rim, box[2] + rim, box[3]),
                    arch_of(wide + 2 * rim, tall + rim), mix(palette.wall, palette.light, 0.45))
    size = (math.ceil(wide) + 1, math.ceil(tall) + 2)
    inner = tint(Image.linear_gradient("L").resize(size), (
        (0.0, mix(palette.second, palette.shade, 0.42)),
        (1.0, mix(palette.second, palette.wall, 0.30))))
    opening = Image.new("L", size)
    arch_of(wide, tall)(ImageDraw.Draw(opening), 1)
    light = Image.new("L", size)
    light.paste(opening, (round(-wide * 0.09 * stage.studio.side), round(wide * 0.07)))
    shadow = soften(light, wide * 0.05).point([round((255 - v) * 0.62) for v in range(256)])
    inner.paste(palette.shade, (0, 0), shadow)
    stage.shape(box, arch_of(wide, tall), inner)


def hill(stage: Stage, crest: float, rise: float, color: Color) -> None:
    """A hill from edge to edge, bright along its crest at `crest` (y in pixels)."""
    width, height = stage.size
    low, high = stage.dice.uniform(0, math.tau), stage.dice.uniform(0, math.tau)
    pace = stage.dice.uniform(4.2, 6.9)
    top = crest - rise * 1.5

    def slope(pen: ImageDraw.ImageDraw, k: float) -> None:
        steps = [n / RIDGE_STEPS for n in range(RIDGE_STEPS + 1)]
        ridge = [(at * width * k, rise * k * (1.5 - math.sin(low + at * pace)
                                              - 0.4 * math.sin(high + at * pace * 2.2)))
                 for at in steps]
        pen.polygon([*ridge, (width * k, height * k), (0, height * k)], fill=255)

    tone = tint(Image.linear_gradient("L").resize((8, 64)), (
        (0.0, mix(color, stage.palette.light, 0.22)), (0.35, color),
        (1.0, mix(color, stage.palette.floor, 0.12))))
    stage.shape((0, top, width, height), slope, tone)
