"""From a catalog row's price and its note to the worst that a job can take.

Goal: a note is read whole or not at all, a job is never priced too low, and what has no price is
refused with a way out. Method: the notes the services write, and those they might, in a table.
"""

import pytest
from core_samples import cr, make_model, make_spec

from pipeline.core.price_rule import Flat, PerSecond, PriceRule, read_own_price, read_price_rule
from pipeline.core.pricing import Quote, Unpriced, price
from pipeline.core.spec import SourceRef

RATES = ["17 credits per second", "17 cr/s", "17cr/s", "17/s", "17 per sec", "17 credits a second",
         "17 credits each second", "17 Credits Per Second", "17 credits / second of output",
         "Billed at 17 credits per second of the finished clip.", "17.0 credits/sec",
         "17 cr/s, that is 17 credits per second"]
SUMS = ["(ref_seconds + output_seconds) × 17", "(ref + output) x 17",
        "17 × (ref_seconds + output_seconds)", "17 cr * (ref_seconds + out_seconds)",
        "17 credits per second; with references (ref_seconds + output_seconds) × 17"]
UNREADABLE = [
    "billed per minute of audio", "0.7 credits per minute", "per-second pricing", "one clip of 5 s",
    "flat price, whatever the length", "17 credits per 10 seconds", "audio_seconds × 3",
    "17 cr/s std, 21 cr/s pro", "17 credits per second, 21 with audio", "17 cr/s + 5",
    "17 credits/second; sound doubles the price", "17 cr/s, extra with sound",
    "17 credits per second (min 5 s)", "1,700 credits per second", "1.7.5 cr/s", "17e3 cr/s",
    "$17/s", "１７ cr/s", "0 credits per second", "(ref_seconds + output_seconds) × 17, else 9/s",
    "17 cr/s up to 10 s"]
FLAT_NOTES = ["", "flat", "14 credits an image", "credits per scene", "settled in an instant",
              "per image, whatever the size"]


@pytest.mark.parametrize("note", RATES)
def test_a_note_that_states_a_rate_is_a_rate(note: str) -> None:
    assert read_price_rule(cr("105"), note) == PerSecond(cr("17"))


@pytest.mark.parametrize("note", SUMS)
def test_a_note_that_counts_references_says_so(note: str) -> None:
    assert read_price_rule(cr("105"), note) == PerSecond(cr("17"), counts_sources=True)


@pytest.mark.parametrize("note", UNREADABLE)
def test_a_note_that_speaks_of_time_and_cannot_be_read_whole_is_no_price(note: str) -> None:
    assert read_price_rule(cr("105"), note) is None


@pytest.mark.parametrize("note", FLAT_NOTES)
def test_a_note_that_says_nothing_of_time_leaves_the_row_its_price(note: str) -> None:
    assert read_price_rule(cr("14"), note) == Flat(cr("14"))


def test_a_row_without_an_amount_is_not_free() -> None:
    assert read_price_rule(None, "") is None
    assert read_price_rule(cr("0"), "") is None


def test_a_rate_needs_no_amount_beside_it() -> None:
    assert read_price_rule(None, "17 cr/s") == PerSecond(cr("17"))


@pytest.mark.parametrize(("text", "rule"), [("21/s", PerSecond(cr("21"))), ("14", Flat(cr("14"))),
                                            ("0.5", Flat(cr("0.5")))])
def test_an_accounts_own_price_is_a_rate_or_a_job(text: str, rule: PriceRule) -> None:
    assert read_own_price(text) == rule


@pytest.mark.parametrize("text", ["21/m", "21/", "/s", "0", "0/s", "-1", "1e3", "", "21 /s",
                                  "21/s "])
def test_anything_else_is_no_price(text: str) -> None:
    with pytest.raises(ValueError, match=r"price|amount"):
        read_own_price(text)


CLIP = make_model("clip", kind="video", price=PerSecond(cr("17")), durations=("3s", "10s", "5s"))


def quote(*args: object, **more: object) -> tuple[str, str]:
    found = price(*args, **more)  # type: ignore[arg-type]
    assert isinstance(found, Quote)
    assert found.worst >= found.expected > cr("0")
    return str(found.worst), found.basis


def test_a_flat_price_is_the_price_of_a_job() -> None:
    assert quote(make_spec(), make_model()) == ("14", "14 a job")


def test_a_rate_is_multiplied_by_the_length_asked_for() -> None:
    assert quote(make_spec(duration="5s"), CLIP) == ("85", "17 a second × 5 s")


def test_without_a_length_the_longest_offered_is_counted() -> None:
    assert quote(make_spec(), CLIP) == ("170", "17 a second × 10 s, the longest it offers")


def test_a_fraction_of_a_micro_is_rounded_up() -> None:
    thirds = make_model("clip", price=PerSecond(cr("0.000001")))
    assert quote(make_spec(duration="1.5s"), thirds)[0] == "0.000002"


@pytest.mark.parametrize("durations", [(), ("auto",), ("0s",)])
def test_a_rate_without_a_length_is_no_price(durations: tuple[str, ...]) -> None:
    model = make_model("clip", price=PerSecond(cr("17")), durations=durations)
    found = price(make_spec(), model)
    assert isinstance(found, Unpriced)
    assert "names no lengths" in found.message
    assert "max_price" in found.hint


def test_a_length_of_nothing_is_never_a_price_of_nothing() -> None:
    model = make_model("clip", price=PerSecond(cr("17")), durations=("0s",))
    assert isinstance(price(make_spec(duration="0s"), model), Unpriced)


@pytest.mark.parametrize(("media", "priced"), [("image", True), ("", True), ("video", False),
                                               ("audio", False)])
def test_seconds_of_references_that_nobody_knows_are_not_guessed(media: str, priced: bool) -> None:
    model = make_model("clip", price=PerSecond(cr("17"), counts_sources=True), durations=("5s",))
    spec = make_spec(sources=(SourceRef("url", "https://a/b", media),))
    assert isinstance(price(spec, model), Quote) == priced


def test_an_accounts_own_price_wins_over_the_row() -> None:
    assert quote(make_spec(), make_model(), own=Flat(cr("9")))[0] == "9"
    assert quote(make_spec(), make_model(price=None), own=Flat(cr("9")))[0] == "9"


def test_a_model_without_a_price_takes_the_authors_word_for_the_worst() -> None:
    model = make_model(price=None, note="ask us")
    assert isinstance(refused := price(make_spec(), model), Unpriced)
    assert 'its note says "ask us"' in refused.message
    worst, basis = quote(make_spec(), model, max_price=cr("30"))
    assert worst == "30"
    assert basis.startswith("max_price; ")


def test_a_price_over_the_authors_cap_is_refused_and_one_at_the_cap_is_not() -> None:
    assert quote(make_spec(), make_model(), max_price=cr("14"))[0] == "14"
    refused = price(make_spec(), make_model(), max_price=cr("13.999999"))
    assert isinstance(refused, Unpriced)
    assert "over max_price 13.999999" in refused.message
