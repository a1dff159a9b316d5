"""Small pictures of large ones, and of whatever else can be drawn.

Law: a picture is decoded in a process of its own, its first frame only, and never when it has more
pixels than `LARGEST_PIXELS`; whatever is wrong with it, there is just no small picture.
"""

import os
import signal
import warnings
from collections.abc import Callable, Mapping, Sequence
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
MOST = 20_000
"""As many small pictures as one sheet draws anew; a run of a million is drawn over several."""
SUFFIX = ".webp"
QUALITY = 82

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "TIFF", "BMP")
"""The formats that are opened at all; the exotic decoders stay asleep."""

Draw = Callable[[Path, Path], bool]
"""Draws a small picture of the first file into the second; False if it cannot."""


class Easel:
    """Where the small pictures of one sheet are drawn, `most` of them; `waiting` is how many were
    left for another time."""

    def __init__(self, most: int = MOST) -> None:
        self.left = most
        self.waiting = 0
        self._pool: ProcessPoolExecutor | None = None
        self._processes = 0

    def __enter__(self) -> "Easel":
        return self

    def __exit__(self, *_: object) -> None:
        self._put_away()

    def draw(self, wanted: Mapping[Path, tuple[Draw, Path]]) -> set[Path]:
        """Draw the small pictures that are missing, by where they go: what draws each, and of what.
        Those that are left for another time.

        Where a picture takes its process down, those beside it are not there this time.
        """
        missing = [thumb for thumb in wanted if not thumb.exists()]
        now, later = missing[:self.left], missing[self.left:]
        self.left -= len(now)
        self.waiting += len(later)
        if now:
            self._draw([(*wanted[thumb], thumb) for thumb in now])
        return set(later)

    def _draw(self, wishes: Sequence[tuple[Draw, Path, Path]]) -> None:
        pool = self._have_pool(min(PROCESSES, os.cpu_count() or 1, len(wishes)))
        try:
            ends = [pool.submit(_draw_in_time, *wish) for wish in wishes]
            broken = any(isinstance(end.exception(), BrokenProcessPool) for end in ends)
        except BrokenProcessPool:
            broken = True
        if broken:
            self._put_away()

    def _have_pool(self, processes: int) -> ProcessPoolExecutor:
        if self._pool is None or self._processes < processes:
            self._put_away()
            self._pool = ProcessPoolExecutor(processes, get_context("spawn"), _begin)
            self._processes = processes
        return self._pool

    def _put_away(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


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
