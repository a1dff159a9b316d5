"""The families of composition: each sets a stage around the product that a prompt is about."""

import math
from collections.abc import Callable

from pipeline.sandbox.brief import Brief
from pipeline.sandbox.forms import Solid, ball, turned
from pipeline.sandbox.goods import choose_product
from pipeline.sandbox.palette import by_word, deepened, mix, words_of
from pipeline.sandbox.props import around, backing, board, hill, hoop, plinth, recess, ring_of
from pipeline.sandbox.stage import LIKINGS, Stage, raise_stage

Scene = Callable[[Brief, tuple[int, int]], Stage]


def podium(brief: Brief, size: tuple[int, int]) -> Stage:
    """The product on a plinth before a flat form, a ball beside it on a lower one."""
    stage = raise_stage(brief, size)
    palette, u, w, (x, y, way) = stage.palette, stage.unit, stage.span, _place(stage)
    backing(stage, x, y, mix(palette.second, palette.wall, 0.2))
    low = plinth(stage, u * 0.17, u * 0.10, mix(palette.floor, palette.second, 0.5))
    stage.put(low, x - way * w * 0.47, y - u * 0.02)
    small = ball(stage.studio, palette.accent, u * stage.dice.uniform(0.07, 0.10))
    stage.put(small, x - way * w * 0.47, y - u * 0.12)
    stage.put(plinth(stage, u * 0.34, u * 0.16, mix(palette.wall, palette.light, 0.25)), x, y)
    stage.put(_product(brief, stage, u * 0.80), x, y - u * 0.155, cast=0.8)
    return stage


def alcove(brief: Brief, size: tuple[int, int]) -> Stage:
    """The product in an arched recess of the wall."""
    stage = raise_stage(brief, size)
    palette, u, w, (x, y, way) = stage.palette, stage.unit, stage.span, _place(stage)
    wide, tall = u * 0.80, min(u * 1.16, y * 0.88)
    recess(stage, (x - wide / 2, y - tall, x + wide / 2, y + 1))
    step = plinth(stage, u * 0.33, u * 0.07, mix(palette.wall, palette.light, 0.3))
    stage.put(step, x, y + u * 0.06)
    stage.put(_product(brief, stage, u * 0.76), x, y - u * 0.005, cast=0.8)
    pebble = ball(stage.studio, palette.accent, u * stage.dice.uniform(0.055, 0.085))
    stage.put(pebble, x - way * w * 0.52, y + u * 0.10)
    return stage


def still_life(brief: Brief, size: tuple[int, int]) -> Stage:
    """The product on a table among plain solids."""
    stage = raise_stage(brief, size, horizon=0.60 if size[0] > size[1] * 1.2 else 0.67)
    palette, u, w, (x, y, way) = stage.palette, stage.unit, stage.span, _place(stage)
    column = turned(stage.studio, mix(palette.wall, palette.second, 0.55), [(0, 1), (1, 1)],
                    height=u * stage.dice.uniform(0.52, 0.66), radius=u * 0.17)
    cone = turned(stage.studio, palette.second, [(0, 0.0), (1, 1)], height=u * 0.34,
                  radius=u * 0.16, soft=0.015)
    stage.put(column, x - way * w * 0.40, y - u * 0.07)
    stage.put(cone, x + way * w * 0.47, y - u * 0.015)
    stage.put(_product(brief, stage, u * 0.92), x, y + u * 0.035)
    marble = ball(stage.studio, palette.accent, u * stage.dice.uniform(0.065, 0.09))
    stage.put(marble, x - way * w * 0.32, y + u * 0.12)
    return stage


def halo(brief: Brief, size: tuple[int, int]) -> Stage:
    """The product before a great upright ring, or two of them."""
    stage = raise_stage(brief, size)
    palette, u, (x, y, way) = stage.palette, stage.unit, _place(stage)
    edge = min(u * 1.12, y * 0.90, size[0] * 0.84)
    stage.shade((x - u * 0.75, y - u * 1.3, x + u * 0.75, y + u * 0.2), 0.35, color=palette.light)
    if stage.liking in ("pair", "slab"):
        stage.put(hoop(stage, edge * 0.64, u * 0.03, palette.second), x + way * edge * 0.34,
                  y - u * 0.06, cast=0.5)
    stage.put(hoop(stage, edge, u * 0.055, palette.accent), x, y - u * 0.04, cast=0.6)
    wide = plinth(stage, u * 0.40, u * 0.05, mix(palette.second, palette.wall, 0.4))
    stage.put(wide, x, y + u * 0.03)
    stage.put(plinth(stage, u * 0.27, u * 0.06, mix(palette.wall, palette.light, 0.3)), x,
              y - u * 0.03)
    stage.put(_product(brief, stage, u * 0.74), x, y - u * 0.09, cast=0.8)
    return stage


def panels(brief: Brief, size: tuple[int, int]) -> Stage:
    """The product before tall sheets of tinted board, one behind the other."""
    stage = raise_stage(brief, size)
    palette, u, w, (x, y, way) = stage.palette, stage.unit, stage.span, _place(stage)
    sheets = ((-0.42, 0.46, 1.00, palette.second), (0.30, 0.50, 0.82, palette.accent),
              (-0.06, 0.44, 0.60, mix(palette.wall, palette.light, 0.2)))
    for n, (shift, wide, tall, color) in enumerate(sheets):
        sheet = board(stage, (u * wide, min(u * tall, y * (0.94 - n * 0.12))),
                      mix(color, palette.wall, 0.30 - n * 0.1))
        stage.put(sheet, x + way * w * shift, y - u * (0.10 - n * 0.03))
    stage.put(_product(brief, stage, u * 0.82), x + way * u * 0.06, y + u * 0.04)
    pearl = ball(stage.studio, palette.light, u * 0.06)
    stage.put(pearl, x + way * w * 0.46, y + u * 0.07)
    return stage


def dunes(brief: Brief, size: tuple[int, int]) -> Stage:
    """Hills in haze under a low sun, the product among them."""
    stage = raise_stage(brief, size, bare=True)
    palette, u, (x, _, way) = stage.palette, stage.unit, _place(stage)
    width, height = size
    reach = u * 0.17
    sun = around(x + way * u * 0.34, height * 0.28, reach)
    stage.shade(around(x + way * u * 0.34, height * 0.28, reach * 4), 0.6, color=palette.light)
    stage.shape(sun, ring_of(reach * 2, reach), mix(palette.light, palette.wall, 0.12))
    hills = 4 + LIKINGS.index(stage.liking) % 3
    for n in range(hills):
        near = n / (hills - 1)
        crest = height * ((0.37 if width > height * 1.2 else 0.44) + 0.30 * near ** 0.9)
        far = mix(palette.wall, palette.second, 0.30)
        near_color = deepened(mix(palette.second, palette.wall, 0.4), 0.58)
        hill(stage, crest, height * (0.055 - near * 0.015),
             mix(far, near_color, near ** 1.2))
        if n == hills - 2:
            stage.put(_product(brief, stage, u * 0.64), x - way * u * 0.24, crest + height * 0.085,
                      cast=0.7)
    return stage


def _place(stage: Stage) -> tuple[float, float, float]:
    """Where the product stands, and the side of the light.

    In a wide frame it stands as far off centre as the hand likes.
    """
    width, height = stage.size
    lean = stage.hand.lean if width > height * 1.2 else 0.0
    x = width * (0.5 + lean + stage.dice.uniform(-0.02, 0.02))
    return x, stage.ground, math.copysign(1, stage.studio.side)


def _product(brief: Brief, stage: Stage, height: float) -> Solid:
    return choose_product(brief)(stage.studio, height)


SCENES: tuple[Scene, ...] = (podium, alcove, still_life, halo, panels)
BY_WORD: dict[str, Scene] = by_word(
    ("landscape mountain mountains desert dune dunes hills valley sunset sunrise sea ocean beach "
     "horizon forest", dunes),
    ("marble plinth podium pedestal studio", podium),
    ("table kitchen breakfast wooden desk home", still_life),
    ("architecture arch interior room hotel museum", alcove),
    ("neon night moon galaxy space concert music", halo),
)


def choose_scene(brief: Brief) -> Scene:
    """The composition that the prompt's words ask for; else one by its hash."""
    named = [BY_WORD[word] for word in words_of(brief.prompt) if word in BY_WORD]
    return named[0] if named else brief.dice("scene", of="prompt").choice(SCENES)


def paint(brief: Brief, size: tuple[int, int]) -> Stage:
    """The whole picture but for its grain and its words."""
    return choose_scene(brief)(brief, size)
