"""A finished still: the painted scene, graded, grained and lettered."""

import io
import random
from functools import lru_cache

from PIL import Image, ImageChops

from pipeline.sandbox.brief import Brief, pixel_size
from pipeline.sandbox.label import footer
from pipeline.sandbox.scenes import paint
from pipeline.sandbox.stage import Stage

ART_PIXELS = 1_400_000
GRAIN_PX = 256
PNG_LEVEL = 3


def make_still(brief: Brief) -> bytes:
    """The PNG of a brief."""
    stage = painted(brief, pixel_size(brief, "image"))
    footer(brief, stage.canvas, stage.palette).lay(stage.canvas)
    sink = io.BytesIO()
    stage.canvas.save(sink, "PNG", compress_level=PNG_LEVEL)
    return sink.getvalue()


def painted(brief: Brief, size: tuple[int, int]) -> Stage:
    """The scene with its grain, without words."""
    stage = staged(brief, size)
    grain = _grain(size, stage.hand.grain)
    return stage.showing(ImageChops.add(stage.canvas, grain, 1, -128))


def staged(brief: Brief, size: tuple[int, int]) -> Stage:
    """The bare scene; a large one is painted smaller, then enlarged, which its grain will hide."""
    width, height = size
    scale = min((ART_PIXELS / (width * height)) ** 0.5, 1.0)
    stage = paint(brief, (max(round(width * scale), 16), max(round(height * scale), 16)))
    if stage.size == size:
        return stage
    return stage.showing(stage.canvas.resize(size, Image.Resampling.BICUBIC))


def _grain(size: tuple[int, int], depth: float) -> Image.Image:
    """Fine film grain around mid grey: `depth` is its usual swing in grey levels."""
    tile = _noise().point([min(max(round(128 + (v - 128) / 42 * depth), 0), 255)
                           for v in range(256)])
    sheet = Image.new("L", size)
    for x in range(0, size[0], GRAIN_PX):
        for y in range(0, size[1], GRAIN_PX):
            sheet.paste(tile, (x, y))
    return Image.merge("RGB", [sheet] * 3)


@lru_cache(maxsize=1)
def _noise() -> Image.Image:
    """A tile of noise with a soft bell curve: the mean of three even ones."""
    dice = random.Random("grain")  # noqa: S311 - predictable on purpose
    layers = [Image.frombytes("L", (GRAIN_PX, GRAIN_PX), dice.randbytes(GRAIN_PX * GRAIN_PX))
              for _ in range(3)]
    return Image.blend(Image.blend(layers[0], layers[1], 0.5), layers[2], 1 / 3)
