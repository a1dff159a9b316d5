"""The colours of the studio: curated palettes, and the mixing of them.

Law: no picture holds a colour that is not one of its palette, or a mixture of two of them.
"""

import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from pipeline.sandbox.brief import Brief

Color = tuple[int, int, int]
Stops = tuple[tuple[float, Color], ...]

NODES = 16


@dataclass(frozen=True, slots=True)
class Palette:
    """One set of colours by the part they play; `words` in a prompt call for it."""

    name: str
    sky: Color
    wall: Color
    floor: Color
    form: Color
    accent: Color
    second: Color
    light: Color
    shade: Color
    words: tuple[str, ...]


def _palette(name: str, colors: str, words: str) -> Palette:
    sky, wall, floor, form, accent, second, light, shade = map(_color, colors.split())
    return Palette(name, sky, wall, floor, form, accent, second, light, shade, tuple(words.split()))


def _color(code: str) -> Color:
    red, green, blue = bytes.fromhex(code)
    return red, green, blue


# sky, wall, floor, form, accent, second, light, shade
PALETTES = (
    _palette("bone", "DCCFBE EADFD0 D8C7B2 BF5B3D 2E3A3F E6B48F FFF4E2 4A3527",
             "terracotta clay desert linen ceramic pottery earth adobe coffee bread leather"),
    _palette("carrara", "CFCBC6 EAE7E3 DDD8D2 2A2B2E B08A55 CDBBA4 FFFDF8 3A3838",
             "marble stone white minimal luxury gallery museum porcelain wedding silver"),
    _palette("nocturne", "0E1524 263757 1B2740 4B6390 E3BE86 8A9CC2 F6E3C0 060910",
             "night midnight moon moonlit stars starry space dark galaxy noir"),
    _palette("afterglow", "1A1226 4B2650 2C1838 D9657C 6FC6C4 8A5AA0 FFD9CC 0C0714",
             "neon cyber cyberpunk synth club city arcade retro electric disco"),
    _palette("understory", "A9B79F D3DAC4 B4BFA2 2F5743 CF9A3E 86A083 FBF6DD 1D2F25",
             "forest green moss plant plants botanical leaf leaves jungle garden tea herbal"),
    _palette("vesper", "E08A6B F4C79E D9926F 74303C FBE2B0 B8574C FFF0CF 3F1A26",
             "sunset dawn sunrise dusk autumn warm golden campfire wine evening"),
    _palette("macaron", "E9D3DF F6E6E1 EBD3CF EE9F92 94AED0 B9D6C6 FFFBF2 7A5468",
             "pastel baby candy cosmetic skincare cream blossom cute rose pink"),
    _palette("lagoon", "8FBAC0 D5E6E4 B3CDCB 17616F EBC58C 5C9AA3 FDF8E8 0F3440",
             "ocean sea water beach wave waves summer pool coast rain surf blue"),
    _palette("saffron", "E9B650 F5DC9E E5BC66 CF5A2A 36473F F0A04A FFF6D8 6A3A12",
             "citrus lemon orange yellow honey sun sunny juice mango spice"),
    _palette("graphite", "2A2B2F 4B4B4F 34343A 17181B C49A6C 6E6E74 F3E6D2 0A0A0C",
             "graphite carbon steel tech gaming engine metal"),
    _palette("heather", "A99BC0 DDD5E6 BFB2D0 4C3B6B ECC27F 8471A6 FFF8EE 2A2040",
             "lavender lilac purple violet dream dreamy magic fantasy perfume mist"),
    _palette("sage", "B9BEA6 E0E0CF C8C8B2 76896A B0593F D9C6A4 FFFBEC 3A4031",
             "sage wellness spa organic wood wooden kitchen yoga olive"),
    _palette("cobalt", "9BB5DA E1E9F2 BECDE2 2145A8 EE6C4B 6F93CF FFFFFF 14264F",
             "sport sneaker sneakers winter ice snow cold fresh"),
)
PAINTS = {
    word: _color(code) for word, code in (
        ("black", "26272B"), ("white", "EFECE6"), ("red", "B8342F"), ("amber", "C77B2B"),
        ("gold", "C9A24F"), ("golden", "C9A24F"), ("blue", "2F5FA8"), ("green", "3C7A57"),
        ("pink", "E79AA6"), ("silver", "B9BCC2"), ("chrome", "B4BAC4"), ("orange", "DB7430"),
        ("purple", "6A4A94"), ("yellow", "E5B93C"), ("brown", "7A5238"), ("teal", "1F7A7A"),
    )
}
BY_WORD = {word: palette for palette in PALETTES for word in palette.words}

T = TypeVar("T")

_WORD = re.compile(r"[a-z]+")
READ_CHARS = 2000


def words_of(prompt: str) -> list[str]:
    """The plain lower-case words of the beginning of a prompt, in its order."""
    return _WORD.findall(prompt[:READ_CHARS].lower())


def by_word(*entries: tuple[str, T]) -> dict[str, T]:
    """What each word calls for, from lines of words."""
    return {word: value for words, value in entries for word in words.split()}


def choose_palette(brief: Brief) -> Palette:
    """The palette that most words of the prompt call for, the last named on a tie; else by hash.

    A colour that the prompt names becomes the product's.
    """
    words = words_of(brief.prompt)
    calls = [BY_WORD[word] for word in reversed(words) if word in BY_WORD]
    chosen = max(calls, key=calls.count) if calls else brief.dice("palette", of="prompt").choice(
        PALETTES)
    named = [PAINTS[word] for word in words if word in PAINTS]
    return replace(chosen, form=named[0]) if named else chosen


def mix(one: Color, other: Color, share: float) -> Color:
    """`share` of the other colour in the one, mixed as the eye does it (in OKLab)."""
    a, b = _to_oklab(one), _to_oklab(other)
    return _from_oklab(*(x + (y - x) * share for x, y in zip(a, b, strict=True)))


def deepened(color: Color, share: float) -> Color:
    """The same hue with `share` of its lightness left: darker without going grey."""
    lightness, a, b = _to_oklab(color)
    return _from_oklab(lightness * share, a * share ** 0.4, b * share ** 0.4)


def luminance(color: Color) -> float:
    """Relative luminance from 0 to 1 (WCAG 2)."""
    red, green, blue = (_linear(value) for value in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def distance(one: Color, other: Color) -> float:
    """How far apart two colours look, in OKLab: black and white are 1 apart."""
    return math.dist(_to_oklab(one), _to_oklab(other))


def contrast(one: Color, other: Color) -> float:
    """Contrast ratio from 1 to 21 (WCAG 2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@lru_cache(maxsize=512)
def ramp(stops: Stops) -> tuple[bytes, bytes, bytes]:
    """Three tables of 256 values that lead from the first stop's colour to the last's."""
    nodes = [_at(stops, n / NODES) for n in range(NODES + 1)]
    tables = []
    for channel in range(3):
        values = [node[channel] for node in nodes]
        tables.append(bytes(_between(values, i / 255 * NODES) for i in range(256)))
    return tables[0], tables[1], tables[2]


def _at(stops: Stops, position: float) -> Color:
    for (left, one), (right, other) in pairwise(stops):
        if position <= right:
            return mix(one, other, (position - left) / (right - left) if right > left else 0.0)
    return stops[-1][1]


def _between(values: list[int], position: float) -> int:
    left = min(int(position), NODES - 1)
    return round(values[left] + (values[left + 1] - values[left]) * (position - left))


def _linear(value: int) -> float:
    part = value / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _encoded(part: float) -> int:
    part = min(max(part, 0.0), 1.0)
    value = part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
    return round(value * 255)


# The matrices are Björn Ottosson's, "A perceptual color space for image processing" (2020).
def _to_oklab(color: Color) -> tuple[float, float, float]:
    red, green, blue = (_linear(value) for value in color)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _from_oklab(lightness: float, a: float, b: float) -> Color:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _encoded(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _encoded(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _encoded(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )
