"""The song that a prompt asks for, on paper: tempo, key, chords, melodies and form.

Law: the mood hangs on the prompt alone, so that the songs of one prompt are of one kind; the tune
hangs on the whole brief.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.sandbox.brief import Brief
from pipeline.sandbox.palette import by_word, words_of
from pipeline.sandbox.sound_wave import frames_in

STEPS = 16
"""Sixteenths in a bar."""
PHRASE = 4
"""Bars in a phrase: chords and melodies come again after so many."""

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
MAJOR_CHORDS = ((0, 4, 5, 3), (0, 5, 3, 4), (3, 0, 4, 5), (0, 2, 3, 4), (5, 3, 0, 4), (0, 3, 1, 4))
MINOR_CHORDS = ((0, 5, 2, 6), (0, 3, 6, 2), (0, 6, 5, 4), (0, 3, 5, 6), (5, 6, 0, 0), (0, 2, 6, 3))
LOWEST_ROOT, ROOTS = 41, 10
"""The key note is one of ten from the F below the bass stave's middle up (MIDI 41)."""

Strokes = tuple[tuple[int, int], ...]
"""Where in a bar notes begin, and how long they are, in sixteenths."""

RHYTHMS: tuple[Strokes, ...] = (
    ((0, 4), (4, 2), (6, 2), (8, 6)), ((0, 3), (3, 3), (6, 2), (8, 4), (12, 3)),
    ((2, 2), (4, 4), (8, 3), (11, 3)), ((0, 2), (2, 2), (4, 4), (10, 2), (12, 3)),
    ((0, 6), (6, 2), (8, 2), (10, 5)), ((4, 2), (6, 2), (8, 2), (10, 2), (12, 3)))
CLOSES: tuple[Strokes, ...] = (((0, 11),), ((0, 3), (3, 9)), ((0, 4), (4, 8)))
BASSES: tuple[Strokes, ...] = (
    ((0, 6), (6, 2), (8, 8)), ((0, 3), (3, 3), (6, 4), (10, 6)), ((0, 8), (8, 8)),
    ((0, 4), (4, 4), (8, 4), (12, 4)), ((0, 2), (2, 4), (8, 2), (10, 6)))
ORDERS = ((0, 1, 2, 3), (0, 2, 1, 3), (3, 2, 1, 0), (0, 2, 3, 2), (1, 3, 2, 0))
KICKS = ((0, 8), (0, 6, 8), (0, 7, 10), (0, 4, 8, 12))
STRIDES = (-2, -1, -1, 0, 1, 1, 2)
HIGHEST = 9
"""The melody keeps to the degrees from the key note to a tenth above it."""
VOWELS = "aeiou"
MOUTHS = (1.0, 1.08, 1.16)
"""Of the singer: how high the formants lie."""


@dataclass(frozen=True, slots=True)
class Mood:
    """What the words of a prompt can ask for; `minor` is how likely a minor key is."""

    bpm: tuple[int, int]
    minor: float
    stride: int
    """How many sixteenths lie between two strokes of the hat."""


CALM, DARK = Mood((64, 80), 0.4, 4), Mood((70, 92), 1.0, 4)
BRIGHT, DRIVING = Mood((96, 118), 0.0, 2), Mood((118, 134), 0.7, 2)
MOODS = (CALM, DARK, BRIGHT, DRIVING)
BY_WORD = by_word(
    ("calm soft sleep ambient slow gentle ballad lofi relax meditation dreamy lullaby piano", CALM),
    ("sad dark melancholy noir rain night lonely blue mystery tense cinematic winter", DARK),
    ("happy bright summer upbeat pop fun sunny joy folk acoustic morning holiday cheerful", BRIGHT),
    ("dance club techno house edm energetic fast rock drive sport gym epic electronic", DRIVING))


@dataclass(frozen=True, slots=True)
class Note:
    """One note of the melody; degree 0 is the key note, 7 the one an octave above."""

    step: int
    steps: int
    degree: int
    vowel: str


Melody = tuple[tuple[Note, ...], ...]
"""The notes of each bar of a phrase."""


@dataclass(frozen=True, slots=True)
class Part:
    """Who plays in a bar; `melody` says which of the two is sung, None that none is."""

    players: tuple[str, ...]
    melody: int | None


INTRO = Part(("pad", "keys"), None)
VERSE = Part(("pad", "rhythm"), 0)
CHORUS = Part(("pad", "keys", "rhythm"), 1)
SHORTEST_WITH_INTRO = 8
INTRO_BARS = 2


@dataclass(frozen=True, slots=True)
class Score:
    """A song on paper."""

    bar_frames: int
    root: int
    scale: tuple[int, ...]
    chords: tuple[int, ...]
    melodies: tuple[Melody, Melody]
    bass: Strokes
    order: tuple[int, ...]
    kicks: tuple[int, ...]
    stride: int
    mouth: float

    def pitch_hz(self, degree: int, octave: int = 0) -> float:
        """The pitch of a degree of the scale, so many octaves above the key note."""
        key = self.root + 12 * (octave + degree // 7) + self.scale[degree % 7]
        return float(440 * 2 ** ((key - 69) / 12))

    def place(self, step: int) -> int:
        """Where in its bar a sixteenth begins, in frames."""
        return self.bar_frames * step // STEPS

    def frames(self, step: int, steps: int) -> int:
        """How many frames some sixteenths last."""
        return self.place(step + steps) - self.place(step)


def compose(brief: Brief) -> Score:
    """The song of a brief."""
    named = [BY_WORD[word] for word in words_of(brief.prompt) if word in BY_WORD]
    dice = brief.dice("mood", of="prompt")
    mood = max(named, key=named.count) if named else dice.choice(MOODS)
    minor = dice.random() < mood.minor
    chords = dice.choice(MINOR_CHORDS if minor else MAJOR_CHORDS)
    bar_frames = frames_in(4 * 60 / dice.randint(*mood.bpm))
    root = LOWEST_ROOT + dice.randrange(ROOTS)
    tune = brief.dice("tune")
    return Score(bar_frames, root, MINOR if minor else MAJOR, chords,
                 (_melody(tune, chords, 2), _melody(tune, chords, 4)), dice.choice(BASSES),
                 dice.choice(ORDERS), dice.choice(KICKS), mood.stride, tune.choice(MOUTHS))


def form(bars: int) -> list[Part]:
    """Who plays in each bar: verse and chorus by turns, with a way in and a way out if there is
    room for them; a song too short for that is all chorus."""
    if bars < SHORTEST_WITH_INTRO:
        return [CHORUS] * bars
    middle = [(VERSE, CHORUS)[n // PHRASE % 2] for n in range(bars - 2 * INTRO_BARS)]
    return [INTRO] * INTRO_BARS + middle + [INTRO] * INTRO_BARS


def _melody(dice: random.Random, chords: Sequence[int], degree: int) -> Melody:
    """A walk up and down the scale, on the chord wherever a half bar begins; it comes to rest."""
    first, second = dice.sample(RHYTHMS, 2)
    bars = []
    for chord, strokes in zip(chords, (first, second, first, dice.choice(CLOSES)), strict=True):
        notes = []
        for step, steps in strokes:
            degree = min(max(degree + dice.choice(STRIDES), 0), HIGHEST)
            if step % 8 == 0:
                degree = min(_chord_tones(chord), key=lambda tone: abs(tone - degree))
            notes.append(Note(step, steps, degree, dice.choice(VOWELS)))
        bars.append(tuple(notes))
    return tuple(bars)


def _chord_tones(chord: int) -> list[int]:
    return [degree for degree in range(HIGHEST + 1) if (degree - chord) % 7 in (0, 2, 4)]
