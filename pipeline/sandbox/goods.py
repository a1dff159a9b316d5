"""The abstract products that a prompt may be about, each built to a height from solids."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from PIL import ImageDraw

from pipeline.sandbox.brief import Brief
from pipeline.sandbox.forms import (
    Draw,
    Point,
    Solid,
    Studio,
    ball,
    cut,
    dome,
    joined,
    smoothed,
    turned,
)
from pipeline.sandbox.palette import by_word, words_of

Maker = Callable[[Studio, float], Solid]


def bottle(studio: Studio, height: float) -> Solid:
    """A bottle with a round shoulder and a cap."""
    paint = studio.palette
    body = turned(studio, paint.form,
                  [(0, 0.30), (0.10, 0.30), (0.22, 0.92), (0.30, 1), (1, 1)],
                  height=height * 0.76, radius=height * 0.21, soft=0.06)
    cap = turned(studio, paint.accent, [(0, 0.94), (0.08, 1), (1, 1)],
                 height=height * 0.22, radius=height * 0.085)
    lift = cap.foot[1] - 4
    return joined([(body, 0, lift), (cap, body.foot[0] - cap.foot[0], 0)],
                  (body.foot[0], body.foot[1] + lift))


def jar(studio: Studio, height: float) -> Solid:
    """A low jar under a wide lid."""
    paint = studio.palette
    body = turned(studio, paint.form, [(0, 0.97), (0.06, 1), (0.94, 1), (1, 0.97)],
                  height=height * 0.42, radius=height * 0.36, soft=0.05)
    lid = turned(studio, paint.accent, [(0, 0.95), (0.1, 1), (1, 1)],
                 height=height * 0.20, radius=height * 0.35, soft=0.02)
    lift = lid.foot[1] - body.foot[1] + height * 0.42
    return joined([(body, 0, lift), (lid, body.foot[0] - lid.foot[0], 0)],
                  (body.foot[0], body.foot[1] + lift))


def vase(studio: Studio, height: float) -> Solid:
    """A vase with a narrow neck."""
    profile = [(t / 20, 0.30 + 0.70 * math.sin(math.pi * (t / 20) ** 1.35) ** 1.2)
               for t in range(3, 20)]
    return turned(studio, studio.palette.form,
                  [(0, 0.42), (0.04, 0.36), (0.13, 0.30), *profile, (1, 0.46)],
                  height=height * 0.92, radius=height * 0.30, soft=0.04)


def cup(studio: Studio, height: float) -> Solid:
    """A cup with a handle."""
    paint = studio.palette
    wall = [(t / 20, 0.52 + 0.48 * (1 - (t / 20) ** 3.2) ** 0.6) for t in range(21)]
    body = turned(studio, paint.form, wall, height=height * 0.50, radius=height * 0.33, soft=0.02,
                  tilt=1.15)
    edge = round(height * 0.40)

    def ring(pen: ImageDraw.ImageDraw, k: float) -> None:
        pen.ellipse((2 * k, 2 * k, (edge - 2) * k, (edge - 2) * k), fill=255)
        rim = edge * 0.22
        pen.ellipse((rim * k, rim * k, (edge - rim) * k, (edge - rim) * k), fill=0)

    handle = cut(studio, paint.form, (edge, edge), ring, depth=edge * 0.12)
    drink = turned(studio, paint.accent, [(0, 1), (1, 1)], height=1, radius=height * 0.285,
                   tilt=1.05)
    shift = edge * 0.46
    at = shift if studio.side < 0 else 0
    grip = 0 if studio.side < 0 else body.mask.width - edge * 0.54
    top = height * 0.085
    return joined([(handle, grip, top + height * 0.06), (body, at, 0),
                   (drink, at + body.foot[0] - drink.foot[0], height * 0.018)],
                  (at + body.foot[0], body.foot[1]))


def lamp(studio: Studio, height: float) -> Solid:
    """A mushroom lamp."""
    paint = studio.palette
    shade = turned(studio, paint.form, dome(), height=height * 0.30, radius=height * 0.34, soft=0.0,
                   tilt=0.6)
    stem = turned(studio, paint.accent, [(0, 0.30), (0.6, 0.32), (0.9, 0.6), (1, 1)],
                  height=height * 0.62, radius=height * 0.20, soft=0.08)
    drop = shade.foot[1] - height * 0.03
    return joined([(stem, shade.foot[0] - stem.foot[0], drop), (shade, 0, 0)],
                  (shade.foot[0], stem.foot[1] + drop))


def headphones(studio: Studio, height: float) -> Solid:
    """A headband over two ear cups."""
    paint, wide, tall = studio.palette, round(height * 0.86), round(height * 0.92)
    band = height * 0.075

    def arc(pen: ImageDraw.ImageDraw, k: float) -> None:
        box = (height * 0.07 * k, 3 * k, (wide - height * 0.07) * k, tall * 1.05 * k)
        pen.arc(box, 172, 368, fill=255, width=round(band * k))

    def cup_of(left: float, across: float) -> Draw:
        def shell(pen: ImageDraw.ImageDraw, k: float) -> None:
            pen.rounded_rectangle((left * k, tall * 0.46 * k, (left + across) * k, (tall - 1) * k),
                                  radius=across * 0.48 * k, fill=255)
        return shell

    shell, pad = height * 0.17, height * 0.12
    parts = [cut(studio, paint.form, (wide, tall), arc, depth=band * 0.55)]
    for left in (shell * 0.72, wide - shell * 0.72 - pad):
        parts.append(cut(studio, paint.second, (wide, tall), cup_of(left, pad), depth=pad * 0.5))
    for left in (2.0, wide - shell - 2):
        parts.append(cut(studio, paint.form, (wide, tall), cup_of(left, shell), depth=shell * 0.5))
    return joined([(part, 0, 0) for part in parts], (wide / 2, tall))


def speaker(studio: Studio, height: float) -> Solid:
    """A rounded cabinet with two cones."""
    paint, wide, tall = studio.palette, round(height * 0.58), round(height * 0.94)

    def cabinet(pen: ImageDraw.ImageDraw, k: float) -> None:
        pen.rounded_rectangle((2 * k, 2 * k, (wide - 2) * k, (tall - 1) * k),
                              radius=wide * 0.20 * k, fill=255)

    parts = [(cut(studio, paint.form, (wide, tall), cabinet, depth=wide * 0.10), 0.0, 0.0)]
    for middle, reach in ((0.25, 0.16), (0.66, 0.33)):
        well = ball(replace(studio, side=-studio.side), paint.accent, wide * reach)
        dome = ball(studio, paint.second, wide * reach * 0.42)
        for part in (well, dome):
            parts.append((part, (wide - part.mask.width) / 2,
                          tall * middle - part.mask.height / 2))
    return joined(parts, (wide / 2, tall))


# A running shoe, toe to the right: parts of its length and of its height, corners to be cut.
UPPER = ((0.02, 0.84), (0.03, 0.40), (0.01, 0.06), (0.14, 0.10), (0.22, 0.34), (0.34, 0.26),
         (0.42, 0.0), (0.53, 0.08), (0.64, 0.40), (0.84, 0.55), (0.97, 0.64), (0.98, 0.84),
         (0.98, 0.90), (0.02, 0.90))
SOLE = ((0.0, 0.76), (0.3, 0.84), (0.7, 0.80), (1.0, 0.70), (1.0, 0.82), (0.94, 1.0), (0.70, 1.0),
        (0.08, 1.0), (0.0, 0.96))
STRIPE = ((0.36, 0.76), (0.47, 0.38), (0.52, 0.36), (0.43, 0.78))
NEXT_STRIPE = tuple((x + 0.085, y) for x, y in STRIPE)
HEEL = ((0.02, 0.80), (0.03, 0.42), (0.02, 0.16), (0.09, 0.18), (0.13, 0.50), (0.16, 0.80))


def shoe(studio: Studio, height: float) -> Solid:
    """A running shoe from its side."""
    paint, wide, tall = studio.palette, round(height * 1.08), round(height * 0.60)

    def part(points: Sequence[Point]) -> Draw:
        way = smoothed([(1 - x if studio.side > 0 else x, y) for x, y in points])
        edge = [(x * (wide - 6) + 3, y * (tall - 4) + 2) for x, y in way]

        def piece(pen: ImageDraw.ImageDraw, k: float) -> None:
            pen.polygon([(x * k, y * k) for x, y in edge], fill=255)
        return piece

    layers = ((UPPER, paint.form, 0.085), (HEEL, paint.accent, 0.05), (STRIPE, paint.second, 0.02),
              (NEXT_STRIPE, paint.second, 0.02), (SOLE, paint.light, 0.05))
    return joined([(cut(studio, color, (wide, tall), part(points), depth=height * deep), 0, 0)
                   for points, color, deep in layers], (wide / 2, tall - 2))


def watch(studio: Studio, height: float) -> Solid:
    """A ring standing on its edge, with a stone or a dial on top."""
    paint, edge, rim = studio.palette, round(height * 0.74), height * 0.085

    def ring(pen: ImageDraw.ImageDraw, k: float) -> None:
        pen.ellipse((2 * k, 2 * k, (edge - 2) * k, (edge - 2) * k), fill=255)
        pen.ellipse((rim * k, rim * k, (edge - rim) * k, (edge - rim) * k), fill=0)

    band = cut(studio, paint.form, (edge, edge), ring, depth=rim * 0.6)
    stone = ball(studio, paint.accent, height * 0.12)
    drop = stone.mask.height * 0.78
    return joined([(band, 0, drop), (stone, edge / 2 - stone.mask.width / 2, 0)],
                  (edge / 2, edge + drop - 2))


def tablet(studio: Studio, height: float) -> Solid:
    """An upright slab with round corners and a calm face."""
    paint, wide, tall = studio.palette, round(height * 0.48), round(height * 0.94)

    def slab(inset: float) -> Draw:
        def plate(pen: ImageDraw.ImageDraw, k: float) -> None:
            pen.rounded_rectangle((inset * k, inset * k, (wide - inset) * k, (tall - inset) * k),
                                  radius=(wide * 0.16 - inset * 0.6) * k, fill=255)
        return plate

    frame = cut(studio, paint.form, (wide, tall), slab(1), depth=wide * 0.05)
    face = cut(studio, paint.accent, (wide, tall), slab(wide * 0.055), depth=wide * 0.5)
    eye = ball(studio, paint.second, wide * 0.14)
    return joined([(frame, 0, 0), (face, 0, 0),
                   (eye, wide / 2 - eye.mask.width / 2, tall * 0.34)], (wide / 2, tall))


def capsule(studio: Studio, height: float) -> Solid:
    """A standing capsule in two colours."""
    paint, end = studio.palette, dome(0, 0.39)
    upper = turned(studio, paint.form, [*end, (1, 1)], height=height * 0.46, radius=height * 0.18,
                   soft=0, tilt=0.3)
    under = turned(studio, paint.second, [(0, 1), *[(1 - t, r) for t, r in reversed(end)]],
                   height=height * 0.46, radius=height * 0.18, soft=0, tilt=0.3)
    drop = upper.foot[1] - (under.foot[1] - height * 0.46)
    return joined([(under, 0, drop), (upper, 0, 0)], (upper.foot[0], under.foot[1] + drop))


def pebbles(studio: Studio, height: float) -> Solid:
    """Three stones in balance."""
    paint, parts, y = studio.palette, [], 0.0
    stones = ((0.15, 0.60, paint.accent), (0.25, 0.46, paint.second), (0.36, 0.46, paint.form))
    for reach, squash, color in stones:
        stone = ball(studio, color, height * reach, squash)
        parts.append((stone, height * (0.36 + 0.03 * (reach == 0.25) - reach), y))
        y += height * reach * 2 * squash * 0.975
    low, x, top = parts[-1]
    return joined(parts, (x + low.foot[0], top + low.foot[1]))


def orb(studio: Studio, height: float) -> Solid:
    """A sphere, the plainest of products."""
    return ball(studio, studio.palette.form, height * 0.36)


BY_WORD: dict[str, Maker] = by_word(
    ("bottle perfume serum wine drink shampoo sauce oil water beer gin", bottle),
    ("jar cream skincare candle honey jam moisturizer balm powder", jar),
    ("vase flowers flower pottery bouquet tulips", vase),
    ("cup mug coffee tea espresso latte chocolate bowl soup", cup),
    ("lamp lantern mushroom chair stool", lamp),
    ("headphones headphone headset earphones earbuds", headphones),
    ("speaker speakers soundbar radio amplifier console camera", speaker),
    ("sneaker sneakers shoe shoes trainer trainers boot boots", shoe),
    ("watch wristwatch ring jewelry jewellery bracelet necklace earring", watch),
    ("phone smartphone tablet book laptop card app screen poster box", tablet),
    ("capsule pill vitamin supplement lipstick rocket", capsule),
    ("stone stones spa zen soap pebbles rock wellness", pebbles),
    ("sphere orb ball globe planet pearl bubble", orb),
)
MAKERS: tuple[Maker, ...] = (bottle, vase, capsule, pebbles, orb, watch, lamp, jar)


def choose_product(brief: Brief) -> Maker:
    """The product that the prompt names first; else one by its hash."""
    named = [BY_WORD[word] for word in words_of(brief.prompt) if word in BY_WORD]
    return named[0] if named else brief.dice("product", of="prompt").choice(MAKERS)
