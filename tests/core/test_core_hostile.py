"""Decisions about values that were made to harm: prices, numbers, counts, texts without bounds.

Goal: each is refused in a short time and in few words. Method: processor time is measured.
"""

from decimal import Decimal

import pytest
from bounded import within
from core_samples import cr, make_campaign, make_manifest, make_model, make_offers

from pipeline.core.captions import cues, read_words, srt, vtt
from pipeline.core.expansion import expand
from pipeline.core.manifest import Campaign
from pipeline.core.offer import fit_params
from pipeline.core.params import Fraction, Unfit
from pipeline.core.price_rule import read_price_rule


@pytest.mark.parametrize("note", [
    "1" * 1_000_000, "1" + " " * 1_000_000, "1 credits" + " " * 1_000_000 + "per", "(ref" * 250_000,
    "(refs" + "w" * 1_000_000, "1." * 500_000, "9 cr" * 250_000, "per second " * 100_000])
def test_a_note_that_no_person_would_read_is_no_price(note: str) -> None:
    with within(1):
        assert read_price_rule(cr("14"), note) is None


@pytest.mark.parametrize("text", [
    "1e-999999", "1e-9", "0.5e0", "1E0", "1e-9999999999999999999", "-0", "+0.5", "0_5", "٠", "NaN",
    "sNaN", "Infinity", " 0.5", "0.5 ", "", ".", "0." + "1" * 5000, "0" * 5000])
def test_a_fraction_is_a_plain_decimal(text: str) -> None:
    with pytest.raises(Unfit):
        Fraction(Decimal(0), Decimal(1)).read(text)


@pytest.mark.parametrize(("text", "sent"), [("0.50", "0.5"), (1, "1"), ("1.0", "1"), (0, "0"),
                                            ("0.000", "0"), (".5", "0.5"), ("0.123456789", None)])
def test_a_fraction_is_sent_without_needless_zeros(text: object, sent: str | None) -> None:
    assert Fraction(Decimal(0), Decimal(1)).read(text) == (sent or text)


def test_what_is_not_wanted_in_a_picture_has_a_bound() -> None:
    for wish in ("", "text", "x" * 5000):
        said = {"negative_prompt": wish}
        assert fit_params(said, make_model()) == (said, [])
    _, [misfit] = fit_params({"negative_prompt": "x" * 5001}, make_model())
    assert "5001 characters" in misfit.message


def chain(*sizes: int, variants: int = 1000, **more: object) -> list[Campaign]:
    """Campaigns, each of which starts from twenty outputs of the one before."""
    return [make_campaign(f"c{n}", "p", variants=variants, **({
        "source_campaign": f"c{n - 1}", "source_outputs": size} if n else {}), **more)
        for n, size in enumerate(sizes)]


def test_a_number_of_jobs_that_fills_pages_is_told_in_a_few_words() -> None:
    for campaigns in (chain(*[20] * 1000), chain(*[20] * 1100), chain(*[20] * 9)):
        with within(4):
            [problem] = expand(make_manifest(*campaigns), make_offers()).problems
        assert "more than the 1,000,000 allowed" in problem.message
        assert len(problem.message) < 200


def test_variants_of_an_advertisement_count_before_they_are_known_to_be_some() -> None:
    ads = make_campaign("ads", None, models=("ads",), params={"variant_count": 20}, variants=1000)
    films = make_campaign("films", "p", source_campaign="ads", variants=60)
    [problem] = expand(make_manifest(ads, films), make_offers()).problems
    assert problem.message.startswith("1,201,000 jobs")


WORDS = {
    "one word without end": [{"text": "a" * 2_000_000, "start": 0, "end": 1}],
    "dashes": [{"text": "-" * 1_000_000, "start": 0, "end": 1}],
    "words at one moment": [{"text": "a", "start": 5, "end": 5}] * 20_000,
    "times backwards": [{"text": "a.", "start": n, "end": 0} for n in range(20_000, 0, -1)],
    "times too late": [{"text": "a", "start": 1e300, "end": 1e301}] * 20_000,
    "markup": [{"text": "00:00:01,000 --> 00:00:02,000\n\n2\n<b>&", "start": 1, "end": 2}] * 500,
    "no letters": [{"text": "\u200b\u202e\x1b[2J\x00\u2028", "start": 1, "end": 2}] * 500,
    "negative": [{"text": "a", "start": -1, "end": -2}], "no words": [[], None, 5, "a", {}] * 9000,
}


@pytest.mark.parametrize("name", WORDS)
def test_spoken_words_of_any_shape_are_cues_or_none(name: str) -> None:
    with within(4):
        shown = cues(read_words({"words": WORDS[name]}) or ())
        files = srt(shown), vtt(shown)
    for text in files:
        assert text.count("-->") == len(shown)
        assert "\x1b" not in text and "\x00" not in text and "<" not in text
    assert all(len(line) <= 42 and line.strip() for cue in shown for line in cue.lines)
    ends = [moment for cue in shown for moment in (cue.start_ms, cue.end_ms)]
    assert ends == sorted(ends)
