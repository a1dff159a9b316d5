"""What a list of recent jobs proves about jobs in doubt (SAFETY F23-F25, F38-F45, F116).

Goal: a row is adopted only if it can be nobody else's, absence is believed only when it is proved,
and everything else waits for a person. Method: small lists that can be judged by eye.
"""

from dataclasses import replace

import pytest
from core_samples import NOW_S, TERMS, cr, make_job, make_spec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.evidence import Doubt, Reading, absent, adopt, unexplained
from pipeline.core.job import Accepted, Deferred, Job, State
from pipeline.core.money import NOTHING
from pipeline.core.provider import Broken, Finished, News, Output, Scan, Sighting, Working

QUIET_S = TERMS.quiet_s
LATER_S = NOW_S + QUIET_S + 1
SIZES = {"1:1": (1024, 1024), "16:9": (1344, 768), "9:16": (768, 1344)}


def doubt(ratio: str | None = "1:1", *, prompt: str = "a kite", sent_s: float = NOW_S,
          **more: object) -> Doubt:
    spec = make_spec(prompt, ratio=ratio, **more)  # type: ignore[arg-type]
    return Doubt(make_job(State.IN_DOUBT, spec=spec, sent_s=sent_s), last_byte_s=sent_s)


def row(remote_id: str, created_s: float = NOW_S + 1, *, ratio: str | None = None,
        prompt: str = "a kite", model: str = "fox", news: News | None = None) -> Sighting:
    if ratio:
        news = Finished((Output("https://a/b.png", "image/png", *SIZES[ratio]),))
    return Sighting(remote_id, model, prompt, created_s, news or Working())


def seen(*rows: Sighting, complete: bool = True, **more: object) -> Scan:
    return Scan(rows, complete, **more)  # type: ignore[arg-type]


def adopted(doubts: list[Doubt], scan: Scan, owned: tuple[str, ...] = (),
            sending: tuple[Job, ...] = ()) -> dict[str, str]:
    events = adopt(doubts, scan, owned, TERMS, sending)
    names = {found.job.key: f"{found.job.spec.aspect_ratio}/{found.job.spec.variant}"
             for found in doubts}
    told = {}
    for key, event in events.items():
        assert isinstance(event, Accepted)
        [told[names[key]]] = event.remote_ids
    return told


def test_the_only_row_that_fits_is_adopted() -> None:
    others = (row("b", prompt="a boat"), row("c", model="owl"), row("d", NOW_S - 60))
    assert adopted([doubt()], seen(row("a"), *others)) == {"1:1/1": "a"}


def test_blanks_around_a_prompt_are_no_other_prompt() -> None:
    assert adopted([doubt(prompt="a kite\n")], seen(row("a"))) == {"1:1/1": "a"}


@pytest.mark.parametrize("news", [Working(), Finished(()), Broken("generation_failed", "x")])
def test_a_row_is_adopted_whatever_became_of_it(news: News) -> None:
    assert adopted([doubt()], seen(row("a", news=news))) == {"1:1/1": "a"}


def test_a_row_that_is_ours_already_is_never_adopted() -> None:
    assert adopted([doubt()], seen(row("a")), owned=("a",)) == {}


def test_two_rows_for_one_doubt_leave_it_to_a_person() -> None:
    assert adopted([doubt()], seen(row("a"), row("b", NOW_S + 2))) == {}


def test_two_alike_with_two_rows_are_adopted_in_any_order() -> None:
    twins = [doubt(variant=1), doubt(variant=2)]
    told = adopted(twins, seen(row("a"), row("b")))
    assert sorted(told.values()) == ["a", "b"]


def test_alike_jobs_are_given_their_rows_in_the_order_of_time() -> None:
    """Perhaps one alone is recorded; the other's row must then be one of its own time."""
    twins = [doubt(variant=1), doubt(variant=2, sent_s=NOW_S + 9000)]
    told = adopted(twins, seen(row("late", NOW_S + 9001), row("early")))
    assert told == {"1:1/1": "early", "1:1/2": "late"}


def test_two_alike_with_one_row_leave_both_to_a_person() -> None:
    twins = [doubt(variant=1), doubt(variant=2)]
    assert adopted(twins, seen(row("a"))) == {}


def test_unlike_shapes_are_told_apart_by_their_sizes() -> None:
    pair = [doubt("16:9"), doubt("1:1")]
    told = adopted(pair, seen(row("a", ratio="1:1"), row("b", ratio="16:9")))
    assert told == {"16:9/1": "b", "1:1/1": "a"}


def test_unlike_shapes_wait_until_their_sizes_are_known() -> None:
    pair = [doubt("16:9"), doubt("1:1")]
    assert adopted(pair, seen(row("a", ratio="1:1"), row("b"))) == {"1:1/1": "a"}
    assert adopted(pair, seen(row("a"), row("b"))) == {}


def test_a_finished_row_of_another_shape_is_another_job() -> None:
    assert adopted([doubt("9:16")], seen(row("a", ratio="16:9"))) == {}


def test_shapes_too_near_to_tell_apart_give_no_row_twice() -> None:
    pair = [doubt("16:9"), doubt("1.78:1")]
    scan = seen(row("a", ratio="16:9"), row("b", ratio="1:1"))
    assert adopted(pair, scan) == {}


@pytest.mark.parametrize("ratio", [None, "auto", "1:0", "0:1", "wide:high", "16:9 (hd)", "::"])
def test_a_shape_that_is_no_ratio_is_not_held_against_a_size(ratio: str | None) -> None:
    assert adopted([doubt(ratio)], seen(row("a", ratio="1:1"))) == {f"{ratio}/1": "a"}


@pytest.mark.parametrize("size", [(1024, None), (None, 1024), (0, 1024), (1024, 0), (None, None)])
def test_a_size_that_is_half_known_tells_nothing(size: tuple[int | None, int | None]) -> None:
    half = row("a", news=Finished((Output("https://a/b.png", "image/png", *size),)))
    assert adopted([doubt("16:9")], seen(half)) == {"16:9/1": "a"}


def test_jobs_that_differ_in_what_no_row_shows_are_not_dealt_out() -> None:
    unlike = [doubt(resolution="1K"), doubt(resolution="2K")]
    assert adopted(unlike, seen(row("a", ratio="1:1"), row("b", ratio="1:1"))) == {}


def test_a_row_may_be_a_calls_that_is_still_under_way() -> None:
    other = make_job(State.SUBMITTING, spec=make_spec("a kite", ratio="16:9"))
    assert adopted([doubt()], seen(row("a")), sending=(other,)) == {}
    elsewhere = make_job(State.SUBMITTING, spec=make_spec("a boat"))
    assert adopted([doubt()], seen(row("a")), sending=(elsewhere,)) == {"1:1/1": "a"}


@pytest.mark.parametrize(("created_s", "fits"), [
    (NOW_S - TERMS.skew_s - 1, False), (NOW_S - TERMS.skew_s, True), (NOW_S + 300, True),
    (NOW_S + TERMS.linger_s + TERMS.ingest_max_s + TERMS.skew_s, True), (LATER_S + 300, False)])
def test_a_row_fits_only_if_it_was_made_of_a_request_of_that_time(created_s: float,
                                                                  fits: bool) -> None:
    assert bool(adopted([doubt()], seen(row("a", created_s)))) == fits


def test_a_request_that_arrives_five_minutes_after_our_death_is_adopted() -> None:
    after_restart = replace(doubt(), last_byte_s=NOW_S + 200)
    assert adopted([after_restart], seen(row("a", NOW_S + 500))) == {"1:1/1": "a"}


@pytest.mark.parametrize("skew_s", [-600.0, 600.0])
def test_a_service_whose_clock_is_ten_minutes_off_is_read_by_its_own_clock(skew_s: float) -> None:
    mine, other = row("a", NOW_S + 1 + skew_s), row("b", NOW_S - 60 + skew_s)
    assert adopted([doubt()], seen(mine, other, skew_s=skew_s)) == {"1:1/1": "a"}


BEFORE = row("ours", NOW_S - 100, prompt="a boat")
OWNED = {"ours": NOW_S - 99}


def gone(doubts: list[Doubt], scan: Scan, *, began_s: float = LATER_S,
         owned: dict[str, float] | None = None) -> int:
    events = absent(doubts, scan, began_s, OWNED if owned is None else owned, TERMS)
    assert all(event == Deferred("never_arrived") for event in events.values())
    return len(events)


def test_absence_is_believed_when_everything_speaks_for_it() -> None:
    assert gone([doubt()], seen(BEFORE)) == 1
    assert gone([doubt(), doubt("16:9"), doubt(prompt="a cat")], seen(BEFORE)) == 3


def test_absence_needs_the_quiet_time_before_the_scan_began() -> None:
    assert gone([doubt()], seen(BEFORE), began_s=NOW_S + QUIET_S) == 1
    assert gone([doubt()], seen(BEFORE), began_s=NOW_S + QUIET_S - 0.001) == 0


def test_the_quiet_time_counts_from_the_last_byte_which_a_restart_moves() -> None:
    restarted = replace(doubt(), last_byte_s=NOW_S + 3600)
    assert gone([restarted], seen(BEFORE)) == 0
    assert gone([restarted], seen(BEFORE), began_s=LATER_S + 3600) == 1


def test_absence_needs_a_job_of_ours_in_view() -> None:
    assert gone([doubt()], seen()) == 0
    assert gone([doubt()], seen(row("foreign", NOW_S - 100, prompt="a boat"))) == 0


def test_absence_needs_a_list_that_reaches_back_past_the_call() -> None:
    newer = {"ours": NOW_S + 50}
    assert gone([doubt()], seen(BEFORE, complete=False)) == 1
    assert gone([doubt()], seen(BEFORE, complete=False), owned=newer) == 0
    assert gone([doubt()], seen(BEFORE, complete=True), owned=newer) == 1


def test_a_row_that_could_not_be_read_may_be_the_one() -> None:
    assert gone([doubt()], seen(BEFORE, unread=1)) == 0


def test_a_row_that_might_be_it_forbids_absence_whenever_it_was_made() -> None:
    assert gone([doubt()], seen(BEFORE, row("a"))) == 0
    assert gone([doubt()], seen(BEFORE, row("a", NOW_S - 5000))) == 0
    assert gone([doubt("9:16")], seen(BEFORE, row("a", ratio="1:1"))) == 0


def test_a_call_that_was_answered_is_not_absent() -> None:
    answered = replace(doubt(), job=replace(doubt().job, cause="ambiguous"))
    assert gone([answered], seen(BEFORE)) == 0


def test_two_in_doubt_and_one_row_prove_the_absence_of_neither() -> None:
    twins = [doubt(variant=1), doubt(variant=2)]
    assert gone(twins, seen(BEFORE, row("a"))) == 0


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(-2000, 2000),
                          st.sampled_from(["a kite", "a boat"]),
                          st.sampled_from([None, *SIZES])), max_size=6),
       st.lists(st.tuples(st.sampled_from([*SIZES]), st.integers(1, 3)), min_size=1, max_size=4,
                unique=True),
       st.integers(0, 4000), st.booleans())
def test_no_list_gives_one_row_to_two_or_calls_absent_what_it_adopts(
        rows: list[tuple[str, int, str, str | None]], wishes: list[tuple[str, int]],
        began_s: int, complete: bool) -> None:
    doubts = [doubt(ratio, variant=variant) for ratio, variant in wishes]
    scan = seen(*(row(name, NOW_S + at_s, prompt=prompt, ratio=ratio)
                  for name, at_s, prompt, ratio in rows), complete=complete)
    found = adopted(doubts, scan, owned=("a",))
    assert len(set(found.values())) == len(found)
    assert "a" not in found.values()
    proved = absent(doubts, scan, NOW_S + began_s, {"a": NOW_S - 1}, TERMS)
    assert not (found and proved)


def test_a_balance_that_fell_by_what_was_charged_shows_that_nothing_else_was() -> None:
    before = Reading(cr("1000"), cr("40"))
    assert unexplained(before, Reading(cr("1000"), cr("40"))) == NOTHING
    assert unexplained(before, Reading(cr("972"), cr("68"))) == NOTHING


@pytest.mark.parametrize(("balance", "charged", "missing"), [
    ("986", "40", "14"), ("958", "68", "14"), ("1000", "54", None), ("1500", "40", None),
    ("1014", "40", None), ("986", "26", None)])
def test_a_balance_says_what_is_missing_or_nothing(balance: str, charged: str,
                                                   missing: str | None) -> None:
    found = unexplained(Reading(cr("1000"), cr("40")), Reading(cr(balance), cr(charged)))
    assert found == (None if missing is None else cr(missing))
