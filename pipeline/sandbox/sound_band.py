"""The band that plays a score: pad, keys, bass and drums, and a singer in front.

Law: every bar begins and ends in silence, so that bars can follow each other in any order; and all
together never exceed what a file can hold.
"""

import math
from array import array
from collections.abc import Callable

from pipeline.sandbox.sound_drums import hat, kick, snare
from pipeline.sandbox.sound_score import PHRASE, STEPS, Part, Score
from pipeline.sandbox.sound_voice import sing
from pipeline.sandbox.sound_wave import (
    Pcm,
    Samples,
    frames_in,
    lay,
    paired,
    pcm,
    pluck,
    shaped,
    silence,
    swell,
    together,
    tone,
)

SINGER, PLAYERS = 0.36, 0.58
"""The loudest that the two stems can be: together less than 0.95, whatever is played."""

PAD, KEYS, KEYS_FAR, BASS, KICK, SNARE, HAT = 0.50, 0.36, 0.12, 0.60, 0.80, 0.40, 0.15
"""How loud each is before all are pressed together."""
PAD_PARTIALS = (1.0, 0.45, 0.22, 0.12, 0.06)
KEYS_PARTIALS = (1.0, 0.3, 0.0, 0.18, 0.0, 0.06)
BASS_PARTIALS = (1.0, 0.5, 0.22, 0.1)
DETUNED = 1.0016
"""The pad is a little flat on the left and as sharp on the right, which makes it wide."""
KEYS_S, KEYS_HALF_S, BASS_HALF_S = 0.9, 0.16, 0.5
TRIAD, ARPEGGIO = (0, 2, 4), (0, 2, 4, 7)
BACKBEATS = (4, 12)

Stereo = tuple[Samples, Samples]


class Band:
    """Plays one score; what comes again is not played again."""

    def __init__(self, score: Score) -> None:
        self.score = score
        self._layers: dict[tuple[str, int], Stereo] = {}
        self._bars: dict[tuple[tuple[str, ...], int], Pcm] = {}
        self._sung: dict[tuple[int, int], Pcm] = {}

    def instrumental(self, number: int, part: Part) -> Pcm:
        """All but the singer, in one bar of a phrase."""
        key = (part.players, number % PHRASE)
        if key not in self._bars:
            self._bars[key] = self._press(*key)
        return self._bars[key]

    def vocals(self, number: int, part: Part) -> Pcm:
        """The singer, in one bar of a phrase."""
        if part.melody is None:
            return array("h", bytes(4 * self.score.bar_frames))
        key = (part.melody, number % PHRASE)
        if key not in self._sung:
            self._sung[key] = self._sing(*key)
        return self._sung[key]

    def _press(self, players: tuple[str, ...], number: int) -> Pcm:
        """The players at once; where they are loud together, they are pressed rather than cut."""
        sides = zip(*(self._layer(player, number) for player in players), strict=True)
        return paired(*(pcm(map(math.tanh, together(side)), PLAYERS) for side in sides))

    def _layer(self, player: str, number: int) -> Stereo:
        if (player, number) not in self._layers:
            play = PLAYER[player]
            self._layers[player, number] = play(self.score, self.score.chords[number])
        return self._layers[player, number]

    def _sing(self, melody: int, number: int) -> Pcm:
        track, score = silence(self.score.bar_frames), self.score
        for note in score.melodies[melody][number]:
            lay(track, score.place(note.step), sing(
                note.vowel, score.pitch_hz(note.degree, 1), score.frames(note.step, note.steps),
                score.mouth))
        mono = pcm(track, SINGER)
        return paired(mono, mono)


def _pad(score: Score, chord: int) -> Stereo:
    """The chord, held."""
    frames = score.bar_frames
    shape = swell(frames, 0.22, 0.16, PAD / len(TRIAD))
    pitches = [score.pitch_hz((chord + third) % 7, 1) for third in TRIAD]
    left, right = (
        shaped(together(tone(pitch_hz * detuned, PAD_PARTIALS, frames) for pitch_hz in pitches),
               shape) for detuned in (1 / DETUNED, DETUNED))
    return left, right


def _keys(score: Score, chord: int) -> Stereo:
    """The chord broken into quavers, by turns nearer to the left and to the right."""
    sides = silence(score.bar_frames), silence(score.bar_frames)
    for number in range(STEPS // 2):
        step = 2 * number
        degree = chord + ARPEGGIO[score.order[number % len(score.order)]]
        frames = min(score.frames(step, STEPS - step), frames_in(KEYS_S))
        struck = tone(score.pitch_hz(degree, 1), KEYS_PARTIALS, frames)
        for side, level in ((number % 2, KEYS), (1 - number % 2, KEYS_FAR)):
            lay(sides[side], score.place(step), shaped(struck, pluck(frames, KEYS_HALF_S, level)))
    return sides


def _rhythm(score: Score, chord: int) -> Stereo:
    """Bass and drums, in the middle."""
    track = silence(score.bar_frames)
    pitch_hz = score.pitch_hz(chord if chord < 4 else chord - 7)
    for step, steps in score.bass:
        frames = score.frames(step, steps)
        lay(track, score.place(step), shaped(tone(pitch_hz, BASS_PARTIALS, frames),
                                             pluck(frames, BASS_HALF_S, BASS)))
    for drum, steps_struck in ((kick(KICK), score.kicks), (snare(SNARE), BACKBEATS),
                               (hat(HAT), range(0, STEPS, score.stride))):
        for step in steps_struck:
            lay(track, score.place(step), drum)
    return track, track


PLAYER: dict[str, Callable[[Score, int], Stereo]] = {
    "pad": _pad, "keys": _keys, "rhythm": _rhythm}
"""Who plays what for a chord."""
