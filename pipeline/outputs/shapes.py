"""The shapes of frames, and the rules of style that are made for one sheet.

Frames of one sheet have about the same area, so that no shape looks more important than another:
a frame is as wide as the square root of its ratio says.

Law: the sheet's policy forbids inline style, so whatever depends on the content is a class here.
"""

import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

NARROWEST, WIDEST = 0.62, 1.75
"""Bounds of a frame's width in units; a banner of 8:1 must not push all others out."""

SIDE_BY_SIDE = 4
"""So many variants of a cell stand side by side, the others below them."""

LABEL_PX, TILE_GAP_PX, CELL_GAP_PX = 268, 8, 24
UNIT_MIN_PX = 132
"""The measures that the sheet's style knows by the same names."""

_RATIO = re.compile(r"\s*(\d{1,4})\s*[:x/]\s*(\d{1,4})\s*")


@dataclass(frozen=True, slots=True)
class Shape:
    """A ratio in lowest terms."""

    across: int
    down: int

    @property
    def name(self) -> str:
        """Its class in the style."""
        return f"s-{self.across}-{self.down}"

    @property
    def width(self) -> float:
        """The width of a frame in units."""
        return min(WIDEST, max(NARROWEST, math.sqrt(self.across / self.down)))

    @property
    def sign(self) -> tuple[float, float]:
        """Width and height of its little sign, the longer one 16."""
        longer = max(self.across, self.down)
        return 16 * self.across / longer, 16 * self.down / longer


SOUND = Shape(5, 2)
KIND_SHAPES = {"video": Shape(16, 9), "extend": Shape(16, 9), "music": SOUND, "dialogue": SOUND,
               "separation": SOUND, "captions": Shape(4, 5)}
"""The shape of a kind's frames where neither its author nor its files say one."""


def shape_of(aspect_ratio: str, sizes: Iterable[tuple[int | None, int | None]],
             kind: str) -> Shape:
    """The shape of a column: as asked for, else as the first file came, else as its kind goes."""
    if match := _RATIO.fullmatch(aspect_ratio):
        across, down = int(match[1]), int(match[2])
        if across and down and max(across, down) <= 8 * min(across, down):
            return _lowest(across, down)
    for width, height in sizes:
        if width and height:
            return _near(width, height)
    return KIND_SHAPES.get(kind, Shape(1, 1))


def _lowest(across: int, down: int) -> Shape:
    divisor = math.gcd(across, down)
    return Shape(across // divisor, down // divisor)


def _near(width: int, height: int) -> Shape:
    """A ratio in whole percents: files of nearly the same shape share one class."""
    percent = max(12, min(800, round(100 * width / height)))
    return _lowest(percent, 100)


@dataclass(frozen=True, slots=True)
class Span:
    """A column's place in a table: its shape, and how many frames stand side by side."""

    shape: Shape
    frames: int

    @property
    def units(self) -> float:
        """Its width in units."""
        return self.shape.width * self.frames

    @property
    def gaps_px(self) -> int:
        """The gaps within and behind it."""
        return TILE_GAP_PX * (self.frames - 1) + CELL_GAP_PX


def measures_name(spans: Sequence[Span]) -> str:
    """The class of all tables that are as wide as these columns."""
    return f"g-{_units(spans):.5g}-{_gaps_px(spans)}".replace(".", "_")


def _units(spans: Sequence[Span]) -> float:
    return sum(span.units for span in spans)


def _gaps_px(spans: Sequence[Span]) -> int:
    return sum(span.gaps_px for span in spans)


def style_rules(tables: Collection[Sequence[Span]]) -> str:
    """The rules of one sheet: a class for each shape, and one for each width of a table, of which
    the columns are given.

    A table whose smallest frames do not fit scrolls inside itself, both ways, so that its heads
    and labels stay; a table that fits leaves scrolling to the page, where heads stick as well.
    """
    widths = {measures_name(spans): spans for spans in tables}
    shapes = sorted({span.shape for spans in tables for span in spans},
                    key=lambda shape: shape.name)
    rules = [f".{shape.name} {{ --w: {shape.width:.4g}; --r: {shape.across} / {shape.down}; "
             f"--f: {shape.across / shape.down:.4g} }}" for shape in shapes]
    for name, spans in widths.items():
        least_px = math.ceil(LABEL_PX + _gaps_px(spans) + UNIT_MIN_PX * _units(spans))
        rules.append(f".{name} {{ --units: {_units(spans):.5g}; --gaps: {_gaps_px(spans)}px }}")
        rules.append(f"@container sheet (max-width: {least_px}px) "
                     f"{{ .{name} {{ overflow: auto; max-height: 92vh }} }}")
    return "\n".join(rules) + "\n"
