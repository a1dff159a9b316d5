"""What a delivered file is called, whatever its job was called (SAFETY F61-F69).

Goal: a name made of our own words only, readable, bounded, and safe on every file system.
"""

import re
from dataclasses import replace
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from core_samples import make_job, make_spec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.job import Job
from pipeline.core.naming import EXTENSIONS, LONGEST_STEM, extension, slug, stem

SAFE = re.compile(r"[a-z0-9_-]+\Z")

HOSTILE = [
    "../../.ssh/x", "..\\..\\x", "/etc/passwd", "C:\\x", "~root", "a\0b", "x" * 300,
    "\U0001F600" * 80, "CON", "aux.png", "nul", "com1", "LPT9", "trailing.", "trailing ",
    "-rf", "--help", "a\nb", "a\x1b[2Jb", "\u202egnp.exe", "a:b", "a*b?", '"<>|', "${HOME}", "`id`",
    "", " ", ".", "..", "...", "\u2024\u2024/", "\ud800", "%2e%2e%2f", "a/b", "\u2215", "\uff0f"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("longest", [1, 8, 40])
def test_a_word_of_a_name_is_safe_whatever_it_was(text: str, longest: int) -> None:
    word = slug(text, longest)
    assert not word or SAFE.match(word)
    assert len(word) <= longest + 1
    assert not word.startswith("-")


@pytest.mark.parametrize(("text", "word"), [
    ("Größe: 16:9", "grosse-16-9"), ("Ærø Øre", "ro-ore"), ("naïve café", "naive-cafe"),
    ("日本", ""), ("A.png", "a-png"), ("con", "con-"), ("COM1", "com1-"), ("conform", "conform"),
    ("a--b__c", "a-b-c"), ("１２３", "123"), ("ﬁne", "fine")])
def test_a_word_stays_readable(text: str, word: str) -> None:
    assert slug(text, 24) == word


def test_one_name_written_in_two_ways_is_one_word() -> None:
    assert slug("\u00e9t\u00e9", 20) == slug("e\u0301te\u0301", 20) == "ete"
    assert slug("A.png", 20) == slug("a.PNG", 20)


def named(**labels: str) -> Job:
    return replace(make_job(spec=make_spec(ratio="16:9", model="nano-banana-2")), labels=labels,
                   key="0123456789abcdef")


def test_a_name_says_the_variables_the_model_the_shape_and_the_key() -> None:
    assert stem(named(product="Speaker", city="Oslo")) == "speaker_oslo_nano-banana-2_16-9_01234567"


def test_the_files_of_one_job_are_numbered_from_the_second_on() -> None:
    assert stem(named(), 0) == "nano-banana-2_16-9_01234567"
    assert stem(named(), 1) == "nano-banana-2_16-9_01234567_2"


def test_four_variables_are_enough_for_a_name() -> None:
    assert stem(named(a="1", b="2", c="3", d="4", e="5")).startswith("1_2_3_4_nano")


@given(st.lists(st.text(max_size=60), max_size=6), st.text(max_size=80), st.text(max_size=20),
       st.integers(0, 99))
def test_no_name_is_unsafe_or_long_on_any_system(labels: list[str], model: str, ratio: str,
                                                 index: int) -> None:
    spec = make_spec(model=model, ratio=ratio)
    job = make_job(spec=spec, labels={str(n): text for n, text in enumerate(labels)})
    name = stem(job, index)
    assert SAFE.match(name)
    assert len(name.encode()) <= LONGEST_STEM
    assert len(f"{name}~99.webm.json.part".encode()) <= 120
    assert not name.startswith("-")
    assert PurePosixPath("out", name).parent == PurePosixPath("out")
    assert not PureWindowsPath(f"{name}.png").is_reserved()


def test_names_of_different_jobs_differ_even_where_case_does_not_count() -> None:
    jobs = [make_job(spec=make_spec(f"kite {n}")) for n in range(500)]
    assert len({stem(job).casefold() for job in jobs}) == 500


def test_the_ending_says_what_the_bytes_are() -> None:
    assert extension("image/png") == ".png"
    assert extension("text/html") == extension("../x") == extension("") == ".bin"
    assert all(re.fullmatch(r"\.[a-z0-9]{3,4}", ending) for ending in EXTENSIONS.values())
