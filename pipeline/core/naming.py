"""What a delivered file is called.

Law: a name is made of our own words only, readable, bounded, safe on every file system, and unique
by the job's key; nothing that a service says becomes part of a path.
"""

import re
import unicodedata

from pipeline.core.job import Job
from pipeline.core.kinds import sheet

LONGEST_STEM = 96
KEY_SHOWN = 8

EXTENSIONS = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp",
              "image/gif": ".gif", "video/mp4": ".mp4", "video/webm": ".webm",
              "video/quicktime": ".mov", "audio/mpeg": ".mp3", "audio/wav": ".wav",
              "audio/ogg": ".ogg", "audio/mp4": ".m4a", "audio/flac": ".flac",
              "application/json": ".json", "application/x-subrip": ".srt", "text/vtt": ".vtt"}

DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)\Z")


def slug(text: str, longest: int) -> str:
    """A text as part of a name: lower-case ASCII letters, digits and single dashes.

    >>> slug("Größe: 16:9 / ../x", 20)
    'grosse-16-9-x'
    >>> slug("con", 9)
    'con-'
    """
    folded = text[:400].replace("ß", "ss").replace("ø", "o").replace("Ø", "O")
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:longest].rstrip("-")
    return words + "-" if DEVICES.match(words) else words


def stem(job: Job, index: int = 0, label: str = "") -> str:
    """The name of a job's file without its ending; `index` counts the files of one job, `label`
    is the word that tells them apart where there is one.

    The variables come first, then the model and the shape, then the key.
    """
    parts = [slug(value, 24) for value in list(job.labels.values())[:4]]
    parts += [slug(job.spec.model, 40), slug(job.spec.aspect_ratio or "", 8)]
    readable = "_".join(part for part in parts if part)[:LONGEST_STEM - 24].rstrip("_-")
    number = f"_{slug(label, 24)}" if label else f"_{index + 1}" if index else ""
    if sheet(job.spec.kind).makes == "text":
        number = ""  # one text in several forms, told apart by their endings
    return f"{readable}_{job.key[:KEY_SHOWN]}{number}"


def extension(media_type: str) -> str:
    """The ending that a kind of file has, by what its bytes are."""
    return EXTENSIONS.get(media_type, ".bin")
