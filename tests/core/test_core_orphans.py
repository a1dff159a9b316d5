"""Rows of the service's list that no job of ours explains (SAFETY 2.5, F37).

Goal: a charge that no care could prevent is seen; a row that a job has, may yet have, or that took
nothing is not taken for one. Method: small lists that can be judged by eye.
"""

from dataclasses import replace

import pytest
from core_samples import NOW_S, TERMS, cr, make_job, make_spec

from pipeline.core.job import State
from pipeline.core.orphans import LATEST_S, Orphan, Try, find_orphans
from pipeline.core.provider import Broken, Finished, News, Output, Scan, Sighting, Working

LINGERS_S = TERMS.linger_s + TERMS.ingest_max_s + TERMS.skew_s


def row(remote_id: str, created_s: float = NOW_S + 1, *, prompt: str = "a kite",
        news: News | None = None) -> Sighting:
    return Sighting(remote_id, "fox", prompt, created_s, news or Working())


def sent(prompt: str = "a kite", at_s: float = NOW_S, *, nameless: bool = False,
         kind: str = "image") -> Try:
    spec = make_spec(prompt, kind=kind)
    return Try(spec.key(), spec, at_s, nameless)


def found(*rows: Sighting, tries: tuple[Try, ...] = (sent(),), owned: tuple[str, ...] = (),
          unsettled: tuple[str, ...] = (), skew_s: float = 0.0) -> list[str]:
    open_jobs = [make_job(State.IN_DOUBT, spec=make_spec(prompt)) for prompt in unsettled]
    return [orphan.remote_id for orphan in find_orphans(
        "acme", Scan(rows, complete=True, skew_s=skew_s), owned, tries, open_jobs, terms=TERMS)]


def test_a_row_like_ours_that_nobody_owns_is_an_orphan_of_the_job_it_looks_like() -> None:
    done = Finished((Output("https://a/b.png"),), cr("14"))
    scan = Scan([row("a"), row("b", NOW_S + 31, news=done)], complete=True, skew_s=30.0)
    [orphan] = find_orphans("acme", scan, {"a"}, [sent()], [], terms=TERMS)
    assert orphan == Orphan("acme", "b", sent().key, NOW_S + 1, cr("14"))


@pytest.mark.parametrize("rows", [
    [row("a")], [row("a"), row("b", prompt="a boat")], [row("a"), row("b", NOW_S - 60)],
    [row("a"), row("b", NOW_S + LINGERS_S + LATEST_S + 1)],
    [row("a"), row("b", news=Broken("generation_failed", "no", cr("0")))]])
def test_what_is_ours_or_cannot_be_ours_or_took_nothing_is_none(rows: list[Sighting]) -> None:
    assert found(*rows, owned=("a",)) == []


@pytest.mark.parametrize("news", [Broken("generation_failed", "no"),
                                  Broken("generation_failed", "no", cr("14"))])
def test_a_failure_that_may_have_been_charged_is_one(news: News) -> None:
    assert found(row("a"), row("b", news=news), owned=("a",)) == ["b"]


def test_the_time_is_the_services_own() -> None:
    assert found(row("b", NOW_S + 1 - 600), skew_s=-600.0) == ["b"]
    assert found(row("b", NOW_S + 1), skew_s=-600.0) == ["b"]
    assert found(row("b", NOW_S + 1), skew_s=600.0) == []


def test_what_may_yet_be_a_doubts_is_left_to_it() -> None:
    assert found(row("a"), row("b"), unsettled=("a kite",)) == []
    assert found(row("a"), unsettled=("a boat",)) == ["a"]


def test_a_charge_that_is_booked_without_an_id_explains_one_row() -> None:
    tries = (sent(nameless=True), sent(at_s=NOW_S + 100))
    assert found(row("b"), tries=tries) == []
    assert found(row("b"), row("c"), tries=tries) == ["c"]


def test_kinds_that_the_list_may_not_show_whole_are_passed_over() -> None:
    assert "music" not in TERMS.listed
    assert found(row("a"), tries=(sent(kind="music"),)) == []


def test_without_a_paid_call_nothing_is_ours() -> None:
    assert found(row("a"), tries=()) == []


def test_where_marks_are_given_back_a_mark_alone_makes_a_row_ours() -> None:
    ours = replace(sent(), tag="tag-1")
    rows = [replace(row(name), tag=tag) for name, tag in
            (("a", "tag-1"), ("b", "tag-1"), ("c", "another's"), ("d", ""))]
    told = find_orphans("acme", Scan(rows, complete=True), {"a"}, [ours], [],
                        terms=replace(TERMS, echo=True))
    assert [orphan.remote_id for orphan in told] == ["b"]
    assert told[0].job == ours.key


@pytest.mark.parametrize(("tries", "rows"), [
    ([replace(sent(), tag="tag-1", nameless=True)], ["tag-1"]),
    ([replace(sent("a boat"), tag="tag-2")], ["tag-2"]),
])
def test_a_marked_row_of_a_job_that_is_open_or_booked_is_none(tries: list[Try],
                                                              rows: list[str]) -> None:
    scan = Scan([replace(row(tag), tag=tag) for tag in rows], complete=True)
    open_jobs = [make_job(State.IN_DOUBT, spec=make_spec("a boat"))]
    assert find_orphans("acme", scan, (), tries, open_jobs, terms=replace(TERMS, echo=True)) == []
