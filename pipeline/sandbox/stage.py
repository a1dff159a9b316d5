"""The stage of one picture: solids are set down on it with their shadows."""

import math
import random
from dataclasses import dataclass, replace

from PIL import Image

from pipeline.sandbox.backdrop import Room, draw_backdrop, draw_floor
from pipeline.sandbox.brief import Brief
from pipeline.sandbox.forms import Draw, Solid, Studio, outline
from pipeline.sandbox.hands import Hand, choose_hand, dressed
from pipeline.sandbox.light import fade, glow, soften
from pipeline.sandbox.palette import Color, Palette, choose_palette

COARSE = 4

Box = tuple[float, float, float, float]
LIKINGS = ("disc", "slab", "pair", "hoop")


@dataclass(frozen=True, slots=True)
class Stage:
    """The canvas, its light and its ground: things stand on `ground` (y in pixels)."""

    canvas: Image.Image
    studio: Studio
    hand: Hand
    ground: float
    dice: random.Random
    liking: str

    @property
    def palette(self) -> Palette:
        """The colours of this picture."""
        return self.studio.palette

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the canvas in pixels."""
        return self.canvas.size

    @property
    def unit(self) -> float:
        """The length that things are measured by: what fits the frame either way, in pixels."""
        width, height = self.size
        return min(width * 0.84, height * 0.62) * self.hand.reach

    @property
    def span(self) -> float:
        """The length that sideways distances are measured by, so that nothing leaves the frame."""
        return min(self.unit, self.size[0] * 0.74)

    def showing(self, canvas: Image.Image) -> "Stage":
        """The same stage with another picture on its canvas."""
        return replace(self, canvas=canvas)

    def shape(
        self, box: Box, draw: Draw, fill: Image.Image | Color,
    ) -> None:
        """Fill what `draw` draws within `box`; its origin is the upper left corner of the box."""
        left, top = math.floor(box[0]), math.floor(box[1])
        size = (max(math.ceil(box[2]) - left, 1), max(math.ceil(box[3]) - top, 1))
        mask = outline(size, draw)
        skin = fill.resize(size) if isinstance(fill, Image.Image) else Image.new("RGB", size, fill)
        self.canvas.paste(skin, (left, top), mask)

    def shade(
        self, box: Box, strength: float, *,
        color: Color | None = None, power: float = 1.0,
    ) -> None:
        """A soft ellipse of shadow, or of another colour, over `box`."""
        size = (max(round(box[2] - box[0]), 2), max(round(box[3] - box[1]), 2))
        self.canvas.paste(color or self.palette.shade, (round(box[0]), round(box[1])),
                          glow(size, strength, power))

    def put(self, solid: Solid, x: float, y: float, *, cast: float = 1.0) -> None:
        """Set a solid down with its foot at (x, y), with its reflection and its shadows."""
        left, top = round(x - solid.foot[0]), round(y - solid.foot[1])
        self._reflect(solid, left, y)
        self._cast(solid, x, y, cast)
        reach = solid.mask.width * 0.62
        rise = reach * self.hand.tilt
        self.shade((x - reach, y - rise, x + reach, y + rise * 1.1), 0.6 * cast)
        self.canvas.paste(solid.skin, (left, top), solid.mask)

    def _reflect(self, solid: Solid, left: int, y: float) -> None:
        if not self.hand.mirror:
            return
        tall = max(round(solid.mask.height * 0.55), 2)
        low = solid.mask.height - tall
        flip = Image.Transpose.FLIP_TOP_BOTTOM
        skin = solid.skin.crop((0, low, solid.mask.width, low + tall)).transpose(flip)
        mask = solid.mask.crop((0, low, solid.mask.width, low + tall)).transpose(flip)
        fall = Image.linear_gradient("L").resize(mask.size).point(
            [round((1 - v / 255) ** 1.6 * 255 * self.hand.mirror) for v in range(256)])
        gone = Image.new("L", mask.size)
        gone.paste(fall, (0, 0), soften(mask, max(solid.mask.width / 90, 0.5), 2))
        self.canvas.paste(skin, (left, round(y - (solid.mask.height - solid.foot[1]))), gone)

    def _cast(self, solid: Solid, x: float, y: float, strength: float) -> None:
        """The long shadow of its outline on the ground, leaned away from the light."""
        wide, tall = solid.mask.size
        lean, flat = -self.studio.side * 1.25, self.hand.tilt * 1.7
        span = round(wide + abs(lean) * tall * flat * 2 + tall * 0.5)
        drop = round(tall * flat + tall * 0.35)
        foot_x, foot_y = span / 2, drop - tall * 0.16
        size = (max(span // COARSE, 2), max(drop // COARSE, 2))
        # Where a point of the shadow comes from: as far above the foot as it lies behind it.
        across, down = span / size[0], drop / size[1]
        matrix = (across, -down * lean, solid.foot[0] - foot_x + foot_y * lean,
                  0.0, down / flat, solid.foot[1] - foot_y / flat)
        shadow = solid.mask.transform(size, Image.Transform.AFFINE, matrix,
                                      Image.Resampling.BILINEAR)
        shadow = soften(shadow, max(wide, tall) * 0.04 / COARSE, 1).resize(
            (span, drop), Image.Resampling.BICUBIC)
        self.canvas.paste(self.palette.shade, (round(x - foot_x), round(y - foot_y)),
                          fade(shadow, 0.32 * strength))


def raise_stage(
    brief: Brief, size: tuple[int, int], *, horizon: float | None = None, bare: bool = False,
) -> Stage:
    """An empty stage with its backdrop lit; a horizon (0 to 1) gives the floor a clean far edge.

    A bare backdrop goes without what the hand would throw on the wall.
    """
    width, height = size
    hand, dice = choose_hand(brief), brief.dice("stage")
    palette = dressed(brief, choose_palette(brief))
    band = 0.665 if width > height * 1.2 else 0.735
    room = Room(palette, hand, dice, band if horizon is None else horizon, bare)
    canvas = draw_backdrop(room, size)
    if horizon is not None:
        top = round(height * horizon)
        canvas.paste(draw_floor(room, (width, height - top)), (0, top))
    return Stage(canvas, Studio(palette, hand.finish, hand.side, hand.tilt), hand, height * band,
                 dice, brief.dice("liking", of="model").choice(LIKINGS))
