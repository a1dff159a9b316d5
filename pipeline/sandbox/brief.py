"""What a picture or a clip is asked to be, and its exact size in pixels."""

import hashlib
import math
import random
import re
from dataclasses import dataclass
from typing import Literal

from pipeline.sandbox.chance import stream

Kind = Literal["image", "video"]

IMAGE_EDGE_PX = 1024
TIERS = {"1K": 1.0, "1.5K": 1.5, "2K": 2.0, "3K": 3.0, "4K": 4.0}
DEFAULT_SHORT_EDGE_PX = 360
SHORT_EDGES_PX = range(144, 1081)
STEEPESTRATIO = 8

RATIO = re.compile(r"\s*(\d{1,2})\s*:\s*(\d{1,2})\s*")
_LINES = re.compile(r"\s*(\d{3,4})[pP]\s*")


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything that decides the bytes; `seed` tells the variants of one cell apart."""

    prompt: str
    model: str
    aspect_ratio: str | None
    resolution: str | None
    seed: int

    def dice(self, *names: object, of: Literal["prompt", "model", "all"] = "all") -> random.Random:
        """A named stream of chance that hangs on the prompt, on the model, or on everything."""
        prompt, model = digest(self.prompt), digest(self.model)
        parts = {"prompt": (prompt,), "model": (model,), "all": (prompt, model, self.seed)}[of]
        return stream("picture", *parts, *names)


def digest(text: str) -> str:
    """A digest of any text at all, lone surrogates included."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def ratio_of(aspect_ratio: str | None) -> tuple[int, int]:
    """The ratio in lowest terms; 1:1 for "auto", "adaptive", nothing, or no ratio at all.

    >>> ratio_of("21:9"), ratio_of("adaptive"), ratio_of("0:7")
    ((7, 3), (1, 1), (1, 1))
    """
    match = RATIO.fullmatch(aspect_ratio or "")
    across, down = (int(match[1]), int(match[2])) if match else (1, 1)
    if not across or not down or max(across, down) > STEEPESTRATIO * min(across, down):
        return 1, 1
    divisor = math.gcd(across, down)
    return across // divisor, down // divisor


def pixel_size(brief: Brief, kind: Kind) -> tuple[int, int]:
    """Width and height in pixels, even numbers always.

    An image has the exact ratio: 1K is the largest such size of at most 1024 x 1024 pixels, 2K has
    four times its area, 4K sixteen times; anything else counts as 1K. A video's resolution is its
    short edge ("720p"), capped at 1080; anything else means 360, which is quick to make, and its
    long edge is the nearest even number.

    >>> pixel_size(Brief("", "", "16:9", "2K", 0), "image")
    (2688, 1512)
    >>> pixel_size(Brief("", "", "9:16", "480p", 0), "video")
    (480, 854)
    """
    across, down = ratio_of(brief.aspect_ratio)
    resolution = brief.resolution or ""
    if kind == "image":
        step = 2 * int(IMAGE_EDGE_PX / math.sqrt(across * down) / 2)
        step = 2 * int(step * TIERS.get(resolution.strip().upper(), 1.0) / 2)
        return across * step, down * step
    match = _LINES.fullmatch(resolution)
    asked_px = int(match[1]) if match else DEFAULT_SHORT_EDGE_PX
    short_px = 2 * (min(max(asked_px, SHORT_EDGES_PX.start), SHORT_EDGES_PX.stop - 1) // 2)
    long_px = 2 * round(short_px * max(across, down) / min(across, down) / 2)
    return (long_px, short_px) if across >= down else (short_px, long_px)
