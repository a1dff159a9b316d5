"""The words in a picture: model, ratio, size and prompt, set quietly along its lower edge.

Law: no line is ever longer than its column, whatever the prompt holds.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from pipeline.sandbox.brief import RATIO, Brief, ratio_of
from pipeline.sandbox.light import fade, smooth
from pipeline.sandbox.palette import Color, Palette, contrast, mix

READ_CHARS = 400
WORD_CHARS = 40
PROMPT_LINES = 3
BALANCING_STEPS = 5
MEASURE_EM = 24
MARGIN = 0.042
STROKE = 0.00035
CALM_CONTRAST = 7.0
MARK = "SANDBOX"

# What the built-in face has beyond ASCII, and what stands in for some of what it lacks.
EXTRA = frozenset("·…“”’©")
STAND_INS = str.maketrans({
    "—": "-", "–": "-", "‐": "-", "×": "x", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "æ": "ae", "Æ": "AE", "œ": "oe", "đ": "d", "‘": "’", "′": "’", "•": "·",
})


@dataclass(frozen=True, slots=True)
class Ink:
    """A colour and where it goes: a mask, and the place of its upper left corner."""

    mask: Image.Image
    color: Color
    at: tuple[int, int]

    @classmethod
    def of(cls, mask: Image.Image, color: Color, top: int = 0) -> "Ink":
        """The ink of a mask as wide as the picture, cut down to what it covers."""
        box = mask.getbbox() or (0, 0, 1, 1)
        return cls(mask.crop(box), color, (box[0], top + box[1]))


@dataclass(frozen=True, slots=True)
class Label:
    """Words ready to be laid over any picture of one size, with a veil that keeps them legible.

    `rule` is the box of the hairline, whose colour is `ink`.
    """

    inks: tuple[Ink, ...]
    ink: Color
    rule: tuple[int, int, int, int]

    def lay(self, canvas: Image.Image, strength: float = 1.0) -> None:
        """Set the words onto the picture, `strength` (0 to 1) of them."""
        for ink in self.inks:
            mask = ink.mask if strength >= 1 else fade(ink.mask, strength)
            canvas.paste(ink.color, ink.at, mask)


@lru_cache(maxsize=64)
def face(size_px: int) -> ImageFont.FreeTypeFont:
    """Pillow's built-in face (Aileron) at a size."""
    font = ImageFont.load_default(max(size_px, 6))
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType, so it has no face to set")
    return font


def plain(text: str) -> str:
    """The beginning of a text in the letters that the face has, in one line.

    >>> plain("Café —\\tnaïve\\x00 \\u202eabc")
    'Cafe - naive abc'
    """
    flat = unicodedata.normalize("NFKD", text[:READ_CHARS].translate(STAND_INS))
    kept = (char if " " < char <= "~" or char in EXTRA else " " if char.isspace() else ""
            for char in flat)
    line = " ".join("".join(kept).split())
    return line + "…" if len(text) > READ_CHARS and line else line


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: float, lines: int) -> list[str]:
    """The text in at most so many lines of at most this width; an ellipsis says it goes on."""
    rows = _filled(text, font, width, lines)
    if len(rows) > 1 and not rows[-1].endswith("…"):
        return _balanced(text, font, width, rows)
    return rows


def _balanced(text: str, font: ImageFont.FreeTypeFont, width: float, rows: list[str]) -> list[str]:
    """The same number of rows in the narrowest column that holds them, so that none is a stub."""
    low = width / 2
    for _ in range(BALANCING_STEPS):
        narrower = (low + width) / 2
        tried = _filled(text, font, narrower, len(rows))
        if tried[-1].endswith("…"):
            low = narrower
        else:
            width, rows = narrower, tried
    return rows


def _filled(text: str, font: ImageFont.FreeTypeFont, width: float, lines: int) -> list[str]:
    words = [word[n:n + WORD_CHARS] for word in text.split()
             for n in range(0, len(word), WORD_CHARS)]
    rows: list[str] = []
    while words and len(rows) < lines:
        row = fitting(words.pop(0), font, width)
        while words and font.getlength(f"{row} {words[0]}") <= width:
            row = f"{row} {words.pop(0)}"
        rows.append(row)
    if words:
        rows[-1] = fitting(rows[-1] + "…", font, width)
    return rows


def fitting(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """The text, cut with an ellipsis if it is wider than `width` pixels."""
    if font.getlength(text) <= width:
        return text
    text = text.rstrip(" …")
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def footer(brief: Brief, canvas: Image.Image, palette: Palette, *, note: str = "") -> Label:
    """The label along the lower edge; its ink and its veil are chosen by what it lies on.

    `note` follows the pixel size, as a clip's seconds do.
    """
    width, height = canvas.size
    unit = _unit(canvas.size)
    words = Image.new("L", canvas.size)
    top, rule = _set_block(ImageDraw.Draw(words), brief, (width, height, unit), note)
    mark = Image.new("L", (width, round(unit * 0.07)))
    _track(ImageDraw.Draw(mark), MARK, (unit * MARGIN, unit * MARGIN), round(unit * 0.0145))
    mark_ink, _, _ = _ink_on(canvas.crop((0, 0, round(width * 0.3), mark.height)), palette)
    ink, ground, depth = _ink_on(canvas.crop((0, round(top), width, height)), palette)
    veil = _veil(width, min(round((height - top) * 1.75), height), depth)
    under = Ink(veil, ground, (0, height - veil.height))
    return Label((under, Ink.of(words, ink), Ink.of(mark, mark_ink)), ink, rule)


def header(brief: Brief, canvas: Image.Image, palette: Palette, *, note: str = "") -> Label:
    """A short label in the upper right corner, for a picture that has words of its own below."""
    width, height = canvas.size
    unit = _unit(canvas.size)
    margin, big, small = unit * MARGIN, round(unit * 0.032), round(unit * 0.0195)
    tall = round(margin + big * 1.4 + small * 1.3)
    words = Image.new("L", (width, min(tall + small, height)))
    pen, right = ImageDraw.Draw(words), width - margin
    name = fitting(plain(brief.model) or "model", face(big), width * 0.62)
    pen.text((right, margin * 0.8), name, fill=255, font=face(big), anchor="ra",
             stroke_width=unit * STROKE)
    facts = f"{_ratio(brief)}  ·  {width} x {height}{note}"
    line = (right, margin * 0.8 + big * 1.4)
    pen.text(line, fitting(facts, face(small), width - 2 * margin), fill=225, font=face(small),
             anchor="ra")
    ink, ground, depth = _ink_on(canvas.crop((round(width * 0.4), 0, width, tall)), palette)
    veil = _veil(width, min(round(tall * 1.8), height), depth).transpose(
        Image.Transpose.FLIP_TOP_BOTTOM)
    rule = (round(margin), height - max(round(unit / 260), 2), round(right), height)
    return Label((Ink(veil, ground, (0, 0)), Ink.of(words, ink)), ink, rule)


def _unit(size: tuple[int, int]) -> float:
    """What type is measured by: the long edge, unless the picture is a ribbon."""
    return min(max(size), 2.4 * min(size))


def _ratio(brief: Brief) -> str:
    asked = (brief.aspect_ratio or "").replace(" ", "")
    return asked if RATIO.fullmatch(asked) and ratio_of(asked) != (1, 1) else "1:1"


def _veil(width: int, height: int, depth: float) -> Image.Image:
    return Image.linear_gradient("L").resize((width, height)).point(
        [round(smooth(0.0, 0.75, v / 255) * depth * 255) for v in range(256)])


def _set_block(
    pen: ImageDraw.ImageDraw, brief: Brief, frame: tuple[int, int, float], note: str,
) -> tuple[float, tuple[int, int, int, int]]:
    """Set the lower block; its top edge, and the box of its hairline."""
    width, height, unit = frame
    margin, big, small = unit * MARGIN, round(unit * 0.032), round(unit * 0.0195)
    title, text = face(big), face(small)
    leading, wide = small * 1.42, width > height * 1.2
    right = width - margin
    ratio = _ratio(brief)
    ratio_px = max(title.getlength(ratio), text.getlength(f"{width} x {height}{note}"))
    name = fitting(plain(brief.model) or "model", title,
                   width * 0.46 if wide else right - margin - ratio_px - margin * 0.5)
    left = margin + (max(width * 0.29, title.getlength(name) + margin * 0.8) if wide else 0)
    column = min(right - ratio_px - margin * 0.8 - left, small * MEASURE_EM)
    rows = wrapped(_prompt_line(brief.prompt), text, column, PROMPT_LINES)
    block = PROMPT_LINES * leading if wide else big * 1.36 + len(rows) * leading
    top = height - margin - block
    pen.text((margin, top), name, fill=255, font=title, stroke_width=unit * STROKE)
    pen.text((right, top), ratio, fill=255, font=title, anchor="ra", stroke_width=unit * STROKE)
    first = top + (big - small) * .22 if wide else top + big * 1.40
    _set_rows(pen, rows, (left, first, leading), text)
    pen.text((right, top + big * 1.40), f"{width} x {height}{note}", fill=215, font=text,
             anchor="ra")
    line = round(top - margin * .42)
    rule = (round(margin), line, round(right), line + max(round(unit / 900), 1))
    pen.rectangle((rule[0], rule[1], rule[2] - 1, rule[3] - 1), fill=110)
    return top, rule


def _set_rows(pen: ImageDraw.ImageDraw, rows: Sequence[str], place: tuple[float, float, float],
              font: ImageFont.FreeTypeFont) -> None:
    x, y, leading = place
    for n, row in enumerate(rows):
        pen.text((x, y + n * leading), row, fill=225, font=font)


def _prompt_line(prompt: str) -> str:
    return plain(prompt) or f"{len(prompt)} characters in a script that this face lacks"


def _track(pen: ImageDraw.ImageDraw, text: str, at: tuple[float, float], size: int) -> None:
    """Letters set wide apart."""
    x, font = at[0], face(size)
    for letter in text:
        pen.text((x, at[1]), letter, fill=215, font=font)
        x += font.getlength(letter) + size * 0.24


def _ink_on(area: Image.Image, palette: Palette) -> tuple[Color, Color, float]:
    """Ink, veil and the veil's depth, so that the words stand out from their ground."""
    mean = area.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    ground = (mean[0], mean[1], mean[2]) if isinstance(mean, tuple) else palette.floor
    pale, deep = mix(palette.light, (255, 255, 255), 0.4), mix(palette.shade, (12, 12, 14), 0.45)
    ink, veil = (pale, deep) if contrast(pale, ground) > contrast(deep, ground) else (deep, pale)
    lack = 1 - min(contrast(ink, ground) / CALM_CONTRAST, 1.0)
    return ink, mix(ground, veil, 0.75), 0.22 + 0.62 * lack
