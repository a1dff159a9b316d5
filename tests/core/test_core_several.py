"""One start that makes several generations, and rows that show less than a prompt (SAFETY F118).

Goal: a job ends when all its parts have, what came is delivered, and what it took is never guessed
too low; a lost start of several is found again only if its rows can be nobody else's.
"""

from dataclasses import replace

import pytest
from core_samples import NOW_S, TERMS, cr, make_job, make_spec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.evidence import Doubt, absent, adopt, judge_balance
from pipeline.core.job import Accepted, Deferred, Failed, Produced, State
from pipeline.core.likeness import likeness
from pipeline.core.money import NOTHING
from pipeline.core.provider import Broken, Finished, News, Output, Scan, Sighting, Working
from pipeline.core.verdict import join_news, judge_news

PICTURE = Output("https://a/1.png", "image/png")
MADE = Finished((PICTURE,), cr("50"))
LOST = Broken("generation_failed", "no luck", cr("0"))
LATER_S = NOW_S + TERMS.quiet_s + 1
SHEET = replace(TERMS, listed=("image", "ad-copy", "extend"), at_once_s={"captions": 900.0})


def test_a_job_of_one_part_is_that_part() -> None:
    assert join_news([MADE]) is MADE


def test_while_one_part_is_being_made_so_is_the_job() -> None:
    assert isinstance(join_news([MADE, Working("queued"), LOST]), Working)


def test_what_came_is_delivered_and_what_did_not_is_said() -> None:
    news = join_news([MADE, LOST, MADE])
    assert isinstance(news, Finished)
    assert (news.outputs, news.charged) == ((PICTURE, PICTURE), cr("100"))
    assert news.note == "2 of 3 came: no luck"
    event = judge_news(make_job(State.RUNNING), news, TERMS, NOW_S)
    assert event == Produced((PICTURE, PICTURE), cr("100"), note="2 of 3 came: no luck")


def test_when_nothing_came_the_job_is_broken() -> None:
    refused = Broken("content_refused", "no", cr("0"))
    assert join_news([refused, LOST]) == Broken("content_refused", "no", cr("0"))


def test_a_part_that_does_not_say_what_it_took_leaves_the_sum_open() -> None:
    news = join_news([MADE, Finished((PICTURE,))])
    assert isinstance(news, Finished) and news.charged is None


@given(st.lists(st.sampled_from([MADE, LOST, Working(), Finished((Output(None),))]), min_size=1))
def test_a_job_ends_when_all_its_parts_have(parts: list[News]) -> None:
    ended = not any(isinstance(part, Working) for part in parts)
    assert isinstance(join_news(parts), Working) is not ended


def ads(count: int = 3, name: str = "mug") -> Doubt:
    spec = make_spec("", kind="ad-copy", model="ad", variant_count=count, product_text=name)
    return Doubt(make_job(State.IN_DOUBT, spec=spec), last_byte_s=NOW_S)


def scan(*rows: tuple[str, str, str]) -> Scan:
    return Scan([Sighting(name, model, prompt, NOW_S + 1, Working())
                 for name, model, prompt in rows], complete=True)


def test_all_rows_of_a_start_of_several_are_adopted_together() -> None:
    seen = scan(("a", "ad", "made up"), ("b", "ad", "made up 2"), ("c", "ad", ""), ("d", "fox", ""))
    doubt = ads()
    assert adopt([doubt], seen, (), SHEET) == {doubt.job.key: Accepted(("a", "b", "c"))}


@pytest.mark.parametrize("names", ["ab", "abcd", ""])
def test_too_few_or_too_many_rows_are_nobodys(names: str) -> None:
    seen = scan(*((name, "ad", "") for name in names))
    assert adopt([ads()], seen, (), SHEET) == {}
    proved = absent([ads()], scan(("o", "x", ""), *((n, "ad", "") for n in names)), LATER_S,
                    {"o": 0.0}, SHEET)
    assert bool(proved) is not bool(names), "a row that may be theirs stands against absence"


def test_two_starts_of_several_are_not_told_apart() -> None:
    seen = scan(*((name, "ad", "") for name in "abcdef"))
    assert adopt([ads(3, "mug"), ads(3, "cup")], seen, (), SHEET) == {}


def test_a_row_that_fits_two_doubts_is_neithers() -> None:
    film = Doubt(make_job(State.IN_DOUBT, spec=make_spec("on", kind="video", model="veo",
                                                        ratio=None)), NOW_S)
    longer = Doubt(make_job(State.IN_DOUBT, spec=make_spec("on", kind="extend", model="x",
                                                          ratio=None)), NOW_S)
    assert adopt([film, longer], scan(("a", "veo", "on")), (), SHEET) == {}
    assert adopt([longer], scan(("a", "veo", "on")), (), SHEET) == {
        longer.job.key: Accepted(("a",))}


def test_a_song_described_in_parts_is_known_by_any_of_them() -> None:
    spec = make_spec("", kind="music", model="V5", title="Dawn", style="folk", lyrics="la la")
    alike = likeness(spec)
    assert alike is not None and alike.words == ("la la", "Dawn", "folk")
    assert alike.fits(Sighting("a", "V5", "Dawn", 0.0, Working()))
    assert not alike.fits(Sighting("a", "V5", "Dusk", 0.0, Working()))


def heard(kind: str = "captions", price: str = "0.5") -> Doubt:
    return Doubt(make_job(State.IN_DOUBT, spec=make_spec("", kind=kind), price=price), NOW_S)


def test_what_no_list_shows_is_neither_found_nor_proved_absent() -> None:
    doubt = heard()
    seen = scan(("a", "fox", ""))
    assert likeness(doubt.job.spec) is None
    assert adopt([doubt], seen, (), SHEET) == {}
    assert absent([doubt], seen, LATER_S, {"a": 0.0}, SHEET) == {}


def test_a_kind_that_the_list_may_not_show_is_found_and_never_proved_absent() -> None:
    song = Doubt(make_job(State.IN_DOUBT, spec=make_spec("la", kind="music")), NOW_S)
    assert adopt([song], scan(("a", "fox", "la")), (), SHEET)
    assert absent([song], scan(("o", "x", "")), LATER_S, {"o": 0.0}, SHEET) == {}


def test_the_balance_settles_what_no_list_shows() -> None:
    first, second = heard(), replace(heard(price="6"), last_byte_s=NOW_S + 1)
    second = Doubt(replace(second.job, key="other"), second.last_byte_s)
    both = [first, second]
    assert set(judge_balance(both, NOTHING, SHEET).values()) == {Deferred("never_arrived")}
    taken = judge_balance(both, cr("6.5"), SHEET)
    assert taken["other"] == Failed("answer_gone", charged=cr("6"))
    assert judge_balance(both, cr("0.5"), SHEET) == {}, "one of the two was bought: which?"
    assert judge_balance([heard("music", "19")], cr("19"), SHEET) == {}, "it can still be found"




def test_an_answer_that_is_gone_is_bought_again_where_its_author_allows_it() -> None:
    doubt = heard()
    again = Doubt(replace(doubt.job, max_paid_attempts=2), doubt.last_byte_s)
    assert judge_balance([again], cr("0.5"), SHEET) == {
        doubt.job.key: Deferred("answer_gone", 0.0, cr("0.5"))}
