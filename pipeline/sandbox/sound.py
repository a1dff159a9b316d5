"""Real sound from no model at all: the songs, voices and stems that the sandbox pretends to make.

Law: the same brief gives the same bytes, and no prompt, however hostile, can stop it or slow it;
the two stems of a song add up to it, sample by sample, before it is encoded.
"""

from array import array
from collections.abc import Iterable
from itertools import count, starmap
from typing import Literal

from pipeline.sandbox.brief import Brief
from pipeline.sandbox.sound_band import Band
from pipeline.sandbox.sound_file import SOUNDS_ARE_MP3, encode, encode_wav
from pipeline.sandbox.sound_score import INTRO, compose, form
from pipeline.sandbox.sound_speech import speak
from pipeline.sandbox.sound_wave import Pcm, faded, frames_in, summed

__all__ = ["AUDIO_SUFFIX", "make_song", "make_speech", "make_stem", "soundtrack"]

AUDIO_SUFFIX = "mp3" if SOUNDS_ARE_MP3 else "wav"

SHORTEST_S, LONGEST_S = 0.5, 240.0
FADE_IN_S, FADE_OUT_S = 0.05, 2.5

Stem = Literal["vocals", "instrumental"]


def bounded(seconds: float) -> float:
    """A length that can be made: half a second for nonsense, four minutes at most.

    >>> bounded(float("nan")), bounded(30), bounded(1e9)
    (0.5, 30, 240.0)
    """
    return min(seconds, LONGEST_S) if seconds > SHORTEST_S else SHORTEST_S


def make_song(brief: Brief, seconds: float) -> tuple[bytes, str]:
    """A song in stereo and its media type: a band, and a singer without words.

    It lasts `seconds`, from half of one to 240, and as an MP3 up to a tenth of one longer.
    """
    return encode(summed(_stem(brief, seconds, "vocals"), _stem(brief, seconds, "instrumental")), 2)


def make_speech(brief: Brief, seconds: float) -> tuple[bytes, str]:
    """A murmur in mono that follows the words of the prompt, and its media type.

    The model of the brief decides whose voice it is. A text that is too short for `seconds` is said
    again, one that is too long is hurried and at last broken off.
    """
    return encode(speak(brief, frames_in(bounded(seconds))), 1)


def make_stem(brief: Brief, seconds: float, stem: Stem) -> tuple[bytes, str]:
    """A WAV of the singer alone, or of the band alone, in the song that this brief makes."""
    return encode_wav(_stem(brief, seconds, stem), 2), "audio/wav"


def soundtrack(brief: Brief, seconds: float) -> Pcm:
    """What lies softly under a clip, in stereo: chords, held and broken."""
    score, seconds = compose(brief), bounded(seconds)
    play = Band(score).instrumental
    return _cut((play(number, INTRO) for number in count()), seconds, seconds / 4)


def _stem(brief: Brief, seconds: float, stem: Stem) -> Pcm:
    score, seconds = compose(brief), bounded(seconds)
    band = Band(score)
    play = band.vocals if stem == "vocals" else band.instrumental
    parts = form(-(-frames_in(seconds) // score.bar_frames))
    return _cut(starmap(play, enumerate(parts)), seconds, min(FADE_OUT_S, seconds / 4))


def _cut(bars: Iterable[Pcm], seconds: float, fade_out_s: float) -> Pcm:
    """Bars one after the other, until there are enough."""
    track, samples = array("h"), 2 * frames_in(seconds)
    for bar in bars:
        track.extend(bar)
        if len(track) >= samples:
            break
    return faded(track[:samples], FADE_IN_S, fade_out_s)
