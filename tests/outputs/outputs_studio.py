"""A run of everything that is no picture: voices, songs, stems, captions, ads, a film."""

import hashlib
import math
import wave
from array import array
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from outputs_samples import (
    Shown,
    file_of,
    make_entry,
    make_job,
    make_run,
    make_totals,
    paint,
)

from pipeline.core.job import File, Job, State
from pipeline.core.report import Entry

HZ = 8000

LINES = (("00:00:00.400", "00:00:02.100", "This is the quiet part of the morning."),
         ("00:00:02.300", "00:00:04.900", "Before the first tram, before the phone,"),
         ("00:00:05.000", "00:00:07.200", "there is a cup, and a <i>song</i> you know &amp; love."),
         ("00:00:07.600", "00:00:10.800", "Acme headphones: nothing between you and the day."),
         ("00:00:11.000", "00:00:13.000", "Out in spring."))
VTT = "WEBVTT\n\n" + "\n\n".join(f"{start} --> {end}\n{said}" for start, end, said in LINES)
SRT = "\n\n".join(f"{n}\n{start.replace('.', ',')} --> {end.replace('.', ',')}\n{said}"
                  for n, (start, end, said) in enumerate(LINES, 1))


def make_sound(seconds: float, mark: str, *, low_hz: float = 180.0,
               syllables: float = 3.5) -> bytes:
    """A WAV that swells and falls like somebody speaking, each mark in its own way."""
    turns = hashlib.sha256(mark.encode()).digest()
    samples = array("h")
    for index in range(round(seconds * HZ)):
        at_s = index / HZ
        swell = abs(math.sin(math.pi * syllables * at_s + turns[0])) ** 2 * (
            0.55 + 0.45 * math.sin(at_s * (1 + turns[1] / 128)))
        pause = 0.06 if math.sin(at_s * 1.7 + turns[2]) < -0.72 else 1.0
        bright = low_hz * (1 + 2.5 * abs(math.sin(at_s * 0.9 + turns[3])))
        tone = math.sin(math.tau * low_hz * at_s) + 0.5 * math.sin(math.tau * bright * at_s)
        samples.append(round(18_000 * swell * pause * tone / 1.5))
    content = BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, HZ, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return content.getvalue()


class Studio:
    """The outputs folder of the run, and its rows."""

    def __init__(self, outputs: Path) -> None:
        self.outputs = outputs
        self.entries: list[Entry] = []

    def file(self, name: str, content: bytes, media_type: str, *, seconds: float | None = None,
             label: str = "") -> File:
        """A delivered file."""
        path = self.outputs / "studio" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        row = file_of(path, f"studio/{name}", media_type, seconds=seconds)
        return replace(row, label=label)

    def add(self, campaign: str, job: Job, *files: File, **variables: str) -> None:
        """A row of the run."""
        entry = make_entry(len(self.entries), replace(job, files=files), campaign, variables)
        self.entries.append(entry)


def make_studio(outputs: Path, clip: bytes | None = None, song: tuple[bytes, str] | None = None,
                ) -> Shown:
    """The run. A `song` is one that is no WAV, with its media type."""
    studio = Studio(outputs)
    _add_voices(studio)
    _add_songs(studio, song)
    _add_stems(studio)
    _add_captions(studio)
    _add_ads(studio)
    if clip:
        job = make_job(kind="video", model="seedance-2-720p", ratio="16:9", state=State.DONE,
                       prompt="She hums along", price="120", params={"sound": True})
        film = studio.file("film.mp4", clip, "video/mp4", seconds=1.0)
        studio.add("teaser", job, replace(film, width=256, height=144))
    entries = studio.entries
    return Shown(make_run(manifest="spring-radio"), entries, make_totals(entries),
                 outputs)


def _add_voices(studio: Studio) -> None:
    says = {"en": "This is the quiet part of the morning. Acme headphones, out in spring.",
            "de": "Das ist der stille Teil des Morgens. Acme Kopfhörer, jetzt im Frühling."}
    for language, text in says.items():
        for voice, low_hz in (("Rachel", 320.0), ("Clyde", 120.0), ("Hope", 410.0)):
            job = make_job(kind="dialogue", model="text-to-dialogue-v3", ratio=None, price="21",
                           prompt=text, state=State.DONE, params={"voice": voice})
            sound = make_sound(4.0, voice + language, low_hz=low_hz)
            studio.add("voice-over", job, studio.file(
                f"{voice}-{language}.wav", sound, "audio/wav", seconds=4.0), language=language)
    job = make_job(kind="dialogue", model="text-to-dialogue-v3", ratio=None, price="21",
                   prompt="Ceci est la partie calme du matin.", state=State.RUNNING,
                   params={"voice": "Rachel"})
    studio.add("voice-over", job, language="fr")


def _add_songs(studio: Studio, song: tuple[bytes, str] | None) -> None:
    for mood, note in (("morning", ""), ("night drive", "1 of 2 songs came")):
        job = make_job(kind="music", model="V5", ratio=None, price="19", state=State.DONE,
                       prompt=f"Warm acoustic folk for a {mood}, brushed drums, no vocals",
                       message=note)
        job = replace(job, remote_ids=(job.remote_ids[0], "gen-second"))
        files = [studio.file(f"{mood}-{number}.wav", make_sound(
            6.0, f"{mood}{number}", low_hz=140.0 * number, syllables=2.0), "audio/wav",
            seconds=192.0 - number) for number in ((1,) if note else (1, 2))]
        studio.add("song", job, *files, mood=mood)
    if song:
        job = make_job(kind="music", model="V5", ratio=None, price="19", state=State.DONE,
                       prompt="A slow waltz for a Sunday")
        studio.add("song", job, studio.file("waltz.bin", *song, seconds=4.0), mood="sunday")


def _add_stems(studio: Studio) -> None:
    job = make_job(kind="separation", model="mvsep-40", ratio=None, price="6", prompt="",
                   state=State.DONE)
    studio.add("stems", job, *(studio.file(
        f"{label}.wav", make_sound(5.0, label, low_hz=low_hz, syllables=beat), "audio/wav",
        seconds=191.0, label=label) for label, low_hz, beat in (
            ("vocals", 380.0, 1.1), ("instrumental", 90.0, 4.0))))


def _add_captions(studio: Studio) -> None:
    for language in ("en", "de"):
        job = make_job(kind="captions", model="auto-caption", ratio=None, price="0.5", prompt="",
                       state=State.DONE, params={"language": language})
        studio.add("captions", job,
                   studio.file(f"{language}.json", b'{"words": []}', "application/json"),
                   studio.file(f"{language}.srt", SRT.encode(), "application/x-subrip"),
                   studio.file(f"{language}.vtt", VTT.encode(), "text/vtt"), language=language)


def _add_ads(studio: Studio) -> None:
    job = make_job(kind="ad-copy", model="ad-copy", ratio="4:5", price="150", prompt="",
                   state=State.DONE, message="2 of 3 ads came; the third was refused",
                   params={"product_text": "Acme headphones", "variant_count": 3})
    files = []
    for number in (1, 2):
        path = studio.outputs / f"ad{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        spec = replace(job.spec, variant=number)
        size = paint(spec, path)
        files.append(file_of(path, path.name, "image/png", size))
    studio.add("ads", replace(job, remote_ids=("ad-1", "ad-2", "ad-3")), *files)
