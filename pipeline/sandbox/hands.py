"""The handwritings of the models: how each lights, dresses and frames whatever it is asked for.

Law: a brief keeps its product, its composition and its family of colours in every hand.
"""

from dataclasses import dataclass, replace

from pipeline.sandbox.brief import Brief
from pipeline.sandbox.palette import Color, Palette, deepened, distance, luminance, mix

# Hands are dealt by hash; this deal gives the models that people compare most hands far apart.
DEAL = 2533
DARK = 0.12
PALE = 0.55
LEAST_DISTANCE = 0.14


@dataclass(frozen=True, slots=True)
class Hand:
    """One handwriting.

    `finish` is the surface of things, `gesture` what the light does on the wall, `key` lifts (1) or
    lowers (-1) the room, `mirror` is how much the floor reflects (0 to 1), `grain` the film's in
    grey levels, `reach` the size of things, `tilt` how far the camera looks down, `side` where the
    light stands (-1 left, 1 right), `lean` how far off centre a wide frame sets its product.
    """

    finish: str
    gesture: str
    key: float
    mirror: float
    grain: float
    reach: float
    tilt: float
    side: float = 0.7
    lean: float = 0.0


HANDS = (
    Hand("matte", "window", key=0.30, mirror=0.0, grain=3.0, reach=0.98, tilt=0.20),
    Hand("satin", "pool", key=0.0, mirror=0.12, grain=2.5, reach=1.10, tilt=0.13),
    Hand("gloss", "halo", key=0.12, mirror=0.30, grain=2.0, reach=1.0, tilt=0.15),
    Hand("pearl", "drape", key=0.30, mirror=0.08, grain=2.0, reach=0.92, tilt=0.24),
    Hand("noir", "bokeh", key=-0.40, mirror=0.18, grain=4.5, reach=1.06, tilt=0.12),
    Hand("chalk", "slats", key=0.15, mirror=0.0, grain=5.0, reach=1.02, tilt=0.28),
    Hand("satin", "leaves", key=0.20, mirror=0.05, grain=3.0, reach=0.95, tilt=0.22),
)


def choose_hand(brief: Brief) -> Hand:
    """The handwriting of the brief's model, with the little leeway that no two models share."""
    dice = brief.dice("hand", DEAL, of="model")
    hand = dice.choice(HANDS)
    return replace(
        hand, key=hand.key + dice.uniform(-0.08, 0.08), reach=hand.reach * dice.uniform(0.95, 1.05),
        side=round(dice.choice((-1, 1)) * dice.uniform(0.5, 0.9), 1),
        lean=dice.choice((-0.13, 0.0, 0.13)),
    )


def dressed(brief: Brief, palette: Palette) -> Palette:
    """The palette as this model wears it: as it is, bold, deep, or tone on tone."""
    dress = brief.dice("dress", DEAL, of="model").choice((plain, bold, deep, tonal))
    worn = dress(palette)
    return replace(worn, form=_apart(worn.form, worn))


def plain(palette: Palette) -> Palette:
    """The room in its own colours."""
    return palette


def bold(palette: Palette) -> Palette:
    """The room in the second colour, the second colour's things in the room's."""
    dim = palette.shade if _is_dark(palette) else palette.light
    share = 0.42 if _is_dark(palette) else 0.12
    wall = mix(palette.second, dim, share)
    return replace(palette, sky=mix(wall, palette.shade, 0.14), wall=wall,
                   floor=mix(wall, palette.shade, 0.10),
                   second=mix(palette.wall, palette.light, 0.15), shade=_shade_in(palette, wall))


def deep(palette: Palette) -> Palette:
    """The room after hours, in the depth of the second colour."""
    dark = _is_dark(palette)
    return replace(palette, sky=deepened(palette.second, 0.24 if dark else 0.36),
                   wall=deepened(palette.second, 0.40 if dark else 0.56),
                   floor=deepened(palette.second, 0.32 if dark else 0.47),
                   light=mix(palette.light, palette.second, 0.35),
                   shade=_shade_in(palette, palette.second))


def tonal(palette: Palette) -> Palette:
    """The room in tints of the product's own colour; a white product lends it no white."""
    dim, bright = palette.shade if _is_dark(palette) else palette.light, luminance(palette.form)
    hue = mix(palette.form, palette.second, 0.5) if bright > PALE else palette.form
    share = 0.90 if bright < 0.05 else 0.82
    return replace(palette, sky=mix(hue, dim, share - 0.16), wall=mix(hue, dim, share),
                   floor=mix(hue, dim, share - 0.12), second=mix(hue, dim, 0.42),
                   shade=_shade_in(palette, mix(hue, dim, 0.5)))


def _shade_in(palette: Palette, room: Color) -> Color:
    """The palette's shade drawn toward the hue of a room, or its edges would go grey."""
    return mix(palette.shade, deepened(room, 0.30), 0.65)


def _is_dark(palette: Palette) -> bool:
    return luminance(palette.wall) < DARK


def _apart(color: Color, palette: Palette) -> Color:
    """The colour, moved away from the wall until the eye can tell them apart."""
    away = palette.light if luminance(palette.wall) < 0.25 else palette.shade
    for step in range(5):
        moved = mix(color, away, step * 0.12)
        if distance(moved, palette.wall) >= LEAST_DISTANCE:
            return moved
    return moved
