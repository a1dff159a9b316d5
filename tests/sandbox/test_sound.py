"""The sandbox makes real sounds of the right length, the same every time, and pleasant by measure.

Goal: every song, voice and stem is a whole file that plays, its stems add up, no prompt stops or
slows it. Method: files are decoded again by `wave` and by PyAV; loudness, joins and spectrum are
measured; work is counted in calls, not in seconds.
"""

import io
import math
import os
import random
import subprocess
import sys
import wave
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sandbox.brief import Brief
from pipeline.sandbox.media import make_clip
from pipeline.sandbox.sound import AUDIO_SUFFIX, bounded, make_song, make_speech, make_stem
from pipeline.sandbox.sound_band import PLAYERS, SINGER, Band
from pipeline.sandbox.sound_file import SOUNDS_ARE_MP3, encode, encode_wav
from pipeline.sandbox.sound_score import CHORUS, INTRO, PHRASE, VERSE, compose, form
from pipeline.sandbox.sound_speech import COMMA_S, HUM, STOP_S, VOICES, WORD_S, read, speak
from pipeline.sandbox.sound_wave import RATE_HZ, Pcm, frames_in, paired, pcm, summed, tone

av: Any = pytest.importorskip("av") if SOUNDS_ARE_MP3 else None
needs_av = pytest.mark.skipif(not SOUNDS_ARE_MP3, reason="PyAV is not installed")

SONG = Brief("a happy folk song about waves", "V5", None, None, 1)
TALK = Brief("Amber glass. It smells of citrus, honey and smoke.", "dialogue/Rachel", None, None, 1)
PROMPTS = ["a calm piano ballad", "dark techno in the club", ""]
HOSTILE = [
    "", " \t\r\n", "\x00\x01\x1b[31m\x7f\u2028", "🙂👩‍👩‍👧‍👦🏳️‍🌈" * 50, "مرحبا بالعالم",
    "深い森の中の瓶、朝霧" * 40, "\ud800 lone \udfff", "e" + "\u0301" * 5000, "x" * 100_000,
    "a b " * 25_000, "." * 9000, "ﷺ" * 9000, "١٢٣ 2026", "\u00ad\u200b\ufeff\ufffe" * 100,
    "calm " * 9000, "?!,;" * 99]


def plain(content: bytes) -> tuple[Pcm, int]:
    """The samples and the channels of a WAV."""
    with wave.open(io.BytesIO(content)) as sound:
        assert (sound.getframerate(), sound.getsampwidth()) == (RATE_HZ, 2)
        return array("h", sound.readframes(sound.getnframes())), sound.getnchannels()


def decoded(content: bytes) -> tuple[float, int, Pcm]:
    """Seconds, channels and the samples of one channel, of whatever was made."""
    with av.open(io.BytesIO(content)) as sound:
        stream = sound.streams.audio[0]
        to_mono = av.AudioResampler("s16", "mono", RATE_HZ)
        samples = array("h")
        for frame in sound.decode(stream):
            for piece in to_mono.resample(frame):
                samples.frombytes(bytes(piece.planes[0])[:2 * piece.samples])
        return sound.duration / av.time_base, stream.codec_context.channels, samples


def stem(name: Any, brief: Brief = SONG, seconds: float = 12.0) -> Pcm:
    samples, channels = plain(make_stem(brief, seconds, name)[0])
    assert channels == 2
    return samples


def loudness(samples: Pcm) -> float:
    """The root of the mean square, where 1 is the loudest there can be."""
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples)) / 32768


def share_of_the_loudest_tone(samples: Pcm) -> float:
    """How much of the energy of a moment lies in three neighbouring lines of its spectrum."""
    size = 512
    shaped = [s * (0.5 - 0.5 * math.cos(math.tau * n / size))
              for n, s in enumerate(samples[:size])]
    turns = [complex(math.cos(math.tau * n / size), math.sin(math.tau * n / size))
             for n in range(size)]
    lines = [abs(sum(s * turns[n * line % size] for n, s in enumerate(shaped))) ** 2
             for line in range(1, size // 2)]
    return max(sum(lines[n - 1:n + 2]) for n in range(1, len(lines))) / sum(lines)


def calls(work: Callable[[], object]) -> int:
    """How many calls some work takes, within and without Python."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@needs_av
@pytest.mark.parametrize("seconds", [0.5, 3.3, 20.0])
def test_a_song_is_a_stereo_mp3_of_its_length(seconds: float) -> None:
    content, media_type = make_song(SONG, seconds)
    lasted, channels, samples = decoded(content)
    assert (media_type, AUDIO_SUFFIX, channels) == ("audio/mpeg", "mp3", 2)
    assert abs(lasted - seconds) < 0.12
    assert abs(len(samples) / RATE_HZ - seconds) < 0.12
    assert loudness(samples) > 0.02


@needs_av
@pytest.mark.parametrize("seconds", [1.0, 4.5, 15.0])
def test_a_speech_is_a_mono_mp3_of_its_length(seconds: float) -> None:
    content, media_type = make_speech(TALK, seconds)
    lasted, channels, samples = decoded(content)
    assert (media_type, channels) == ("audio/mpeg", 1)
    assert abs(lasted - seconds) < 0.12
    assert 0.05 < loudness(samples) < 0.35


@pytest.mark.parametrize("seconds", [0.5, 7.25, 12.0])
def test_a_stem_is_a_stereo_wav_of_exactly_its_length(seconds: float) -> None:
    for name in ("vocals", "instrumental"):
        assert make_stem(SONG, seconds, name)[1] == "audio/wav"
        assert len(stem(name, seconds=seconds)) == 2 * round(seconds * RATE_HZ)


@pytest.mark.parametrize("brief", [SONG, replace(SONG, prompt="marble", seed=7)])
def test_the_stems_add_up_to_the_song(brief: Brief) -> None:
    both = array("h", [one + other for one, other in
                       zip(stem("vocals", brief), stem("instrumental", brief), strict=True)])
    assert encode(both, 2) == make_song(brief, 12.0)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_song_is_neither_too_loud_nor_too_soft(prompt: str) -> None:
    vocals, players = (stem(name, replace(SONG, prompt=prompt), 20.0)
                       for name in ("vocals", "instrumental"))
    song = summed(vocals, players)
    assert max(map(abs, song)) < 0.95 * 32768
    assert 0.08 < loudness(song) < 0.3
    assert loudness(vocals) > 0.04 and loudness(players) > 0.04


def test_the_loudest_there_can_be_fits_into_a_file() -> None:
    assert SINGER + PLAYERS < 0.95
    assert max(pcm([1.0, -1.0], SINGER + PLAYERS)) < 0.95 * 32768


@pytest.mark.parametrize("prompt", PROMPTS)
def test_bars_are_joined_without_a_click(prompt: str) -> None:
    band = Band(compose(replace(SONG, prompt=prompt)))
    for part in (INTRO, VERSE, CHORUS):
        for number in range(PHRASE):
            for bar in (band.vocals(number, part), band.instrumental(number, part)):
                assert max(map(abs, (*bar[:4], *bar[-4:]))) < 0.01 * 32768


def test_a_song_comes_out_of_silence_and_goes_into_it() -> None:
    for name in ("vocals", "instrumental"):
        samples = stem(name, seconds=10.0)
        assert samples[0] == samples[-1] == 0
        assert loudness(samples[-frames_in(0.25):]) < 0.02
        assert max(abs(a - b) for a, b in pairwise(samples[-200::2])) < 400


def test_a_song_is_more_than_a_tone() -> None:
    samples = summed(stem("vocals"), stem("instrumental"))[::2]
    pure = pcm(tone(440.0, (1.0,), 4096), 0.5)
    assert share_of_the_loudest_tone(pure) > 0.95
    shares = [share_of_the_loudest_tone(samples[frames_in(at_s):])
              for at_s in (2.2, 3.1, 4.7, 6.4, 8.3)]
    assert sum(shares) / len(shares) < 0.8


def test_the_band_is_wide_and_the_singer_stands_in_the_middle() -> None:
    band = Band(compose(SONG))
    for part in (INTRO, VERSE, CHORUS):
        bar = band.instrumental(0, part)
        assert bar[::2] != bar[1::2]
    assert stem("vocals")[::2] == stem("vocals")[1::2]


def test_a_bar_that_comes_again_is_not_played_again() -> None:
    band = Band(compose(SONG))
    for play in (band.instrumental, band.vocals):
        bars = [play(number, part) for part in (VERSE, CHORUS) for number in range(2 * PHRASE)]
        assert len({id(bar) for bar in bars}) == 2 * PHRASE


@pytest.mark.parametrize("make", [make_song, make_speech])
def test_the_same_brief_gives_the_same_bytes(make: Callable[..., tuple[bytes, str]]) -> None:
    assert make(SONG, 4.0) == make(replace(SONG), 4.0)


def test_another_process_gives_the_same_bytes() -> None:
    script = ("import sys; from pipeline.sandbox.sound import *\n"
              "from pipeline.sandbox.brief import Brief\n"
              f"brief = {SONG!r}\n"
              "for content, _ in (make_song(brief, 2), make_speech(brief, 2),\n"
              "                   make_stem(brief, 2, 'vocals')):\n"
              "    sys.stdout.buffer.write(content)\n")
    made = [subprocess.run([sys.executable, "-c", script], check=True, timeout=60,
                           capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
            for seed in ("1", "2")]
    assert made[0] == made[1] == (make_song(SONG, 2)[0] + make_speech(SONG, 2)[0]
                                  + make_stem(SONG, 2, "vocals")[0])


@pytest.mark.parametrize("other", [
    replace(SONG, seed=2), replace(SONG, model="V4_5"), replace(SONG, prompt="winter noir")])
def test_another_brief_gives_another_song(other: Brief) -> None:
    for name in ("vocals", "instrumental"):
        one, two = stem(name), stem(name, other)
        if name == "instrumental" and other.prompt == SONG.prompt:
            assert one == two
        else:
            apart = array("h", [(a - b) // 2 for a, b in zip(one, two, strict=True)])
            assert loudness(apart) > 0.3 * min(loudness(one), loudness(two))


def test_songs_of_one_prompt_are_of_one_kind_and_prompts_differ() -> None:
    one, two = compose(SONG), compose(replace(SONG, seed=2))
    assert (one.chords, one.root, one.bar_frames) == (two.chords, two.root, two.bar_frames)
    assert one.melodies != two.melodies
    kinds = {(s.chords, s.root, s.bar_frames) for s in
             (compose(replace(SONG, prompt=f"song {n}")) for n in range(40))}
    assert len(kinds) > 35


def test_the_words_of_a_prompt_set_the_mood() -> None:
    slow, fast = (compose(replace(SONG, prompt=prompt))
                  for prompt in ("a soft slow ballad", "energetic dance"))
    assert slow.bar_frames > 1.4 * fast.bar_frames
    assert compose(replace(SONG, prompt="sad rain")).scale[2] == 3
    assert compose(replace(SONG, prompt="happy joy")).scale[2] == 4


@given(st.integers(1, 140))
def test_every_song_has_a_form(bars: int) -> None:
    parts = form(bars)
    assert len(parts) == bars
    assert any(part.melody is not None for part in parts)
    assert bars < 8 or parts[0] == parts[-1] == INTRO


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.integers())
def test_every_melody_can_be_sung(prompt: str, seed: int) -> None:
    score = compose(Brief(prompt, "m", None, None, seed))
    for melody in score.melodies:
        assert len(melody) == PHRASE
        for notes in melody:
            assert all(a.step + a.steps <= b.step for a, b in pairwise(notes))
            assert notes[-1].step + notes[-1].steps <= 16
            assert all(130 < score.pitch_hz(note.degree, 1) < 1000 for note in notes)


@pytest.mark.parametrize("prompt", HOSTILE)
def test_no_prompt_stops_a_sound(prompt: str) -> None:
    brief = Brief(prompt, prompt, prompt, prompt, 1)
    for content, _ in (make_song(brief, 1.0), make_speech(brief, 1.0)):
        assert len(content) > 1000
    assert len(stem("vocals", brief, 1.0)) == 2 * RATE_HZ
    assert loudness(speak(brief, frames_in(2))) > 0.02


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=300), st.text(max_size=60), st.integers())
def test_any_text_can_be_spoken(prompt: str, model: str, seed: int) -> None:
    track = speak(Brief(prompt, model, None, None, seed), RATE_HZ)
    assert len(track) == RATE_HZ and max(map(abs, track)) < 0.95 * 32768


@pytest.mark.parametrize(("asked", "made"), [
    (0.0, 0.5), (-3.0, 0.5), (float("nan"), 0.5), (float("-inf"), 0.5), (0.5, 0.5), (30.0, 30.0),
    (240.0, 240.0), (1e9, 240.0), (float("inf"), 240.0)])
def test_every_length_is_bounded(asked: float, made: float) -> None:
    assert bounded(asked) == made


def stems(seconds: float) -> None:
    for name in ("vocals", "instrumental"):
        stem(name, seconds=seconds)


def test_the_longest_song_is_little_more_work_than_a_short_one() -> None:
    stems(1.0)
    short, long = calls(lambda: stems(30.0)), calls(lambda: stems(240.0))
    assert long < 2 * short
    assert short < 30 * RATE_HZ / 4


@pytest.mark.parametrize("make", [make_song, make_speech])
@pytest.mark.parametrize("prompt", sorted(HOSTILE, key=len)[-6:], ids=len)
def test_no_prompt_makes_much_work(make: Callable[..., tuple[bytes, str]], prompt: str) -> None:
    assert calls(lambda: make(replace(TALK, prompt=prompt), 10.0)) < 10 * RATE_HZ


def test_a_text_is_read_in_syllables_with_its_pauses() -> None:
    beats = read("Perfume, my citrus. Oh", random.Random(1))
    assert [(beat.onset, beat.vowel) for beat in beats] == [
        ("p", "e"), ("f", "u"), ("m", "e"), ("m", "i"), ("c", "i"), ("r", "u"), ("", "o")]
    assert [beat.pause_s for beat in beats] == [0, 0, COMMA_S, WORD_S, 0, STOP_S, WORD_S]
    assert read("深い", random.Random(1)) and read(HUM, random.Random(1))
    assert read("…?! --", random.Random(1)) == []


def test_the_pitch_falls_in_a_sentence_and_begins_anew_in_the_next() -> None:
    beats = read("a " * 14 + ". a", random.Random(1))
    assert beats[0].height > 1.1 * beats[13].height < beats[14].height


def quiet_seconds(track: Pcm) -> float:
    """How long a track is silent, between its first and its last sound."""
    heard = [n for n, sample in enumerate(track) if abs(sample) > 300]
    return sum(b - a for a, b in pairwise(heard) if b - a > frames_in(0.1)) / RATE_HZ


def test_a_speech_pauses_at_a_full_stop() -> None:
    without, stopped = (speak(replace(TALK, prompt=prompt), frames_in(5.0)) for prompt in
                        ("we saw the sea and the sun rose", "we saw the sea. And the sun. Rose"))
    assert quiet_seconds(stopped) > quiet_seconds(without) + 0.5


def test_a_long_text_is_hurried_and_a_short_one_said_again() -> None:
    for prompt in ("Hello there.", "Words and words, and words again. " * 90):
        track = speak(replace(TALK, prompt=prompt), frames_in(8.0))
        assert all(loudness(track[start:start + 2 * RATE_HZ]) > 0.03
                   for start in range(0, 6 * RATE_HZ, RATE_HZ))


def pitch_hz(track: Pcm) -> float:
    """The pitch of a moment, by the shift at which it is most like itself."""
    best = max(range(RATE_HZ // 300, RATE_HZ // 70), key=lambda shift: sum(
        a * b for a, b in zip(track, track[shift:2000], strict=False)) / (2000 - shift))
    return RATE_HZ / best


@pytest.mark.parametrize("voice", VOICES)
def test_a_voice_has_its_pitch(voice: Any) -> None:
    beat = replace(read("a", random.Random(1))[0], length_s=0.3, height=1.0)
    spoken = pcm(voice.say(beat, 1.0), 0.7)
    assert pitch_hz(spoken[1000:]) == pytest.approx(voice.pitch_hz, rel=0.08)


def test_models_have_voices_of_their_own() -> None:
    heard = {bytes(speak(replace(TALK, model=f"voice {n}"), RATE_HZ // 2)) for n in range(30)}
    assert len(heard) > 20
    assert len({brief.dice("voice", of="model").choice(VOICES) for brief in
                (replace(TALK, model=f"voice {n}") for n in range(60))}) == len(VOICES)


@needs_av
def test_a_clip_can_have_a_sound_track_of_its_length() -> None:
    brief = Brief("waves at dawn", "veo3-1", "16:9", "144p", 1)
    content, media_type = make_clip(brief, 2.0, None, sound=True)
    with av.open(io.BytesIO(content)) as clip:
        assert [stream.type for stream in clip.streams] == ["video", "audio"]
        assert abs(clip.duration / av.time_base - 2.0) < 1 / 12
    assert media_type == "video/mp4" and content == make_clip(brief, 2.0, None, sound=True)[0]
    _, channels, samples = decoded(content)
    assert channels == 2 and 0.01 < loudness(samples) < 0.15


@needs_av
def test_a_clip_is_silent_unless_it_is_asked_for_sound() -> None:
    brief = Brief("waves at dawn", "veo3-1", "16:9", "144p", 1)
    for clip in (make_clip(brief, 1.0, None), make_clip(brief, 0.3, None, sound=True)):
        with av.open(io.BytesIO(clip[0])) as opened:
            assert [stream.type for stream in opened.streams] == ["video"]


def test_without_pyav_sounds_are_wav_and_play() -> None:
    """In a process of its own, where the optional package cannot be imported."""
    script = ("import sys; sys.modules['av'] = None\n"
              "from pipeline.sandbox.sound import *\n"
              "from pipeline.sandbox.brief import Brief\n"
              f"content, media_type = make_song({SONG!r}, 2.0)\n"
              "assert (AUDIO_SUFFIX, media_type) == ('wav', 'audio/wav')\n"
              "sys.stdout.buffer.write(content)\n")
    content = subprocess.run([sys.executable, "-c", script], check=True, timeout=60,
                             capture_output=True).stdout
    samples, channels = plain(content)
    assert channels == 2 and len(samples) == 4 * RATE_HZ
    assert samples == summed(stem("vocals", seconds=2.0), stem("instrumental", seconds=2.0))


def test_a_wav_holds_the_samples_as_they_are() -> None:
    left, right = array("h", [1, -2, 32767]), array("h", [-32768, 5, 0])
    assert plain(encode_wav(paired(left, right), 2)) == (
        array("h", [1, -32768, -2, 5, 32767, 0]), 2)


def test_sounds_made_side_by_side_are_the_same() -> None:
    briefs = [replace(SONG, prompt=prompt) for prompt in PROMPTS]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda brief: make_stem(brief, 4.0, "instrumental"), briefs))
    assert made == [make_stem(brief, 4.0, "instrumental") for brief in briefs]
