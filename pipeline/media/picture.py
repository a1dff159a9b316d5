"""Pictures: PNG, JPEG, WebP and GIF, decoded to the last row."""

import struct
import warnings
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from pipeline.media.facts import Facts, NotWhole

MAGICS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")

LARGEST_PICTURE = 256 * 1024**2
"""In bytes: Pillow takes a WebP into memory whole, and searches garbage byte by byte."""
MOST_SCANS = 100
"""A progressive JPEG has some ten scans, each of which goes over all pixels in a few bytes."""
LARGEST_PIXELS = 120_000_000
Image.MAX_IMAGE_PIXELS = LARGEST_PIXELS

BROKEN = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError,
          struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises on bytes that are no picture, or not all of one, or a bomb."""


def read_picture(stream: BinaryIO, size: int) -> Facts:
    """The facts of a picture; raises `NotWhole` if it does not decode, or is a bomb."""
    if size > LARGEST_PICTURE or _scans(stream) > MOST_SCANS:
        raise NotWhole("it is a picture larger than any picture is")
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(stream, formats=FORMATS) as picture:
                width, height = picture.size
                media_type = Image.MIME[picture.format or ""]
                picture.load()
    except UnidentifiedImageError:
        raise NotWhole("it is a picture whose header is broken") from None
    except BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # this machine's trouble (too many open files), and none of the picture's
        raise NotWhole(f"it is a picture that does not decode: {str(error)[:80]}") from None
    return Facts(media_type, width, height)


def _scans(stream: BinaryIO) -> int:
    """How many scans a JPEG has, 0 for all others."""
    count, last = 0, stream.read(2)
    if last != b"\xff\xd8":
        return 0
    while piece := stream.read(1 << 20):
        count += (last[-1:] + piece).count(b"\xff\xda")
        last = piece
    return count
