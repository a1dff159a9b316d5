"""Words with times as subtitles.

Goal: every word is shown once, in order, in cues that can be read, and in files that a player
reads as they were meant. Method: transcripts by chance, held against the guideline's figures and
read back by a reader of their own; units and hostile words by table.
"""

import html
import re
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.captions import (
    LONGEST_LINE,
    LONGEST_MS,
    MOST_LINES,
    PAUSE_MS,
    SHORTEST_MS,
    Cue,
    Word,
    cues,
    read_words,
    srt,
    vtt,
)


def raw(*times: Any, text: str = "kite") -> list[dict[str, Any]]:
    return [{"text": text, "start": start, "end": end} for start, end in times]


def spans(body: Any) -> list[tuple[int, int]]:
    return [(word.start_ms, word.end_ms) for word in read_words(body) or ()]


def said(*words: tuple[str, int, int]) -> list[tuple[str, int, int]]:
    return [("\n".join(cue.lines), cue.start_ms, cue.end_ms)
            for cue in cues([Word(*word) for word in words])]


@pytest.mark.parametrize(("body", "found"), [
    ({"words": raw((0.5, 1.25))}, [(500, 1250)]),
    ({"words": raw((Decimal("0.120"), Decimal("0.480")))}, [(120, 480)]),
    ({"words": raw((120, 1480))}, [(120, 1480)]),
    ({"words": raw((0, 1), (2, 3))}, [(0, 1000), (2000, 3000)]),
    ({"words": raw((120, 480)), "audio_duration": 3}, [(120, 480)]),
    ({"words": raw((120, 480)), "duration": 500}, [(120_000, 480_000)]),
    ({"words": raw((1000, 1100.5))}, [(1_000_000, 1_100_500)]),
    ({"words": raw((1000, 1100))}, [(1000, 1100)]),
    ({"words": raw((900, 1000))}, [(900_000, 1_000_000)]),
    ({"words": raw((1.5, 9.0)), "duration": 3}, [(1500, 9000)]),
    ({"words": raw((1500, 9001.0)), "duration": 3}, [(1500, 9001)]),
    ({"data": {"words": raw((100, 200))}, "audio_duration": 3}, [(100, 200)]),
    ({"words": raw((100, 200)), "audio_duration": 0}, [(100_000, 200_000)]),
])
def test_times_are_seconds_or_milliseconds_by_the_stated_rule(body: Any, found: Any) -> None:
    assert spans(body) == found


@pytest.mark.parametrize("place", ["data", "result", "transcript", "captions"])
def test_words_may_lie_one_level_down(place: str) -> None:
    words = [{"word": " Hello\n there ", "start": 0.0, "end": 0.5}]
    assert read_words({place: {"words": words}, "words": "none"}) == \
        (Word("Hello there", 0, 500),)


@pytest.mark.parametrize("word", [
    None, 7, "kite", [], {}, {"text": "kite"}, {"text": "kite", "start": 0.1},
    {"text": "", "start": 0.1, "end": 0.2}, {"text": " \n", "start": 0.1, "end": 0.2},
    {"text": 7, "start": 0.1, "end": 0.2}, {"text": "kite", "start": "0.1", "end": 0.2},
    {"text": "kite", "start": -0.1, "end": 0.2}, {"text": "kite", "start": True, "end": 0.2},
    {"text": "kite", "start": 0.1, "end": float("inf")},
    {"text": "kite", "start": 0.1, "end": float("nan")},
    {"text": "kite", "start": Decimal("1e999999"), "end": Decimal("1e999999")},
    {"text": "kite", "start": 10**400, "end": 10**400}, {"text": "\x00\x07", "start": 0, "end": 1}])
def test_what_is_no_word_with_its_times_is_passed_over(word: Any) -> None:
    assert spans({"words": [word, *raw((0.5, 1.5))]}) == [(500, 1500)]


@pytest.mark.parametrize("body", [None, 7, "words", [], {}, {"words": None}, {"words": "a b"},
                                  {"words": {"0": {}}}, {"data": [{"words": []}]}])
def test_an_answer_without_words_has_none(body: Any) -> None:
    assert read_words(body) is None


def test_a_film_in_which_nobody_speaks_has_no_cues() -> None:
    assert read_words({"words": []}) == ()
    assert (cues([]), srt([]), vtt([])) == ((), "", "WEBVTT\n\n")


@pytest.mark.parametrize("end", [".", "!", "?", "…", ".\"", "?)", "!»", "。"])
def test_a_sentence_ends_a_cue(end: str) -> None:
    assert said(("One" + end, 0, 900), ("two", 1000, 2000)) == \
        [("One" + end, 0, 900), ("two", 1000, 2000)]
    assert len(said(("v1.2", 0, 900), ("two", 1000, 2000))) == 1


def test_a_pause_ends_a_cue() -> None:
    assert len(said(("One", 0, 300), ("two", 300 + PAUSE_MS, 2000))) == 1
    assert len(said(("One", 0, 300), ("two", 301 + PAUSE_MS, 2000))) == 2


def test_a_cue_holds_two_lines_and_no_third() -> None:
    words = [("kite" * 5, index * 100, index * 100 + 99) for index in range(5)]
    assert [cue.count("\n") for cue, *_ in said(*words)] == [1, 0]


def test_a_cue_lasts_long_enough_to_be_read_unless_the_next_one_comes() -> None:
    assert said(("Hi.", 0, 100), ("You.", 5000, 5100)) == \
        [("Hi.", 0, SHORTEST_MS), ("You.", 5000, 5000 + SHORTEST_MS)]
    assert said(("Hi.", 0, 100), ("You.", 200, 300))[0] == ("Hi.", 0, 200)
    assert said(("Aaah", 0, 20_000)) == [("Aaah", 0, LONGEST_MS)]


def test_words_that_are_spoken_at_once_follow_each_other() -> None:
    assert said(("One.", 100, 900), ("Two.", 100, 900), ("Three.", 0, 950)) == \
        [("Three.", 0, 100), ("One.", 100, 101), ("Two.", 101, 934)]


CUE = Cue(("a --> b & <i>c</i>", "&amp; --&gt;"), 3_723_004, 3_725_000)


def test_no_word_is_read_as_markup() -> None:
    assert srt([CUE]) == ("1\n01:02:03,004 --> 01:02:05,000\n"
                          "a --› b & ‹i›c‹/i›\n&amp; --&gt;\n\n")
    assert vtt([CUE]) == ("WEBVTT\n\n01:02:03.004 --> 01:02:05.000\n"
                          "a --&gt; b &amp; &lt;i&gt;c&lt;/i&gt;\n&amp;amp; --&amp;gt;\n\n")


texts = st.one_of(
    st.text(min_size=1, max_size=9), st.text("ab", min_size=40, max_size=130),
    st.sampled_from(["Hello,", "there.", "-->", "<b>", "&amp;", "a-b-c", "1", "well\u2028known",
                     "New York", "00:00:01,000", "\r\n\r\n", "NOTE", "WEBVTT"]))
times = st.integers(0, 60_000)
transcripts = st.lists(st.fixed_dictionaries({"text": texts, "start": times, "end": times}),
                       max_size=40).map(lambda words: {"words": words, "audio_duration": 1})


@given(transcripts)
def test_every_cue_keeps_to_the_guideline(body: Any) -> None:
    found = cues(read_words(body) or ())
    for cue in found:
        assert 1 <= len(cue.lines) <= MOST_LINES
        assert all(0 < len(line) <= LONGEST_LINE for line in cue.lines)
        assert 0 < cue.end_ms - cue.start_ms <= LONGEST_MS
    for cue, following in pairwise(found):
        assert cue.end_ms <= following.start_ms


@given(transcripts)
def test_no_letter_is_lost_or_moved(body: Any) -> None:
    words = read_words(body) or ()
    shown = "".join("".join(cue.lines) for cue in cues(words)).replace(" ", "")
    in_order = sorted(words, key=lambda word: word.start_ms)
    if len({word.start_ms for word in words}) == len(words) and \
            all(len(word.text) <= LONGEST_LINE for word in words):
        assert shown == "".join(word.text for word in in_order).replace(" ", "")
    assert sorted(shown) == sorted("".join(word.text for word in words).replace(" ", ""))


SPAN = re.compile(r"(\d\d):(\d\d):(\d\d)[.,](\d{3}) --> (\d\d):(\d\d):(\d\d)[.,](\d{3})\Z")


def read_back(text: str) -> list[Cue]:
    """The cues of a file by its grammar: blocks apart by an empty line, a time line first."""
    found = []
    for block in text.split("\n\n"):
        if block:
            span, *lines = block.split("\n")
            times = SPAN.match(span)
            assert times is not None and lines
            hours, minutes, seconds, ms, *until = map(int, times.groups())
            found.append(Cue(tuple(lines), ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms,
                             ((until[0] * 60 + until[1]) * 60 + until[2]) * 1000 + until[3]))
    return found


@given(transcripts)
def test_both_files_read_back_as_the_cues_they_were_made_of(body: Any) -> None:
    wanted = list(cues(read_words(body) or ()))
    head, _, rest = vtt(wanted).partition("\n\n")
    assert head == "WEBVTT" and "-->" not in "".join(
        line for line in rest.split("\n") if not SPAN.match(line))
    assert [Cue(tuple(html.unescape(line) for line in cue.lines), cue.start_ms, cue.end_ms)
            for cue in read_back(rest)] == wanted
    numbered = re.split(r"(?m)^(\d+)\n(?=\d\d:\d\d:\d\d,\d{3} --> )", srt(wanted))
    assert numbered[1::2] == [str(number) for number in range(1, len(wanted) + 1)]
    marks = str.maketrans("<>", "‹›")
    assert read_back("".join(numbered[2::2])) == [
        Cue(tuple(line.translate(marks) for line in cue.lines), cue.start_ms, cue.end_ms)
        for cue in wanted]
