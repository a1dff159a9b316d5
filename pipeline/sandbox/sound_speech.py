"""Speech that nobody can understand: syllables along a text, with its pauses and its melody.

Law: a text is read to a certain length and no further, whatever it is made of.
"""

import random
import re
import unicodedata
from array import array
from dataclasses import dataclass, replace
from itertools import cycle

from pipeline.sandbox.brief import Brief
from pipeline.sandbox.sound_drums import hiss, noise
from pipeline.sandbox.sound_voice import voiced, vowel
from pipeline.sandbox.sound_wave import (
    Pcm,
    Samples,
    frames_in,
    pcm,
    pluck,
    shaped,
    silence,
    swell,
)

READ_CHARS = 4000
LONGEST_WORD, LONGEST_CIPHER = 24, 6
HUM = "mm, hm."
"""What is said where there is no word."""

LEVEL = 0.75
DEEP_HZ, HIGH_HZ = (96, 104, 112, 122, 134), (172, 186, 200, 214)
DEEP_MOUTH, HIGH_MOUTH = 1.0, 1.16
"""How much higher the formants lie in a smaller head."""

LENGTHS_S = (0.11, 0.18)
WORD_S, COMMA_S, STOP_S = 0.035, 0.22, 0.45
SLOWEST, FASTEST = 0.7, 1.5
"""How far the usual pace gives way so that a text fits its time."""
LEAD_S = 0.08
HIGHEST, LOWEST, FALL = 1.14, 0.84, 0.982
"""Where the pitch begins in a sentence, where it ends at the lowest, and its step downwards."""
HISSING, BURSTING = "sfzxcjhv", "ptkbdgq"
"""The letters that set in with a hiss and with a burst; all others hum."""
HISS_S, STOP_GAP_S, BURST_S, NASAL_S = 0.06, 0.03, 0.018, 0.045

_TOKEN = re.compile(r"([^\W_]+)|([.!?…\n。！？])|([,;:–—、，])")
_SYLLABLE = re.compile(r"[^aeiouy]*?([^aeiouy]?)([aeiouy])[aeiouy]*")
VOWELS = "aeiou"


@dataclass(frozen=True, slots=True)
class Syllable:
    """One beat of speech; `height` is its pitch, 1 being the voice's own."""

    onset: str
    vowel: str
    length_s: float
    height: float
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks."""

    pitch_hz: float
    mouth: float

    def say(self, syllable: Syllable, pace: float) -> Samples:
        """One syllable, so many times as fast as usual."""
        frames = frames_in(syllable.length_s / pace)
        start_hz = self.pitch_hz * syllable.height
        fall_hz = 0.08 * start_hz / frames
        wave = vowel(syllable.vowel, self.pitch_hz, self.mouth)
        pitches = [start_hz - fall_hz * n for n in range(frames)]
        return self._onset(syllable.onset) + voiced(wave, pitches, swell(frames, 0.025, 0.05))

    def _onset(self, letter: str) -> Samples:
        """How a syllable sets in: with a hiss, a burst, a hum, or at once."""
        if not letter:
            return silence(0)
        if letter in HISSING:
            frames = frames_in(HISS_S)
            return shaped(hiss(frames), swell(frames, 0.03, 0.03, 0.3))
        if letter in BURSTING:
            frames = frames_in(BURST_S)
            burst = shaped(noise(frames), pluck(frames, 0.006, 0.35))
            return silence(frames_in(STOP_GAP_S)) + burst
        frames = frames_in(NASAL_S)
        pitches = [self.pitch_hz] * frames
        return voiced(vowel("m", self.pitch_hz), pitches, swell(frames, 0.015, 0.015, 0.4))


VOICES = ([Voice(pitch_hz, DEEP_MOUTH) for pitch_hz in DEEP_HZ]
          + [Voice(pitch_hz, HIGH_MOUTH) for pitch_hz in HIGH_HZ])


def speak(brief: Brief, frames: int) -> Pcm:
    """The prompt, murmured for so many frames; the last syllable is a whole one."""
    voice = brief.dice("voice", of="model").choice(VOICES)
    dice = brief.dice("speech")
    beats = read(brief.prompt, dice) or read(HUM, dice)
    usual = frames_in(sum(beat.length_s + beat.pause_s for beat in beats))
    pace = min(max(usual / frames, SLOWEST), FASTEST)
    track, place = array("h", bytes(2 * frames)), frames_in(LEAD_S)
    for beat in cycle(beats):
        sound = pcm(voice.say(beat, pace), LEVEL)
        if place + len(sound) > frames:
            break
        track[place:place + len(sound)] = sound
        place += len(sound) + frames_in(beat.pause_s / pace)
    return track


def read(text: str, dice: random.Random) -> list[Syllable]:
    """The syllables of the beginning of a text."""
    beats: list[Syllable] = []
    height = HIGHEST
    for word, stop, comma in _TOKEN.findall(text[:READ_CHARS]):
        if word:
            for onset, sound in _syllables(word):
                height = max(height * FALL, LOWEST)
                beats.append(Syllable(onset, sound, dice.uniform(*LENGTHS_S),
                                      height * dice.uniform(0.96, 1.06)))
            beats[-1] = replace(beats[-1], pause_s=WORD_S)
        elif beats:
            beats[-1] = replace(beats[-1], pause_s=COMMA_S if comma else STOP_S)
        height = HIGHEST if stop else height
    return beats


def _syllables(word: str) -> list[tuple[str, str]]:
    """How each syllable of a word sets in, and its vowel; what is not spelled with our letters has
    one for each sign.

    >>> _syllables("perfume"), _syllables("\\u6df1\\u3044")
    ([('p', 'e'), ('f', 'u'), ('m', 'e')], [('', 'a'), ('', 'e')])
    """
    plain = unicodedata.normalize("NFKD", word[:LONGEST_WORD]).encode("ascii", "ignore").decode()
    found = [(onset, "i" if sound == "y" else sound)
             for onset, sound in _SYLLABLE.findall(plain.lower()[:LONGEST_WORD])]
    return found or [("", VOWELS[ord(sign) % len(VOWELS)]) for sign in word[:LONGEST_CIPHER]]
