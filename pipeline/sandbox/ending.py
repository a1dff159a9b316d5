"""The last frame of a film, from which another may go on."""

import contextlib
import io
from collections import deque

from PIL import Image

from pipeline.sandbox.clip import UNREADABLE

try:
    import av
except ImportError:
    av = None  # type: ignore[assignment]

MP4 = b"ftyp"


def ending_of(content: bytes) -> bytes:
    """The last frame of a film as a PNG; a picture as it is, and so what cannot be read."""
    with contextlib.suppress(*UNREADABLE):
        frame = _last_of_mp4(content) if content[4:8] == MP4 else _last_of_webp(content)
        if frame is not None:
            sink = io.BytesIO()
            frame.save(sink, "PNG")
            return sink.getvalue()
    return content


def _last_of_mp4(content: bytes) -> Image.Image | None:
    if av is None:
        return None
    with contextlib.suppress(av.FFmpegError, IndexError), \
            av.open(io.BytesIO(content), "r") as film:
        last = deque(film.decode(video=0), maxlen=1)[0]
        picture: Image.Image = last.to_image()  # type: ignore[no-untyped-call]
        return picture
    return None


def _last_of_webp(content: bytes) -> Image.Image | None:
    """The last picture of an animation; None for a single one."""
    with Image.open(io.BytesIO(content)) as film:
        count = getattr(film, "n_frames", 1)
        if count == 1:
            return None
        film.seek(count - 1)
        return film.convert("RGB")
