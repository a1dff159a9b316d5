"""Small pictures of large ones, and of whatever else can be drawn.

Law: a picture is decoded in a process of its own, its first frame only, and never when it has more
pixels than `LARGEST_PIXELS`; whatever is wrong with it, there is just no small picture.
"""

import os
import signal
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from PIL import Image, ImageOps

LONG_EDGE_PX = 640
"""Sharp at 320 points on a screen with two pixels a point."""

LARGEST_PIXELS = 100_000_000
DRAW_S = 30
"""The longest that one picture may take."""

PROCESSES = 4
SUFFIX = ".webp"
QUALITY = 82

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF", "BMP")
"""The formats that are opened at all; the exotic decoders stay asleep."""

Draw = Callable[[Path, Path], bool]
"""Draws a small picture of the first file into the second; False if it cannot."""


def make_thumbs(wanted: Mapping[Path, tuple[Draw, Path]]) -> None:
    """Draw the small pictures that are missing, by where they go: what draws each, and of what."""
    missing = [(artist, source, thumb) for thumb, (artist, source) in wanted.items()
               if not thumb.exists()]
    if not missing:
        return
    processes = min(PROCESSES, os.cpu_count() or 1, len(missing))
    try:
        with ProcessPoolExecutor(processes, get_context("spawn"), _begin) as pool:
            for wish in missing:
                pool.submit(_draw_in_time, *wish)
    except BrokenProcessPool:
        return  # a picture took its process down; what is there is there, the next sheet goes on


def _begin() -> None:
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _too_long)


def _too_long(*_: object) -> None:
    raise TimeoutError


def _draw_in_time(artist: Draw, source: Path, thumb: Path) -> None:
    signal.alarm(DRAW_S)
    try:
        artist(source, thumb)
    finally:
        signal.alarm(0)


def draw(picture: Path, thumb: Path) -> bool:
    """Draw one small picture; False if the large one cannot be read."""
    part = thumb.with_suffix(".part")
    try:
        with Image.open(picture, formats=FORMATS) as image:
            if image.width * image.height > LARGEST_PIXELS:
                return False
            small = _shrink(image)
        small.save(part, "WEBP", quality=QUALITY, method=3,
                   icc_profile=small.info.get("icc_profile"))
        part.replace(thumb)
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError,
            Image.DecompressionBombWarning):
        return False  # a decoder that fails in any other way ends its own process's work only
    return True


def _shrink(image: Image.Image) -> Image.Image:
    image.draft("RGB", (2 * LONG_EDGE_PX, 2 * LONG_EDGE_PX))
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA") else None
    if image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGBA" if "A" in image.mode or "transparency" in image.info
                              else "RGB")
    image.thumbnail((LONG_EDGE_PX, LONG_EDGE_PX), reducing_gap=2.0)
    image = ImageOps.exif_transpose(image)
    image.info["icc_profile"] = profile
    return image


def size_px(thumb: Path) -> tuple[int, int] | None:
    """Width and height of a small picture of ours; None if there is none."""
    try:
        with Image.open(thumb, formats=("WEBP",)) as image:
            return image.size
    except (OSError, ValueError, SyntaxError):
        return None
