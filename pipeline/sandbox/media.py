"""Real files from no model at all: the pictures and clips that the sandbox pretends to generate.

Law: the same brief gives the same bytes, and no prompt, however hostile, can stop it or slow it.
"""

from pipeline.sandbox.brief import Brief, pixel_size
from pipeline.sandbox.clip import CLIPS_ARE_MP4, bounded, draw_clip, encode_mp4, encode_webp
from pipeline.sandbox.picture import make_still
from pipeline.sandbox.sound import SHORTEST_S, soundtrack

__all__ = ["CLIPS_ARE_MP4", "Brief", "make_clip", "make_picture", "pixel_size"]


def make_picture(brief: Brief) -> bytes:
    """A PNG of exactly `pixel_size(brief, "image")`: about a tenth of a second at 1K, one at 4K."""
    return make_still(brief)


def make_clip(
    brief: Brief, seconds: float, first_frame: bytes | None, last_frame: bytes | None = None, *,
    sound: bool = False,
) -> tuple[bytes, str]:
    """A clip of `pixel_size(brief, "video")` and its media type; silent unless it is to have sound.

    It lasts `seconds`, to within half a frame and no longer than two minutes. It starts from the
    first frame and dissolves into the last, each cropped to the ratio; one that cannot be read is
    passed over for a picture of the prompt. Without PyAV it is an animated WebP, which is silent,
    and so is a clip of less than half a second.
    """
    seconds = bounded(seconds)
    frames = draw_clip(brief, seconds, first_frame, last_frame)
    if CLIPS_ARE_MP4:
        heard = soundtrack(brief, seconds) if sound and seconds >= SHORTEST_S else None
        return encode_mp4(frames, pixel_size(brief, "video"), heard), "video/mp4"
    return encode_webp(frames, seconds), "image/webp"
