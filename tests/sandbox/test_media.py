"""The sandbox makes real files of the right size and length, the same every time."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageSequence, ImageStat

from pipeline.sandbox.clip import LONGEST_S, MP4_FPS, bounded, draw_clip, encode_webp
from pipeline.sandbox.label import PROMPT_LINES, face, plain, wrapped
from pipeline.sandbox.media import CLIPS_ARE_MP4, Brief, make_clip, make_picture, pixel_size

av: Any = pytest.importorskip("av") if CLIPS_ARE_MP4 else None
needs_av = pytest.mark.skipif(not CLIPS_ARE_MP4, reason="PyAV is not installed")

HEADPHONES = Brief("matte-black headphones on marble, soft light", "imagen-4", "1:1", None, 1)

IMAGE_SIZES = [
    ("1:1", None, (1024, 1024)), ("1:1", "1K", (1024, 1024)), ("16:9", "1K", (1344, 756)),
    ("9:16", "1K", (756, 1344)), ("4:3", None, (1176, 882)), ("3:4", None, (882, 1176)),
    ("3:2", None, (1254, 836)), ("2:3", None, (836, 1254)), ("21:9", None, (1554, 666)),
    ("4:5", None, (912, 1140)), ("5:4", None, (1140, 912)), ("1:2", None, (724, 1448)),
    ("2:1", None, (1448, 724)), ("1:1", "1.5K", (1536, 1536)), ("16:9", "2K", (2688, 1512)),
    ("16:9", "2k", (2688, 1512)), ("1:1", "3K", (3072, 3072)), ("9:16", "4K", (3024, 5376)),
    ("auto", None, (1024, 1024)), ("adaptive", "2K", (2048, 2048)), (None, None, (1024, 1024)),
    ("", "", (1024, 1024)), ("0:9", "9K", (1024, 1024)), ("99:1", "-1K", (1024, 1024)),
    ("16x9", "1080p", (1024, 1024)),
]
VIDEO_SIZES = [
    ("16:9", "480p", (854, 480)), ("16:9", "720p", (1280, 720)), ("16:9", "1080p", (1920, 1080)),
    ("9:16", "720p", (720, 1280)), ("9:16", "1080p", (1080, 1920)), ("1:1", "480p", (480, 480)),
    ("21:9", "720p", (1680, 720)), ("16:9", None, (640, 360)), ("9:16", None, (360, 640)),
    (None, None, (360, 360)), ("4:3", "540p", (720, 540)), ("16:9", "4320p", (1920, 1080)),
    ("16:9", "4K", (640, 360)),
]
HOSTILE = [
    "", " \t\r\n", "\x00\x01\x1b[31m\x7f\u2028\u2029", "🙂👩‍👩‍👧‍👦🏳️‍🌈" * 50,
    "\u202eright to left\u202c مرحبا بالعالم שלום", "深い森の中の瓶、朝霧" * 40,
    "\ud800 a lone surrogate \udfff", "e" + "\u0301" * 5000, "x" * 100_000, "a b " * 25_000,
    "%s {0} {{ x }} ${y} <b>&amp;</b>", "ﷺ" * 200, "\u00ad\u200b\ufeff\ufffe" * 100,
]


def opened(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return image.convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures, in grey levels."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


@pytest.mark.parametrize(("ratio", "resolution", "size"), IMAGE_SIZES)
def test_an_image_has_its_exact_size(
    ratio: str | None, resolution: str | None, size: tuple[int, int],
) -> None:
    assert pixel_size(Brief("", "", ratio, resolution, 0), "image") == size


@pytest.mark.parametrize(("ratio", "resolution", "size"), VIDEO_SIZES)
def test_a_video_has_its_exact_size(
    ratio: str | None, resolution: str | None, size: tuple[int, int],
) -> None:
    assert pixel_size(Brief("", "", ratio, resolution, 0), "video") == size


@given(st.integers(1, 99), st.integers(1, 99), st.sampled_from(["1K", "1.5K", "2K", "3K", "4K"]))
def test_every_ratio_is_exact_in_pictures(across: int, down: int, tier: str) -> None:
    width, height = pixel_size(Brief("", "", f"{across}:{down}", tier, 0), "image")
    steep = max(across, down) > 8 * min(across, down)
    assert width * (1 if steep else down) == height * (1 if steep else across)
    assert width % 2 == height % 2 == 0


@given(st.integers(1, 99), st.integers(1, 99), st.integers(100, 9999))
def test_every_video_is_even_and_of_its_ratio(across: int, down: int, lines: int) -> None:
    width, height = pixel_size(Brief("", "", f"{across}:{down}", f"{lines}p", 0), "video")
    short, long = sorted((width, height))
    ratio = max(across, down) / min(across, down)
    assert width % 2 == height % 2 == 0
    assert 144 <= short <= 1080
    assert abs(long - short * (1 if ratio > 8 else ratio)) <= 1 + 1e-9


def test_a_tier_multiplies_the_area() -> None:
    one, two, four = (pixel_size(replace(HEADPHONES, resolution=tier), "image")
                      for tier in ("1K", "2K", "4K"))
    assert two[0] * two[1] == 4 * one[0] * one[1]
    assert four[0] * four[1] == 16 * one[0] * one[1]


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "9:16", "21:9", "1:8", "8:1"])
def test_a_picture_is_a_whole_png(ratio: str) -> None:
    brief = replace(HEADPHONES, aspect_ratio=ratio)
    content = make_picture(brief)
    with Image.open(io.BytesIO(content)) as image:
        image.verify()
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", pixel_size(brief, "image"))
        image.load()


def test_a_large_picture_is_as_large_as_it_says() -> None:
    assert opened(make_picture(replace(HEADPHONES, resolution="2K"))).size == (2048, 2048)


def test_the_same_brief_gives_the_same_bytes() -> None:
    assert make_picture(HEADPHONES) == make_picture(replace(HEADPHONES))


@pytest.mark.parametrize("other", [
    replace(HEADPHONES, seed=2), replace(HEADPHONES, model="nano-banana-2"),
    replace(HEADPHONES, prompt="amber perfume bottle at dawn"),
])
def test_another_brief_gives_another_picture(other: Brief) -> None:
    assert difference(opened(make_picture(HEADPHONES)), opened(make_picture(other))) > 0.5


@pytest.mark.parametrize("prompt", HOSTILE)
def test_no_prompt_stops_a_picture(prompt: str) -> None:
    brief = replace(HEADPHONES, prompt=prompt, model=prompt)
    assert opened(make_picture(brief)).size == (1024, 1024)


@settings(max_examples=12, deadline=None)
@given(st.text(max_size=300), st.text(max_size=60), st.sampled_from(["1:1", "16:9", "1:2", "8:1"]),
       st.integers())
def test_any_brief_gives_a_picture(prompt: str, model: str, ratio: str, seed: int) -> None:
    brief = Brief(prompt, model, ratio, None, seed)
    assert opened(make_picture(brief)).size == pixel_size(brief, "image")


@given(st.text(max_size=600), st.integers(20, 800))
def test_no_line_is_longer_than_its_column(prompt: str, width: int) -> None:
    font = face(20)
    rows = wrapped(plain(prompt), font, width, PROMPT_LINES)
    assert len(rows) <= PROMPT_LINES
    assert all(font.getlength(row) <= max(width, font.getlength("…")) for row in rows)


@pytest.mark.parametrize("prompt", HOSTILE)
def test_a_plain_line_is_short_and_printable(prompt: str) -> None:
    line = plain(prompt)
    assert len(line) <= 2000
    assert line.isprintable()


def decoded(content: bytes) -> tuple[float, tuple[int, int], list[Image.Image]]:
    """Seconds, size and frames of an MP4."""
    with av.open(io.BytesIO(content)) as clip:
        stream = clip.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        frames = [frame.to_image() for frame in clip.decode(stream)]
        return clip.duration / av.time_base, (stream.width, stream.height), frames


@needs_av
@pytest.mark.parametrize(("ratio", "resolution", "seconds"), [
    ("16:9", None, 5), ("9:16", "480p", 2), ("1:1", "720p", 1), (None, None, 3.3),
    ("21:9", None, 1),
])
def test_a_clip_has_its_length_and_its_size(
    ratio: str | None, resolution: str | None, seconds: float,
) -> None:
    brief = Brief("waves at dawn", "veo3-1", ratio, resolution, 1)
    content, media_type = make_clip(brief, seconds, None)
    lasted, size, frames = decoded(content)
    assert media_type == "video/mp4"
    assert size == pixel_size(brief, "video")
    assert abs(lasted - seconds) <= 1 / MP4_FPS
    assert len(frames) == round(seconds * MP4_FPS)
    assert difference(frames[0], frames[-1]) > 0.5


@needs_av
def test_a_clip_has_its_index_in_front() -> None:
    content, _ = make_clip(replace(HEADPHONES, aspect_ratio="16:9"), 1, None)
    assert 0 < content.index(b"moov") < content.index(b"mdat")


@needs_av
def test_the_same_clip_has_the_same_bytes() -> None:
    picture = make_picture(HEADPHONES)
    assert make_clip(HEADPHONES, 1, None) == make_clip(HEADPHONES, 1, None)
    assert make_clip(HEADPHONES, 1, picture, picture) == make_clip(HEADPHONES, 1, picture, picture)


def sheet(color: tuple[int, int, int], size: tuple[int, int] = (400, 300)) -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", size, color).save(sink, "PNG")
    return sink.getvalue()


@needs_av
def test_a_clip_starts_from_its_first_frame() -> None:
    picture = make_picture(replace(HEADPHONES, aspect_ratio="16:9"))
    _, size, frames = decoded(make_clip(replace(HEADPHONES, aspect_ratio="16:9"), 2, picture)[0])
    assert difference(frames[0], opened(picture).resize(size, Image.Resampling.LANCZOS)) < 3


@needs_av
def test_a_clip_goes_from_its_first_frame_to_its_last() -> None:
    content, _ = make_clip(HEADPHONES, 2, sheet((200, 40, 40)), sheet((40, 40, 200)))
    _, (width, height), frames = decoded(content)
    box = (width // 3, height // 3, width // 2, height // 2)
    assert ImageStat.Stat(frames[0].crop(box)).mean[0] > 180
    assert ImageStat.Stat(frames[-1].crop(box)).mean[2] > 180


@needs_av
@pytest.mark.parametrize("broken", [
    b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 64, sheet((9, 9, 9))[:60],
    b"GIF89a\xff\xff\xff\xff\x00\x00\x00", b"RIFF\xff\xff\xff\xffWEBPVP8L", b"\xff\xd8\xff\xe0" * 9,
])
def test_a_broken_first_frame_is_passed_over(broken: bytes) -> None:
    assert make_clip(HEADPHONES, 0.5, broken) == make_clip(HEADPHONES, 0.5, None)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_first_frame_stops_nothing(data: st.DataObject) -> None:
    content = bytearray(sheet((120, 90, 60), (64, 48)))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    frames = draw_clip(HEADPHONES, 0.1, bytes(content), None)
    assert next(frames).size == (360, 360)


@needs_av
@pytest.mark.parametrize("seconds", [0.0, -3.0, float("nan"), 0.01])
def test_a_clip_of_no_length_has_one_frame(seconds: float) -> None:
    assert len(decoded(make_clip(HEADPHONES, seconds, None)[0])[2]) == 1


def test_a_clip_is_never_longer_than_the_limit() -> None:
    assert bounded(1e9) == bounded(float("inf")) == LONGEST_S
    assert bounded(LONGEST_S - 1) == LONGEST_S - 1


@pytest.mark.parametrize("prompt", HOSTILE)
def test_no_prompt_stops_a_clip(prompt: str) -> None:
    assert make_clip(Brief(prompt, prompt, "16:9", None, 1), 0.2, None)[0]


def test_a_webp_stands_in_for_an_mp4() -> None:
    frames = list(draw_clip(HEADPHONES, 1.5, None, None))
    content = encode_webp(frames, 1.5)
    with Image.open(io.BytesIO(content)) as clip:
        assert (clip.format, clip.size) == ("WEBP", (360, 360))
        lengths = [frame.info["duration"] for frame in ImageSequence.Iterator(clip)
                   if frame.load()]
    assert sum(lengths) == 1500
    assert content == encode_webp(frames, 1.5)


def test_without_pyav_a_clip_is_a_webp() -> None:
    """In a process of its own, where the optional package cannot be imported."""
    script = ("import sys; sys.modules['av'] = None\n"
              "from pipeline.sandbox.media import CLIPS_ARE_MP4, Brief, make_clip\n"
              "content, media_type = make_clip(Brief('a vase', 'm', '16:9', None, 1), 1.0, None)\n"
              "assert not CLIPS_ARE_MP4 and media_type == 'image/webp'\n"
              "assert content[:4] == b'RIFF' and content[8:12] == b'WEBP'\n")
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_pictures_made_side_by_side_are_the_same() -> None:
    briefs = [replace(HEADPHONES, seed=seed, aspect_ratio="16:9") for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(make_picture, briefs)) == [make_picture(one) for one in briefs]
