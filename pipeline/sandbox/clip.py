"""A moving picture: a slow push-in on a still, or from one given frame to another."""

import io
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageOps

from pipeline.sandbox.brief import Brief, pixel_size
from pipeline.sandbox.hands import dressed
from pipeline.sandbox.label import Label, footer, header
from pipeline.sandbox.light import glow, smooth
from pipeline.sandbox.palette import choose_palette
from pipeline.sandbox.picture import staged
from pipeline.sandbox.sound_file import frames_of
from pipeline.sandbox.sound_wave import RATE_HZ, Pcm
from pipeline.sandbox.stage import Stage

try:
    import av
except ImportError:
    CLIPS_ARE_MP4 = False
else:
    CLIPS_ARE_MP4 = True

MP4_FPS = 12
WEBP_FPS = 6
LONGEST_S = 120.0
PUSH_ON_ART = 0.09
PUSH_ON_GIVEN = 0.05
OVERSCAN = 1.1
FADE_IN_S = 0.6
MAX_SOURCE_PIXELS = 80_000_000
CRF = "27"
AAC = {"b": "64000"}

# What Pillow raises on bytes that are no picture, or not all of one.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, OverflowError,
              struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning)

Shot = Callable[[float], Image.Image]


def bounded(seconds: float) -> float:
    """A length that can be made: none at all for nonsense, two minutes at most."""
    return min(seconds, LONGEST_S) if seconds > 0 else 0.0


def draw_clip(
    brief: Brief, seconds: float, first_frame: bytes | None, last_frame: bytes | None,
) -> Iterator[Image.Image]:
    """The frames of a clip, as many as the container that this machine can make wants a second."""
    fps = MP4_FPS if CLIPS_ARE_MP4 else WEBP_FPS
    count = max(round(seconds * fps), 1)
    size = pixel_size(brief, "video")
    first, last = _source(first_frame, size), _source(last_frame, size)
    note = f"  ·  {seconds:g} s"
    if first is None:
        stage = staged(brief, _overscanned(size))
        shot, label = _drift(stage, size), footer(brief, stage.canvas.resize(size), stage.palette,
                                                  note=note)
    else:
        shot = _push(first, size, 0.0, PUSH_ON_GIVEN)
        palette = dressed(brief, choose_palette(brief))
        label = header(brief, first.resize(size), palette, note=note)
    if last is not None:
        shot = _dissolve(shot, _push(last, size, PUSH_ON_GIVEN, 0.0))
    fades = first is not None
    for n in range(count):
        part = n / max(count - 1, 1)
        frame = shot(part)
        _letter(frame, label, part, min(n / fps / FADE_IN_S, 1.0) if fades else 1.0)
        yield frame


def _letter(frame: Image.Image, label: Label, part: float, strength: float) -> None:
    """Lay the words on, and let the hairline fill as the clip goes by."""
    if not strength:
        return
    label.lay(frame, strength)
    left, top, right, bottom = label.rule
    now = left + round((right - left) * part)
    if now > left:
        ImageDraw.Draw(frame).rectangle((left, top, now, bottom), fill=label.ink)


def _source(content: bytes | None, size: tuple[int, int]) -> Image.Image | None:
    """A given picture cropped to the clip's ratio, a little larger; None if it is broken."""
    if not content:
        return None
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > MAX_SOURCE_PIXELS:
                return None
            image.load()
            flat = image.convert("RGBA")
    except UNREADABLE:
        return None
    paper = Image.new("RGBA", flat.size, (255, 255, 255, 255))
    paper.alpha_composite(flat)
    return ImageOps.fit(paper.convert("RGB"), _overscanned(size), Image.Resampling.BICUBIC)


def _overscanned(size: tuple[int, int]) -> tuple[int, int]:
    return round(size[0] * OVERSCAN), round(size[1] * OVERSCAN)


def _push(still: Image.Image, size: tuple[int, int], start: float, end: float) -> Shot:
    """The camera moves in on the still, from one closeness to another, and settles."""
    def shot(part: float) -> Image.Image:
        near = start + (end - start) * smooth(-0.15, 1.15, part)
        cut_x, cut_y = still.width * near / 2, still.height * near / 2
        box = (cut_x, cut_y, still.width - cut_x, still.height - cut_y)
        return still.resize(size, Image.Resampling.BILINEAR, box=box)
    return shot


def _drift(stage: Stage, size: tuple[int, int]) -> Shot:
    """A push-in on a painted scene while a light wanders across and brightens what it meets."""
    push = _push(stage.canvas, size, 0.0, PUSH_ON_ART)
    reach, way = max(size), -1 if stage.studio.side > 0 else 1
    beam = Image.new("L", (size[0] * 3, size[1]))
    beam.paste(glow((reach, reach), 0.24), (size[0] * 3 // 2 - reach // 2,
                                            round(size[1] * 0.4) - reach // 2))
    beam = Image.merge("RGB", [beam] * 3)

    def shot(part: float) -> Image.Image:
        frame, left = push(part), round(size[0] * (1 - way * (part - 0.5) * 0.9))
        lit = ImageChops.multiply(frame, beam.crop((left, 0, left + size[0], size[1])))
        return ImageChops.add(frame, lit)
    return shot


def _dissolve(one: Shot, other: Shot) -> Shot:
    """From one shot to the other: all of the one at the start, all of the other at the end."""
    def shot(part: float) -> Image.Image:
        share = smooth(0.2, 1.0, part)
        if share <= 0:
            return one(part)
        return other(part) if share >= 1 else Image.blend(one(part), other(part), share)
    return shot


def encode_mp4(
    frames: Iterable[Image.Image], size: tuple[int, int], sound: "Pcm | None" = None,
) -> bytes:
    """H.264 with its index in front, for which the muxer needs a real file; a sound in two channels
    becomes AAC."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
            options = {"preset": "superfast", "crf": CRF, "x264-params": "threads=1"}
            stream = out.add_stream("libx264", rate=MP4_FPS, options=options)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            stream.codec_context.thread_count = 1
            heard = out.add_stream("aac", rate=RATE_HZ, layout="stereo",
                                   options=AAC) if sound else None
            for n, frame in enumerate(frames):
                picture = av.VideoFrame.from_image(frame)  # type: ignore[no-untyped-call]
                picture.pts, picture.time_base = n, Fraction(1, MP4_FPS)
                out.mux(stream.encode(picture))
            out.mux(stream.encode(None))
            if sound and heard:
                for piece in (*frames_of(sound, channels=2), None):
                    out.mux(heard.encode(piece))
        return path.read_bytes()


def encode_webp(frames: Iterable[Image.Image], seconds: float) -> bytes:
    """An animated WebP that lasts as long as the clip was to."""
    first, *others = frames
    count = 1 + len(others)
    ends = [round(seconds * 1000 * n / count) for n in range(count + 1)]
    lengths = [max(end - start, 1) for start, end in pairwise(ends)]
    sink = io.BytesIO()
    first.save(sink, "WEBP", save_all=True, append_images=others, duration=lengths, loop=0,
               quality=60, method=0)
    return sink.getvalue()
