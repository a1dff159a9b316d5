"""What the files of a job are: kind, length, size, names; and the brief that each is made from.

Law: all of it follows from the stored job, so that an output is the same whenever it is made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from pipeline.sandbox.brief import Brief, pixel_size
from pipeline.sandbox.chance import stream
from pipeline.sandbox.clip import CLIPS_ARE_MP4
from pipeline.sandbox.jobs import RemoteJob
from pipeline.sandbox.sound import AUDIO_SUFFIX

PieceKind = Literal["image", "video", "song", "speech", "stem"]
Stem = Literal["vocals", "instrumental"]

CLIP_SUFFIX = "mp4" if CLIPS_ARE_MP4 else "webp"
"""The format of clips: without PyAV an animated picture stands in."""

SONG_S = range(20, 41)
"""How long songs are, in seconds: short, so that a demonstration is."""

ID_CHARS = 36
"""How many characters the id of an output has: a UUID in its usual spelling."""

THUMBNAIL, COVER, STREAM = "-thumb", "-cover", "-stream"
"""What follows the id in the addresses of an output's companions."""

STEMS: tuple[Stem, Stem] = ("vocals", "instrumental")
"""The outputs of a separation, in order."""

_KINDS: Mapping[str, PieceKind] = {
    "image": "image", "video": "video", "captions": "video", "music": "song", "speech": "speech",
    "separation": "stem",
}

_SUFFIXES: Mapping[PieceKind, str] = {
    "image": "png", "video": CLIP_SUFFIX, "song": AUDIO_SUFFIX, "speech": AUDIO_SUFFIX,
    "stem": "wav",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """What is to be made.

    A video lasts `seconds` and may begin and end with `frames`: pictures, or a film whose last
    frame counts; with `sound` it is heard. A song, a speech and a `stem` (vocals, instrumental) of
    a song last `seconds`.
    """

    brief: Brief
    kind: PieceKind
    seconds: float
    frames: tuple[bytes, ...] = ()
    stem: Stem | None = None
    sound: bool = False


def kind_of(job: RemoteJob) -> PieceKind:
    """What the job's files are."""
    return _KINDS[job.kind]


def medium_of(job: RemoteJob) -> str:
    """What a row calls it: image, video or audio."""
    kind = kind_of(job)
    return kind if kind == "image" or kind == "video" else "audio"


def brief_of(job: RemoteJob, output_id: str) -> Brief:
    """What media is asked for: the job's own words, or those of the work that it is made of.

    Outputs of one job differ by their seed, but stems are of one song. Whose voice it is counts as
    part of the model.
    """
    of = job.details.get("of")
    if isinstance(of, Mapping):
        return Brief(**of)
    seed = job.details["seed"]
    voices = job.details.get("voices")
    speakers = [str(voice) for voice in voices] if isinstance(voices, list) else []
    return Brief(prompt=job.prompt, model=" ".join([job.model, *speakers]),
                 aspect_ratio=str(job.details.get("aspect_ratio") or "1:1"),
                 resolution=str(job.details.get("resolution") or ""),
                 seed=(seed if isinstance(seed, int) else 0) + job.output_ids().index(output_id))


def seconds_of(job: RemoteJob, output_id: str) -> float | None:
    """The length of an output; None for a picture."""
    if job.kind == "music":
        brief = brief_of(job, output_id)
        return float(stream("song", brief.model, brief.seed).choice(SONG_S))
    seconds = job.details.get("seconds")
    return float(seconds) if isinstance(seconds, int | float | str) else None


def pixels_of(job: RemoteJob, output_id: str) -> tuple[int, int] | None:
    """Width and height of an output; None for a sound."""
    kind = kind_of(job)
    if kind == "image" or kind == "video":
        return pixel_size(brief_of(job, output_id), kind)
    return None


def stem_of(job: RemoteJob, output_id: str) -> Stem | None:
    """Which stem of a song an output is; None for what is none."""
    return STEMS[job.output_ids().index(output_id)] if kind_of(job) == "stem" else None


def suffix_of(job: RemoteJob) -> str:
    """The format of the job's files, which is how their addresses end."""
    return _SUFFIXES[kind_of(job)]


def path_of(job: RemoteJob, output_id: str, companion: str = "") -> str:
    """Where an output lies on our host, or its thumbnail, its cover, its stream."""
    folder, suffix = "images", suffix_of(job)
    if companion in (THUMBNAIL, COVER):
        suffix = "png"
    elif medium_of(job) == "audio":
        folder = "audio"
    return f"/{folder}/{output_id}{companion}.{suffix}"


def split_name(name: str) -> tuple[str, str]:
    """The id of an output and its companion, from the last part of an address.

    >>> split_name("00000000-0000-4000-8000-000000000000-thumb.png")
    ('00000000-0000-4000-8000-000000000000', '-thumb')
    """
    stem = PurePosixPath(name).stem
    return stem[:ID_CHARS], stem[ID_CHARS:]


def sources_of(job: RemoteJob) -> Sequence[str]:
    """The addresses that the job was given, in order."""
    urls = job.details.get("source_media_urls")
    return [str(url) for url in urls] if isinstance(urls, list) else []
