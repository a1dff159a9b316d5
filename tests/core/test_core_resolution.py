"""A person's word on a doubt: what may be said, what it means, what speaks against an id.

Goal: one choice becomes one event with its author, money follows it, and an id that cannot be the
job's is named as such. Method: small lists that can be judged by eye, and the machine itself.
"""

from dataclasses import replace

import pytest
from core_samples import NOW_S, TERMS, cr, make_job, make_spec

from pipeline.core.causes import CAUSES, Remedy
from pipeline.core.job import Accepted, Deferred, Failed, IllegalTransition, Job, State, apply
from pipeline.core.money import NOTHING
from pipeline.core.provider import Scan, Sighting, Working
from pipeline.core.resolution import (
    Choice,
    Hearing,
    Ruling,
    grounds,
    lookalikes,
    most_ids,
    read_ids,
    rule,
    unlike,
)


def doubt(**more: object) -> Job:
    return make_job(State.IN_DOUBT, cause="reply_lost", **more)  # type: ignore[arg-type]


def row(remote_id: str = "a", created_s: float = NOW_S + 1, *, prompt: str = "a kite",
        model: str = "fox") -> Sighting:
    return Sighting(remote_id, model, prompt, created_s, Working())


def seen(*rows: Sighting, skew_s: float = 0.0) -> Scan:
    return Scan(rows, complete=True, skew_s=skew_s)


def ruled(choice: Choice, job: Job | None = None) -> Job:
    job = job or doubt()
    return apply(job, rule(job, Ruling(choice, "ana", "I looked", ("r7",))), NOW_S + 9)


def test_an_id_makes_the_job_run_under_it_and_keeps_its_hold() -> None:
    job = ruled(Choice.IS)
    assert (job.state, job.remote_ids) == (State.RUNNING, ("r7",))
    assert (job.held, job.charged, job.cause) == (cr("10"), NOTHING, None)


def test_what_took_nothing_is_free_and_pending() -> None:
    job = ruled(Choice.NOT_CHARGED)
    assert (job.state, job.held, job.charged, job.paid_tries) == (
        State.PENDING, NOTHING, NOTHING, 0)
    assert CAUSES[str(job.cause)].remedy is Remedy.WAIT


def test_what_is_written_off_takes_its_hold_and_may_be_retried() -> None:
    job = ruled(Choice.WRITE_OFF)
    assert (job.state, job.held, job.charged, job.paid_tries) == (
        State.FAILED, NOTHING, cr("10"), 1)
    assert (job.message, CAUSES[str(job.cause)].remedy) == ("I looked", Remedy.RETRY)


def test_every_ruling_names_who_said_it_and_why() -> None:
    events = [rule(doubt(), Ruling(choice, "ana", "I looked", ("r7",))) for choice in Choice]
    assert events == [Accepted(("r7",), "ana", "I looked"),
                      Deferred("not_charged", message="I looked", by="ana"),
                      Failed("written_off", "I looked", cr("10"), "ana")]


def test_what_is_to_be_remembered_goes_behind_the_persons_words() -> None:
    ruling = Ruling(Choice.IS, "ana").and_also("the service lists it").and_also("twice")
    assert (ruling.note, ruling.by) == ("the service lists it; twice", "ana")


@pytest.mark.parametrize("state", [state for state in State if state is not State.IN_DOUBT])
@pytest.mark.parametrize("choice", list(Choice))
def test_only_a_doubt_is_settled_by_a_word(state: State, choice: Choice) -> None:
    with pytest.raises(IllegalTransition, match=f"this job is {state}"):
        rule(make_job(state), Ruling(choice, "ana"))


@pytest.mark.parametrize(("said", "ids"), [
    (["a"], ("a",)), (["a,b", " c "], ("a", "b", "c")), (["a", "a"], ("a",)),
    (["4c614a49-579a-449e"], ("4c614a49-579a-449e",)), ([], ())])
def test_ids_come_one_by_one_or_with_commas(said: list[str], ids: tuple[str, ...]) -> None:
    assert read_ids(said) == ids


@pytest.mark.parametrize("wrong", ["", "a,", "a b", "-a", "../a", "a?b=c", "a" * 129, "ä", "a\nb"])
def test_what_cannot_be_part_of_an_address_is_no_id(wrong: str) -> None:
    with pytest.raises(ValueError):
        read_ids([wrong])


def test_a_start_has_as_many_ids_as_its_kind_makes() -> None:
    assert most_ids(doubt()) == 1
    assert most_ids(doubt(spec=make_spec(kind="captions"))) == 1
    assert most_ids(doubt(spec=make_spec("", kind="ad-copy", variant_count=3))) == 3


def test_nothing_speaks_against_a_row_that_shows_the_job() -> None:
    assert unlike(doubt(), row(prompt=" a kite\n"), seen(), TERMS) == ""
    assert unlike(doubt(), row(created_s=NOW_S - TERMS.skew_s), seen(), TERMS) == ""


@pytest.mark.parametrize(("other", "how"), [
    (row(model="owl"), "it is of the model owl, not fox"),
    (row(prompt="a boat"), "it shows another prompt, 'a boat'"),
    (row(created_s=NOW_S - TERMS.skew_s - 1), "it was made before the paid call"),
    (row(model="owl", prompt="a boat"),
     "it is of the model owl, not fox and it shows another prompt, 'a boat'")])
def test_a_strangers_row_is_told_by_what_it_shows(other: Sighting, how: str) -> None:
    assert unlike(doubt(), other, seen(), TERMS) == how


def test_the_services_clock_is_set_right_before_times_are_compared() -> None:
    early = row(created_s=NOW_S - 100)
    assert unlike(doubt(), early, seen(), TERMS)
    assert unlike(doubt(), early, seen(skew_s=-100), TERMS) == ""


def test_lookalikes_are_unowned_rows_that_show_the_job_and_its_own() -> None:
    scan = seen(row("mine"), row("owned"), row("boat", prompt="a boat"), row("old", NOW_S - 99),
                row("own", prompt="whatever it shows"))
    job = replace(doubt(), remote_ids=("own",))
    found = lookalikes(job, scan, {"owned", "own"}, TERMS)
    assert [each.remote_id for each in found] == ["mine", "own"]


def test_of_a_kind_that_no_list_shows_nothing_is_a_lookalike() -> None:
    job = doubt(spec=make_spec("", kind="separation"))
    assert lookalikes(job, seen(row(prompt="")), (), TERMS) == []


def test_the_grounds_say_what_an_id_was_held_against() -> None:
    hearing = Hearing(seen(row("listed")), {"known": Working(), "gone": None}, "it is down")
    assert grounds("listed", hearing) == "the service lists it"
    assert "its list does not show it" in grounds("known", hearing)
    assert grounds("other", hearing) == "the service could not be asked: it is down"
    assert [hearing.denies(name) for name in ("listed", "known", "gone", "other")] == [
        False, False, True, False]
